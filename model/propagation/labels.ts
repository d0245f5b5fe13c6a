/** From pixels to the patch grid: how a marked mask becomes the soft labels that travel. */
import { type LabelMap, resizeNearest } from '../label-map.ts'
import { cellCount, type Grid, type SoftLabels } from './grid.ts'
import type { PropagationSettings } from './settings.ts'

/** Two source positions and the weight of the second, half-pixel centres, clamped at the borders. */
export function linearTap(
  i: number,
  from: number,
  to: number,
): { low: number; high: number; weight: number } {
  const source = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5))
  const low = Math.floor(source)
  return { low, high: Math.min(low + 1, from - 1), weight: source - low }
}

/**
 * Soft labels of a marked mask on the grid.
 *
 * `crw`: the mask is brought to the network's size (nearest, floor) and each label's one-hot picture is sampled
 * bilinearly at the cell centres, without antialiasing, as CRW and CropMAE do. `dino`: each cell takes the label
 * at its centre.
 * @param channels number of labels with the background
 * @param patch side of a cell in network pixels
 */
export function labelsFromMask(
  map: LabelMap,
  grid: Grid,
  channels: number,
  patch: number,
  protocol: PropagationSettings['protocol'],
): SoftLabels {
  const { rows, columns } = grid
  const data = new Float32Array(cellCount(grid) * channels)
  if (protocol === 'dino') {
    const small = resizeNearest(map, columns, rows, 'centre')
    small.data.forEach((label, cell) => {
      data[cell * channels + label] = 1
    })
    return { grid, channels, data }
  }
  const network = resizeNearest(map, columns * patch, rows * patch, 'floor')
  for (let row = 0; row < rows; row++) {
    const y = linearTap(row, network.height, rows)
    for (let column = 0; column < columns; column++) {
      const x = linearTap(column, network.width, columns)
      const base = (row * columns + column) * channels
      const put = (line: number, pixel: number, weight: number): void => {
        data[base + network.data[line * network.width + pixel]!]! += weight
      }
      put(y.low, x.low, (1 - y.weight) * (1 - x.weight))
      put(y.low, x.high, (1 - y.weight) * x.weight)
      put(y.high, x.low, y.weight * (1 - x.weight))
      put(y.high, x.high, y.weight * x.weight)
    }
  }
  return { grid, channels, data }
}

/**
 * Soft labels of a mask that was decoded from the grid: per cell the share of its pixels that each label has. Unlike
 * the one picture point per cell of {@link labelsFromMask}, this keeps where within a cell an outline lies.
 * @param channels number of labels with the background
 */
export function labelsFromDecoded(map: LabelMap, grid: Grid, channels: number): SoftLabels {
  const { rows, columns } = grid
  const data = new Float32Array(cellCount(grid) * channels)
  const counts = new Uint32Array(cellCount(grid))
  const columnOf = Int32Array.from({ length: map.width }, (_, x) => Math.floor((x * columns) / map.width))
  for (let y = 0; y < map.height; y++) {
    const row = Math.floor((y * rows) / map.height) * columns
    for (let x = 0; x < map.width; x++) {
      const cell = row + columnOf[x]!
      counts[cell]!++
      data[cell * channels + map.data[y * map.width + x]!]!++
    }
  }
  counts.forEach((count, cell) => {
    // A video smaller than the grid leaves cells without a pixel.
    if (count === 0) data[cell * channels] = 1
    else for (let channel = 0; channel < channels; channel++) data[cell * channels + channel]! /= count
  })
  return { grid, channels, data }
}
