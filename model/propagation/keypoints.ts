/** Keypoints on the patch grid: a joint is a small stamp that travels like a label and is read back as a place. */
import { cellCount, type Grid, type SoftLabels } from './grid.ts'

/** A place in grid cells; cell i covers pixels from i * size / cells on. */
export interface GridPoint {
  readonly x: number
  readonly y: number
}

/** Width of a joint's stamp in cells, as the JHMDB evaluation of TimeCycle and CRW has it. */
const SIGMA = 0.5
/** 6 sigma + 1 cells, centred on its third. */
const STAMP = 6 * SIGMA + 1
const CENTRE = Math.floor(STAMP / 2)

/**
 * Draws a joint as a 4 x 4 Gaussian stamp. Corners are cut to integers toward zero, and a stamp that leaves the
 * grid is clipped, exactly as the JHMDB evaluation code does.
 * @param channel written at data[cell * channels + channel]
 */
export function stampJoint(labels: SoftLabels, channel: number, { x, y }: GridPoint): void {
  const { rows, columns } = labels.grid
  const left = Math.trunc(x - 3 * SIGMA)
  const top = Math.trunc(y - 3 * SIGMA)
  const right = Math.trunc(x + 3 * SIGMA + 1)
  const bottom = Math.trunc(y + 3 * SIGMA + 1)
  if (left >= columns || top >= rows || right < 0 || bottom < 0) return
  const bottomEnd = Math.min(bottom, rows, top + STAMP)
  const rightEnd = Math.min(right, columns, left + STAMP)
  for (let row = Math.max(0, top); row < bottomEnd; row++)
    for (let column = Math.max(0, left); column < rightEnd; column++) {
      const distance = (column - left - CENTRE) ** 2 + (row - top - CENTRE) ** 2
      labels.data[(row * columns + column) * labels.channels + channel] = Math.exp(
        -distance / (2 * SIGMA ** 2),
      )
    }
}

/**
 * Soft labels of a marked pose: channel 0 is 1 where no joint has weight and 0 elsewhere, channel 1 + i is the
 * stamp of joint i. A joint that is absent (undefined) has an empty channel.
 */
export function labelsFromJoints(joints: readonly (GridPoint | undefined)[], grid: Grid): SoftLabels {
  const channels = joints.length + 1
  const labels: SoftLabels = { grid, channels, data: new Float32Array(cellCount(grid) * channels) }
  joints.forEach((joint, i) => {
    if (joint) stampJoint(labels, i + 1, joint)
  })
  for (let cell = 0; cell < cellCount(grid); cell++) {
    let empty = true
    for (let channel = 1; channel < channels; channel++)
      if (labels.data[cell * channels + channel]! > 0) empty = false
    labels.data[cell * channels] = empty ? 1 : 0
  }
  return labels
}

/** A decoded joint: where, and how much weight its strongest cell has (0..1). */
export interface DecodedJoint extends GridPoint {
  readonly strength: number
}

/** Reach of the smoothing around a cell, and of the centroid around the peak, in cells. */
const SMOOTHING = 3
const CENTROID = 1
/** exp(-d^2 / 2) for d = -3..3: a Gaussian of one cell. */
const KERNEL = Float64Array.from({ length: 2 * SMOOTHING + 1 }, (_, i) =>
  Math.exp(-((i - SMOOTHING) ** 2) / 2),
)

/**
 * The cell around which a channel's weight is densest, smoothed by a Gaussian of one cell.
 * @returns undefined where the channel is zero everywhere
 */
export function densestCell(
  labels: SoftLabels,
  channel: number,
): { readonly dense: Float64Array; readonly peak: number; readonly strength: number } | undefined {
  const { channels, data, grid } = labels
  const { rows, columns } = grid
  const dense = new Float64Array(rows * columns)
  let strength = 0
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const value = data[(row * columns + column) * channels + channel]!
      if (value <= 0) continue
      strength = Math.max(strength, value)
      aroundCell(grid, row, column, SMOOTHING, (cell, down, across) => {
        dense[cell]! += value * KERNEL[down + SMOOTHING]! * KERNEL[across + SMOOTHING]!
      })
    }
  if (strength === 0) return undefined
  let peak = 0
  for (let cell = 1; cell < dense.length; cell++) if (dense[cell]! > dense[peak]!) peak = cell
  return { dense, peak, strength }
}

/**
 * Reads a joint back where its weight is densest: the centroid of the smoothed weight around its {@link densestCell} is
 * the place. Unlike the mean of the strongest cells it does not land between two places that look alike.
 * @returns undefined where the channel is zero everywhere
 */
export function decodePeak(labels: SoftLabels, channel: number): DecodedJoint | undefined {
  const densest = densestCell(labels, channel)
  if (!densest) return undefined
  const { dense, peak, strength } = densest
  const { grid } = labels
  const { columns } = grid
  let [x, y, total] = [0, 0, 0]
  aroundCell(grid, Math.floor(peak / columns), peak % columns, CENTROID, (cell) => {
    const weight = dense[cell]!
    x += weight * (cell % columns)
    y += weight * Math.floor(cell / columns)
    total += weight
  })
  return { x: x / total, y: y / total, strength }
}

/** Calls back for the cells of the grid at most `far` rows and columns away. */
function aroundCell(
  { rows, columns }: Grid,
  row: number,
  column: number,
  far: number,
  each: (cell: number, down: number, across: number) => void,
): void {
  for (let down = Math.max(-far, -row); down <= Math.min(far, rows - 1 - row); down++)
    for (let across = Math.max(-far, -column); across <= Math.min(far, columns - 1 - column); across++)
      each((row + down) * columns + column + across, down, across)
}

/**
 * Reads a joint back: the mean of its `top` strongest cells, weighted by their strength.
 * @param top 5 in the published protocols
 * @returns undefined where the channel is zero everywhere
 */
export function decodeJoint(labels: SoftLabels, channel: number, top = 5): DecodedJoint | undefined {
  const { channels, data, grid } = labels
  const cells: number[] = []
  const strength: number[] = []
  for (let cell = 0; cell < cellCount(grid); cell++) {
    const value = data[cell * channels + channel]!
    if (value <= 0 || (cells.length === top && value <= strength[top - 1]!)) continue
    let at = cells.length < top ? cells.length : top - 1
    for (; at > 0 && strength[at - 1]! < value; at--) {
      cells[at] = cells[at - 1]!
      strength[at] = strength[at - 1]!
    }
    cells[at] = cell
    strength[at] = value
  }
  const total = strength.reduce((a, b) => a + b, 0)
  if (total <= 0) return undefined
  let x = 0
  let y = 0
  cells.forEach((cell, i) => {
    x += ((cell % grid.columns) * strength[i]!) / total
    y += (Math.floor(cell / grid.columns) * strength[i]!) / total
  })
  return { x, y, strength: strength[0]! }
}
