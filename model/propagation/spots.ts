/**
 * Spots: objects of a few cells. Their votes as areas lose to what surrounds them, so they travel as points, like the
 * joints of a pose, and keep the shape that a person drew last.
 */
import type { LabelMap } from '../label-map.ts'
import { emptyLabels, type Grid, type SoftLabels } from './grid.ts'
import { densestCell, type GridPoint } from './keypoints.ts'
import { clamp, vertex } from './numbers.ts'

/** A spot as a person drew it on a frame. */
export interface Shape {
  /** Where its pixels are, row-major, ascending. */
  readonly pixels: Int32Array
  /** The mean of its pixels, and how far they reach from it in rows or columns, in cells; cell i has its centre at i. */
  readonly centre: GridPoint
  readonly half: number
}

/** What was drawn of the spots of a layer, in the order of its objects, by marked frame. */
export type Shapes = ReadonlyMap<number, readonly (Shape | undefined)[]>

/** A picture's size, and the grid over it. */
export interface Scale {
  readonly width: number
  readonly height: number
  readonly grid: Grid
}

/** Votes below this do not show where a spot is. */
const FAINTEST = 0.1
/** A spot that has less than this strength left is taken for absent. */
export const LEAST_STRENGTH = 0.3
/** Deviation of a spot's stamp in cells. */
const SIGMA = 0.8

/** What is drawn of spots on a frame; undefined for one without a pixel there. */
export function shapesOf(
  objects: readonly number[],
  maps: readonly LabelMap[],
  { width, height, grid }: Scale,
): (Shape | undefined)[] {
  return objects.map((object) => {
    const pixels = pixelsOfObject(object, maps)
    if (pixels.length === 0) return undefined
    const mean = centreOf(pixels, width)
    const [across, down] = [grid.columns / width, grid.rows / height]
    let half = 0
    for (const pixel of pixels)
      half = Math.max(
        half,
        Math.abs((pixel % width) - mean.x) * across,
        Math.abs(Math.floor(pixel / width) - mean.y) * down,
      )
    const centre = { x: (mean.x + 0.5) * across - 0.5, y: (mean.y + 0.5) * down - 0.5 }
    return { pixels: Int32Array.from(pixels), centre, half }
  })
}

/** The mean of some pixels of a picture so wide; 0 is the centre of the first column or row. */
export function centreOf(pixels: readonly number[], width: number): { x: number; y: number } {
  const centre = { x: 0, y: 0 }
  for (const pixel of pixels) {
    centre.x += (pixel % width) / pixels.length
    centre.y += Math.floor(pixel / width) / pixels.length
  }
  return centre
}

/** Soft labels of spots: a stamp at the centre of each. */
export function stampSpots(shapes: readonly (Pick<Shape, 'centre'> | undefined)[], grid: Grid): SoftLabels {
  const labels = emptyLabels(grid, shapes.length + 1)
  shapes.forEach((shape, i) => {
    if (shape) stampSpot(labels, i + 1, shape.centre, 1)
  })
  for (let at = 0; at < labels.data.length; at += labels.channels)
    labels.data[at] = labels.data.subarray(at + 1, at + labels.channels).some((weight) => weight > 0) ? 0 : 1
  return labels
}

/**
 * Replaces a channel by a Gaussian around a place, whose strongest cell has the strength that is asked for. Unlike the
 * stamps of joints it keeps the place within a cell.
 */
export function stampSpot(labels: SoftLabels, channel: number, { x, y }: GridPoint, strength: number): void {
  const { grid, channels, data } = labels
  for (let at = channel; at < data.length; at += channels) data[at] = 0
  const row = clamp(Math.round(y), grid.rows - 1)
  const column = clamp(Math.round(x), grid.columns - 1)
  const nearest = (column - x) ** 2 + (row - y) ** 2
  for (let down = Math.max(0, row - 2); down <= Math.min(grid.rows - 1, row + 2); down++)
    for (let across = Math.max(0, column - 2); across <= Math.min(grid.columns - 1, column + 2); across++) {
      const away = (across - x) ** 2 + (down - y) ** 2
      data[(down * grid.columns + across) * channels + channel] =
        strength * Math.exp((nearest - away) / (2 * SIGMA ** 2))
    }
}

/**
 * Where the votes for a spot are densest, to a fraction of a cell: of a stamp of {@link stampSpot} the very place.
 * @returns undefined where there are none, or none to speak of
 */
export function readSpot(
  labels: SoftLabels,
  channel: number,
): (GridPoint & { strength: number }) | undefined {
  const densest = densestCell(labels, channel)
  if (!densest || densest.strength < FAINTEST) return undefined
  const { rows, columns } = labels.grid
  const { dense, peak, strength } = densest
  const row = Math.floor(peak / columns)
  const column = peak - row * columns
  // The logarithm of a Gaussian is a parabola.
  const between = (i: number, end: number, step: number): number => {
    if (i === 0 || i === end) return 0
    return vertex(Math.log(dense[peak - step]!), Math.log(dense[peak]!), Math.log(dense[peak + step]!))
  }
  return {
    x: column + between(column, columns - 1, 1),
    y: row + between(row, rows - 1, columns),
    strength: Math.min(1, strength),
  }
}

/** Where an object's pixels are, row-major. */
export function pixelsOfObject(object: number, maps: readonly LabelMap[]): number[] {
  const pixels: number[] = []
  for (const { data } of maps)
    for (let pixel = data.indexOf(object); pixel >= 0; pixel = data.indexOf(object, pixel + 1))
      pixels.push(pixel)
  return pixels
}

/** The shape on the nearest marked frame that shows a spot; of two as near, the earlier one's. */
export function nearestShape(
  frame: number,
  shapes: Shapes,
  spot: number,
): { readonly marked: number; readonly shape: Shape } | undefined {
  let nearest: { marked: number; shape: Shape } | undefined
  let least = Number.POSITIVE_INFINITY
  for (const [marked, drawn] of shapes) {
    const shape = drawn[spot]
    const away = Math.abs(marked - frame)
    if (!shape || away > least || (away === least && marked > nearest!.marked)) continue
    nearest = { marked, shape }
    least = away
  }
  return nearest
}

/** The pixels of a shape with its centre at another place; what is beyond the picture is cut off. */
export function moveShape(
  { pixels, centre }: Shape,
  to: GridPoint,
  { width, height, grid }: Scale,
): number[] {
  const across = Math.round(((to.x - centre.x) * width) / grid.columns)
  const down = Math.round(((to.y - centre.y) * height) / grid.rows)
  const moved: number[] = []
  for (const pixel of pixels) {
    const x = (pixel % width) + across
    const y = Math.floor(pixel / width) + down
    if (x >= 0 && y >= 0 && x < width && y < height) moved.push(y * width + x)
  }
  return moved
}

/**
 * Gives the pixels of spots to what lies around them, from their edges inwards: what a spot covers travels on whole,
 * beneath it.
 * @param map  changed: labels of a layer of areas, 0 where the spots are
 * @param maps those of the frame, which show the spots
 */
export function fillBeneath(
  { width, height, data }: LabelMap,
  spots: readonly number[],
  maps: readonly LabelMap[],
): void {
  let open = spots.flatMap((spot) => pixelsOfObject(spot, maps)).filter((pixel) => data[pixel] === 0)
  const left = new Set(open)
  while (open.length > 0) {
    const filled: [number, number][] = []
    for (const pixel of open) {
      const x = pixel % width
      const around = [
        x > 0 ? pixel - 1 : -1,
        x < width - 1 ? pixel + 1 : -1,
        pixel - width,
        pixel + width < width * height ? pixel + width : -1,
      ]
      const known = around.find((other) => other >= 0 && !left.has(other))
      if (known !== undefined) filled.push([pixel, data[known]!])
    }
    // A picture that is nothing but spots has nothing around them.
    if (filled.length === 0) break
    for (const [pixel, label] of filled) {
      data[pixel] = label
      left.delete(pixel)
    }
    open = open.filter((pixel) => left.has(pixel))
  }
}
