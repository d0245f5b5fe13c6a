/** Protects: that small objects are known as such, whatever the video's size, and travel as points where they can. */
import { describe, expect, it } from 'vitest'
import type { MaskMark } from '../../../model/propagation/index.ts'
import { FEWEST_CELLS, smallObjects } from '../../../model/propagation/index.ts'

const [WIDTH, HEIGHT] = [64, 32]
/** 4 x 4 pixels each. */
const GRID = { rows: 8, columns: 16 }
const SPOTS = { spots: { cells: 12, fill: 0.45 } }

/** A mark of boxes: object, left, top, width and height in pixels. */
function mark(
  frame: number,
  ...boxes: readonly (readonly [number, number, number, number, number])[]
): MaskMark {
  const data = new Uint8Array(WIDTH * HEIGHT)
  for (const [id, left, top, wide, high] of boxes)
    for (let y = top; y < top + high; y++) data.fill(id, y * WIDTH + left, y * WIDTH + left + wide)
  return { frame, map: { width: WIDTH, height: HEIGHT, data }, objects: boxes.map(([id]) => id) }
}

/** Squares of as many pixels as the cells that areas, and that spots have at most. */
const [eight, twelve] = [
  [16, 8],
  [16, 12],
] as const

describe('Small objects', () => {
  it('are spots where they are compact, and fade where they are not and cover too few cells', () => {
    expect(eight[0] * eight[1]).toBe(FEWEST_CELLS * 16)
    const marks = [
      mark(
        0,
        [9, 0, 0, 3, 3],
        [2, 20, 0, ...twelve],
        [7, 40, 0, 15, 12],
        [4, 0, 30, 21, 1],
        [3, 0, 28, 64, 2],
      ),
    ]
    expect(smallObjects(marks, GRID, SPOTS)).toEqual({ spots: [7, 9], fading: [4] })
  })

  it('all fade where the settings know no spots, as in the published protocols', () => {
    const marks = [mark(0, [1, 0, 0, 3, 3], [2, 20, 0, ...eight])]
    expect(smallObjects(marks, GRID, {})).toEqual({ spots: [], fading: [1] })
  })

  it('are judged by their largest mark: on another frame they may be nearly hidden', () => {
    const marks = [
      mark(0, [1, 0, 0, 5, 5], [2, 20, 0, 8, 1]),
      mark(9, [1, 0, 0, ...twelve], [2, 20, 0, 5, 5]),
    ]
    expect(smallObjects(marks, GRID, SPOTS)).toEqual({ spots: [2], fading: [] })
  })

  it('are not those that were marked as absent', () => {
    expect(smallObjects([{ ...mark(0), objects: [4] }], GRID, SPOTS)).toEqual({ spots: [], fading: [] })
  })
})
