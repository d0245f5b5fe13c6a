import { type LaneCode, readLaneCode } from '../../protocol/index.ts'
import { type LaneSummary, stretches } from './aggregate.ts'
import { CONFIDENCE_STEPS, type Rgb } from './palette.ts'

/** What a run says about a lane, as pixels: a canvas takes far too long for a thousand small rectangles per lane. */
export interface LanePixels {
  /** As ImageData has them, seen as 32-bit numbers: alpha, blue, green, red from the highest byte. */
  readonly pixels: Uint32Array
  readonly width: number
  readonly height: number
}

/** What spans are drawn with. */
export interface SpanInk {
  /** From the least to the highest confidence. */
  readonly confidence: readonly Rgb[]
  readonly absent: Rgb
  /** 0 to 1. */
  readonly alpha: number
  /** Frames less sure than this are drawn as stripes; 0 where colour and height are enough. */
  readonly stripedBelow: number
}

/** Where a lane lies in the picture, in its pixels. */
export interface LanePlace {
  readonly top: number
  readonly height: number
  /** Device pixels per CSS pixel. */
  readonly ratio: number
}

/** A person's mark on a lane; drawn by others, above the spans. */
export interface Mark {
  /** Pixels, `end` not included. */
  readonly start: number
  readonly end: number
  readonly code: LaneCode
  readonly frame: number
}

// In CSS pixels.
const TALLEST = 16
const SHORTEST = 4
const FOOT = 4
const STRIPES = 3
const DASHES = 6

/** Height of a span by its confidence: it says the same as the colour, for those who cannot tell the colours. */
export function spanHeight(confidence: number): number {
  return SHORTEST + Math.round((TALLEST - SHORTEST) * confidence)
}

/** A code's look: codes with the same number are drawn the same. */
const LOOKS = Uint16Array.from({ length: 256 }, (_, code) => {
  const meaning = readLaneCode(code)
  if (meaning.kind !== 'propagated') return code
  return 256 + stepOf(meaning.confidence) * 32 + spanHeight(meaning.confidence)
})

function stepOf(confidence: number): number {
  return Math.round(confidence * (CONFIDENCE_STEPS - 1))
}

function alike(one: LaneCode, other: LaneCode): boolean {
  return LOOKS[one] === LOOKS[other]
}

function ink([red, green, blue]: Rgb, alpha: number): number {
  return ((Math.round(alpha * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0
}

/**
 * Draws the spans of a lane that a run has made, and returns the marks of a person among them from left to right.
 * @param scale frames per pixel of the picture
 */
export function paintSpans(
  picture: LanePixels,
  place: LanePlace,
  lane: LaneSummary,
  scale: { readonly first: number; readonly perPixel: number },
  { confidence: colours, absent, alpha, stripedBelow }: SpanInk,
): Mark[] {
  const { ratio } = place
  const { width, height, pixels } = picture
  // First how every column looks, then the rows: thousands of columns change their look from one to the next.
  const tall = new Uint8Array(width)
  const colour = new Uint32Array(width)
  const marks: Mark[] = []
  const set = (start: number, end: number, pixelsHigh: number, ink: number, every: number, on: number) => {
    // Stripes and dashes have fixed places, so that they stand still while the lane grows.
    for (let x = start; x < end; x++) {
      if (every > 0 && x % every >= on) continue
      tall[x] = pixelsHigh
      colour[x] = ink
    }
  }
  for (const { start, end, code, frame } of stretches(lane, scale, width, alike)) {
    if (code >= 16) {
      const { confidence } = readLaneCode(code) as { confidence: number }
      const high = Math.round(spanHeight(confidence) * ratio)
      const own = ink(colours[stepOf(confidence)]!, alpha)
      if (confidence >= stripedBelow) set(start, end, high, own, 0, 0)
      else set(start, end, high, own, Math.round(STRIPES * ratio), Math.round(ratio))
    } else if (code === 4)
      set(
        start,
        end,
        Math.round(2 * ratio),
        ink(absent, alpha),
        Math.round(DASHES * ratio),
        Math.round(3 * ratio),
      )
    else marks.push({ start, end, code, frame })
  }
  const foot = Math.round(place.top + place.height - FOOT * ratio)
  const top = Math.max(0, foot - Math.round(TALLEST * ratio))
  for (let y = top; y < Math.min(height, foot); y++) {
    const row = y * width
    const above = foot - y
    for (let x = 0; x < width; x++) if (tall[x]! >= above) pixels[row + x] = colour[x]!
  }
  return marks
}

/** A stretch of frames that lie closer together than they can be told apart. */
export interface Cluster {
  /** Frames, both included. */
  readonly first: number
  readonly last: number
}

/**
 * Puts ordered frames together that are less than `gap` frames apart. It looks at one frame per gap, however many
 * there are.
 * @param from where to begin
 * @param until where to end, not included
 */
export function clusters(frames: ArrayLike<number>, from: number, until: number, gap: number): Cluster[] {
  const found: Cluster[] = []
  let at = lowerBound(frames, from)
  while (at < frames.length && frames[at]! < until) {
    const first = frames[at]!
    let last = at
    for (;;) {
      const next = lowerBound(frames, frames[last]! + gap, last) - 1
      if (next === last) break
      last = next
      if (frames[last]! >= until) break
    }
    found.push({ first, last: frames[last]! })
    at = last + 1
  }
  return found
}

/** Where in an ordered list, from a place on, the first value stands that is at least `value`. */
export function lowerBound(sorted: ArrayLike<number>, value: number, from = 0): number {
  let low = from
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
