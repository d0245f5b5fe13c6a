/** A picture of labels: 0 background, 1.. objects or classes; row-major. */
export interface LabelMap {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/** How many pixels each label has, 0 to 255. */
export function pixelsOf({ data }: LabelMap): Uint32Array {
  const pixels = new Uint32Array(256)
  for (const label of data) pixels[label]!++
  return pixels
}

/**
 * Where pixel `i` of `to` comes from among `from`.
 * @param rounding `floor`: floor(i * from / to), as OpenCV; `centre`: floor((i + 0.5) * from / to), as Pillow, and
 *        CropMAE's VIP evaluation with it
 */
export function nearestSource(i: number, from: number, to: number, rounding: 'floor' | 'centre'): number {
  return Math.min(from - 1, Math.floor(((i + (rounding === 'centre' ? 0.5 : 0)) * from) / to))
}

/**
 * Nearest-neighbour resize, see {@link nearestSource}.
 * @throws RangeError when the map does not have the pixels that its size says
 */
export function resizeNearest(
  map: LabelMap,
  width: number,
  height: number,
  rounding: 'floor' | 'centre',
): LabelMap {
  if (map.data.length !== map.width * map.height)
    throw new RangeError(`A label map of ${map.data.length} pixels is not ${map.width}x${map.height}.`)
  if (width === map.width && height === map.height) return map
  const columns = Int32Array.from({ length: width }, (_, x) => nearestSource(x, map.width, width, rounding))
  const data = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) {
    const row = nearestSource(y, map.height, height, rounding) * map.width
    for (let x = 0; x < width; x++) data[y * width + x] = map.data[row + columns[x]!]!
  }
  return { width, height, data }
}
