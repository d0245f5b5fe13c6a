import type { SpanSink } from '../../../model/annotation/index.ts'
import { isEmpty, type Rect } from './rect.ts'

/**
 * The holes of a mask: background that cannot reach the edge of the picture over sides of pixels.
 * @param pixels height x width, row-major, nonzero is set
 * @param bounds a box that holds every set pixel; holes cannot lie outside it
 */
export function findHoles(pixels: Uint8Array, width: number, bounds: Rect, sink: SpanSink): void {
  if (isEmpty(bounds)) return
  // One pixel of background all around joins everything outside the mask.
  const columns = bounds.right - bounds.left + 2
  const rows = bounds.bottom - bounds.top + 2
  const closed = new Uint8Array(columns * rows)
  for (let y = bounds.top; y < bounds.bottom; y++)
    for (let x = bounds.left; x < bounds.right; x++)
      if (pixels[y * width + x]) closed[(y - bounds.top + 1) * columns + (x - bounds.left + 1)] = 1
  const stack = new Int32Array(columns * rows)
  let depth = 0
  const visit = (at: number) => {
    if (closed[at]) return
    closed[at] = 2
    stack[depth++] = at
  }
  visit(0)
  while (depth > 0) {
    const at = stack[--depth]!
    const x = at % columns
    if (x > 0) visit(at - 1)
    if (x < columns - 1) visit(at + 1)
    if (at >= columns) visit(at - columns)
    if (at < columns * (rows - 1)) visit(at + columns)
  }
  for (let y = 1; y < rows - 1; y++) {
    let start = -1
    for (let x = 1; x < columns; x++) {
      const hole = x < columns - 1 && closed[y * columns + x] === 0
      if (hole && start < 0) start = x
      if (hole || start < 0) continue
      sink(bounds.top + y - 1, bounds.left + start - 1, bounds.left + x - 1)
      start = -1
    }
  }
}
