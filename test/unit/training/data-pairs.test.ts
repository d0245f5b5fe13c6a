import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom, streamSeed } from '../../../model/siammae/index.ts'
import { drawCrop, drawCrops } from '../../../model/training/data-crop.ts'
import { framesBetween } from '../../../model/training/data-pairs.ts'
import { type PairOptions, PairSampler } from '../../../model/training/index.ts'

const SEED = 20240117

const clips = fc.array(
  fc.record({
    frames: fc.integer({ min: 2, max: 400 }),
    fps: fc.double({ min: 0.5, max: 240, noNaN: true }),
    width: fc.integer({ min: 1, max: 640 }),
    height: fc.integer({ min: 1, max: 640 }),
  }),
  { minLength: 1, maxLength: 8 },
)
const gap = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 60 }))
  .map(([low, more]): [number, number] => [low, low + more])
const options: fc.Arbitrary<PairOptions> = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 40 }),
  batch: fc.integer({ min: 1, max: 20 }),
  repeated: fc.integer({ min: 1, max: 5 }),
  gap,
  gapFps: fc.constant(30),
  cropScale: fc.constantFrom<[number, number]>([0.5, 1], [0.2, 0.6], [1, 1]),
  cropDrift: fc.constantFrom(0, 0.3, 1),
  flip: fc.boolean(),
})
const index = fc.integer({ min: 0, max: 1e9 })

const DEFAULTS: PairOptions = {
  seed: 7,
  batch: 8,
  repeated: 2,
  gap: [4, 48],
  gapFps: 30,
  cropScale: [0.5, 1],
  cropDrift: 0,
  flip: true,
}

describe('pairs', () => {
  it('lie inside their clip, the past before the future, at a distance that the gap allows', () => {
    fc.assert(
      fc.property(clips, options, index, (clips, options, index) => {
        const choices = new PairSampler(clips, options).draw(index)
        expect(choices.reduce((sum, choice) => sum + choice.crops.length, 0)).toBe(options.batch)
        expect(choices.length).toBe(Math.ceil(options.batch / options.repeated))
        for (const { clip, past, future, crops } of choices) {
          const { frames, fps, width, height } = clips[clip]!
          expect(past).toBeGreaterThanOrEqual(0)
          expect(future).toBeGreaterThan(past)
          expect(future).toBeLessThan(frames)
          const [low, high] = options.gap.map((gap) => Math.max(1, Math.round((gap * fps) / 30)))
          expect(future - past).toBeGreaterThanOrEqual(Math.min(low!, frames - 1))
          expect(future - past).toBeLessThanOrEqual(high!)
          for (const crop of crops.flatMap(({ past, future }) => [past, future])) {
            expect(crop.left).toBeGreaterThanOrEqual(0)
            expect(crop.top).toBeGreaterThanOrEqual(0)
            expect(crop.left + crop.width).toBeLessThanOrEqual(width)
            expect(crop.top + crop.height).toBeLessThanOrEqual(height)
            expect(Math.min(crop.width, crop.height)).toBeGreaterThanOrEqual(1)
            if (!options.flip) expect(crop.flip).toBe(false)
          }
          for (const { past, future } of crops) expect(future.flip).toBe(past.flip)
        }
      }),
      { seed: SEED, numRuns: 60 },
    )
  })

  it('depend on seed and index alone', () => {
    fc.assert(
      fc.property(clips, options, index, index, (clips, options, index, other) => {
        const sampler = new PairSampler(clips, options)
        const drawn = sampler.draw(index)
        sampler.draw(other)
        expect(sampler.draw(index)).toEqual(drawn)
        expect(new PairSampler(clips, options).draw(index)).toEqual(drawn)
      }),
      { seed: SEED, numRuns: 50 },
    )
    const clip = { frames: 1000, fps: 30, width: 455, height: 256 }
    const all = [0, 1, 2].flatMap((seed) =>
      [0, 1, 2].map((i) => JSON.stringify(new PairSampler([clip], { ...DEFAULTS, seed }).draw(i))),
    )
    expect(new Set(all).size).toBe(all.length)
  })

  it('are drawn from a clip as often as it has frames, and with every gap alike', () => {
    const size = { fps: 30, width: 64, height: 64 }
    const sampler = new PairSampler(
      [
        { frames: 100, ...size },
        { frames: 300, ...size },
      ],
      { ...DEFAULTS, batch: 20_000, repeated: 1, gap: [4, 7] },
    )
    const drawn = sampler.draw(3)
    const share = drawn.filter((choice) => choice.clip === 1).length / drawn.length
    expect(share).toBeCloseTo(0.75, 1)
    for (const gap of [4, 5, 6, 7]) {
      const count = drawn.filter((choice) => choice.future - choice.past === gap).length
      expect(count / drawn.length).toBeCloseTo(0.25, 1)
    }
    // Every frame that can be the past is, the first and the last among them.
    const pasts = new Set(drawn.filter((choice) => choice.clip === 0).map((choice) => choice.past))
    expect(pasts.has(0) && pasts.has(95)).toBe(true)
  })

  it('scale the gap by the frame rate of the clip', () => {
    const frames = 1000
    expect(framesBetween(12, 30, { fps: 30, frames })).toBe(12)
    expect(framesBetween(12, 30, { fps: 60, frames })).toBe(24)
    expect(framesBetween(12, 30, { fps: 12.5, frames })).toBe(5)
    expect(framesBetween(4, 30, { fps: 2, frames })).toBe(1)
    expect(framesBetween(48, 30, { fps: 30, frames: 10 })).toBe(9)
  })

  it('come from clips of two frames and more only', () => {
    expect(() => new PairSampler([], DEFAULTS)).toThrow(RangeError)
    const clip = { frames: 1, fps: 30, width: 64, height: 64 }
    expect(() => new PairSampler([clip], DEFAULTS)).toThrow(RangeError)
  })
})

describe('crops', () => {
  it('have the area and the ratio asked for where the frame allows it', () => {
    const random = seededRandom(5)
    let smallest = 1
    let largest = 0
    let flipped = 0
    for (let i = 0; i < 2000; i++) {
      const crop = drawCrop(random, 400, 400, { scale: [0.5, 1], flip: true })
      const area = (crop.width * crop.height) / 400 ** 2
      smallest = Math.min(smallest, area)
      largest = Math.max(largest, area)
      expect(crop.width / crop.height).toBeGreaterThan(0.74)
      expect(crop.width / crop.height).toBeLessThan(1.35)
      if (crop.flip) flipped++
    }
    expect(smallest).toBeGreaterThan(0.495)
    expect(smallest).toBeLessThan(0.52)
    expect(largest).toBeGreaterThan(0.95)
    expect(flipped / 2000).toBeCloseTo(0.5, 1)
  })

  it('of both frames are the same one without drift, whose numbers are those of a single crop', () => {
    const options = { scale: [0.2, 1], flip: true } as const
    const one = seededRandom(3)
    const two = seededRandom(3)
    for (let i = 0; i < 100; i++) {
      const { past, future } = drawCrops(two, 300, 200, { ...options, drift: 0 })
      expect(past).toEqual(drawCrop(one, 300, 200, options))
      expect(future).toEqual(past)
    }
  })

  it('drift apart evenly in both directions and both ways, as far as was asked', () => {
    const random = seededRandom(4)
    const drift = 0.5
    const moves: number[] = []
    const zooms: number[] = []
    for (let i = 0; i < 2000; i++) {
      // Small in a large frame, so that its edge seldom holds one back.
      const { past, future } = drawCrops(random, 10_000, 10_000, { scale: [0.01, 0.011], flip: false, drift })
      const centre = (start: number, length: number): number => start + length / 2
      moves.push(
        (centre(future.left, future.width) - centre(past.left, past.width)) / past.width,
        (centre(future.top, future.height) - centre(past.top, past.height)) / past.height,
      )
      zooms.push(future.width / past.width)
      expect(future.height / past.height).toBeCloseTo(future.width / past.width, 2)
    }
    const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length
    // Where the edge does, a crop may lie a little farther inside than was drawn.
    expect(moves.filter((move) => Math.abs(move) > drift + 0.01).length / moves.length).toBeLessThan(0.05)
    expect(mean(moves)).toBeCloseTo(0, 1)
    expect(mean(moves.map(Math.abs))).toBeCloseTo(drift / 2, 1)
    expect(Math.min(...zooms)).toBeCloseTo(1 / 1.5, 1)
    expect(Math.max(...zooms)).toBeCloseTo(1.5, 1)
    expect(mean(zooms.map(Math.log))).toBeCloseTo(0, 1)
  })

  it('fall back to the centre where nothing fits', () => {
    const whole = { scale: [1, 1], flip: false } as const
    expect(drawCrop(seededRandom(1), 300, 30, whole)).toEqual({
      left: 130,
      top: 0,
      width: 40,
      height: 30,
      flip: false,
    })
    expect(drawCrop(seededRandom(1), 30, 300, whole)).toEqual({
      left: 0,
      top: 130,
      width: 30,
      height: 40,
      flip: false,
    })
    expect(drawCrop(seededRandom(1), 1, 1, whole)).toMatchObject({ width: 1, height: 1 })
  })
})

describe('streams of random numbers', () => {
  it('differ by seed, purpose and index', () => {
    const seeds = new Set<number>()
    for (let seed = 0; seed < 20; seed++) {
      for (const purpose of ['pairs', 'masks', 'sriap']) {
        for (let index = 0; index < 100; index++) seeds.add(streamSeed(seed, purpose, index))
      }
    }
    // Of 6,000 numbers of 32 bits, hardly two are the same.
    expect(seeds.size).toBeGreaterThan(5996)
    expect(streamSeed(1, 'pairs', 2)).toBe(streamSeed(1, 'pairs', 2))
    expect(streamSeed(1, 'pairs', 2)).not.toBe(streamSeed(2, 'pairs', 1))
    expect(streamSeed(2 ** 32 + 1, 'pairs', 0)).not.toBe(streamSeed(1, 'pairs', 0))
  })

  it('begin with numbers that are spread evenly', () => {
    const bins = new Array<number>(16).fill(0)
    for (let index = 0; index < 16_000; index++) {
      const first = seededRandom(streamSeed(0, 'pairs', index)).uniform()
      bins[Math.floor(first * 16)]!++
    }
    for (const count of bins) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })
})
