import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  AnnotationError,
  area,
  boundingBox,
  decodeMask,
  difference,
  encodeAllLabels,
  encodeLabels,
  encodeMask,
  equalMasks,
  fromCompressed,
  fromCounts,
  intersection,
  iou,
  paintMask,
  toCompressed,
  union,
} from '../../../model/annotation/index.ts'

const seed = 20_260_101

/** Ids 0 to `most` in streaks, because masks are made of runs and not of noise. */
function labelMaps(most: number) {
  return fc
    .record({ width: fc.integer({ min: 1, max: 24 }), height: fc.integer({ min: 1, max: 24 }) })
    .chain(({ width, height }) =>
      fc
        .array(fc.record({ id: fc.nat(most), length: fc.integer({ min: 1, max: 40 }) }), { maxLength: 60 })
        .map((streaks) => {
          const pixels = new Uint8Array(width * height)
          let at = 0
          for (const { id, length } of streaks) {
            pixels.fill(id, at, at + length)
            at += length
          }
          return { width, height, pixels }
        }),
    )
}

const twoMasks = labelMaps(3).map(({ width, height, pixels }) => ({
  width,
  height,
  a: pixels.map((value) => value & 1),
  b: pixels.map((value) => value >> 1),
}))

describe('a run-length mask, for every mask', () => {
  it('gives its pixels back, from its counts and from its compressed string', () => {
    fc.assert(
      fc.property(labelMaps(2), ({ width, height, pixels }) => {
        const truth = pixels.map((value) => (value === 0 ? 0 : 1))
        const rle = encodeMask(pixels, width, height)
        expect(decodeMask(rle)).toEqual(truth)
        const text = toCompressed(rle)
        expect(fromCompressed(text, width, height)).toEqual(rle)
        expect(fromCounts([...rle.counts], width, height)).toEqual(rle)
        expect(rle.counts.reduce((sum, count) => sum + count, 0)).toBe(width * height)
        expect(rle.counts.indexOf(0, 1)).toBe(-1)
      }),
      { seed },
    )
  })

  it('measures the same as its pixels do', () => {
    fc.assert(
      fc.property(twoMasks, ({ width, height, a, b }) => {
        const rleA = encodeMask(a, width, height)
        const rleB = encodeMask(b, width, height)
        const both = a.map((value, i) => value & b[i]!)
        const either = a.map((value, i) => value | b[i]!)
        const sum = (mask: Uint8Array) => mask.reduce((total, value) => total + value, 0)
        expect(area(rleA)).toBe(sum(a))
        expect(boundingBox(rleA)).toEqual(boxOfPixels(a, width))
        expect(intersection(rleA, rleB)).toEqual(encodeMask(both, width, height))
        expect(union(rleA, rleB)).toEqual(encodeMask(either, width, height))
        expect(difference(rleA, rleB)).toEqual(
          encodeMask(
            a.map((value, i) => value & (1 - b[i]!)),
            width,
            height,
          ),
        )
        expect(iou(rleA, rleB)).toBe(sum(either) === 0 ? 0 : sum(both) / sum(either))
        expect(equalMasks(rleA, rleB)).toBe(a.every((value, i) => value === b[i]))
      }),
      { seed },
    )
  })

  it('is the same for one id, for all ids in one pass, and for a mask of that id', () => {
    fc.assert(
      fc.property(labelMaps(4), ({ width, height, pixels }) => {
        const all = encodeAllLabels(pixels, width, height)
        expect([...all.keys()]).toEqual([...new Set(pixels)].filter((id) => id > 0).sort((a, b) => a - b))
        for (let id = 0; id <= 5; id++) {
          const mask = encodeMask(
            pixels.map((value) => (value === id ? 1 : 0)),
            width,
            height,
          )
          expect(encodeLabels(pixels, width, height, id)).toEqual(mask)
          if (id > 0 && area(mask) > 0) expect(all.get(id)).toEqual(mask)
        }
      }),
      { seed },
    )
  })

  it('paints its pixels only and counts those that another object had', () => {
    fc.assert(
      fc.property(twoMasks, ({ width, height, a, b }) => {
        const target = b.map((value) => value * 7)
        const overwritten = paintMask(encodeMask(a, width, height), target, 9)
        expect(overwritten).toBe(a.filter((value, i) => value === 1 && b[i] === 1).length)
        expect(target).toEqual(b.map((value, i) => (a[i] === 1 ? 9 : value * 7)))
      }),
      { seed },
    )
  })
})

describe('masks written by others', () => {
  it('may have runs of length zero, which mean nothing', () => {
    const rle = fromCounts([0, 0, 3, 2, 0, 1, 4, 0], 5, 2)
    expect([...rle.counts]).toEqual([3, 3, 4])
    const foreign = { width: 5, height: 2, counts: Uint32Array.of(0, 0, 3, 2, 0, 1, 4, 0) }
    expect(area(foreign)).toBe(3)
    expect(boundingBox(foreign)).toEqual(boundingBox(rle))
    expect(equalMasks(foreign, rle)).toBe(true)
    expect(union(foreign, foreign)).toEqual(rle)
    expect(decodeMask(foreign)).toEqual(decodeMask(rle))
    expect(fromCompressed(toCompressed(foreign), 5, 2)).toEqual(rle)
  })

  it.each([
    ['too few pixels', 'R1', 7, 5, 'do not reach'],
    ['too many pixels', 'T1', 7, 5, 'impossible run'],
    ['too many pixels in several runs', 'R112', 7, 5, 'exceed'],
    ['nothing', '', 7, 5, 'do not reach'],
    ['a number cut off in the middle', 'S1o', 7, 5, 'ends in the middle'],
    ['a character below the alphabet', '!S1', 7, 5, 'foreign character at 0'],
    ['a character above the alphabet', 'S1p', 7, 5, 'foreign character at 2'],
    ['a character of another script', 'S１', 7, 5, 'foreign character at 1'],
    ['a negative first run', 'O', 7, 5, 'impossible run'],
    ['a negative run by difference', '111L', 7, 5, 'impossible run'],
    ['a number of too many characters', 'ooooooo1', 7, 5, 'oversized number'],
    ['a number beyond every picture', 'ooooo?', 7, 5, 'impossible run'],
    ['a side of zero', '0', 0, 5, 'not supported'],
    ['a negative side', '0', -1, 5, 'not supported'],
    ['a broken side', '0', 1.5, 5, 'not supported'],
    ['a side beyond the limit', '0', 16_385, 1, 'not supported'],
    ['more pixels than the limit', '0', 16_384, 16_384, 'not supported'],
    ['a size that is no number', '0', Number.NaN, 5, 'not supported'],
  ])('is refused with %s', (_, text, width, height, reason) => {
    expect(() => fromCompressed(text, width, height)).toThrow(AnnotationError)
    expect(() => fromCompressed(text, width, height)).toThrow(reason)
  })

  it('is read or refused with our own error, whatever the text', () => {
    const characters = fc.string({
      unit: fc.oneof(
        { weight: 20, arbitrary: fc.integer({ min: 48, max: 111 }).map((code) => String.fromCharCode(code)) },
        { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 1 }) },
      ),
      maxLength: 12,
    })
    fc.assert(
      fc.property(characters, fc.integer({ min: 1, max: 9 }), (text, width) => {
        try {
          const rle = fromCompressed(text, width, 3)
          expect(rle.counts.reduce((sum, count) => sum + count, 0)).toBe(width * 3)
        } catch (error) {
          expect(error).toBeInstanceOf(AnnotationError)
        }
      }),
      { seed, numRuns: 2000 },
    )
  })

  it.each([
    ['a negative count', [36, -1]],
    ['a broken count', [34.5, 0.5]],
    ['a count that is no number', [Number.NaN, 35]],
    ['an endless count', [Number.POSITIVE_INFINITY]],
    ['too few pixels', [3, 4]],
    ['too many pixels', [3, 4, 29]],
  ])('is refused with %s in a list of counts', (_, counts) => {
    expect(() => fromCounts(counts, 7, 5)).toThrow(AnnotationError)
  })

  it('never fits pixels or masks of another size', () => {
    const rle = encodeMask(new Uint8Array(35), 7, 5)
    expect(() => encodeMask(new Uint8Array(34), 7, 5)).toThrow(AnnotationError)
    expect(() => encodeLabels(new Uint8Array(36), 7, 5, 1)).toThrow(AnnotationError)
    expect(() => encodeAllLabels(new Uint8Array(0), 7, 5)).toThrow(AnnotationError)
    expect(() => paintMask(rle, new Uint8Array(34), 1)).toThrow(AnnotationError)
    expect(() => union(rle, encodeMask(new Uint8Array(35), 5, 7))).toThrow(AnnotationError)
    expect(equalMasks(rle, encodeMask(new Uint8Array(35), 5, 7))).toBe(false)
  })
})

function boxOfPixels(mask: Uint8Array, width: number): [number, number, number, number] {
  const xs: number[] = []
  const ys: number[] = []
  mask.forEach((value, i) => {
    if (value === 0) return
    xs.push(i % width)
    ys.push(Math.floor(i / width))
  })
  if (xs.length === 0) return [0, 0, 0, 0]
  const [x, y] = [Math.min(...xs), Math.min(...ys)]
  return [x, y, Math.max(...xs) - x + 1, Math.max(...ys) - y + 1]
}
