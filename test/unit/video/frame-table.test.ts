import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { InputDescription, ShownPicture } from '../../../model/video/ffmpeg-log.ts'
import { frameTableOf, rateOf, squarePixelSize } from '../../../model/video/frame-table.ts'

const MILLISECONDS = { num: 1, den: 1000 }
const SEED = { seed: 11, numRuns: 200 }

/** Entries at these ticks of a millisecond. */
const entries = (ticks: readonly number[]) =>
  ticks.map((pts, index) => ({ index, pts, time: pts / 1000, keyFrame: index === 0 }))

describe('the rate', () => {
  const even = fc.tuple(
    fc.double({ min: 1, max: 240, noNaN: true }),
    fc.nat(5000),
    fc.integer({ min: 3, max: 90 }),
  )
  it('is constant however a container rounds it to its ticks', () => {
    const rule = fc.property(even, ([fps, start, count]) => {
      const ticks = Array.from({ length: count }, (_, n) => Math.round(start + (n * 1000) / fps))
      const rate = rateOf(entries(ticks), MILLISECONDS, undefined)
      expect(rate.variableFrameRate).toBe(false)
      const seconds = (count - 1) / fps
      expect(Math.abs(rate.averageFps / fps - 1)).toBeLessThan(0.0011 / seconds)
    })
    fc.assert(rule, SEED)
  })
  it('is variable when a single frame is left out', () => {
    const rule = fc.property(
      even,
      fc.double({ min: 0.1, max: 0.9, noNaN: true }),
      ([fps, start, count], place) => {
        const hole = 1 + Math.floor(place * (count - 2))
        const all = Array.from({ length: count + 1 }, (_, n) => Math.round(start + (n * 1000) / fps))
        const rate = rateOf(entries(all.filter((_, n) => n !== hole)), MILLISECONDS, undefined)
        expect(rate.variableFrameRate).toBe(true)
      },
    )
    fc.assert(rule, SEED)
  })
  it('of a single frame is the nominal one', () => {
    expect(rateOf(entries([5]), MILLISECONDS, 12.5)).toEqual({ variableFrameRate: false, averageFps: 12.5 })
    expect(rateOf(entries([5]), MILLISECONDS, undefined).averageFps).toBeGreaterThan(0)
  })
})

describe('square pixels', () => {
  const side = fc.integer({ min: 1, max: 16_384 })
  const part = fc.integer({ min: 1, max: 64 })
  it('never cost a stored pixel, and give the shape within half a pixel', () => {
    const rule = fc.property(side, side, part, part, (width, height, num, den) => {
      const size = squarePixelSize({ width, height }, { num, den })
      expect(size.width).toBeGreaterThanOrEqual(width)
      expect(size.height).toBeGreaterThanOrEqual(height)
      if (num >= den) expect(Math.abs(size.width - (width * num) / den)).toBeLessThanOrEqual(0.5)
      else expect(Math.abs(size.height - (height * den) / num)).toBeLessThanOrEqual(0.5)
    })
    fc.assert(rule, SEED)
  })
  it('as documented', () => {
    expect(squarePixelSize({ width: 720, height: 576 }, { num: 16, den: 11 })).toEqual({
      width: 1047,
      height: 576,
    })
    expect(squarePixelSize({ width: 576, height: 720 }, { num: 11, den: 16 })).toEqual({
      width: 576,
      height: 1047,
    })
  })
})

describe('the table', () => {
  const input: InputDescription = {
    ...{ container: 'avi', codec: 'h264', codedWidth: 64, codedHeight: 48, rotation: 0 },
    ...{ duration: 1, fps: 30, hasAudio: false },
  }
  const picture = (pts: number | undefined): ShownPicture => ({
    ...{ pts, keyFrame: true, width: 64, height: 48, sampleAspect: { num: 0, den: 1 }, checksum: 1 },
  })
  const table = (pts: (number | undefined)[], aspect = { num: 0, den: 1 }) =>
    frameTableOf({
      ...{ path: '/x.avi', timeBase: { num: 1, den: 30 }, input, contentHash: 'sha256:', warnings: [] },
      pictures: pts.map((ticks) => ({ ...picture(ticks), sampleAspect: aspect })),
    })
  it('trusts timestamps only when every picture has its own and they rise', () => {
    expect(table([0, 1, 2])).toMatchObject({ timestamps: 'file', timeBase: { num: 1, den: 30 } })
    for (const wrong of [
      [0, undefined, 2],
      [0, 1, 1],
      [0, 2, 1],
    ]) {
      const { timestamps, frames } = table(wrong)
      expect(timestamps).toBe('synthetic')
      expect(frames.map((frame) => frame.pts)).toEqual([0, 1, 2])
      expect(frames[1]?.time).toBeCloseTo(1 / 30, 9)
    }
  })
  it('takes an absurd pixel shape for a mistake, and says so', () => {
    const { width, height, sampleAspect, warnings } = table([0], { num: 1000, den: 1 })
    expect({ width, height, sampleAspect }).toEqual({
      width: 64,
      height: 48,
      sampleAspect: { num: 1, den: 1 },
    })
    expect(warnings.join()).toMatch(/1000:1/)
  })
})
