import type { SpanSink } from '../../../model/annotation/index.ts'
import { centresWithin } from './span.ts'

/** A round brush set down once; in pixels of the video, with parts of pixels. */
export interface Dab {
  readonly x: number
  readonly y: number
  readonly radius: number
}

/** Diameters that a brush can have, in pixels of the video. */
export const BRUSH_SIZES = { smallest: 1, largest: 500 } as const

/** A brush narrower than a pixel would slip between the centres of pixels. */
const SMALLEST_RADIUS = BRUSH_SIZES.smallest / 2

/** The lightest touch of a pen draws with this part of the brush's size. */
const LIGHTEST = 0.15

/** @returns a diameter that a brush can have, whole pixels */
export function clampBrushSize(size: number): number {
  if (!Number.isFinite(size)) return BRUSH_SIZES.smallest
  return Math.min(BRUSH_SIZES.largest, Math.max(BRUSH_SIZES.smallest, Math.round(size)))
}

/**
 * The next size in the direction of `by` steps: one pixel for small brushes, about a tenth for large ones, so that
 * neither takes for ever.
 */
export function stepBrushSize(size: number, by: number): number {
  let next = clampBrushSize(size)
  for (let left = Math.abs(Math.trunc(by)); left > 0; left--) {
    const step = Math.max(1, Math.round(next / 10))
    next = clampBrushSize(by > 0 ? next + step : next - step)
  }
  return next
}

/**
 * Radius of a brush under a pen.
 * @param size     diameter at full pressure
 * @param pressure 0 to 1 as the pointer tells it; undefined where pressure does not count
 */
export function brushRadius(size: number, pressure: number | undefined): number {
  const part = pressure === undefined ? 1 : LIGHTEST + (1 - LIGHTEST) * Math.min(1, Math.max(0, pressure))
  return Math.max(SMALLEST_RADIUS, (size / 2) * part)
}

/**
 * The pixels that a round brush covers on its way from one place to the next while its size changes evenly: every
 * pixel whose centre lies in the hull of both discs, and the pixel under each end. No gaps, however far apart.
 */
export function sweep(from: Dab, to: Dab, sink: SpanSink): void {
  const a = { ...from, radius: Math.max(SMALLEST_RADIUS, from.radius) }
  const b = { ...to, radius: Math.max(SMALLEST_RADIUS, to.radius) }
  sink(Math.floor(a.y), Math.floor(a.x), Math.floor(a.x) + 1)
  sink(Math.floor(b.y), Math.floor(b.x), Math.floor(b.x) + 1)
  const sides = tangents(a, b)
  const [first, end] = centresWithin(
    Math.min(a.y - a.radius, b.y - b.radius),
    Math.max(a.y + a.radius, b.y + b.radius),
  )
  const reach = { left: 0, right: 0 }
  for (let row = first; row < end; row++) {
    const y = row + 0.5
    reach.left = Number.POSITIVE_INFINITY
    reach.right = Number.NEGATIVE_INFINITY
    reachOfDisc(a, y, reach)
    reachOfDisc(b, y, reach)
    // The hull is convex: what its outline reaches on a row is one stretch.
    if (sides !== undefined) for (const side of sides) reachOfLine(side, y, reach)
    if (reach.right < reach.left) continue
    const [start, stop] = centresWithin(reach.left, reach.right)
    if (stop > start) sink(row, start, stop)
  }
}

/** A brush set down once: see {@link sweep}. */
export function dab(at: Dab, sink: SpanSink): void {
  sweep(at, at, sink)
}

interface Reach {
  left: number
  right: number
}

type Line = readonly [x1: number, y1: number, x2: number, y2: number]

function reachOfDisc(disc: Dab, y: number, reach: Reach): void {
  const dy = y - disc.y
  // A little more than the radius: a row that touches the disc counts in spite of rounding.
  const square = disc.radius * disc.radius - dy * dy
  if (square < -1e-9) return
  const half = Math.sqrt(Math.max(0, square))
  reach.left = Math.min(reach.left, disc.x - half)
  reach.right = Math.max(reach.right, disc.x + half)
}

function reachOfLine([x1, y1, x2, y2]: Line, y: number, reach: Reach): void {
  if (y < Math.min(y1, y2) || y > Math.max(y1, y2)) return
  if (y1 === y2) return
  const x = x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)
  reach.left = Math.min(reach.left, x)
  reach.right = Math.max(reach.right, x)
}

/** The two lines that touch both discs from outside; undefined where one disc holds the other. */
function tangents(a: Dab, b: Dab): readonly Line[] | undefined {
  const dx = b.x - a.x
  const dy = b.y - a.y
  const distance = Math.hypot(dx, dy)
  const difference = a.radius - b.radius
  if (distance <= Math.abs(difference) || distance === 0) return undefined
  const ux = dx / distance
  const uy = dy / distance
  const cos = difference / distance
  const sin = Math.sqrt(1 - cos * cos)
  return [sin, -sin].map((side): Line => {
    const nx = ux * cos - uy * side
    const ny = uy * cos + ux * side
    return [a.x + nx * a.radius, a.y + ny * a.radius, b.x + nx * b.radius, b.y + ny * b.radius]
  })
}
