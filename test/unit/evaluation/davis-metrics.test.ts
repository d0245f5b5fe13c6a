import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  boundaryF,
  boundaryPixels,
  boundaryRadius,
  diskHalfWidths,
  jaccard,
  meanRecallDecay,
  scoreSequence,
} from '../../../model/evaluation/index.ts'
import { readIndexedPng } from '../../../model/formats/index.ts'
import { describeWithReference } from '../../support/reference.ts'
import { readGolden } from './golden.ts'

interface EdgeCase {
  name: string
  width: number
  height: number
  J: number
  F: number
  bound_pix: number
  boundary_pixels: [number, number]
  png?: boolean
  'F_bound_th_0.02': number
  F_bound_th_3: number
}

interface Metrics {
  edge_cases: EdgeCase[]
  statistics: { values: (number | null)[]; mean: number; recall: number; decay: number | null }[]
  structuring_element_half_widths: Record<string, number[]>
}

/** F by the book: dilate by the disk, intersect. Slow and plain, to check the quick one. */
function plainF(a: Uint8Array, b: Uint8Array, width: number, height: number, radius: number): number {
  const edges = [a, b].map((mask) => [...boundaryPixels(mask, width, height)])
  const within = (from: number[], to: number[]) =>
    from.filter((p) =>
      to.some(
        (q) =>
          ((p % width) - (q % width)) ** 2 + (Math.floor(p / width) - Math.floor(q / width)) ** 2 <=
          radius ** 2,
      ),
    ).length / from.length
  const [one, two] = edges as [number[], number[]]
  if (one.length === 0 || two.length === 0) return one.length === two.length ? 1 : 0
  const precision = within(one, two)
  const recall = within(two, one)
  return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall)
}

const maskPairs = fc
  .tuple(fc.integer({ min: 1, max: 14 }), fc.integer({ min: 1, max: 14 }), fc.integer({ min: 1, max: 5 }))
  .chain(([width, height, radius]) => {
    const mask = fc.uint8Array({ minLength: width * height, maxLength: width * height, max: 1 })
    // Two factors make sparse masks as likely as noise.
    return fc.tuple(mask, mask, mask, mask).map(([a, b, c, d]) => ({
      width,
      height,
      radius,
      a: a.map((v, i) => v & c[i]!),
      b: b.map((v, i) => v & d[i]!),
    }))
  })

describe('rules that hold for all masks', () => {
  it('F equals dilating and intersecting', () => {
    fc.assert(
      fc.property(maskPairs, ({ width, height, radius, a, b }) => {
        expect(boundaryF(a, b, width, height, radius)).toBeCloseTo(plainF(a, b, width, height, radius), 12)
      }),
      { seed: 3, numRuns: 400 },
    )
  })

  it('J and F are symmetric, within 0..1, and 1 for equal masks', () => {
    fc.assert(
      fc.property(maskPairs, ({ width, height, a, b }) => {
        const j = jaccard(a, b)
        const f = boundaryF(a, b, width, height)
        for (const value of [j, f]) {
          expect(value).toBeGreaterThanOrEqual(0)
          expect(value).toBeLessThanOrEqual(1)
        }
        expect(jaccard(b, a)).toBe(j)
        expect(boundaryF(b, a, width, height)).toBeCloseTo(f, 12)
        expect(jaccard(a, a)).toBe(1)
        expect(boundaryF(a, a, width, height)).toBe(1)
      }),
      { seed: 5, numRuns: 200 },
    )
  })

  it('any value but 0 is inside the mask', () => {
    expect(jaccard(Uint8Array.of(255, 0), Uint8Array.of(1, 0))).toBe(1)
    expect(boundaryF(Uint8Array.of(255, 0), Uint8Array.of(1, 0), 2, 1)).toBe(1)
  })

  it('masks of another size are refused', () => {
    expect(() => jaccard(new Uint8Array(4), new Uint8Array(5))).toThrow(RangeError)
    expect(() => boundaryF(new Uint8Array(4), new Uint8Array(5), 2, 2)).toThrow(RangeError)
  })
})

describe('decay of long lists', () => {
  it('is right beyond 256 frames unless the public code is to be imitated', () => {
    const falling = Array.from({ length: 401 }, (_, i) => 1 - i / 400)
    expect(meanRecallDecay(falling).decay).toBeCloseTo(0.75, 12)
    expect(meanRecallDecay(falling, { eightBitBins: true }).decay).not.toBeCloseTo(0.75, 2)
  })
})

describe('a sequence', () => {
  it('leaves out its first and last frame', () => {
    const right = Uint8Array.of(0, 1, 1, 0)
    const wrong = Uint8Array.of(1, 0, 0, 1)
    const frames = [wrong, right, right, wrong].map((prediction) => ({ truth: right, prediction }))
    const [object] = scoreSequence(frames, [1], 2, 2)
    expect(object!.jPerFrame).toEqual([1, 1])
    expect(object!.jf).toBe(1)
  })
})

describeWithReference('golden values of the public DAVIS code', (reference) => {
  const folder = join(reference, 'metrics')
  const metrics = JSON.parse(readFileSync(join(folder, 'metrics.json'), 'utf8')) as Metrics
  const tensors = readGolden(join(folder, 'edge_cases.safetensors'))

  async function side(edge: EdgeCase, name: 'gt' | 'prediction'): Promise<Uint8Array> {
    if (edge.png) return (await readIndexedPng(join(folder, `edge_native/${edge.name}_${name}.png`))).indices
    return tensors.get(`${edge.name}.${name}`)!.values as Uint8Array
  }

  for (const edge of metrics.edge_cases)
    it(`edge case ${edge.name}`, async () => {
      const { width, height } = edge
      const truth = await side(edge, 'gt')
      const prediction = await side(edge, 'prediction')
      expect(jaccard(prediction, truth)).toBeCloseTo(edge.J, 9)
      expect(boundaryRadius(width, height)).toBe(edge.bound_pix)
      expect(boundaryF(prediction, truth, width, height)).toBeCloseTo(edge.F, 9)
      expect(boundaryF(prediction, truth, width, height, boundaryRadius(width, height, 0.02))).toBeCloseTo(
        edge['F_bound_th_0.02'],
        9,
      )
      expect(boundaryF(prediction, truth, width, height, 3)).toBeCloseTo(edge.F_bound_th_3, 9)
      const boundaries = [prediction, truth].map((mask) => boundaryPixels(mask, width, height))
      expect([boundaries[1]!.length, boundaries[0]!.length]).toEqual(edge.boundary_pixels)
      const drawn = tensors.get(`${edge.name}.prediction_boundary`)
      if (drawn) {
        const pixels = Array.from(drawn.values).flatMap((value, i) => (value ? [i] : []))
        expect([...boundaries[0]!]).toEqual(pixels)
      }
    })

  it('the disk of every radius', () => {
    for (const [radius, rows] of Object.entries(metrics.structuring_element_half_widths)) {
      const half = [...diskHalfWidths(Number(radius))]
      expect([...half.slice(1).reverse(), ...half]).toEqual(rows)
    }
  })

  metrics.statistics.forEach(({ values, mean, recall, decay }, index) => {
    it(`statistics of list ${index}, ${values.length} values`, () => {
      const found = meanRecallDecay(
        values.map((value) => value ?? Number.NaN),
        { eightBitBins: true },
      )
      expect(found.mean).toBeCloseTo(mean, 9)
      expect(found.recall).toBeCloseTo(recall, 9)
      if (decay === null) expect(found.decay).toBeNaN()
      else expect(found.decay).toBeCloseTo(decay, 9)
    })
  })
})
