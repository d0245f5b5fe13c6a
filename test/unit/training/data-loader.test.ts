import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CancelledError, UserError } from '../../../model/errors.ts'
import {
  type FrameCache,
  openFrameCache,
  type PairBatch,
  PairSampler,
  PairSource,
  type PairSourceOptions,
} from '../../../model/training/index.ts'
import { BLUE_STEP, HEIGHT, makeImages, makeVideo, redAt, temporaryFolder, WIDTH } from './coded-clips.ts'

const SIDE = 32
const OPTIONS: PairSourceOptions = {
  seed: 11,
  imageSize: SIDE,
  batch: 5,
  repeated: 2,
  gap: [2, 12],
  gapFps: 30,
  cropScale: [0.5, 1],
  cropDrift: 0.4,
  flip: true,
}

const files = temporaryFolder()
let cache: FrameCache

beforeAll(async () => {
  const sources = [
    await makeVideo(join(files.path, 'a.mp4'), 16),
    await makeImages(join(files.path, 'pictures'), 9),
  ]
  cache = await openFrameCache(sources, {
    folder: join(files.path, 'cache'),
    shortSide: 256,
    limitBytes: 1e9,
  })
})
afterAll(async () => {
  await cache?.close()
  files.remove()
})

/** A pixel of sample `sample`: red, green and blue. */
function pixel(pictures: Uint8Array, sample: number, x: number, y: number): number[] {
  const i = ((sample * SIDE + y) * SIDE + x) * 3
  return [...pictures.subarray(i, i + 3)]
}

describe('a batch', () => {
  it('shows the chosen frames, cut and mirrored alike', async () => {
    const source = new PairSource(cache, OPTIONS)
    const sampler = new PairSampler(cache.clips, OPTIONS)
    let mirrored = 0
    for (let index = 0; index < 6; index++) {
      const batch = await source.batch(index)
      expect(batch.size).toBe(OPTIONS.batch)
      expect(batch.past.length).toBe(OPTIONS.batch * SIDE * SIDE * 3)
      expect(batch.future.length).toBe(batch.past.length)
      const samples = sampler
        .draw(index)
        .flatMap(({ crops, ...pair }) => crops.map((crop) => ({ ...pair, crop })))
      for (const [sample, { past, future, crop }] of samples.entries()) {
        if (crop.past.flip) mirrored++
        for (const [x, y] of [
          [4, 4],
          [27, 9],
          [16, 28],
        ] as const) {
          for (const [pictures, frame, { left, top, width, height, flip }] of [
            [batch.past, past, crop.past],
            [batch.future, future, crop.future],
          ] as const) {
            const across = flip ? SIDE - 1 - x : x
            const red = redAt((left + ((across + 0.5) / SIDE) * width) / WIDTH)
            const green = redAt((top + ((y + 0.5) / SIDE) * height) / HEIGHT)
            const [r, g, b] = pixel(pictures, sample, x, y)
            expect(Math.abs(r! - red), 'red').toBeLessThanOrEqual(6)
            expect(Math.abs(g! - green), 'green').toBeLessThanOrEqual(6)
            expect(Math.abs(b! - (20 + frame * BLUE_STEP)), 'blue').toBeLessThanOrEqual(6)
          }
        }
      }
    }
    expect(mirrored).toBeGreaterThan(5)
    expect(mirrored).toBeLessThan(25)
    await source.close()
  })

  it('has the same bytes whatever was asked for before', async () => {
    const options = { ...OPTIONS, batch: 3 }
    const forward = new PairSource(cache, options)
    const expected: PairBatch[] = []
    for (let index = 0; index < 6; index++) expected.push(await forward.batch(index))
    await forward.close()
    const jumping = new PairSource(cache, { ...options, ahead: 1 })
    for (const index of [5, 2, 2, 3, 0, 1]) expect(await jumping.batch(index)).toEqual(expected[index])
    // Several at once, as a step of several micro-batches asks for them.
    const together = await Promise.all([2, 3, 4].map((index) => jumping.batch(index)))
    expect(together).toEqual([2, 3, 4].map((index) => expected[index]))
    await jumping.close()
    const other = new PairSource(cache, { ...options, seed: 12, ahead: 0 })
    expect(await other.batch(0)).not.toEqual(expected[0])
    await other.close()
  })

  it('gives buffers that nobody else holds', async () => {
    const source = new PairSource(cache, OPTIONS)
    const first = await source.batch(0)
    const copy = first.past.slice()
    first.past.fill(0)
    expect((await source.batch(0)).past).toEqual(copy)
    await source.close()
  })
})

/** A cache that counts and can fail, around the real one. */
function watched(read: FrameCache['read']): FrameCache {
  return { clips: cache.clips, skipped: [], warnings: [], decoded: 0, read, close: async () => {} }
}

describe('working ahead', () => {
  it('makes the next batches unasked, and no more than that', async () => {
    let reads = 0
    const counting = watched((clip, frame) => {
      reads++
      return cache.read(clip, frame)
    })
    const source = new PairSource(counting, { ...OPTIONS, ahead: 2 })
    await source.batch(0)
    await expect.poll(() => reads).toBe(3 * 3 * 2)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(reads).toBe(3 * 3 * 2)
    await source.batch(1)
    await expect.poll(() => reads).toBe(4 * 3 * 2)
    await source.close()
  })

  it('tells of a failure when the batch is asked for, and tries again after that', async () => {
    let broken = true
    const failing = watched(async (clip, frame) => {
      if (broken) throw new UserError('The cached frames are gone.')
      return await cache.read(clip, frame)
    })
    const source = new PairSource(failing, OPTIONS)
    await expect(source.batch(0)).rejects.toThrow('The cached frames are gone.')
    await expect(source.batch(1)).rejects.toThrow(UserError)
    broken = false
    expect((await source.batch(1)).size).toBe(OPTIONS.batch)
    await source.close()
  })

  it('ends with close', async () => {
    let atWork = 0
    const slow = watched(async (clip, frame) => {
      atWork++
      await new Promise((resolve) => setTimeout(resolve, 20))
      atWork--
      return await cache.read(clip, frame)
    })
    const source = new PairSource(slow, { ...OPTIONS, batch: 40 })
    const waited = source.batch(0)
    const outcome = expect(waited).rejects.toThrow(CancelledError)
    await source.close()
    expect(atWork).toBe(0)
    await outcome
    await expect(source.batch(0)).rejects.toThrow(CancelledError)
  })
})
