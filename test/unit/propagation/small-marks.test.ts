import { describe, expect, it } from 'vitest'
import type { MaskMark } from '../../../model/propagation/index.ts'
import { FEWEST_CELLS, smallMarks } from '../../../model/propagation/index.ts'

const [WIDTH, HEIGHT] = [64, 32]
/** 4 x 4 pixels each. */
const GRID = { rows: 8, columns: 16 }
const PIXELS = 16

/** A mark on which every object covers its first so many pixels of a row of its own and the rows after it. */
function mark(frame: number, areas: Readonly<Record<number, number>>): MaskMark {
  const data = new Uint8Array(WIDTH * HEIGHT)
  let at = 0
  for (const [id, area] of Object.entries(areas)) {
    data.fill(Number(id), at, at + area)
    at += area
  }
  return { frame, map: { width: WIDTH, height: HEIGHT, data }, objects: Object.keys(areas).map(Number) }
}

describe('Objects that are too small to be carried far', () => {
  it('are those whose marks cover too few cells, whatever the size of the video', () => {
    const enough = FEWEST_CELLS * PIXELS
    expect(smallMarks([mark(0, { 1: enough - 1, 2: enough, 7: 3 })], GRID)).toEqual([1, 7])
  })

  it('are judged by their largest mark: on another frame they may be nearly hidden', () => {
    const enough = FEWEST_CELLS * PIXELS
    expect(smallMarks([mark(0, { 1: 5, 2: 5 }), mark(9, { 1: enough, 2: 6 })], GRID)).toEqual([2])
  })

  it('are not those that were marked as absent', () => {
    expect(smallMarks([{ ...mark(0, {}), objects: [4] }], GRID)).toEqual([])
  })
})
