import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openVideo, type VideoSource } from '../../../model/video/index.ts'
import { FFMPEG, makeClip, numberOf, temporaryFolder } from './numbered-clips.ts'

const folder = temporaryFolder()
const COUNT = 3000
let source: VideoSource

beforeAll(async () => {
  const path = join(folder.path, 'long.mp4')
  const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '100', '-pix_fmt', 'yuv420p']
  await makeClip(path, COUNT, h264, { width: 64, height: 48 })
  source = await openVideo(path, { ffmpeg: FFMPEG })
})
afterAll(async () => {
  await source.close()
  folder.remove()
})

describe('a clip of 3,000 frames', () => {
  it('has every frame under its index, and memory stays flat while they stream by', async () => {
    // All frames at this size are 480 MB; the decoder may be a few frames ahead, garbage may wait to be collected.
    const size = { width: 256, height: 208 }
    const bound = 150 * 2 ** 20
    expect(COUNT * size.width * size.height * 3).toBeGreaterThan(3 * bound)
    expect(source.table.frames).toHaveLength(COUNT)
    let start = 0
    let highest = 0
    let next = 0
    for await (const frame of source.frames({ size })) {
      if (frame.index !== next || numberOf(frame) !== next)
        expect([frame.index, numberOf(frame)]).toEqual([next, next])
      next++
      if (next === 50) start = process.memoryUsage.rss()
      if (next % 50 === 0) highest = Math.max(highest, process.memoryUsage.rss())
    }
    expect(next).toBe(COUNT)
    expect(highest - start).toBeLessThan(bound)
  })

  it('gives any frame by its index', async () => {
    const indices = fc.sample(fc.integer({ min: 0, max: COUNT - 1 }), { seed: 7, numRuns: 18 })
    for (const index of [0, COUNT - 1, ...indices]) expect(numberOf(await source.frame(index))).toBe(index)
  })

  it('starts a range exactly at its first frame', async () => {
    const found: number[] = []
    for await (const frame of source.frames({ first: 1799, last: 1905 })) found.push(numberOf(frame))
    expect(found).toEqual(Array.from({ length: 107 }, (_, i) => 1799 + i))
  })
})
