import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LaneSummary, mostImportant, stretches } from '../../../webview/app/timeline/aggregate.ts'

const code = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 16, max: 255 }))
const sparse = fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: code })
const lane = fc
  .array(fc.oneof(code, sparse), { minLength: 1, maxLength: 700 })
  .map((codes) => Uint8Array.from(codes))
const same = (one: number, other: number) => one === other

describe('what stands for several frames', () => {
  it('is a keyframe first, then the least sure frame, then an absence', () => {
    expect(mostImportant([0, 200, 1, 20])).toBe(1)
    expect(mostImportant([2, 1])).toBe(1)
    expect(mostImportant([3, 16])).toBe(3)
    expect(mostImportant([0, 200, 20, 255])).toBe(20)
    expect(mostImportant([0, 4, 255])).toBe(255)
    expect(mostImportant([0, 4])).toBe(4)
    expect(mostImportant([])).toBe(0)
  })

  it('is the same through blocks as frame by frame, also after changes', () => {
    fc.assert(
      fc.property(
        lane,
        fc.array(fc.tuple(fc.nat(), fc.array(code, { minLength: 1, maxLength: 90 })), { maxLength: 4 }),
        fc.nat(),
        fc.nat(),
        (codes, changes, a, b) => {
          const summary = new LaneSummary(codes)
          for (const [at, changed] of changes) {
            const first = at % codes.length
            const part = changed.slice(0, codes.length - first)
            codes.set(part, first)
            summary.changed(first, part.length)
          }
          const [first, end] = [a % codes.length, (b % codes.length) + 1].sort((one, other) => one - other)
          expect(summary.between(first!, end!)).toBe(mostImportant(codes.subarray(first!, end!)))
        },
      ),
    )
  })
})

describe('stretches of a lane', () => {
  it('hide no keyframe and no unsure frame at any zoom', () => {
    fc.assert(
      fc.property(lane, fc.double({ min: 0.05, max: 40, noNaN: true }), (codes, perPixel) => {
        const width = Math.ceil(codes.length / perPixel)
        const found = stretches(new LaneSummary(codes), { first: 0, perPixel }, width, same)
        for (let at = 1; at < found.length; at++)
          expect(found[at]!.start).toBeGreaterThanOrEqual(found[at - 1]!.end)
        const shown = new Set(found.map((one) => one.code))
        if (codes.includes(1)) expect(shown.has(1)).toBe(true)
        const marked = codes.some((one) => one >= 1 && one <= 3)
        const least = Math.min(...codes.filter((one) => one >= 16))
        if (!marked && Number.isFinite(least)) expect(shown.has(least)).toBe(true)
        if (codes.every((one) => one === 0)) expect(found).toEqual([])
      }),
    )
  })

  it('give each frame its cell when frames are wider than pixels, keyframes one by one', () => {
    const codes = Uint8Array.from([1, 1, 100, 100, 0, 4, 4, 2])
    expect(stretches(new LaneSummary(codes), { first: 0, perPixel: 0.1 }, 80, same)).toEqual([
      { start: 0, end: 10, code: 1, frame: 0 },
      { start: 10, end: 20, code: 1, frame: 1 },
      { start: 20, end: 40, code: 100, frame: 2 },
      { start: 50, end: 70, code: 4, frame: 5 },
      { start: 70, end: 80, code: 2, frame: 7 },
    ])
  })

  it('are cut off at both edges', () => {
    const codes = new Uint8Array(100).fill(100)
    const found = stretches(new LaneSummary(codes), { first: 10.5, perPixel: 0.1 }, 35, same)
    expect(found).toEqual([{ start: 0, end: 35, code: 100, frame: 10 }])
  })
})
