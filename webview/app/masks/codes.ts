import { boundingBox, fromCounts, type Rle } from '../../../model/annotation/index.ts'
import { EMPTY, isEmpty, type Rect } from './rect.ts'

/**
 * Run lengths of a mask of which only a part can be set: columns outside `bounds` are not looked at.
 * A brush stroke on a large picture is encoded in the time that its own box takes.
 * @param pixels height x width, row-major, nonzero is set, nothing set outside `bounds`
 */
export function encodeWithin(pixels: Uint8Array, width: number, height: number, bounds: Rect): Rle {
  if (isEmpty(bounds)) return emptyMask(width, height)
  const counts: number[] = []
  let current = false
  let start = 0
  const turn = (position: number) => {
    counts.push(position - start)
    start = position
    current = !current
  }
  for (let x = bounds.left; x < bounds.right; x++) {
    const column = x * height
    // Pixels above the box are background, and so are those below it in the column before.
    if (current && bounds.top > 0) turn(column)
    for (let y = bounds.top, at = y * width + x; y < bounds.bottom; y++, at += width)
      if ((pixels[at] !== 0) !== current) turn(column + y)
    if (current && bounds.bottom < height) turn(column + bounds.bottom)
  }
  // A run that is still open ends with its own column, not at the end of the picture.
  if (current) turn(bounds.right * height)
  counts.push(width * height - start)
  return fromCounts(counts, width, height)
}

/** A mask without a set pixel. */
export function emptyMask(width: number, height: number): Rle {
  return fromCounts([width * height], width, height)
}

/** The box of a mask's set pixels. */
export function boundsOf(mask: Rle): Rect {
  const [x, y, width, height] = boundingBox(mask)
  return width === 0 ? EMPTY : { left: x, top: y, right: x + width, bottom: y + height }
}

/** Whether the pixel at a place is set; false outside the picture. */
export function maskAt(mask: Rle, x: number, y: number): boolean {
  const column = Math.floor(x)
  const row = Math.floor(y)
  if (column < 0 || row < 0 || column >= mask.width || row >= mask.height) return false
  const position = column * mask.height + row
  let end = 0
  for (let i = 0; i < mask.counts.length; i++) {
    end += mask.counts[i]!
    if (position < end) return (i & 1) === 1
  }
  return false
}

/** Visits the set pixels as stretches of columns: rows `top` up to, not including, `bottom` of column `x`. */
export function forEachRun(mask: Rle, visit: (x: number, top: number, bottom: number) => void): void {
  const { height, counts } = mask
  let position = 0
  for (let i = 0; i < counts.length; i++) {
    const end = position + counts[i]!
    if (i & 1)
      for (let at = position; at < end; ) {
        const x = Math.floor(at / height)
        const bottom = Math.min(height, end - x * height)
        visit(x, at - x * height, bottom)
        at = x * height + bottom
      }
    position = end
  }
}
