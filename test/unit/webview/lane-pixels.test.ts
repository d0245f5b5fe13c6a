import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LaneSummary } from '../../../webview/app/timeline/aggregate.ts'
import { clusters, lowerBound, paintSpans, spanHeight } from '../../../webview/app/timeline/lane-pixels.ts'
import { blend, CONFIDENCE_STEPS } from '../../../webview/app/timeline/palette.ts'

const INK = {
  confidence: blend([200, 100, 0], [0, 100, 200], CONFIDENCE_STEPS),
  absent: [9, 9, 9] as const,
  alpha: 1,
  stripedBelow: 0,
}

/** The lane as it looks: a picture of 24 rows, and the marks. */
function paint(codes: readonly number[], perPixel: number, width: number, ink: Partial<typeof INK> = {}) {
  const pixels = new Uint32Array(width * 24)
  const marks = paintSpans(
    { pixels, width, height: 24 },
    { top: 0, height: 24, ratio: 1 },
    new LaneSummary(Uint8Array.from(codes)),
    { first: 0, perPixel },
    { ...INK, ...ink },
  )
  const tall = (x: number) => [...Array(24).keys()].filter((y) => pixels[y * width + x] !== 0).length
  const red = (x: number) => pixels[19 * width + x]! & 255
  return { marks, tall, red, pixels }
}

describe('spans as pixels', () => {
  it('tell confidence by colour and by height', () => {
    const { tall, red, marks } = paint([16, 136, 255], 0.1, 30)
    expect([5, 15, 25].map(tall)).toEqual([spanHeight(0), spanHeight(120 / 239), spanHeight(1)])
    expect(red(5)).toBeGreaterThan(red(15))
    expect(red(15)).toBeGreaterThan(red(25))
    expect(marks).toEqual([])
  })

  it('are stripes where colours cannot be told, only below the threshold', () => {
    const { red } = paint([40, 250], 0.1, 20, { stripedBelow: 0.5 })
    expect([...Array(9).keys()].filter((x) => red(x) > 0)).toEqual([0, 3, 6])
    expect(
      [...Array(20).keys()].slice(10).filter((x) => (paint([40, 250], 0.1, 20).tall(x) ?? 0) > 0),
    ).toHaveLength(10)
  })

  it("leave a person's marks to others and say where they are", () => {
    const { marks, tall } = paint([1, 200, 3, 4, 2], 0.1, 50)
    expect(marks).toEqual([
      { start: 0, end: 10, code: 1, frame: 0 },
      { start: 20, end: 30, code: 3, frame: 2 },
      { start: 40, end: 50, code: 2, frame: 4 },
    ])
    expect(tall(5)).toBe(0)
    expect(Math.max(...[30, 31, 32, 33, 34, 35].map(tall))).toBe(2)
  })

  it('never write outside of the picture, wherever the lane lies', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: -30, max: 30 }),
        fc.constantFrom(1, 1.5, 2),
        fc.double({ min: 0.1, max: 5, noNaN: true }),
        (codes, top, ratio, perPixel) => {
          const pixels = new Uint32Array(40 * 20)
          const picture = { pixels, width: 40, height: 20 }
          const lane = new LaneSummary(Uint8Array.from(codes))
          paintSpans(picture, { top, height: 24 * ratio, ratio }, lane, { first: 0, perPixel }, INK)
          const foot = Math.round(top + 24 * ratio - 4 * ratio)
          for (let y = Math.max(0, foot); y < 20; y++)
            for (let x = 0; x < 40; x++) expect(pixels[y * 40 + x]).toBe(0)
          expect(pixels.length).toBe(800)
        },
      ),
      { numRuns: 50 },
    )
  })
})

describe('frames that lie close together', () => {
  it('become one cluster, and none is lost', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat({ max: 500 }), { maxLength: 80 }),
        fc.integer({ min: 1, max: 30 }),
        (list, gap) => {
          const frames = list.sort((one, other) => one - other)
          const found = clusters(frames, 0, 1000, gap)
          for (const frame of frames)
            expect(found.filter((one) => one.first <= frame && frame <= one.last)).toHaveLength(1)
          for (let at = 1; at < found.length; at++)
            expect(found[at]!.first - found[at - 1]!.last).toBeGreaterThanOrEqual(gap)
          for (const one of found) expect(frames).toContain(one.last)
        },
      ),
    )
  })

  it('finds places in ordered lists', () => {
    expect([0, 2, 3, 9, 10].map((value) => lowerBound([2, 3, 9], value))).toEqual([0, 0, 1, 2, 3])
  })
})
