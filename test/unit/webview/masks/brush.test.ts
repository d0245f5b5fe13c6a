import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  brushRadius,
  clampBrushSize,
  type Dab,
  dab,
  stepBrushSize,
  sweep,
} from '../../../../webview/app/masks/index.ts'
import { rasterise, rowsOf } from './grids.ts'

const SIZE = 48

const dabs = fc.record({
  x: fc.double({ min: -4, max: SIZE + 4, noNaN: true }),
  y: fc.double({ min: -4, max: SIZE + 4, noNaN: true }),
  radius: fc.double({ min: 0.5, max: 14, noNaN: true }),
})

describe('a dab', () => {
  it('sets the pixels whose centres lie in the disc', () => {
    fc.assert(
      fc.property(dabs, (at) => {
        const pixels = rasterise(SIZE, SIZE, (sink) => dab(at, sink))
        const wrong: string[] = []
        for (let y = 0; y < SIZE; y++)
          for (let x = 0; x < SIZE; x++) {
            const distance = Math.hypot(x + 0.5 - at.x, y + 0.5 - at.y)
            const under = x === Math.floor(at.x) && y === Math.floor(at.y)
            if (Math.abs(distance - at.radius) < 1e-6) continue
            if ((pixels[y * SIZE + x] === 1) !== (distance < at.radius || under)) wrong.push(`${x},${y}`)
          }
        expect(wrong).toEqual([])
      }),
    )
  })

  it('of one pixel sets exactly the pixel under it, wherever in the pixel it is', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 0.99, noNaN: true }), (part) => {
        const at = { x: 2 + part, y: 1.5, radius: 0.5 }
        expect(
          rowsOf(
            rasterise(5, 3, (sink) => dab(at, sink)),
            5,
          )[1],
        ).toBe('..#..')
      }),
    )
  })

  it('of three pixels is a plus, of 500 has the area of its circle', () => {
    expect(
      rowsOf(
        rasterise(3, 3, (sink) => dab({ x: 1.5, y: 1.5, radius: 1.2 }, sink)),
        3,
      ),
    ).toEqual(['.#.', '###', '.#.'])
    const large = rasterise(512, 512, (sink) => dab({ x: 256, y: 256, radius: 250 }, sink))
    const area = large.reduce((sum, value) => sum + value, 0)
    expect(Math.abs(area / (Math.PI * 250 * 250) - 1)).toBeLessThan(0.001)
  })
})

describe('a stroke', () => {
  it('is the union of the dabs along its way', () => {
    fc.assert(
      fc.property(dabs, dabs, (from, to) => {
        const stroke = rasterise(SIZE, SIZE, (sink) => sweep(from, to, sink))
        const steps = 200
        const between = (t: number): Dab => ({
          x: from.x + (to.x - from.x) * t,
          y: from.y + (to.y - from.y) * t,
          radius: from.radius + (to.radius - from.radius) * t,
        })
        // Between two of the steps the hull reaches a little further than the dabs.
        const slack = 0.12
        const wrong: string[] = []
        for (let y = 0; y < SIZE; y++)
          for (let x = 0; x < SIZE; x++) {
            let depth = Number.NEGATIVE_INFINITY
            for (let i = 0; i <= steps; i++) {
              const at = between(i / steps)
              depth = Math.max(depth, at.radius - Math.hypot(x + 0.5 - at.x, y + 0.5 - at.y))
            }
            const set = stroke[y * SIZE + x] === 1
            if (depth > 1e-6 && !set) wrong.push(`${x},${y} is missing`)
            const underEnd = [from, to].some((at) => x === Math.floor(at.x) && y === Math.floor(at.y))
            if (depth < -slack && !underEnd && set) wrong.push(`${x},${y} is too much`)
          }
        expect(wrong).toEqual([])
      }),
      { numRuns: 40 },
    )
  })

  it('of one pixel has no gaps: every pixel touches the next', () => {
    fc.assert(
      fc.property(dabs, dabs, (a, b) => {
        const from = { ...a, radius: 0.5 }
        const to = { ...b, radius: 0.5 }
        const size = SIZE + 12
        const pixels = rasterise(size, size, (sink) =>
          sweep({ ...from, x: from.x + 6, y: from.y + 6 }, { ...to, x: to.x + 6, y: to.y + 6 }, sink),
        )
        expect(pieces(pixels, size)).toBe(1)
      }),
      { numRuns: 300 },
    )
  })

  it('does not depend on its direction', () => {
    fc.assert(
      fc.property(dabs, dabs, (from, to) => {
        const there = rasterise(SIZE, SIZE, (sink) => sweep(from, to, sink))
        const back = rasterise(SIZE, SIZE, (sink) => sweep(to, from, sink))
        let different = 0
        for (let i = 0; i < there.length; i++) if (there[i] !== back[i]) different++
        // Only a centre that lies exactly on the edge may be rounded differently.
        expect(different).toBeLessThanOrEqual(1)
      }),
    )
  })
})

describe('the size of a brush', () => {
  it('follows the pressure of a pen and never falls below a pixel', () => {
    expect(brushRadius(40, undefined)).toBe(20)
    expect(brushRadius(40, 1)).toBe(20)
    expect(brushRadius(40, 0.5)).toBeCloseTo(11.5)
    expect(brushRadius(1, 0)).toBe(0.5)
  })

  it('steps by one when small and by a tenth when large, within 1 and 500, and comes back', () => {
    expect(stepBrushSize(3, 1)).toBe(4)
    expect(stepBrushSize(100, 1)).toBe(110)
    expect(stepBrushSize(490, 3)).toBe(500)
    expect(stepBrushSize(2, -5)).toBe(1)
    expect(clampBrushSize(Number.NaN)).toBe(1)
  })
})

/** How many 8-connected pieces the set pixels have. */
function pieces(pixels: Uint8Array, width: number): number {
  const left = new Set<number>()
  for (let i = 0; i < pixels.length; i++) if (pixels[i]) left.add(i)
  let count = 0
  while (left.size > 0) {
    count++
    const stack = [left.values().next().value!]
    left.delete(stack[0]!)
    while (stack.length > 0) {
      const at = stack.pop()!
      for (const dy of [-1, 0, 1])
        for (const dx of [-1, 0, 1]) {
          const next = at + dy * width + dx
          if (left.delete(next)) stack.push(next)
        }
    }
  }
  return count
}
