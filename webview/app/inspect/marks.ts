import type { CorrespondenceView, PatchPlace } from '../../protocol/index.ts'
import { apart, type Box, type Patches } from './geometry.ts'

/** Where a picture lies on a canvas, in device pixels. */
export type Place = Box

/** Colour of the patch that is looked for; it is not among those of the heat map. */
const REFERENCE = '#ff5050'

/** The frame around a patch. */
export function drawPatch(
  context: CanvasRenderingContext2D,
  { row, column }: PatchPlace,
  { rows, columns }: Patches,
  place: Place,
  density: number,
): void {
  const width = place.width / columns
  const height = place.height / rows
  context.save()
  for (const [colour, line, grow] of [
    ['rgba(0, 0, 0, 0.8)', 4, 1],
    [REFERENCE, 2, 1],
  ] as const) {
    context.strokeStyle = colour
    context.lineWidth = line * density
    context.strokeRect(
      place.left + column * width - grow * density,
      place.top + row * height - grow * density,
      width + 2 * grow * density,
      height + 2 * grow * density,
    )
  }
  context.restore()
}

/** Rings on the best matches, with the similarity beside those that have room for it. */
export function drawMatches(
  context: CanvasRenderingContext2D,
  matches: CorrespondenceView['matches'],
  { rows, columns }: Patches,
  place: Place,
  { density, font, labels }: { density: number; font: string; labels: boolean },
): void {
  const centres = matches.map(({ row, column }) => ({
    x: place.left + ((column + 0.5) / columns) * place.width,
    y: place.top + ((row + 0.5) / rows) * place.height,
  }))
  context.save()
  // The best one last, so that it lies above the others.
  for (let at = matches.length - 1; at >= 0; at--) {
    const { x, y } = centres[at]!
    const radius = (at === 0 ? 8 : 5) * density
    context.beginPath()
    context.arc(x, y, radius, 0, 2 * Math.PI)
    context.strokeStyle = 'rgba(0, 0, 0, 0.8)'
    context.lineWidth = 3.5 * density
    context.stroke()
    context.strokeStyle = '#ffffff'
    context.lineWidth = (at === 0 ? 2 : 1.5) * density
    context.stroke()
  }
  if (labels) drawLabels(context, matches, centres, density, font)
  context.restore()
}

function drawLabels(
  context: CanvasRenderingContext2D,
  matches: CorrespondenceView['matches'],
  centres: readonly { readonly x: number; readonly y: number }[],
  density: number,
  font: string,
): void {
  context.font = font
  context.textBaseline = 'middle'
  const padding = 4 * density
  const height = 18 * density
  const texts = matches.map(({ similarity }) => similarity.toFixed(2))
  const boxes = texts.map((text, at): Box => {
    const { x, y } = centres[at]!
    const width = context.measureText(text).width + 2 * padding
    const gap = (at === 0 ? 12 : 9) * density
    const left = x + gap + width > context.canvas.width ? x - gap - width : x + gap
    return { left: Math.round(left), top: Math.round(y - height / 2), width, height }
  })
  apart(boxes).forEach((shown, at) => {
    if (!shown) return
    const { left, top, width } = boxes[at]!
    context.fillStyle = 'rgba(0, 0, 0, 0.78)'
    context.beginPath()
    context.roundRect(left, top, width, height, 3 * density)
    context.fill()
    context.fillStyle = '#ffffff'
    context.fillText(texts[at]!, left + padding, top + height / 2)
  })
}
