/** Outlines lie along the edges of the picture, and nothing else of the votes changes. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LabelMap } from '../../../model/label-map.ts'
import { boxMean } from '../../../model/propagation/box-mean.ts'
import { decodeLabels } from '../../../model/propagation/decode.ts'
import { decodeAlongEdges, type Picture } from '../../../model/propagation/edges.ts'
import type { SoftLabels } from '../../../model/propagation/grid.ts'
import { guidedModel } from '../../../model/propagation/guided-filter.ts'
import { labelsFromMask } from '../../../model/propagation/labels.ts'
import { seededRandom } from '../../../model/siammae/index.ts'

const SEED = 5
const PATCH = 8
const GRID = { rows: 12, columns: 16 }
const EDGES = { reach: 1, epsilon: 1e-4 }

interface Disc {
  readonly x: number
  readonly y: number
  readonly radius: number
}

/** Discs on a picture, the first on top, and their true labels. */
function scene(width: number, height: number, discs: readonly Disc[], noise = 0) {
  const random = seededRandom(SEED)
  const colours = [
    [70, 110, 60],
    [200, 150, 40],
    [60, 80, 190],
  ]
  const data = new Uint8Array(width * height)
  const pixels = new Uint8Array(3 * width * height)
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [(i % width) + 0.5, Math.floor(i / width) + 0.5]
    data[i] = discs.findIndex((disc) => Math.hypot(x - disc.x, y - disc.y) < disc.radius) + 1
    colours[data[i]!]!.forEach((value, channel) => {
      pixels[3 * i + channel] = value + noise * (2 * random.uniform() - 1)
    })
  }
  const truth: LabelMap = { width, height, data }
  const picture: Picture = { width, height, data: pixels }
  return { truth, picture, soft: labelsFromMask(truth, GRID, discs.length + 1, PATCH, 'crw') }
}

function intersectionOverUnion(a: LabelMap, b: LabelMap, label: number): number {
  let [both, either] = [0, 0]
  a.data.forEach((value, i) => {
    const [inA, inB] = [value === label, b.data[i] === label]
    if (inA && inB) both++
    if (inA || inB) either++
  })
  return both / either
}

const disc = fc.record({
  x: fc.double({ min: 40, max: 88, noNaN: true }),
  y: fc.double({ min: 40, max: 56, noNaN: true }),
  radius: fc.double({ min: 14, max: 30, noNaN: true }),
})

describe('masks drawn along edges', () => {
  it('give a disc back nearly to the pixel, where cells alone do not', () => {
    fc.assert(
      fc.property(disc, (only) => {
        const { truth, picture, soft } = scene(128, 96, [only], 6)
        const coarse = intersectionOverUnion(decodeLabels(soft, PATCH, truth, 'crw'), truth, 1)
        const fine = intersectionOverUnion(decodeAlongEdges(soft, picture, EDGES), truth, 1)
        expect(fine).toBeGreaterThan(0.96)
        expect(fine).toBeGreaterThan(coarse)
      }),
      { seed: SEED, numRuns: 40 },
    )
  })

  it('do so at the size of the video, larger or smaller than the network sees it', () => {
    for (const scale of [0.5, 1.7, 4]) {
      const only = { x: 61 * scale, y: 45 * scale, radius: 22 * scale }
      const { truth, picture, soft } = scene(Math.round(128 * scale), Math.round(96 * scale), [only], 6)
      expect(intersectionOverUnion(decodeAlongEdges(soft, picture, EDGES), truth, 1)).toBeGreaterThan(0.96)
    }
  })

  it('keep every object, also where two touch', () => {
    const discs = [
      { x: 50, y: 48, radius: 20 },
      { x: 78, y: 50, radius: 22 },
    ]
    const { truth, picture, soft } = scene(128, 96, discs, 6)
    const map = decodeAlongEdges(soft, picture, EDGES)
    for (const label of [1, 2]) expect(intersectionOverUnion(map, truth, label)).toBeGreaterThan(0.95)
  })

  it('leave what has no outline as it is: one label everywhere, whatever the picture', () => {
    const { picture } = scene(128, 96, [{ x: 60, y: 40, radius: 20 }], 60)
    for (const label of [0, 1, 2]) {
      const data = Float32Array.from({ length: 3 * 12 * 16 }, (_, i) => Number(i % 3 === label))
      const map = decodeAlongEdges({ grid: GRID, channels: 3, data }, picture, EDGES)
      expect(new Set(map.data)).toEqual(new Set([label]))
    }
  })

  it('do not reach further than their cells: an object elsewhere changes nothing', () => {
    const near = { x: 24, y: 24, radius: 14 }
    const far = { x: 104, y: 72, radius: 14 }
    const { picture, soft: both } = scene(128, 96, [near, far], 6)
    const alone: SoftLabels = {
      grid: GRID,
      channels: 2,
      data: Float32Array.from({ length: 2 * 12 * 16 }, (_, i) => {
        const one = both.data[3 * Math.floor(i / 2) + 1]!
        return i % 2 === 1 ? one : 1 - one
      }),
    }
    const together = decodeAlongEdges(both, picture, EDGES).data.map((label) => Number(label === 1))
    expect(together).toEqual(decodeAlongEdges(alone, picture, EDGES).data)
  })

  it('stay where the votes put them when the picture shows no edge', () => {
    const { truth, soft } = scene(128, 96, [{ x: 64, y: 48, radius: 30 }])
    const blank: Picture = { width: 128, height: 96, data: new Uint8Array(3 * 128 * 96).fill(90) }
    expect(intersectionOverUnion(decodeAlongEdges(soft, blank, EDGES), truth, 1)).toBeGreaterThan(0.93)
  })
})

describe('the guided filter', () => {
  const picture = fc.record({
    width: fc.integer({ min: 1, max: 12 }),
    height: fc.integer({ min: 1, max: 12 }),
    radius: fc.integer({ min: 0, max: 14 }),
    seed: fc.nat(),
  })

  it('takes means over squares as far as the picture goes', () => {
    fc.assert(
      fc.property(picture, ({ width, height, radius, seed }) => {
        const random = seededRandom(seed)
        const values = Float32Array.from({ length: width * height }, () => random.uniform())
        const means = boxMean(values, width, height, radius)
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++) {
            const around: number[] = []
            values.forEach((value, i) => {
              if (Math.abs(Math.floor(i / width) - y) <= radius && Math.abs((i % width) - x) <= radius)
                around.push(value)
            })
            const expected = around.reduce((sum, value) => sum + value, 0) / around.length
            expect(means[y * width + x]).toBeCloseTo(expected, 4)
          }
      }),
      { seed: SEED },
    )
  })

  it('gives back what a picture explains', () => {
    const random = seededRandom(SEED)
    const [width, height] = [20, 15]
    const plane = () => Float32Array.from({ length: width * height }, () => random.uniform())
    const guide = [plane(), plane(), plane()] as const
    const values = guide[0].map((red, i) => 0.2 + 0.5 * red - 0.3 * guide[1][i]! + 0.4 * guide[2][i]!)
    const { a, b } = guidedModel(values, guide, width, height, 3, 1e-7)
    values.forEach((value, i) => {
      const given = a.reduce((sum, plane, channel) => sum + plane[i]! * guide[channel]![i]!, b[i]!)
      expect(given).toBeCloseTo(value, 3)
    })
  })
})
