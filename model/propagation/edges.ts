/** From the patch grid to pixels along the edges of the picture: cells are coarse, outlines need not be. */
import type { LabelMap } from '../label-map.ts'
import type { SoftLabels } from './grid.ts'
import { guidedModel, type LinearModel, type Planes } from './guided-filter.ts'
import { linearTap } from './labels.ts'
import type { Edges } from './settings.ts'

/** RGB, 8 bits each, row-major. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/** Samples along a side of a cell that the filter works on; what it finds is applied to every pixel. */
const SAMPLES = 4

/** Labels as close to each other as this are the same: sums of votes are not exact. */
const SAME = 1e-3

/** Cells, the lower ends included. */
interface Region {
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
}

/**
 * The label of every pixel of a picture. Around outlines the votes, interpolated between cells, are filtered with the
 * picture as guide, so that they change where it does; elsewhere they are taken as they are.
 * @param soft channel 0 is the background
 * @param picture the frame, in any size
 * @returns a map of the picture's size; of equal channels the lower one wins
 */
export function decodeAlongEdges(soft: SoftLabels, picture: Picture, edges: Edges): LabelMap {
  const { grid, channels } = soft
  const { width, height } = picture
  const data = new Uint8Array(width * height)
  const best = new Float32Array(width * height)
  // The background has what the objects leave.
  const left = new Float32Array(width * height).fill(1)
  const claim = (pixel: number, channel: number, value: number): void => {
    left[pixel]! -= value
    if (value <= best[pixel]!) return
    best[pixel] = value
    data[pixel] = channel
  }
  const columnEdges = pixelEdges(grid.columns, width)
  const rowEdges = pixelEdges(grid.rows, height)
  for (let channel = 1; channel < channels; channel++) {
    const region = outlineRegion(soft, channel, 2 * edges.reach + 1)
    for (let row = 0; row < grid.rows; row++)
      for (let column = 0; column < grid.columns; column++) {
        if (region && isInside(region, row, column)) {
          column = region.right - 1
          continue
        }
        const value = soft.data[(row * grid.columns + column) * channels + channel]!
        if (value < SAME) continue
        for (let y = rowEdges[row]!; y < rowEdges[row + 1]!; y++)
          for (let x = columnEdges[column]!; x < columnEdges[column + 1]!; x++)
            claim(y * width + x, channel, value)
      }
    if (!region) continue
    const { samplesWide, samplesHigh, model } = filtered(soft, channel, region, picture, edges)
    applyModel(
      model,
      { width: samplesWide, height: samplesHigh },
      {
        top: rowEdges[region.top]!,
        left: columnEdges[region.left]!,
        bottom: rowEdges[region.bottom]!,
        right: columnEdges[region.right]!,
      },
      picture,
      (pixel, value) => claim(pixel, channel, value),
    )
  }
  for (let pixel = 0; pixel < data.length; pixel++) if (best[pixel]! <= left[pixel]!) data[pixel] = 0
  return { width, height, data }
}

/** The first pixel of every cell along a side, and the end of the last one. */
function pixelEdges(cells: number, pixels: number): Int32Array {
  return Int32Array.from({ length: cells + 1 }, (_, cell) => Math.ceil((cell * pixels) / cells))
}

const isInside = ({ top, left, bottom, right }: Region, row: number, column: number): boolean =>
  row >= top && row < bottom && column >= left && column < right

/** The cells within `margin` of those whose label is neither 0 nor 1, or differs from a neighbour's. */
function outlineRegion(
  { grid, channels, data }: SoftLabels,
  channel: number,
  margin: number,
): Region | undefined {
  const { rows, columns } = grid
  const at = (row: number, column: number): number => data[(row * columns + column) * channels + channel]!
  let [top, left, bottom, right] = [rows, columns, 0, 0]
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const value = at(row, column)
      const plain =
        Math.min(Math.abs(value), Math.abs(1 - value)) < SAME &&
        (column === 0 || Math.abs(at(row, column - 1) - value) < SAME) &&
        (row === 0 || Math.abs(at(row - 1, column) - value) < SAME)
      if (plain) continue
      if (row < top) top = row
      if (row + 1 > bottom) bottom = row + 1
      if (column < left) left = column
      if (column + 1 > right) right = column + 1
    }
  if (bottom === 0) return undefined
  return {
    top: Math.max(0, top - margin),
    left: Math.max(0, left - margin),
    bottom: Math.min(rows, bottom + margin),
    right: Math.min(columns, right + margin),
  }
}

/** What the filter makes of one channel in a region of cells. */
function filtered(
  { grid, channels, data }: SoftLabels,
  channel: number,
  { top, left, bottom, right }: Region,
  picture: Picture,
  { reach, epsilon }: Edges,
): { samplesWide: number; samplesHigh: number; model: LinearModel } {
  const samplesWide = SAMPLES * (right - left)
  const samplesHigh = SAMPLES * (bottom - top)
  const columns = Array.from({ length: samplesWide }, (_, x) =>
    linearTap(SAMPLES * left + x, grid.columns, SAMPLES * grid.columns),
  )
  const values = new Float32Array(samplesWide * samplesHigh)
  for (let y = 0; y < samplesHigh; y++) {
    const { low, high, weight } = linearTap(SAMPLES * top + y, grid.rows, SAMPLES * grid.rows)
    const at = (column: number): number =>
      data[(low * grid.columns + column) * channels + channel]! * (1 - weight) +
      data[(high * grid.columns + column) * channels + channel]! * weight
    for (let x = 0; x < samplesWide; x++) {
      const across = columns[x]!
      values[y * samplesWide + x] = at(across.low) * (1 - across.weight) + at(across.high) * across.weight
    }
  }
  const guide = sampledPicture(
    picture,
    { across: SAMPLES * grid.columns, down: SAMPLES * grid.rows },
    { left: SAMPLES * left, top: SAMPLES * top, width: samplesWide, height: samplesHigh },
  )
  const model = guidedModel(values, guide, samplesWide, samplesHigh, SAMPLES * reach, epsilon)
  return { samplesWide, samplesHigh, model }
}

/** The mean colour, 0..1, of the pixels under each sample of a part of the picture. */
function sampledPicture(
  { width, height, data }: Picture,
  samples: { across: number; down: number },
  part: { left: number; top: number; width: number; height: number },
): Planes {
  const size = part.width * part.height
  const planes: Planes = [new Float32Array(size), new Float32Array(size), new Float32Array(size)]
  const [red, green, blue] = planes
  // A picture smaller than the samples lends each of its pixels to several.
  const span = (i: number, count: number, pixels: number): [number, number] => {
    const from = Math.floor((i * pixels) / count)
    return [from, Math.max(from + 1, Math.floor(((i + 1) * pixels) / count))]
  }
  const spans = Array.from({ length: part.width }, (_, x) => span(part.left + x, samples.across, width))
  for (let y = 0, sample = 0; y < part.height; y++) {
    const [first, end] = span(part.top + y, samples.down, height)
    for (let x = 0; x < part.width; x++, sample++) {
      const [from, to] = spans[x]!
      let [r, g, b] = [0, 0, 0]
      for (let row = first; row < end; row++)
        for (let byte = 3 * (row * width + from); byte < 3 * (row * width + to); byte += 3) {
          r += data[byte]!
          g += data[byte + 1]!
          b += data[byte + 2]!
        }
      const scale = 1 / (255 * (end - first) * (to - from))
      red[sample] = r * scale
      green[sample] = g * scale
      blue[sample] = b * scale
    }
  }
  return planes
}

/** Calls `visit` with the value, 0..1, that the model gives each pixel of a part of the picture. */
function applyModel(
  { a, b }: LinearModel,
  samples: { width: number; height: number },
  part: Region,
  picture: Picture,
  visit: (pixel: number, value: number) => void,
): void {
  const maps = [...a, b]
  const line = maps.map(() => new Float32Array(samples.width))
  const [lineR, lineG, lineB, lineOne] = line as [Float32Array, Float32Array, Float32Array, Float32Array]
  const taps = Array.from({ length: part.right - part.left }, (_, x) =>
    linearTap(x, samples.width, part.right - part.left),
  )
  const lows = Int32Array.from(taps, ({ low }) => low)
  const highs = Int32Array.from(taps, ({ high }) => high)
  const weights = Float32Array.from(taps, ({ weight }) => weight)
  for (let y = part.top; y < part.bottom; y++) {
    const tap = linearTap(y - part.top, samples.height, part.bottom - part.top)
    const [low, high] = [tap.low * samples.width, tap.high * samples.width]
    maps.forEach((map, i) => {
      for (let x = 0; x < samples.width; x++)
        line[i]![x] = map[low + x]! * (1 - tap.weight) + map[high + x]! * tap.weight
    })
    for (let x = 0; x < lows.length; x++) {
      const pixel = y * picture.width + part.left + x
      const [from, to, weight] = [lows[x]!, highs[x]!, weights[x]!]
      const between = (values: Float32Array): number => values[from]! + (values[to]! - values[from]!) * weight
      const value =
        (between(lineR) * picture.data[3 * pixel]! +
          between(lineG) * picture.data[3 * pixel + 1]! +
          between(lineB) * picture.data[3 * pixel + 2]!) /
          255 +
        between(lineOne)
      if (value > 0) visit(pixel, Math.min(1, value))
    }
  }
}
