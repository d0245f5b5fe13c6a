/** A COCO export that another program has worked on: its changes are a person's, and are never replaced. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AnnotationDocument } from '../../../model/annotation/index.ts'
import { formats } from '../../../model/formats/index.ts'
import { contextFor, point, pose, poses } from './documents.ts'

const { coco } = formats

let root: string
let folder: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'coco-changed-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))
beforeEach(async () => {
  folder = join(await mkdtemp(join(root, 'case-')), 'out')
})

const path = () => join(folder, 'coco.json')
const text = () => readFile(path(), 'utf8')
const read = async () => JSON.parse(await text())

/** What another program makes of the file. */
async function rewrite(change: (content: Record<string, Record<string, unknown>[]>) => void): Promise<void> {
  const content = await read()
  change(content)
  await writeFile(path(), JSON.stringify(content, undefined, 2))
}

describe('what another program has changed', () => {
  const changes: [string, number[], Parameters<typeof rewrite>[0], (back: AnnotationDocument) => void][] = [
    [
      'a pose',
      [1],
      ({ annotations }) => {
        annotations!.at(-1)!.keypoints = [3, 2, 2, 0, 0, 0]
      },
      (back) => expect(back.entry(7, 1)).toEqual(pose(point(3, 2), point(0, 0, 'absent'))),
    ],
    [
      'how a point is seen',
      [0],
      ({ annotations }) => {
        annotations![0]!.keypoints = [1.5, 2, 2, 4, 7.25, 2]
      },
      (back) => expect(back.entry(7, 0)).toEqual(pose(point(1.5, 2), point(4, 7.25))),
    ],
    [
      'a mask where there was none',
      [0],
      ({ annotations }) => {
        annotations![0]!.segmentation = { size: [9, 13], counts: [0, 9, 108] }
      },
      (back) => expect(back.entry(7, 0)).toMatchObject({ state: 'keyframe', mask: { width: 13 } }),
    ],
    [
      'a pose that was taken away beside its picture',
      [0],
      ({ annotations }) => annotations!.splice(0, 1),
      (back) => expect(back.entry(7, 0)).toEqual({ state: 'absent', by: 'person' }),
    ],
    [
      'an object that was added, without a track',
      [1],
      ({ annotations }) => {
        annotations!.push({ id: 50, image_id: 2, category_id: 1, keypoints: [1, 1, 2, 2, 2, 2] })
      },
      (back) => expect(back.entry(1, 1)).toEqual(pose(point(1, 1), point(2, 2))),
    ],
    [
      'a skeleton',
      [0, 1],
      ({ annotations, categories }) => {
        categories![0]!.keypoints = ['head', 'tail', 'fin']
        for (const one of annotations!) (one.keypoints as number[]).push(1, 1, 2)
      },
      (back) => expect(back.entry(1, 0)).toMatchObject({ keypoints: { length: 3 } }),
    ],
  ]

  it.each(changes)('%s is a keyframe of a person, and is not replaced', async (_, frames, change, see) => {
    await coco.write(poses(), contextFor(folder))
    await rewrite(change)
    see(await coco.read(folder))
    const before = await text()
    const refusal = `The annotations of clip in ${folder} were changed by another program after they were exported (frames ${frames.length > 1 ? '0-1' : frames[0]}), so they are not replaced`
    await expect(coco.write(poses(), contextFor(folder))).rejects.toThrow(refusal)
    const target = { ...contextFor(folder), video: poses().video }
    await expect(coco.checkFolder(target)).rejects.toThrow(refusal)
    expect(await text()).toBe(before)
  })

  it('an unchanged pose keeps its state however its numbers are written, and what was added beside it stays', async () => {
    await coco.write(poses(), contextFor(folder))
    await rewrite(({ annotations, images, videos, categories }) => {
      annotations![1]!.attributes = { checked: true }
      images![0]!.license = 3
      videos![0]!.fps = 30
      categories![0]!.color = 'red'
    })
    await writeFile(path(), (await text()).replaceAll('1.5', '1.50').replaceAll('7.25', '725e-2'))
    const back = await coco.read(folder)
    for (const frame of [0, 1]) expect(back.entry(7, frame)).toEqual(poses().entry(7, frame))
    await coco.write(poses(), contextFor(folder))
    const { annotations, images, videos, categories } = await read()
    expect(annotations[1].attributes).toEqual({ checked: true })
    expect([images[0].license, videos[0].fps, categories[0].color]).toEqual([3, 30, 'red'])
  })

  it('pictures or a whole video that were only taken away are written again', async () => {
    await coco.write(poses(), contextFor(folder))
    const before = await text()
    await rewrite((content) => {
      content.images!.splice(0, 1)
      content.annotations!.splice(0, 1)
    })
    expect((await coco.read(folder)).entry(7, 1)).toEqual(poses().entry(7, 1))
    await coco.write(poses(), contextFor(folder))
    expect((await coco.read(folder)).entry(7, 0)).toEqual(poses().entry(7, 0))
    await rewrite((content) => {
      content.images = []
      content.annotations = []
    })
    await coco.write(poses(), contextFor(folder))
    expect(await text()).toBe(before)
  })

  it('data without its record is never replaced', async () => {
    await coco.write(poses(), contextFor(folder))
    await rm(join(folder, 'siammae-export.json'))
    await expect(coco.write(poses(), contextFor(folder))).rejects.toThrow(
      `${path()} holds a video clip that was not exported by this tool, so it is not replaced`,
    )
  })
})
