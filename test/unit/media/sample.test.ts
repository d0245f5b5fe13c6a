import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readIndexedPng } from '../../../model/formats/index.ts'

const media = fileURLToPath(new URL('../../../media/', import.meta.url))
const sample = join(media, 'sample')

interface Keypoint {
  name: string
  x: number
  y: number
  visible: boolean
}

async function json<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, 'utf8')) as T
}

describe('the sample clip in media/', () => {
  it('has an exact mask of both objects for each of its 100 frames, the first also by itself', async () => {
    const names = (await readdir(join(sample, 'masks'))).sort()
    expect(names).toEqual(Array.from({ length: 100 }, (_, i) => `${String(i).padStart(5, '0')}.png`))
    for (const name of names) {
      const mask = await readIndexedPng(join(sample, 'masks', name))
      expect(mask).toMatchObject({ width: 640, height: 360, kind: 'palette' })
      expect(new Set(mask.indices)).toEqual(new Set([0, 1, 2]))
    }
    expect(await readFile(join(sample, 'first-mask.png'))).toEqual(
      await readFile(join(sample, 'masks/00000.png')),
    )
  })

  it('has keypoints that lie on object 1 wherever they are visible, and some that are hidden on the way', async () => {
    const truth = await json<{ object: number; frames: Keypoint[][] }>(join(sample, 'keypoints-truth.json'))
    const first = await json<{ keypoints: Keypoint[]; skeleton: [number, number][] }>(
      join(sample, 'keypoints.json'),
    )
    expect(first.keypoints).toEqual(truth.frames[0])
    expect(first.keypoints.every(({ visible }) => visible)).toBe(true)
    expect(first.skeleton.flat().every((joint) => joint < first.keypoints.length)).toBe(true)
    expect(truth.frames).toHaveLength(100)
    for (const [index, points] of truth.frames.entries()) {
      const mask = await readIndexedPng(join(sample, 'masks', `${String(index).padStart(5, '0')}.png`))
      for (const { x, y, visible } of points)
        expect(mask.indices[Math.round(y) * 640 + Math.round(x)] === 1, `frame ${index}`).toBe(visible)
    }
    const nose = truth.frames.map((points) => points[0]!.visible)
    expect(nose.indexOf(false)).toBeGreaterThan(20)
    expect(nose.lastIndexOf(true)).toBe(99)
  })

  it('stays small enough for a repository', async () => {
    expect((await stat(join(media, 'sample.mp4'))).size).toBeLessThan(1.5e6)
  })
})
