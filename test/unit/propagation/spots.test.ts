/** Protects: small objects are found where they are, keep what was drawn, and take nothing from what they lie on. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LabelMap } from '../../../model/label-map.ts'
import {
  FeatureExtractor,
  networkSize,
  PRESETS,
  packLabels,
  propagate,
  unpackLabels,
} from '../../../model/propagation/index.ts'
import { cutPiece, findPiece } from '../../../model/propagation/match.ts'
import {
  fillBeneath,
  moveShape,
  nearestShape,
  readSpot,
  shapesOf,
  stampSpot,
  stampSpots,
} from '../../../model/propagation/spots.ts'
import { Engine } from '../../../model/runtime/index.ts'
import { openVideo } from '../../../model/video/index.ts'
import { readEncoder } from '../../../model/weights/index.ts'
import { root } from '../../support/cli.ts'

const grid = { rows: 12, columns: 16 }
const inside = fc.record({
  x: fc.double({ min: 1, max: grid.columns - 2, noNaN: true }),
  y: fc.double({ min: 1, max: grid.rows - 2, noNaN: true }),
})

/** Discs: object, centre and radius in pixels. */
function discs(
  width: number,
  height: number,
  ...all: readonly (readonly [id: number, x: number, y: number, radius: number])[]
): LabelMap {
  const data = new Uint8Array(width * height)
  for (const [id, x, y, radius] of all)
    data.forEach((_, pixel) => {
      if (Math.hypot((pixel % width) - x, Math.floor(pixel / width) - y) <= radius) data[pixel] = id
    })
  return { width, height, data }
}

describe('a stamp', () => {
  it('keeps its place to a fraction of a cell, and its strength, also packed', () => {
    fc.assert(
      fc.property(inside, fc.double({ min: 0.15, max: 1, noNaN: true }), (place, strength) => {
        const labels = stampSpots([undefined, { centre: place }], grid)
        stampSpot(labels, 2, place, strength)
        const read = readSpot(unpackLabels(packLabels(labels)), 2)!
        expect(Math.hypot(read.x - place.x, read.y - place.y)).toBeLessThan(0.05)
        expect(read.strength).toBeCloseTo(strength, 3)
        expect(readSpot(labels, 1)).toBeUndefined()
      }),
    )
  })

  it('is not read from votes that are next to nothing', () => {
    const labels = stampSpots([{ centre: { x: 4, y: 4 } }], grid)
    stampSpot(labels, 1, { x: 4, y: 4 }, 0.05)
    expect(readSpot(labels, 1)).toBeUndefined()
  })

  it('at the border or beyond it is read on the grid', () => {
    for (const place of [
      { x: 0, y: 0 },
      { x: grid.columns + 3, y: -2 },
    ]) {
      const read = readSpot(stampSpots([{ centre: place }], grid), 1)!
      expect(read.x).toBeCloseTo(Math.min(place.x, grid.columns - 1), 0)
      expect(read.y).toBeCloseTo(0, 0)
    }
  })
})

describe('a piece of a picture', () => {
  const [width, height] = [160, 120]
  /** Smooth and without repetition; what is at (x, y) in the first is at (x + right, y + down) in the other. */
  const picture = (right: number, down: number) => {
    const data = new Uint8Array(width * height * 3)
    for (let i = 0; i < width * height; i++) {
      const x = (i % width) - right
      const y = Math.floor(i / width) - down
      data[3 * i] = 128 + 60 * Math.sin(x / 7 + Math.cos(y / 11)) + 50 * Math.sin(y / 5)
      data[3 * i + 1] = 128 + 100 * Math.sin(x / 13 - y / 9)
      data[3 * i + 2] = 128 + 90 * Math.cos((x * y) / 900)
    }
    return { width, height, data }
  }
  const at = { x: 7.3, y: 5.6 }

  it('is found again where it has gone, to a few hundredths of a cell of ten pixels', () => {
    const piece = cutPiece(picture(0, 0), grid, at, 2)
    for (const [right, down] of [
      [0, 0],
      [7, -11],
      [-13.5, 4.25],
      [2.2, 9.9],
    ] as const) {
      const found = findPiece(piece, picture(right, down), grid, at)!
      expect(Math.abs(found.x - at.x - right / 10)).toBeLessThan(0.06)
      expect(Math.abs(found.y - at.y - down / 10)).toBeLessThan(0.06)
      expect(found.score).toBeGreaterThan(0.95)
    }
  })

  it('is found the same in a picture of twice the size, and in a darker one', () => {
    const piece = cutPiece(picture(0, 0), grid, at, 2)
    const { data } = picture(5, 3)
    const twice = new Uint8Array(4 * data.length)
    twice.forEach((_, i) => {
      const pixel = Math.floor(i / 3)
      const [x, y] = [pixel % (2 * width), Math.floor(pixel / (2 * width))]
      twice[i] = data[(Math.floor(y / 2) * width + Math.floor(x / 2)) * 3 + (i % 3)]! / 2
    })
    const found = findPiece(piece, { width: 2 * width, height: 2 * height, data: twice }, grid, at)!
    expect(found.x - at.x).toBeCloseTo(0.5, 1)
    expect(found.y - at.y).toBeCloseTo(0.3, 1)
  })

  it('is found when it has turned', () => {
    const original = picture(0, 0)
    const turned = { ...original, data: new Uint8Array(original.data.length) }
    const [x0, y0] = [(at.x + 0.5) * 10, (at.y + 0.5) * 10]
    for (let i = 0; i < width * height; i++) {
      const [right, down] = [(i % width) - x0 - 8, Math.floor(i / width) - y0 + 5]
      const x = Math.round(x0 + right * Math.cos(0.6) + down * Math.sin(0.6))
      const y = Math.round(y0 - right * Math.sin(0.6) + down * Math.cos(0.6))
      const from = Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))
      turned.data.set(original.data.subarray(3 * from, 3 * from + 3), 3 * i)
    }
    const found = findPiece(cutPiece(original, grid, at, 2), turned, grid, at)!
    expect(found.score).toBeGreaterThan(0.9)
    expect(Math.abs(found.x - at.x - 0.8)).toBeLessThan(0.15)
    expect(Math.abs(found.y - at.y + 0.5)).toBeLessThan(0.15)
  })

  it('without anything to know it by is not looked for', () => {
    const flat = { width, height, data: new Uint8Array(width * height * 3).fill(90) }
    expect(findPiece(cutPiece(flat, grid, at, 2), picture(0, 0), grid, at)).toBeUndefined()
  })

  it('at the border of the picture is found too', () => {
    const corner = { x: 0.2, y: 0.1 }
    const found = findPiece(cutPiece(picture(0, 0), grid, corner, 2), picture(6, 4), grid, corner)!
    expect(found.x - corner.x).toBeCloseTo(0.6, 0)
    expect(found.y - corner.y).toBeCloseTo(0.4, 0)
  })
})

describe('a shape', () => {
  const scale = { width: 64, height: 48, grid }
  const drawn = discs(64, 48, [3, 20, 20, 4])

  it('is moved as it is, cut off at the border', () => {
    const [shape, none] = shapesOf([3, 4], [drawn], scale)
    expect(none).toBeUndefined()
    const same = moveShape(shape!, shape!.centre, scale)
    expect(same).toEqual([...shape!.pixels])
    const right = moveShape(shape!, { x: shape!.centre.x + 2, y: shape!.centre.y }, scale)
    expect(right).toEqual(same.map((pixel) => pixel + 8))
    const half = moveShape(shape!, { x: -0.5, y: shape!.centre.y }, scale)
    expect(half.length).toBeGreaterThan(0.4 * same.length)
    expect(half.length).toBeLessThan(0.6 * same.length)
  })

  it('is that of the nearest mark that shows it', () => {
    const [a] = shapesOf([3], [drawn], scale)
    const [b] = shapesOf([3], [discs(64, 48, [3, 30, 20, 5])], scale)
    const shapes = new Map([
      [20, [b]],
      [0, [a]],
      [9, [undefined]],
    ])
    expect([5, 10, 11, 40].map((frame) => nearestShape(frame, shapes, 0)?.marked)).toEqual([0, 0, 20, 20])
    expect(nearestShape(5, new Map([[9, [undefined]]]), 0)).toBeUndefined()
  })
})

it('what a spot covers is whole beneath it, and nothing else is changed', () => {
  const spot = fc.tuple(
    fc.constant(9),
    fc.integer({ min: 0, max: 31 }),
    fc.integer({ min: 0, max: 23 }),
    fc.nat(3),
  )
  fc.assert(
    fc.property(fc.array(spot, { minLength: 1, maxLength: 3 }), (spots) => {
      const whole = discs(32, 24, [1, 12, 12, 8], [2, 26, 12, 5])
      const frame = discs(32, 24, [1, 12, 12, 8], [2, 26, 12, 5], ...spots)
      const map = { ...frame, data: frame.data.map((id) => (id === 9 ? 0 : id)) }
      fillBeneath(map, [9], [frame])
      map.data.forEach((id, pixel) => {
        if (frame.data[pixel] !== 9) expect(id).toBe(frame.data[pixel])
        else if (whole.data[pixel] !== id) {
          // Only near an edge can the surroundings tell another story.
          const near = [...frame.data.keys()].some(
            (other) =>
              frame.data[other] !== whole.data[pixel] &&
              frame.data[other] !== 9 &&
              Math.hypot((other % 32) - (pixel % 32), Math.floor(other / 32) - Math.floor(pixel / 32)) <= 8,
          )
          expect(near).toBe(true)
        }
      })
    }),
    { numRuns: 50 },
  )
})

it('a spot on a swimming koi is carried with it, and the koi beneath stays whole', async () => {
  const video = await openVideo(join(root, 'media', 'sample.mp4'))
  const engine = await Engine.start('cpu')
  try {
    const { width, height } = video.table
    const model = await readEncoder(join(root, 'media', 'models', 'starter.safetensors'))
    const size = networkSize(video.table, 240, model.config.patch)
    const extractor = await FeatureExtractor.create(engine, model, size)
    const truth = JSON.parse(
      readFileSync(join(root, 'media', 'sample', 'keypoints-truth.json'), 'utf8'),
    ).frames
    const place = (frame: number) =>
      truth[frame].find(({ name }: { name: string }) => name === 'shoulders') as { x: number; y: number }
    const { x, y } = place(0)
    const map = discs(width, height, [1, x, y, 60], [2, x, y, 9])
    const { small, results } = propagate({
      ...{ video, engine, extractor, settings: PRESETS.annotator, poses: [] },
      ...{ masks: [{ frame: 0, map, objects: [1, 2] }], direction: 'forward', range: [0, 12] },
    })
    expect(small).toEqual({ spots: [2], fading: [] })
    const drawn = map.data.filter((id) => id === 2).length
    for await (const result of results) {
      if (result.kind !== 'masks') throw new Error('The result has masks.')
      const [body, spots] = result.layers
      const at = [...spots!.map.data.keys()].filter((pixel) => spots!.map.data[pixel] === 2)
      expect(at).toHaveLength(drawn)
      expect(at.every((pixel) => body!.map.data[pixel] === 0)).toBe(true)
      const mean = (of: (pixel: number) => number) => at.reduce((sum, pixel) => sum + of(pixel), 0) / drawn
      const there = place(result.frame)
      expect(
        Math.hypot(mean((p) => p % width) - there.x, mean((p) => Math.floor(p / width)) - there.y),
        `frame ${result.frame}`,
      ).toBeLessThan(16)
      const around = at.map((pixel) => pixel - 14 * width)
      expect(around.filter((pixel) => body!.map.data[pixel] === 1).length).toBeGreaterThan(0.8 * drawn)
    }
  } finally {
    await engine.close()
    await video.close()
  }
})
