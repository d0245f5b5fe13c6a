/** How far a boundary pixel may be off, as a share of the picture's diagonal (davis2017 `bound_th`). */
const BOUND_TH = 0.008

/**
 * The matching radius of F in pixels: `ceil(fraction * diagonal)`, 8 at 854x480.
 * @param fraction of the diagonal; DAVIS uses 0.008
 */
export function boundaryRadius(width: number, height: number, fraction = BOUND_TH): number {
  return Math.ceil(fraction * Math.sqrt(width * width + height * height))
}

/**
 * The boundary of a mask as DAVIS draws it (`_seg2bmap`): a pixel that differs from its right, lower or
 * lower-right neighbour. The last row compares to the right only, the last column downwards only, and the last
 * pixel never counts. The line therefore runs on the upper-left side of every edge, inside or outside.
 * @param mask height x width, 0 or not 0, row-major
 * @returns indices of the boundary pixels in ascending order
 */
export function boundaryPixels(mask: Uint8Array, width: number, height: number): Uint32Array {
  checkSize(mask, width, height)
  const found: number[] = []
  for (let y = 0; y < height; y++) {
    const down = y + 1 < height ? width : 0
    for (let x = 0, i = y * width; x < width; x++, i++) {
      const right = x + 1 < width ? 1 : 0
      // Outside the picture a pixel is compared with itself or with a neighbour already compared.
      const inside = mask[i] !== 0
      if (
        inside !== (mask[i + right] !== 0) ||
        inside !== (mask[i + down] !== 0) ||
        inside !== (mask[i + down + right] !== 0)
      )
        found.push(i)
    }
  }
  return Uint32Array.from(found)
}

/**
 * Half the width of each row of the disk x^2 + y^2 <= radius^2, from the middle row outwards.
 * @returns radius + 1 numbers; the first is the radius, the last 0
 */
export function diskHalfWidths(radius: number): Uint16Array {
  return Uint16Array.from({ length: radius + 1 }, (_, y) => Math.floor(Math.sqrt(radius * radius - y * y)))
}

/**
 * Contour accuracy F of DAVIS: the harmonic mean of precision and recall of the boundary pixels, where a pixel
 * matches when the other boundary comes within the radius (davis2017 `f_measure`).
 *
 * One boundary empty: precision 1 and recall 0, or the other way round, so F is 0. Both empty: F is 1, even for
 * a full mask against an empty one, because neither has a boundary.
 * @param prediction height x width, 0 or not 0, row-major
 * @param truth same size
 * @param radius in pixels; {@link boundaryRadius} when left out
 * @returns 0..1
 * @throws RangeError when the sizes differ
 */
export function boundaryF(
  prediction: Uint8Array,
  truth: Uint8Array,
  width: number,
  height: number,
  radius = boundaryRadius(width, height),
): number {
  const predicted = boundaryPixels(prediction, width, height)
  const true_ = boundaryPixels(truth, width, height)
  if (predicted.length === 0 && true_.length === 0) return 1
  if (predicted.length === 0 || true_.length === 0) return 0
  const precision = countWithin(predicted, true_, width, height, radius) / predicted.length
  const recall = countWithin(true_, predicted, width, height, radius) / true_.length
  return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall)
}

/**
 * How many of `pixels` have one of `targets` within the disk. Equal to dilating `targets` by the disk and
 * counting, in time that does not depend on the radius except for pixels near a target: first the distance to
 * the nearest target in the same column, then, for each pixel asked for, a look along its row.
 */
function countWithin(
  pixels: Uint32Array,
  targets: Uint32Array,
  width: number,
  height: number,
  radius: number,
): number {
  const distances = columnDistances(targets, width, height, radius)
  const reach = diskHalfWidths(radius)
  let count = 0
  for (const pixel of pixels) {
    const x = pixel % width
    const leftmost = pixel - Math.min(radius, x)
    const rightmost = pixel + Math.min(radius, width - 1 - x)
    let near = distances[pixel]! <= radius
    for (let step = 1; !near && step <= radius; step++) {
      const left = pixel - step
      const right = pixel + step
      near =
        (left >= leftmost && distances[left]! <= reach[step]!) ||
        (right <= rightmost && distances[right]! <= reach[step]!)
    }
    if (near) count++
  }
  return count
}

/** Rows to the nearest target in the same column, at most radius + 1. */
function columnDistances(targets: Uint32Array, width: number, height: number, radius: number): Uint16Array {
  const far = radius + 1
  const distances = new Uint16Array(width * height).fill(far)
  for (const target of targets) distances[target] = 0
  for (let i = width; i < distances.length; i++) {
    const next = distances[i - width]! + 1
    if (next < distances[i]!) distances[i] = next
  }
  for (let i = distances.length - width - 1; i >= 0; i--) {
    const next = distances[i + width]! + 1
    if (next < distances[i]!) distances[i] = next
  }
  return distances
}

function checkSize(mask: Uint8Array, width: number, height: number): void {
  if (mask.length !== width * height)
    throw new RangeError(`A mask of ${mask.length} pixels is not ${width}x${height}`)
}
