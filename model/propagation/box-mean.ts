/** Means over squares of pixels, at a cost that does not grow with the square. */

/**
 * The mean over the square of `radius` pixels around each pixel, as far as the picture goes.
 * @param values row-major, width * height
 * @param radius whole number, at least 0
 */
export function boxMean(values: Float32Array, width: number, height: number, radius: number): Float32Array {
  const lines = new Float32Array(width * height)
  for (let y = 0; y < height; y++) {
    const line = y * width
    let sum = 0
    for (let x = 0; x < Math.min(radius, width); x++) sum += values[line + x]!
    for (let x = 0; x < width; x++) {
      if (x + radius < width) sum += values[line + x + radius]!
      if (x > radius) sum -= values[line + x - radius - 1]!
      lines[line + x] = sum / (Math.min(width - 1, x + radius) - Math.max(0, x - radius) + 1)
    }
  }
  const means = new Float32Array(width * height)
  const sums = new Float64Array(width)
  const add = (y: number, sign: 1 | -1): void => {
    for (let x = 0; x < width; x++) sums[x]! += sign * lines[y * width + x]!
  }
  for (let y = 0; y < Math.min(radius, height); y++) add(y, 1)
  for (let y = 0; y < height; y++) {
    if (y + radius < height) add(y + radius, 1)
    if (y > radius) add(y - radius - 1, -1)
    const count = Math.min(height - 1, y + radius) - Math.max(0, y - radius) + 1
    for (let x = 0; x < width; x++) means[y * width + x] = sums[x]! / count
  }
  return means
}
