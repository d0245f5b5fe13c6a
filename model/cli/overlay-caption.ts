import { GLYPH_ADVANCE as ADVANCE, forEachInk, GLYPH_ROWS as ROWS } from '../pixel-font.ts'
import { blendPixel, type Canvas } from './overlay-marks.ts'
import type { OverlayColour } from './overlay-palette.ts'

const INK: OverlayColour = [255, 255, 255]
const PAPER: OverlayColour = [16, 18, 22]

/**
 * Writes one line of text into the upper left corner, white on a dark translucent plate, so that it can be read on
 * any footage. Letters outside ASCII become a question mark; what does not fit the width is cut off.
 * @param scale size of a font pixel in picture pixels, a whole number
 */
export function drawCaption(canvas: Canvas, text: string, scale: number): void {
  drawLabel(canvas, text, 3 * scale, 3 * scale, scale)
}

/** The size of what {@link drawLabel} draws, in pixels. */
export function labelSize(text: string, scale: number): { width: number; height: number } {
  const pad = 3 * scale
  return {
    width: [...text].length * ADVANCE * scale - scale + 2 * pad,
    height: ROWS * scale + 2 * pad - scale,
  }
}

/** The same with its upper left corner at a place of the picture; it ends three font pixels before the right edge. */
export function drawLabel(canvas: Canvas, text: string, left: number, top: number, scale: number): void {
  const pad = 3 * scale
  const room = Math.floor((canvas.width - left - 3 * scale - 2 * pad) / (ADVANCE * scale))
  const letters = [...text].slice(0, Math.max(0, room))
  if (letters.length === 0) return
  const { width, height } = labelSize(letters.join(''), scale)
  fill(canvas, left, top, width, height, PAPER, 0.72)
  forEachInk(letters, (column, row) =>
    fill(canvas, left + pad + column * scale, top + pad + row * scale, scale, scale, INK, 1),
  )
}

function fill(
  canvas: Canvas,
  left: number,
  top: number,
  width: number,
  height: number,
  colour: OverlayColour,
  alpha: number,
): void {
  for (let y = top; y < Math.min(top + height, canvas.height); y++)
    for (let x = left; x < Math.min(left + width, canvas.width); x++) blendPixel(canvas, x, y, colour, alpha)
}
