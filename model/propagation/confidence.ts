import { cellCount, type SoftLabels } from './grid.ts'

/**
 * How sure the votes are of each channel, 0..1: over the cells that the channel wins, the mean of its lead over
 * the second channel. A channel that wins no cell: how far the best it reaches anywhere stays behind, which is how
 * sure the votes are that the object is gone.
 */
export function channelConfidence({ grid, channels, data }: SoftLabels): Float64Array {
  const lead = new Float64Array(channels)
  const won = new Float64Array(channels)
  const best = new Float64Array(channels)
  for (let cell = 0; cell < cellCount(grid); cell++) {
    let first = 0
    let firstValue = Number.NEGATIVE_INFINITY
    let secondValue = 0
    for (let channel = 0; channel < channels; channel++) {
      const value = data[cell * channels + channel]!
      if (value > best[channel]!) best[channel] = value
      if (value > firstValue) {
        secondValue = Math.max(secondValue, firstValue)
        first = channel
        firstValue = value
      } else if (value > secondValue) secondValue = value
    }
    won[first]!++
    lead[first]! += firstValue - secondValue
  }
  return Float64Array.from(won, (cells, channel) =>
    Math.min(1, Math.max(0, cells > 0 ? lead[channel]! / cells : 1 - best[channel]!)),
  )
}
