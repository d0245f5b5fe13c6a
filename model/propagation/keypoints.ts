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
