import { AnnotationError } from './error.ts'
import { MAX_PIXELS, MAX_SIDE } from './limits.ts'
import { RunWriter } from './run-writer.ts'

/**
 * A binary mask as COCO's run lengths: pixels in column order (down the first column, then the second),
 * `counts` alternates background and set pixels and starts with background (0 when the first pixel is set).
 * The counts sum up to `width * height`. Never changed after it was made.
 */
export interface Rle {
  /** Pixels. */
  readonly width: number
  /** Pixels. */
  readonly height: number
  readonly counts: Uint32Array
}

/** @throws AnnotationError unless both are whole numbers from 1 to 16,384 with at most 2^26 pixels */
export function checkSize(width: number, height: number): void {
  const fits = (side: number) => Number.isInteger(side) && side >= 1 && side <= MAX_SIDE
  if (!fits(width) || !fits(height) || width * height > MAX_PIXELS)
    throw new AnnotationError(
      `A picture of ${width}x${height} pixels is not supported: at most ${MAX_SIDE} pixels per side and ` +
        `${Math.floor(MAX_PIXELS / 1e6)} megapixels.`,
    )
}

/**
 * Run lengths of a mask.
 * @param mask height x width, row-major, nonzero is set
 * @throws AnnotationError when the size is impossible or not that of the array
 */
export function encodeMask(mask: Uint8Array, width: number, height: number): Rle {
  return encode(mask, width, height, 0, false)
}

/**
 * Run lengths of one id of a label map, without a mask in between.
 * @param labels height x width, row-major ids
 * @param id     0 to 255
 * @throws AnnotationError when the size is impossible or not that of the array
 */
export function encodeLabels(labels: Uint8Array, width: number, height: number, id: number): Rle {
  return encode(labels, width, height, id, true)
}

function checkPixels(pixels: Uint8Array, width: number, height: number): void {
  checkSize(width, height)
  if (pixels.length !== width * height)
    throw new AnnotationError(`A mask of ${width}x${height} pixels cannot have ${pixels.length} values.`)
}

/** A pixel is set when (it equals `id`) is `equal`. */
function encode(pixels: Uint8Array, width: number, height: number, id: number, equal: boolean): Rle {
  checkPixels(pixels, width, height)
  const total = width * height
  let counts = new Uint32Array(1024)
  let last = 0
  let start = 0
  let current = !equal
  for (let x = 0; x < width; x++) {
    const columnStart = x * height
    for (let y = 0, at = x; y < height; y++, at += width) {
      const same = pixels[at] === id
      if (same === current) continue
      current = same
      if (last + 2 >= counts.length) {
        const grown = new Uint32Array(counts.length * 2)
        grown.set(counts)
        counts = grown
      }
      counts[last++] = columnStart + y - start
      start = columnStart + y
    }
  }
  counts[last++] = total - start
  return { width, height, counts: counts.slice(0, last) }
}

/**
 * Run lengths of every id of a label map in one pass.
 * @param labels height x width, row-major ids, 0 is background
 * @returns per id that occurs (1 to 255), in ascending order
 * @throws AnnotationError when the size is impossible or not that of the array
 */
export function encodeAllLabels(labels: Uint8Array, width: number, height: number): Map<number, Rle> {
  checkPixels(labels, width, height)
  const total = width * height
  const writers: (RunWriter | undefined)[] = new Array(256)
  const ends = new Uint32Array(256)
  const close = (id: number, start: number, end: number) => {
    if (id === 0 || start === end) return
    let writer = writers[id]
    if (writer === undefined) {
      writer = new RunWriter()
      writers[id] = writer
    }
    writer.add(false, start - ends[id]!)
    writer.add(true, end - start)
    ends[id] = end
  }
  let current = 0
  let start = 0
  for (let x = 0; x < width; x++) {
    const columnStart = x * height
    for (let y = 0, at = x; y < height; y++, at += width) {
      const id = labels[at]!
      if (id === current) continue
      close(current, start, columnStart + y)
      current = id
      start = columnStart + y
    }
  }
  close(current, start, total)
  const result = new Map<number, Rle>()
  for (let id = 1; id < 256; id++) {
    const writer = writers[id]
    if (writer === undefined) continue
    writer.add(false, total - ends[id]!)
    result.set(id, { width, height, counts: writer.finish() })
  }
  return result
}

/** @returns height x width, row-major, 0 or 1 */
export function decodeMask(rle: Rle): Uint8Array {
  const mask = new Uint8Array(rle.width * rle.height)
  paintMask(rle, mask, 1)
  return mask
}

/**
 * Writes `value` wherever the mask is set.
 * @param target height x width, row-major
 * @param value  0 to 255
 * @returns how many of the pixels written were not 0 before (where two objects overlap)
 * @throws AnnotationError when the target has another size
 */
export function paintMask(rle: Rle, target: Uint8Array, value: number): number {
  const { width, height, counts } = rle
  checkPixels(target, width, height)
  let overwritten = 0
  let position = 0
  for (let i = 0; i < counts.length; i++) {
    const end = position + counts[i]!
    if (i & 1) {
      let x = Math.floor(position / height)
      let y = position - x * height
      for (let left = end - position; left > 0; x++, y = 0) {
        const rows = Math.min(left, height - y)
        for (let row = 0, at = y * width + x; row < rows; row++, at += width) {
          if (target[at] !== 0) overwritten++
          target[at] = value
        }
        left -= rows
      }
    }
    position = end
  }
  return overwritten
}

/**
 * A mask from counts that come from outside (COCO's uncompressed form). Zero-length runs are joined away.
 * @throws AnnotationError when a count is no whole number, is negative, or they do not sum up to the size
 */
export function fromCounts(counts: ArrayLike<number>, width: number, height: number): Rle {
  checkSize(width, height)
  const total = width * height
  let sum = 0
  let canonical = true
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!
    if (!Number.isInteger(count) || count < 0)
      throw new AnnotationError(`Run ${i} of a mask is ${String(count)}, not a count of pixels.`)
    sum += count
    if (sum > total) break
    if (count === 0 && i > 0) canonical = false
  }
  if (sum !== total)
    throw new AnnotationError(
      `The runs of a mask of ${width}x${height} pixels ${sum > total ? 'exceed' : 'do not reach'} its ${total} pixels.`,
    )
  // Nearly all are: then there is nothing to join, and a copy will do.
  if (canonical)
    return {
      width,
      height,
      counts: counts instanceof Uint32Array ? counts.slice() : Uint32Array.from(counts),
    }
  const writer = new RunWriter()
  for (let i = 0; i < counts.length; i++) writer.add((i & 1) === 1, counts[i]!)
  return { width, height, counts: writer.finish() }
}
