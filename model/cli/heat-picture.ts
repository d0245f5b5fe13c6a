/** Heat maps over frames, side by side in one picture with their scale beneath. */
import { type HeatScale, heatColour, heatPixels } from '../heat-map.ts'
import type { Match, Patch } from '../inspection/index.ts'
import { middleOf } from '../inspection/index.ts'
import type { Grid } from '../propagation/index.ts'
import { drawCaption, drawLabel, labelSize } from './overlay-caption.ts'
import { blendPixel, type Canvas, drawLine, drawRing } from './overlay-marks.ts'
import type { OverlayColour } from './overlay-palette.ts'

const PAPER: OverlayColour = [16, 18, 22]
const LIGHT: OverlayColour = [255, 255, 255]
const DARK: OverlayColour = [0, 0, 0]
/** Colour of the patch that is looked for; it is not among those of the heat map. */
const REFERENCE: OverlayColour = [255, 80, 80]
const GAP = 8

/** One frame of the picture and what is drawn on it. */
export interface HeatTile {
  /** RGB24 of the frame. */
  readonly data: Uint8Array
  readonly caption: string
  readonly heat?: { readonly values: ArrayLike<number>; readonly scale: HeatScale }
  /** The patch that is looked for. */
  readonly patch?: Patch
  /** Best first. */
  readonly matches?: readonly Match[]
}

/** What all frames of a picture have in common. */
export interface HeatLayout {
  readonly width: number
  readonly height: number
  readonly grid: Grid
  /** 0 to 1: how much the colours cover the frame. */
  readonly opacity: number
  /** Frames side by side before the next line begins. */
  readonly perLine: number
  /** What the ends of the scale stand for. */
  readonly scaleText: string
}

/** Puts frames with their heat maps together. */
export function drawHeatPicture(tiles: readonly HeatTile[], layout: HeatLayout): Canvas {
  const { width, height, perLine } = layout
  const text = Math.max(1, Math.round(height / 240))
  const columns = Math.min(perLine, tiles.length)
  const lines = Math.ceil(tiles.length / columns)
  const legend = labelSize('', text).height + GAP
  const all: Canvas = {
    width: columns * (width + GAP) + GAP,
    height: lines * (height + GAP) + GAP + legend,
    data: new Uint8Array(0),
  }
  all.data = new Uint8Array(all.width * all.height * 3)
  for (let at = 0; at < all.data.length; at++) all.data[at] = PAPER[at % 3]!
  tiles.forEach((tile, at) => {
    const drawn = drawTile(tile, layout, text)
    const left = GAP + (at % columns) * (width + GAP)
    const top = GAP + Math.floor(at / columns) * (height + GAP)
    for (let y = 0; y < height; y++)
      all.data.set(
        drawn.data.subarray(y * width * 3, (y + 1) * width * 3),
        ((top + y) * all.width + left) * 3,
      )
  })
  drawLegend(all, layout.scaleText, all.height - legend, legend - GAP, text)
  return all
}

function drawTile(
  { data, caption, heat, patch, matches = [] }: HeatTile,
  { width, height, grid, opacity }: HeatLayout,
  text: number,
): Canvas {
  const canvas: Canvas = { width, height, data: Uint8Array.from(data) }
  if (heat) layHeat(canvas, heat.values, heat.scale, grid, opacity)
  if (patch) drawPatch(canvas, patch, grid, text)
  // The best one last, so that it lies above the others.
  for (const match of [...matches].reverse()) drawMatch(canvas, match, grid, text, match === matches[0])
  if (matches[0]) labelMatch(canvas, matches[0], grid, text)
  drawCaption(canvas, caption, text)
  return canvas
}

function layHeat(
  canvas: Canvas,
  values: ArrayLike<number>,
  scale: HeatScale,
  grid: Grid,
  opacity: number,
): void {
  const colours = heatPixels(values, scale)
  for (let y = 0; y < canvas.height; y++) {
    const row = Math.floor((y / canvas.height) * grid.rows)
    for (let x = 0; x < canvas.width; x++) {
      const at = 4 * (row * grid.columns + Math.floor((x / canvas.width) * grid.columns))
      blendPixel(canvas, x, y, [colours[at]!, colours[at + 1]!, colours[at + 2]!], opacity)
    }
  }
}

function drawPatch(canvas: Canvas, { row, column }: Patch, grid: Grid, width: number): void {
  const [left, right] = [column, column + 1].map((at) => (at / grid.columns) * canvas.width - 0.5)
  const [top, bottom] = [row, row + 1].map((at) => (at / grid.rows) * canvas.height - 0.5)
  const corners = [
    { x: left!, y: top! },
    { x: right!, y: top! },
    { x: right!, y: bottom! },
    { x: left!, y: bottom! },
  ]
  for (const [colour, thick] of [
    [DARK, 2.5],
    [REFERENCE, 1.5],
  ] as const)
    corners.forEach((corner, i) => {
      drawLine(canvas, corner, corners[(i + 1) % 4]!, thick * width, colour)
    })
}

function placeOf(patch: Patch, canvas: Canvas, grid: Grid): { x: number; y: number } {
  const { x, y } = middleOf(patch, canvas, grid)
  return { x: x - 0.5, y: y - 0.5 }
}

function drawMatch(canvas: Canvas, match: Match, grid: Grid, text: number, best: boolean): void {
  const { x, y } = placeOf(match, canvas, grid)
  const radius = (best ? 7 : 4) * text
  drawRing(canvas, x, y, radius - 2 * text, radius + text, DARK, 0.7)
  drawRing(canvas, x, y, radius - text, radius, LIGHT)
}

function labelMatch(canvas: Canvas, match: Match, grid: Grid, text: number): void {
  const { x, y } = placeOf(match, canvas, grid)
  const label = match.similarity.toFixed(2)
  const { width, height } = labelSize(label, text)
  const away = 11 * text
  const left = x + away + width < canvas.width - 3 * text ? x + away : x - away - width
  const top = Math.min(canvas.height - height, Math.max(0, y - height / 2))
  drawLabel(canvas, label, Math.max(0, Math.round(left)), Math.round(top), text)
}

function drawLegend(canvas: Canvas, text: string, top: number, height: number, scale: number): void {
  const length = Math.min(160 * scale, Math.floor(canvas.width / 3))
  for (let x = 0; x < length; x++)
    for (let y = 0; y < height; y++)
      blendPixel(canvas, GAP + x, top + y, heatColour(x / Math.max(1, length - 1)), 1)
  drawLabel(canvas, text, GAP + length + GAP, top, scale)
}
