import type { OverlayColour } from './overlay-palette.ts'

/** A picture that is drawn on: RGB24, row-major. */
export interface Canvas {
  width: number
  height: number
  data: Uint8Array
}

/** Lays a colour over one pixel. @param alpha 0..1 */
export function blendPixel(canvas: Canvas, x: number, y: number, colour: OverlayColour, alpha: number): void {
  const { data } = canvas
  const at = (y * canvas.width + x) * 3
  data[at] = Math.round(data[at]! + (colour[0] - data[at]!) * alpha)
  data[at + 1] = Math.round(data[at + 1]! + (colour[1] - data[at + 1]!) * alpha)
  data[at + 2] = Math.round(data[at + 2]! + (colour[2] - data[at + 2]!) * alpha)
}

/**
 * A ring or, with `inner` 0, a disc, with soft edges one pixel wide. Pixel centres lie at whole numbers; what falls
 * outside the picture is left out.
 */
export function drawRing(
  canvas: Canvas,
  x: number,
  y: number,
  inner: number,
  outer: number,
  colour: OverlayColour,
  alpha = 1,
): void {
  const reach = outer + 1
  for (let py = firstInside(y - reach); py <= lastInside(y + reach, canvas.height); py++)
    for (let px = firstInside(x - reach); px <= lastInside(x + reach, canvas.width); px++) {
      const far = Math.hypot(px - x, py - y)
      const cover = coverage(outer - far) * (inner > 0 ? coverage(far - inner) : 1)
      if (cover > 0) blendPixel(canvas, px, py, colour, cover * alpha)
    }
}

/** A straight line with round ends and soft edges. @param width in pixels */
export function drawLine(
  canvas: Canvas,
  from: { x: number; y: number },
  to: { x: number; y: number },
  width: number,
  colour: OverlayColour,
  alpha = 1,
): void {
  const dx = to.x - from.x
  const dy = to.y - from.y
  const length = Math.hypot(dx, dy)
  const reach = width / 2 + 1
  const bottom = lastInside(Math.max(from.y, to.y) + reach, canvas.height)
  for (let y = firstInside(Math.min(from.y, to.y) - reach); y <= bottom; y++) {
    // Only the part of the row that the line crosses, so that a long diagonal costs no more than a short line.
    let left = Math.min(from.x, to.x) - reach
    let right = Math.max(from.x, to.x) + reach
    if (Math.abs(dy) > 1e-6) {
      const middle = from.x + ((y - from.y) * dx) / dy
      const spread = (reach * length) / Math.abs(dy)
      left = Math.max(left, middle - spread)
      right = Math.min(right, middle + spread)
    }
    for (let x = firstInside(left); x <= lastInside(right, canvas.width); x++) {
      const along = length === 0 ? 0 : ((x - from.x) * dx + (y - from.y) * dy) / (length * length)
      const t = Math.min(1, Math.max(0, along))
      const far = Math.hypot(x - from.x - t * dx, y - from.y - t * dy)
      const cover = coverage(width / 2 - far)
      if (cover > 0) blendPixel(canvas, x, y, colour, cover * alpha)
    }
  }
}

/** How much of a pixel lies inside an edge that is `depth` pixels away from its centre. */
function coverage(depth: number): number {
  return Math.min(1, Math.max(0, depth + 0.5))
}

function firstInside(value: number): number {
  return Math.max(0, Math.ceil(value))
}

function lastInside(value: number, size: number): number {
  return Math.min(size - 1, Math.floor(value))
}
