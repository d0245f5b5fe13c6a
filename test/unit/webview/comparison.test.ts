/** Protects: where two models differ is drawn and measured as it is, and only on the frames that are compared. */
import { beforeEach, describe, expect, test } from 'vitest'
import { area, type Entry, encodeMask, type ModelEntry, type Rle } from '../../../model/annotation/index.ts'
import {
  agreement,
  comparison,
  farthest,
  isCompared,
  putCompared,
  putComparison,
  SIDE_COLOURS,
} from '../../../webview/app/comparison.ts'
import { comparedMarks } from '../../../webview/app/stage/compared-marks.ts'
import type { ComparisonView } from '../../../webview/protocol/index.ts'

const WIDTH = 10
const HEIGHT = 4

/** Columns `from` up to, not including, `to`. */
function mask(from: number, to: number): Rle {
  return encodeMask(
    Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => Number(i % WIDTH >= from && i % WIDTH < to)),
    WIDTH,
    HEIGHT,
  )
}
const result = (shape: Rle): ModelEntry => ({
  state: 'propagated',
  run: 1,
  confidence: 0.9,
  occluded: false,
  mask: shape,
})
const lost: ModelEntry = { state: 'absent', by: 'run', run: 1, confidence: 0.5 }
const view: ComparisonView = {
  models: ['one', 'other'],
  range: [2, 6],
  objects: [1, 2],
  state: 'running',
  side: 0,
  done: [0, 0],
  total: 4,
}

beforeEach(() => {
  putComparison(undefined)
  putComparison(view)
})

describe('agreement', () => {
  test('is the part of all marked pixels that both have, over all objects', () => {
    putCompared(0, [
      {
        frame: 3,
        entries: [
          [1, result(mask(0, 4))],
          [2, result(mask(6, 8))],
        ],
      },
    ])
    expect(agreement(3)).toBeUndefined()
    putCompared(1, [
      {
        frame: 3,
        entries: [
          [1, result(mask(1, 5))],
          [2, lost],
        ],
      },
    ])
    // Columns 1 to 3 of columns 0 to 4, 6 and 7.
    expect(agreement(3)).toBeCloseTo(3 / 7)
  })

  test('says where it is least, as results come and are replaced', () => {
    expect(farthest.value).toBeUndefined()
    putCompared(
      0,
      [3, 4, 5].map((frame) => ({ frame, entries: [[1, result(mask(0, 4))]] as const })),
    )
    putCompared(1, [{ frame: 3, entries: [[1, result(mask(0, 4))]] }])
    putCompared(1, [{ frame: 4, entries: [[1, result(mask(2, 4))]] }])
    expect(farthest.value).toEqual({ frame: 4, agreement: 0.5 })
    putCompared(1, [{ frame: 4, entries: [[1, result(mask(0, 4))]] }])
    putCompared(1, [{ frame: 5, entries: [[1, result(mask(3, 4))]] }])
    expect(farthest.value).toEqual({ frame: 5, agreement: 0.25 })
  })

  test('nothing of a comparison is left when it is closed', () => {
    putCompared(0, [{ frame: 3, entries: [[1, result(mask(0, 4))]] }])
    putCompared(1, [{ frame: 3, entries: [[1, result(mask(0, 4))]] }])
    expect(isCompared(3)).toBe(true)
    expect([isCompared(1), isCompared(7)]).toEqual([false, false])
    putComparison(undefined)
    expect(comparison.value).toBeUndefined()
    expect(isCompared(3)).toBe(false)
    expect(agreement(3)).toBeUndefined()
  })
})

describe('what is drawn', () => {
  const object = { id: 1, name: 'koi', labelId: 1 }
  const look = {
    objects: [object, { id: 3, name: 'not compared', labelId: 1 }],
    selected: 1,
    isShown: () => true,
    colourOf: () => '#112233',
    skeletonOf: () => undefined,
    compared: new Set([1, 2]),
  }
  const own = new Map<number, Entry>([
    [1, { state: 'keyframe', occluded: false, mask: mask(0, 9) }],
    [3, { state: 'keyframe', occluded: false, mask: mask(0, 9) }],
  ])
  const a = new Map<number, Entry>([[1, result(mask(0, 4))]])
  const b = new Map<number, Entry>([[1, result(mask(2, 7))]])

  test('of one model are its own marks in their own colours, and nothing else', () => {
    const marks = comparedMarks({ ...look, own, a, b, side: 'b' })
    expect(marks).toHaveLength(1)
    expect(marks[0]).toMatchObject({ objectId: 1, colour: '#112233', entry: b.get(1)!, selected: true })
  })

  test('of the difference are the pixels that only one has, and the outline of what both have', () => {
    const marks = comparedMarks({ ...look, own, a, b, side: 'difference' })
    expect(
      marks.map(({ colour, entry, outlineOnly = false }) => [
        colour,
        area(entry.mask!) / HEIGHT,
        outlineOnly,
      ]),
    ).toEqual([
      ['#112233', 2, true],
      [SIDE_COLOURS.a, 2, false],
      [SIDE_COLOURS.b, 3, false],
    ])
  })

  test('of an object that one has lost is all that the other has', () => {
    const marks = comparedMarks({ ...look, own, a, b: new Map([[1, lost]]), side: 'difference' })
    expect(marks.map(({ colour, entry }) => [colour, area(entry.mask!) / HEIGHT])).toEqual([
      [SIDE_COLOURS.a, 4],
    ])
  })

  test('on a frame that a person has marked is what the person marked', () => {
    for (const side of ['a', 'b', 'difference'] as const)
      expect(
        comparedMarks({ ...look, own, a: undefined, b: undefined, side }).map(({ objectId }) => objectId),
      ).toEqual([1])
  })
})
