/** Objects that a person drew one over the other may overlap, all others share pixels by votes. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeLabels, votesAt } from '../../../model/propagation/decode.ts'
import type { SoftLabels } from '../../../model/propagation/grid.ts'
import { groupMarks, type MaskMark } from '../../../model/propagation/groups.ts'
import { type Sheet, settleOverlaps } from '../../../model/propagation/joint.ts'
import { MaskFrames } from '../../../model/propagation/mask-frames.ts'
import { layersOf, ObjectPairs, overlappingObjects } from '../../../model/propagation/overlap.ts'
import type { PropagationJob } from '../../../model/propagation/propagate.ts'

const grid = { rows: 2, columns: 4 }
const [width, height, patch] = [32, 16, 8]

/** A mark of columns `from` to `to` (excluded) of the picture. */
function mark(frame: number, object: number, from: number, to: number): MaskMark {
  const data = Uint8Array.from({ length: width * height }, (_, i) =>
    i % width >= from && i % width < to ? object : 0,
  )
  return { frame, map: { width, height, data }, objects: [object] }
}

describe('overlapping marks', () => {
  const masks = [mark(0, 1, 0, 24), mark(0, 2, 8, 32), mark(0, 3, 24, 32), mark(5, 3, 0, 32)]

  it('are found on frames that have several label maps', () => {
    expect([...overlappingObjects(masks)]).toEqual([
      [1, 2],
      [2, 3],
    ])
  })

  it('go to layers of their own, the others share one', () => {
    const pairs = overlappingObjects(masks)
    expect(layersOf([3, 2, 1], pairs)).toEqual([[1, 3], [2]])
    expect(layersOf([1, 2, 3], new ObjectPairs())).toEqual([[1, 2, 3]])
  })

  it('keep every object whole', () => {
    const here = masks.slice(0, 3)
    const context = {
      overlapping: overlappingObjects(here),
      spots: [],
      grid,
      patch,
      protocol: 'dino',
      width,
      height,
    } as const
    const [group, ...others] = groupMarks(here, [], context)
    if (group?.kind !== 'masks') throw new Error('There is a group of masks.')
    expect(others).toEqual([])
    expect(group.layers).toEqual([
      { objects: [1, 3], first: 0 },
      { objects: [2], first: 3 },
    ])
    // Per cell of the first row: background, 1 and 3; background and 2.
    expect(
      Array.from({ length: 4 }, (_, cell) => [...group.marks.get(0)!.data.slice(cell * 5, cell * 5 + 5)]),
    ).toEqual([
      [0, 1, 0, 1, 0],
      [0, 1, 0, 0, 1],
      [0, 1, 0, 0, 1],
      [0, 0, 1, 0, 1],
    ])
  })
})

/** A layer of one object with these votes in every row. */
function sheet(object: number, votes: readonly number[]): Sheet {
  const data = Float32Array.from({ length: 16 }, (_, i) => {
    const vote = votes[Math.floor(i / 2) % 4]!
    return i % 2 === 1 ? vote : 1 - vote
  })
  const labels: SoftLabels = { grid, channels: 2, data }
  const map = decodeLabels(labels, patch, { width, height }, 'crw')
  return {
    objects: [object],
    confidence: [1],
    votes: (_, pixel) => votesAt(labels, patch, 1, pixel, map, 'crw'),
    map: { ...map, data: map.data.map((channel) => channel * object) },
  }
}

/** Object ids in the first row of the picture, one per cell centre. */
const row = ({ map }: Sheet) => [3, 11, 19, 27].map((x) => map.data[x])

describe('objects that are not carried', () => {
  const masks = [mark(0, 1, 0, 16)]
  const drawn = [mark(0, 2, 8, 24), mark(3, 2, 8, 24), mark(3, 3, 0, 16)]
  const bystanders = (frame: number) => drawn.filter((each) => each.frame === frame).map(({ map }) => map)

  it('may overlap with one that a person drew over them', () => {
    expect([...overlappingObjects(masks, bystanders)]).toEqual([[1, 2]])
  })

  it("keep a person's pixels on the frames that are labelled", () => {
    const layers = [{ objects: [1], first: 0 }]
    const plan = { group: { kind: 'masks', layers, marks: new Map() }, legs: [] } as const
    const labels = { grid, channels: 2, data: Float32Array.from({ length: 16 }, (_, i) => i % 2) }
    const job = {
      masks,
      bystanders,
      video: { table: { width, height } },
      extractor: { config: { patch } },
      settings: { protocol: 'crw' },
    } as unknown as PropagationJob
    const frames = new MaskFrames(job, [plan], overlappingObjects(masks, bystanders))
    const on = (frame: number) => {
      const [layer] = frames.decode(plan, frame, labels, false).layers
      return [3, 11, 19, 27].map((x) => layer!.map.data[x])
    }
    expect(on(1)).toEqual([1, 1, 1, 1])
    // It may lie over 2, not over 3.
    expect(on(3)).toEqual([0, 0, 1, 1])
  })
})

describe('a joint decision', () => {
  it('gives a pixel to the object with more votes', () => {
    const sheets = [sheet(1, [1, 0.9, 0.6, 0]), sheet(2, [0, 0.6, 0.9, 1])]
    settleOverlaps(sheets, [], new ObjectPairs())
    expect(sheets.map(row)).toEqual([
      [1, 1, 0, 0],
      [0, 0, 2, 2],
    ])
    sheets[0]!.map.data.forEach((id, i) => {
      expect(id === 0 || sheets[1]!.map.data[i] === 0).toBe(true)
    })
  })

  it('lets overlap what a person drew so', () => {
    const pairs = new ObjectPairs()
    pairs.add(2, 1)
    const sheets = [sheet(1, [1, 0.9, 0.6, 0]), sheet(2, [0, 0.6, 0.9, 1]), sheet(3, [0, 0, 0.7, 0.7])]
    settleOverlaps(sheets, [], pairs)
    expect(sheets.map(row)).toEqual([
      [1, 1, 1, 0],
      [0, 2, 2, 2],
      [0, 0, 0, 0],
    ])
  })

  it("never takes a person's pixels", () => {
    const sheets = [sheet(1, [1, 1, 1, 1])]
    settleOverlaps(sheets, [mark(0, 4, 0, 16).map], new ObjectPairs())
    expect(row(sheets[0]!)).toEqual([0, 0, 1, 1])
  })

  it("never takes a person's pixels, also where those of others lie over them", () => {
    const pairs = new ObjectPairs()
    pairs.add(1, 4)
    const sheets = [sheet(1, [1, 1, 1, 1])]
    settleOverlaps(sheets, [mark(0, 4, 0, 24).map, mark(0, 5, 0, 8).map], pairs)
    expect(row(sheets[0]!)).toEqual([0, 1, 1, 1])
  })
})

it('the votes at a pixel are those that decide it', () => {
  const labels = fc.array(fc.nat(9), { minLength: 24, maxLength: 24 }).map((raw) => {
    const data = Float32Array.from(raw, (value, i) => value / (1 + Math.max(...raw)) + i * 1e-4)
    return { grid, channels: 3, data }
  })
  fc.assert(
    fc.property(labels, fc.constantFrom([32, 16], [37, 20], [20, 9]), (soft, [w, h]) => {
      const size = { width: w!, height: h! }
      const { data } = decodeLabels(soft, patch, size, 'crw')
      data.forEach((winner, pixel) => {
        const votes = [0, 1, 2].map((channel) => votesAt(soft, patch, channel, pixel, size, 'crw'))
        expect(votes[winner]).toBeCloseTo(Math.max(...votes), 6)
      })
    }),
    { seed: 12, numRuns: 50 },
  )
})
