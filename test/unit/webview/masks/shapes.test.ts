import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMask, encodeMask } from '../../../../model/annotation/index.ts'
import {
  boundsOf,
  encodeWithin,
  fillPolygon,
  findHoles,
  maskAt,
  traceContours,
} from '../../../../webview/app/masks/index.ts'
import { masks, picture, rasterise, rowsOf } from './grids.ts'

const SIZE = 24

const corners = fc.array(
  fc.record({
    x: fc.double({ min: -5, max: SIZE + 5, noNaN: true }),
    y: fc.double({ min: -5, max: SIZE + 5, noNaN: true }),
  }),
  { minLength: 3, maxLength: 9 },
)

describe('a polygon', () => {
  it('holds the pixels whose centres are inside by the even-odd rule', () => {
    fc.assert(
      fc.property(corners, (polygon) => {
        const pixels = rasterise(SIZE, SIZE, (sink) => fillPolygon(polygon, sink))
        const wrong: string[] = []
        for (let y = 0; y < SIZE; y++)
          for (let x = 0; x < SIZE; x++) {
            // A ray to the right from the centre; counted in another way than the filler does it.
            let inside = false
            let close = false
            for (let i = 0; i < polygon.length; i++) {
              const a = polygon[i]!
              const b = polygon[(i + 1) % polygon.length]!
              const [low, high] = a.y < b.y ? [a, b] : [b, a]
              const side = (high.x - low.x) * (y + 0.5 - low.y) - (high.y - low.y) * (x + 0.5 - low.x)
              if (low.y <= y + 0.5 && y + 0.5 < high.y && side > 0) inside = !inside
              if (Math.abs(side) < 1e-6 * Math.hypot(high.x - low.x, high.y - low.y)) close = true
            }
            if (!close && (pixels[y * SIZE + x] === 1) !== inside) wrong.push(`${x},${y}`)
          }
        expect(wrong).toEqual([])
      }),
    )
  })

  it('shares no pixel with a neighbour along a common edge', () => {
    const left = [
      { x: 0.5, y: 0.5 },
      { x: 4.5, y: 0.5 },
      { x: 4.5, y: 4.5 },
      { x: 0.5, y: 4.5 },
    ]
    const right = left.map(({ x, y }) => ({ x: x + 4, y }))
    const a = rasterise(10, 6, (sink) => fillPolygon(left, sink))
    const b = rasterise(10, 6, (sink) => fillPolygon(right, sink))
    expect(rowsOf(a, 10)[2]).toBe('####......')
    expect(rowsOf(b, 10)[2]).toBe('....####..')
    expect(rowsOf(a, 10)[4]).toBe('..........')
  })

  it('of fewer than three corners is nothing', () => {
    const line = [
      { x: 0, y: 0 },
      { x: 9, y: 9 },
    ]
    expect(rasterise(10, 10, (sink) => fillPolygon(line, sink)).some(Boolean)).toBe(false)
  })
})

describe('holes', () => {
  it('are closed off over sides of pixels; a gap at a corner closes, an open bay stays', () => {
    const { pixels, width, height } = picture(
      '..####...',
      '..#..#.##',
      '..####.#.',
      '.........',
      '..#.####.',
      '.#.#..#..',
      '..#..##..',
    )
    const filled = pixels.slice()
    findHoles(pixels, width, boundsOf(encodeMask(pixels, width, height)), (row, start, end) => {
      filled.fill(1, row * width + start, row * width + end)
    })
    expect(rowsOf(filled, width)).toEqual([
      '..####...',
      '..####.##',
      '..####.#.',
      '.........',
      '..#.####.',
      '.###..#..',
      '..#..##..',
    ])
  })

  it('are exactly the background that a flood from outside does not reach', () => {
    fc.assert(
      fc.property(masks, ({ pixels, width, height }) => {
        const filled = pixels.slice()
        findHoles(pixels, width, boundsOf(encodeMask(pixels, width, height)), (row, start, end) => {
          filled.fill(1, row * width + start, row * width + end)
        })
        const outside = floodFromOutside(pixels, width, height)
        expect(rowsOf(filled, width)).toEqual(
          rowsOf(
            outside.map((value) => 1 - value),
            width,
          ),
        )
      }),
    )
  })
})

describe('run lengths', () => {
  it('of a part of the picture are those of the whole', () => {
    fc.assert(
      fc.property(masks, ({ pixels, width, height }) => {
        const whole = encodeMask(pixels, width, height)
        expect(encodeWithin(pixels, width, height, boundsOf(whole))).toEqual(whole)
        const all = { left: 0, top: 0, right: width, bottom: height }
        expect(encodeWithin(pixels, width, height, all)).toEqual(whole)
        expect(decodeMask(whole)).toEqual(pixels)
      }),
    )
  })

  it('tell whether a pixel is set without being unpacked', () => {
    fc.assert(
      fc.property(masks, ({ pixels, width, height }) => {
        const mask = encodeMask(pixels, width, height)
        for (let y = -1; y <= height; y++)
          for (let x = -1; x <= width; x++) {
            const inside = x >= 0 && y >= 0 && x < width && y < height
            expect(maskAt(mask, x + 0.7, y + 0.2)).toBe(inside && pixels[y * width + x] === 1)
          }
      }),
    )
  })
})

describe('contours', () => {
  it('filled by the even-odd rule give the mask again', () => {
    fc.assert(
      fc.property(masks, ({ pixels, width, height }) => {
        const again = new Uint8Array(width * height)
        for (const contour of traceContours(encodeMask(pixels, width, height))) {
          const polygon = Array.from({ length: contour.length / 2 }, (_, i) => ({
            x: contour[2 * i]!,
            y: contour[2 * i + 1]!,
          }))
          fillPolygon(polygon, (row, start, end) => {
            for (let x = start; x < end; x++) again[row * width + x]! ^= 1
          })
        }
        expect(rowsOf(again, width)).toEqual(rowsOf(pixels, width))
      }),
      { numRuns: 400 },
    )
  })

  it('turn at every point, and have one line per part and hole', () => {
    const { pixels, width, height } = picture('####.', '#..#.', '####.', '....#')
    const contours = traceContours(encodeMask(pixels, width, height))
    expect(contours.map((contour) => contour.length / 2)).toEqual([4, 4, 4])
    expect(Array.from(contours[0]!)).toEqual([0, 0, 4, 0, 4, 3, 0, 3])
  })
})

/** 1 where background reaches the edge of the picture over sides of pixels. */
function floodFromOutside(pixels: Uint8Array, width: number, height: number): Uint8Array {
  const outside = new Uint8Array(pixels.length)
  for (let changed = true; changed; ) {
    changed = false
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const at = y * width + x
        if (pixels[at] || outside[at]) continue
        const reached =
          x === 0 ||
          y === 0 ||
          x === width - 1 ||
          y === height - 1 ||
          outside[at - 1] ||
          outside[at + 1] ||
          outside[at - width] ||
          outside[at + width]
        if (!reached) continue
        outside[at] = 1
        changed = true
      }
  }
  return outside
}
