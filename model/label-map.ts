/** A picture of labels: 0 background, 1.. objects or classes; row-major. */
export interface LabelMap {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/**
 * Nearest-neighbour resize.
 * @param rounding `floor`: source = floor(i * from / to), as OpenCV; `centre`: floor((i + 0.5) * from / to), as
 *        Pillow, and CropMAE's VIP evaluation with it
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
  const shift = rounding === 'centre' ? 0.5 : 0
  const source = (i: number, from: number, to: number): number =>
    Math.min(from - 1, Math.floor(((i + shift) * from) / to))
  const columns = Int32Array.from({ length: width }, (_, x) => source(x, map.width, width))
  const data = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) {
    const row = source(y, map.height, height) * map.width
    for (let x = 0; x < width; x++) data[y * width + x] = map.data[row + columns[x]!]!
  }
  return { width, height, data }
}
