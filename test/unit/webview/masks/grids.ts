import fc from 'fast-check'
import type { SpanSink } from '../../../../webview/app/masks/index.ts'

/** Pixels that a shape sets, as a row-major picture; what lies outside is cut off. */
export function rasterise(width: number, height: number, draw: (sink: SpanSink) => void): Uint8Array {
  const pixels = new Uint8Array(width * height)
  draw((row, start, end) => {
    if (row < 0 || row >= height) return
    for (let x = Math.max(0, start); x < Math.min(width, end); x++) pixels[row * width + x] = 1
  })
  return pixels
}

/** A picture from rows of characters: `#` is set. */
export function picture(...rows: string[]): { pixels: Uint8Array; width: number; height: number } {
  const width = rows[0]!.length
  return {
    width,
    height: rows.length,
    pixels: Uint8Array.from(rows.join(''), (c) => (c === '#' ? 1 : 0)),
  }
}

/** The other way round, so that a failed comparison can be read. */
export function rowsOf(pixels: Uint8Array, width: number): string[] {
  const rows: string[] = []
  for (let at = 0; at < pixels.length; at += width)
    rows.push(Array.from(pixels.subarray(at, at + width), (value) => (value ? '#' : '.')).join(''))
  return rows
}

/** Small random masks with their size. */
export const masks = fc
  .record({ width: fc.integer({ min: 1, max: 14 }), height: fc.integer({ min: 1, max: 14 }) })
  .chain(({ width, height }) =>
    fc
      .array(fc.constantFrom(0, 1), { minLength: width * height, maxLength: width * height })
      .map((values) => ({ width, height, pixels: Uint8Array.from(values) })),
  )
