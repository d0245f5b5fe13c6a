/** From the patch grid back to pixels: bilinear upsampling to the network's size, argmax, nearest to the video's. */
import { type LabelMap, nearestSource, resizeNearest } from '../label-map.ts'
import type { SoftLabels } from './grid.ts'
import { linearTap } from './labels.ts'
import type { PropagationSettings } from './settings.ts'

/** The four grid cells around a run of pixels and where in between they lie. */
interface Block {
  readonly corners: readonly [number, number, number, number]
  readonly start: number
  readonly end: number
}

/**
 * The label of every network pixel.
 * @param patch side of a cell in network pixels
 * @param protocol `dino` stretches every channel to 0..1 over the picture before the argmax
 * @returns a map of columns * patch by rows * patch; of equal channels the lower one wins
 */
export function decodeNetwork(
  soft: SoftLabels,
  patch: number,
  protocol: PropagationSettings['protocol'],
): LabelMap {
  const { grid, channels } = soft
  const width = grid.columns * patch
  const height = grid.rows * patch
  const data = new Uint8Array(width * height)
  const taps = Array.from({ length: width }, (_, x) => linearTap(x, grid.columns, width))
  const runs = columnRuns(taps)
  const weights = Float64Array.from(taps, ({ weight }) => weight)
  const active = activeChannels(soft)
  const stretch = protocol === 'dino' ? channelRanges(soft, patch, weights, runs, active) : undefined

  const best = new Float64Array(width)
  for (let y = 0; y < height; y++) {
    const vertical = linearTap(y, grid.rows, height)
    const top = vertical.low * grid.columns
    const bottom = vertical.high * grid.columns
    for (const run of runs) {
      const block = blockOf(run, top, bottom)
      const present = channelsOf(block.corners, active)
      const single = present.length === 1 ? present[0]! : -1
      // A block with one label needs no arithmetic, unless stretching could let an empty channel win.
      if (single >= 0 && !stretch) {
        data.fill(single, y * width + block.start, y * width + block.end)
        continue
      }
      best.fill(Number.NEGATIVE_INFINITY, block.start, block.end)
      const considered = stretch ? allChannels(channels) : present
      for (const channel of considered) {
        const { low, scale } = stretch?.[channel] ?? { low: 0, scale: 1 }
        interpolate(soft, block, vertical.weight, weights, channel, (x, value) => {
          const stretched = (value - low) * scale
          if (stretched > best[x]!) {
            best[x] = stretched
            data[y * width + x] = channel
          }
        })
      }
    }
  }
  return { width, height, data }
}

/**
 * The label of every video pixel.
 * @param size of the video
 */
export function decodeLabels(
  soft: SoftLabels,
  patch: number,
  size: { width: number; height: number },
  protocol: PropagationSettings['protocol'],
): LabelMap {
  return resizeNearest(decodeNetwork(soft, patch, protocol), size.width, size.height, ROUNDING[protocol])
}

/** How each protocol's code brings the network's picture to the video's size. */
const ROUNDING = { crw: 'floor', dino: 'centre' } as const

/**
 * The votes for one channel at one pixel of the video, before any stretching.
 * @param pixel row-major
 */
export function votesAt(
  { grid, channels, data }: SoftLabels,
  patch: number,
  channel: number,
  pixel: number,
  size: { width: number; height: number },
  protocol: PropagationSettings['protocol'],
): number {
  const y = Math.floor(pixel / size.width)
  const tap = (i: number, cells: number, pixels: number) =>
    linearTap(nearestSource(i, cells * patch, pixels, ROUNDING[protocol]), cells, cells * patch)
  const across = tap(pixel - y * size.width, grid.columns, size.width)
  const down = tap(y, grid.rows, size.height)
  const at = (row: number, column: number): number =>
    data[(row * grid.columns + column) * channels + channel]!
  const left = at(down.low, across.low) * (1 - down.weight) + at(down.high, across.low) * down.weight
  const right = at(down.low, across.high) * (1 - down.weight) + at(down.high, across.high) * down.weight
  return left + (right - left) * across.weight
}

type Run = { readonly low: number; readonly high: number; readonly start: number; readonly end: number }

/** Pixels of a line that lie between the same two columns. */
function columnRuns(taps: readonly { low: number; high: number }[]): Run[] {
  const runs: Run[] = []
  for (let start = 0; start < taps.length; ) {
    const { low, high } = taps[start]!
    let end = start + 1
    while (end < taps.length && taps[end]!.low === low && taps[end]!.high === high) end++
    runs.push({ low, high, start, end })
    start = end
  }
  return runs
}

function blockOf(run: Run, top: number, bottom: number): Block {
  return {
    corners: [top + run.low, top + run.high, bottom + run.low, bottom + run.high],
    start: run.start,
    end: run.end,
  }
}

/** Per cell, the channels that are not zero, ascending. */
function activeChannels({ channels, data }: SoftLabels): readonly (readonly number[])[] {
  const alone = Array.from({ length: channels }, (_, channel) => [channel])
  return Array.from({ length: data.length / channels }, (_, cell) => {
    const present: number[] = []
    for (let channel = 0; channel < channels; channel++)
      if (data[cell * channels + channel] !== 0) present.push(channel)
    return present.length === 1 ? alone[present[0]!]! : present
  })
}

/** The channels present at any of four corners; never empty, so that a cell without labels is background. */
function channelsOf(corners: Block['corners'], active: readonly (readonly number[])[]): readonly number[] {
  const first = active[corners[0]]!
  if (corners.every((cell) => active[cell] === first)) return first.length > 0 ? first : [0]
  const union = [...new Set(corners.flatMap((cell) => active[cell]!))].sort((a, b) => a - b)
  return union.length > 0 ? union : [0]
}

const allChannels = (count: number): number[] => Array.from({ length: count }, (_, channel) => channel)

/** Calls `visit` with one channel's bilinear value at every pixel of a block's line. */
function interpolate(
  { channels, data }: SoftLabels,
  { corners, start, end }: Block,
  vertical: number,
  weights: Float64Array,
  channel: number,
  visit: (x: number, value: number) => void,
): void {
  const at = (corner: number): number => data[corners[corner]! * channels + channel]!
  const left = at(0) * (1 - vertical) + at(2) * vertical
  const right = at(1) * (1 - vertical) + at(3) * vertical
  for (let x = start; x < end; x++) visit(x, left + (right - left) * weights[x]!)
}

/** What makes each channel's upsampled picture span 0..1; a channel that is zero everywhere stays zero. */
function channelRanges(
  soft: SoftLabels,
  patch: number,
  weights: Float64Array,
  runs: readonly Run[],
  active: readonly (readonly number[])[],
): { low: number; scale: number }[] | undefined {
  const { grid, channels } = soft
  const low = new Float64Array(channels).fill(Number.POSITIVE_INFINITY)
  const high = new Float64Array(channels).fill(Number.NEGATIVE_INFINITY)
  const height = grid.rows * patch
  for (let y = 0; y < height; y++) {
    const vertical = linearTap(y, grid.rows, height)
    for (const run of runs) {
      const block = blockOf(run, vertical.low * grid.columns, vertical.high * grid.columns)
      const present = channelsOf(block.corners, active)
      for (let channel = 0; channel < channels; channel++) {
        if (!present.includes(channel)) {
          low[channel] = Math.min(low[channel]!, 0)
          high[channel] = Math.max(high[channel]!, 0)
        } else
          interpolate(soft, block, vertical.weight, weights, channel, (_, value) => {
            if (value < low[channel]!) low[channel] = value
            if (value > high[channel]!) high[channel] = value
          })
      }
    }
  }
  // Channels that already span 0..1 need no stretching; most clips are like that.
  if (low.every((value) => value === 0) && high.every((value) => value === 1)) return undefined
  return allChannels(channels).map((channel) => {
    const span = high[channel]! - low[channel]!
    return high[channel]! > 0 && span > 0 ? { low: low[channel]!, scale: 1 / span } : { low: 0, scale: 1 }
  })
}
