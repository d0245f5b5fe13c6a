/**
 * Numbers over a grid as colours, the same in pictures of the command line and in the editor. Pure: it also runs in a
 * browser.
 */

/**
 * The colour map viridis of matplotlib (van der Walt and Smith, CC0) at ten even places, `rrggbb`. Equal steps in a value
 * are equal steps for the eye, with every kind of colour blindness and in grey.
 */
const VIRIDIS = '440154 482878 3e4a89 31688e 26828e 1f9e89 35b779 6dcd59 b4de2c fde725'
  .split(' ')
  .map((colour) => [0, 2, 4].map((at) => Number.parseInt(colour.slice(at, at + 2), 16)))

/** The colour of a value of 0 to 1; values outside are taken for the nearest. Red, green, blue, 0 to 255. */
export function heatColour(value: number): readonly [red: number, green: number, blue: number] {
  const place = Math.min(1, Math.max(0, Number.isNaN(value) ? 0 : value)) * (VIRIDIS.length - 1)
  const below = Math.min(VIRIDIS.length - 2, Math.floor(place))
  const [from, to] = [VIRIDIS[below]!, VIRIDIS[below + 1]!]
  const mixed = from.map((part, channel) => Math.round(part + (to[channel]! - part) * (place - below)))
  return mixed as unknown as readonly [number, number, number]
}

/** The values that the two ends of the colours stand for. */
export interface HeatScale {
  readonly low: number
  readonly high: number
}

/** From the smallest to the largest of the values; a little wider where they are all the same. */
export function scaleOf(values: Iterable<number>): HeatScale {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  if (!(low <= high)) return { low: 0, high: 1 }
  return low < high ? { low, high } : { low: low - 0.5, high: high + 0.5 }
}

/**
 * From 0 to the value that 99 of 100 values do not exceed: for maps in which a few patches take so much that nothing
 * else would be seen. What lies above has the last colour.
 */
export function clippedScaleOf(values: ArrayLike<number>): HeatScale {
  const sorted = Float64Array.from(values).sort()
  const high = sorted[Math.ceil(0.99 * sorted.length) - 1] ?? 1
  return { low: 0, high: high > 0 ? high : 1 }
}

/**
 * One opaque pixel per value.
 * @param values row by row
 * @returns RGBA, four bytes per value
 */
export function heatPixels(
  values: ArrayLike<number>,
  { low, high }: HeatScale,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(values.length * 4)
  for (let at = 0; at < values.length; at++) {
    pixels.set(heatColour((values[at]! - low) / (high - low)), at * 4)
    pixels[at * 4 + 3] = 255
  }
  return pixels
}
