import type { Rle } from '../../../model/annotation/index.ts'
import { boundsOf, EMPTY, forEachRun, join, type Rect } from '../masks/index.ts'

/** One object's mask as it is filled. */
export interface Fill {
  readonly mask: Rle
  /** As the canvas stores a pixel: see {@link pixelOf}. */
  readonly pixel: number
  /** Drawn in stripes: something hides the object. */
  readonly striped: boolean
}

/** Width of a stripe and of the gap beside it, in pixels of the video. */
const STRIPE = 5

/** An opaque pixel of ImageData from `#rrggbb`, for a little-endian Uint32Array (every browser's machine is). */
export function pixelOf(colour: string): number {
  const [red, green, blue] = channels(colour)
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0
}

/** Red, green and blue of `#rrggbb`, 0 to 255. */
export function channels(colour: string): [red: number, green: number, blue: number] {
  const value = Number.parseInt(colour.slice(1), 16)
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255]
}

/** Whether a colour is so light that only something dark beside it keeps it readable (luma of BT.601). */
export function isLight(colour: string): boolean {
  const [red, green, blue] = channels(colour)
  return 0.299 * red + 0.587 * green + 0.114 * blue > 110
}

/** Whether a pixel of a striped mask is filled. */
export function onStripe(x: number, y: number): boolean {
  return (x + y) % (2 * STRIPE) < STRIPE
}

/** The box around all masks. */
export function boundsOfFills(fills: readonly Fill[]): Rect {
  return fills.reduce((bounds, { mask }) => join(bounds, boundsOf(mask)), EMPTY)
}

/**
 * Paints all masks of a frame into one picture of opaque pixels; where masks overlap the later one is seen. The opacity
 * comes in when it is drawn, so that it can change without doing this again.
 * @param pixels width x height, column by column as masks are kept: ten times as fast as row by row, and the canvas
 * turns them while it draws
 * @param height of the picture
 */
export function composeFills(fills: readonly Fill[], pixels: Uint32Array, height: number): void {
  for (const { mask, pixel, striped } of fills)
    forEachRun(mask, (x, from, to) => {
      const column = x * height
      if (striped) {
        for (let y = from; y < to; y++) if (onStripe(x, y)) pixels[column + y] = pixel
      } else pixels.fill(pixel, column + from, column + to)
    })
}

/** Makes a box of such a picture empty. */
export function clearBox(pixels: Uint32Array, height: number, box: Rect): void {
  for (let x = box.left; x < box.right; x++) pixels.fill(0, x * height + box.top, x * height + box.bottom)
}
