import type { Rle } from '../../../model/annotation/index.ts'
import { boundsOf, forEachRun } from './codes.ts'
import { isEmpty } from './rect.ts'

/** Closed lines along the edges of pixels: x, y, x, y ... per line, only where it turns. */
export type Contours = readonly Int32Array[]

// Directions clockwise from 0; 3 is up.
const RIGHT = 0
const DOWN = 1
const LEFT = 2

/**
 * The outline of a mask: around every part and every hole, exactly along the edges of pixels, so that it fits the
 * picture at any zoom. Parts that touch only at a corner get lines of their own. Filled by the even-odd rule the lines
 * give the mask again.
 */
export function traceContours(mask: Rle): Contours {
  const bounds = boundsOf(mask)
  if (isEmpty(bounds)) return []
  // With a border of background no neighbour needs a check.
  const columns = bounds.right - bounds.left + 2
  const rows = bounds.bottom - bounds.top + 2
  const left = bounds.left - 1
  const top = bounds.top - 1
  const set = new Uint8Array(columns * rows)
  forEachRun(mask, (x, from, to) => {
    for (let y = from, at = (from - top) * columns + (x - left); y < to; y++, at += columns) set[at] = 1
  })
  const contours: Int32Array[] = []
  for (let y = 1; y < rows - 1; y++)
    for (let x = 1; x < columns - 1; x++) {
      const at = y * columns + x
      // 1 is a set pixel whose upper edge no line has passed yet: every outline has such an edge.
      if (set[at] !== 1 || set[at - columns] !== 0) continue
      contours.push(follow(set, columns, x, y, left, top))
    }
  return contours
}

/** Walks once around, the mask to the right hand, and marks every upper edge it passes. */
function follow(
  set: Uint8Array,
  columns: number,
  startX: number,
  startY: number,
  left: number,
  top: number,
): Int32Array {
  const points: number[] = []
  let x = startX
  let y = startY
  let direction: number = RIGHT
  do {
    points.push(x + left, y + top)
    const before = direction
    // Straight on until the line turns.
    do {
      if (direction === RIGHT) {
        set[y * columns + x] = 2
        x++
      } else if (direction === DOWN) y++
      else if (direction === LEFT) x--
      else y--
      direction = turn(set, columns, x, y, before)
    } while (direction === before && !(x === startX && y === startY && direction === RIGHT))
  } while (!(x === startX && y === startY && direction === RIGHT))
  return Int32Array.from(points)
}

/** Where a line that came to a corner of the pixel grid goes on. */
function turn(set: Uint8Array, columns: number, x: number, y: number, direction: number): number {
  const at = y * columns + x
  const southEast = set[at] !== 0
  const southWest = set[at - 1] !== 0
  const northEast = set[at - columns] !== 0
  const northWest = set[at - columns - 1] !== 0
  const [aheadRight, aheadLeft] =
    direction === RIGHT
      ? [southEast, northEast]
      : direction === DOWN
        ? [southWest, southEast]
        : direction === LEFT
          ? [northWest, southWest]
          : [northEast, northWest]
  if (!aheadRight) return (direction + 1) & 3
  return aheadLeft ? (direction + 3) & 3 : direction
}
