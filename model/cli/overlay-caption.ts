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
  const pad = 3 * scale
  const margin = 3 * scale
  const room = Math.floor((canvas.width - 2 * margin - 2 * pad) / (ADVANCE * scale))
  const letters = [...text].slice(0, Math.max(0, room))
  if (letters.length === 0) return
  const width = letters.length * ADVANCE * scale - scale + 2 * pad
  const height = ROWS * scale + 2 * pad - scale
  fill(canvas, margin, margin, width, height, PAPER, 0.72)
  forEachInk(letters, (column, row) =>
    fill(canvas, margin + pad + column * scale, margin + pad + row * scale, scale, scale, INK, 1),
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
