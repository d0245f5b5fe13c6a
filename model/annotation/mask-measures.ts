import { AnnotationError } from './error.ts'
import type { Rle } from './rle.ts'
import { RunWriter } from './run-writer.ts'

/** Set pixels. */
export function area(rle: Rle): number {
  let sum = 0
  for (let i = 1; i < rle.counts.length; i += 2) sum += rle.counts[i]!
  return sum
}

/** The smallest box around the set pixels, `[x, y, width, height]` in pixels; all 0 for an empty mask. */
export function boundingBox(rle: Rle): [x: number, y: number, width: number, height: number] {
  const { height, counts } = rle
  let left = Number.POSITIVE_INFINITY
  let right = -1
  let top = height
  let bottom = -1
  let position = 0
  for (let i = 0; i < counts.length; i++) {
    const start = position
    position += counts[i]!
    if ((i & 1) === 0 || position === start) continue
    const firstColumn = Math.floor(start / height)
    const lastColumn = Math.floor((position - 1) / height)
    if (firstColumn < left) left = firstColumn
    right = lastColumn
    const oneColumn = firstColumn === lastColumn
    // A run over a column's end touches the last row of one column and the first row of the next.
    top = Math.min(top, oneColumn ? start - firstColumn * height : 0)
    bottom = Math.max(bottom, oneColumn ? position - 1 - firstColumn * height : height - 1)
  }
  return right < 0 ? [0, 0, 0, 0] : [left, top, right - left + 1, bottom - top + 1]
}

/** Pixels set in both. @throws AnnotationError when the sizes differ */
export function intersection(a: Rle, b: Rle): Rle {
  return merge(a, b, (inA, inB) => inA && inB)
}

/** Pixels set in either. @throws AnnotationError when the sizes differ */
export function union(a: Rle, b: Rle): Rle {
  return merge(a, b, (inA, inB) => inA || inB)
}

/** Pixels set in `a` but not in `b`. @throws AnnotationError when the sizes differ */
export function difference(a: Rle, b: Rle): Rle {
  return merge(a, b, (inA, inB) => inA && !inB)
}

/**
 * Intersection over union, 0 to 1; 0 when both are empty (pycocotools; the J of DAVIS says 1 there).
 * @throws AnnotationError when the sizes differ
 */
export function iou(a: Rle, b: Rle): number {
  let common = 0
  walk(a, b, (inA, inB, length) => {
    if (inA && inB) common += length
    return true
  })
  return common === 0 ? 0 : common / (area(a) + area(b) - common)
}

/** Whether two masks have the same size and set the same pixels, however their runs are written. */
export function equalMasks(a: Rle, b: Rle): boolean {
  if (a === b) return true
  if (a.width !== b.width || a.height !== b.height) return false
  if (sameCounts(a.counts, b.counts)) return true
  let equal = true
  walk(a, b, (inA, inB) => {
    equal = inA === inB
    return equal
  })
  return equal
}

function sameCounts(a: Uint32Array, b: Uint32Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

function merge(a: Rle, b: Rle, keep: (inA: boolean, inB: boolean) => boolean): Rle {
  const writer = new RunWriter()
  walk(a, b, (inA, inB, length) => {
    writer.add(keep(inA, inB), length)
    return true
  })
  return { width: a.width, height: a.height, counts: writer.finish() }
}

/** Visits the stretches in which neither mask changes, in order, while `visit` returns true. */
function walk(a: Rle, b: Rle, visit: (inA: boolean, inB: boolean, length: number) => boolean): void {
  if (a.width !== b.width || a.height !== b.height)
    throw new AnnotationError(
      `Masks of ${a.width}x${a.height} and ${b.width}x${b.height} pixels cannot be compared.`,
    )
  let i = 0
  let j = 0
  let leftA = a.counts[0] ?? 0
  let leftB = b.counts[0] ?? 0
  while (i < a.counts.length && j < b.counts.length) {
    const length = Math.min(leftA, leftB)
    if (length > 0 && !visit((i & 1) === 1, (j & 1) === 1, length)) return
    leftA -= length
    leftB -= length
    if (leftA === 0) leftA = a.counts[++i] ?? 0
    if (leftB === 0) leftB = b.counts[++j] ?? 0
  }
}
