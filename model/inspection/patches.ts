/** Which patch of the network's grid is where in a picture. */
import type { Grid } from '../propagation/index.ts'
import type { FrameSize } from '../video/index.ts'

/** A patch by its place in the grid. */
export interface Patch {
  readonly row: number
  readonly column: number
}

/**
 * The patch that holds a point of the picture; the nearest one for points outside.
 * @param x, y pixels of the picture; 0, 0 is its upper left corner, `width`, `height` the lower right one
 */
export function patchAt(x: number, y: number, picture: FrameSize, grid: Grid): Patch {
  const index = (at: number, size: number, count: number): number =>
    Math.min(count - 1, Math.max(0, Math.floor((at / size) * count)))
  return { row: index(y, picture.height, grid.rows), column: index(x, picture.width, grid.columns) }
}

/** The middle of a patch in pixels of the picture. */
export function middleOf({ row, column }: Patch, picture: FrameSize, grid: Grid): { x: number; y: number } {
  return {
    x: ((column + 0.5) / grid.columns) * picture.width,
    y: ((row + 0.5) / grid.rows) * picture.height,
  }
}
