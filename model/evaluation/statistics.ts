/** The three numbers DAVIS prints of a list of J or F values. */
export interface Statistic {
  /** Mean of the values that are numbers. */
  mean: number
  /** Share of values above one half; NaN counts as a miss. */
  recall: number
  /** Mean of the first quarter minus mean of the last: positive when the result gets worse with time. */
  decay: number
}

/**
 * Mean, recall and decay of per-frame values (davis2017 `db_statistics`). The quarters share their border
 * frames: they run between the rounded points 1, 1 + (n-1)/4, ..., n, both ends included.
 * @param values one per frame, 0..1 or NaN, at least one
 * @param options.eightBitBins count frames in 8 bits as the public code does, which makes the decay NaN or wrong
 *   beyond 256 frames; only for comparing with it. No DAVIS sequence is that long.
 */
export function meanRecallDecay(
  values: ArrayLike<number>,
  options: { eightBitBins?: boolean } = {},
): Statistic {
  const list = Array.from(values)
  const at = (quarter: number) => {
    const index = roundHalfToEven(1 + ((list.length - 1) * quarter) / 4 + 1e-10) - 1
    return options.eightBitBins ? index % 256 : index
  }
  return {
    mean: meanOfNumbers(list),
    recall: list.filter((value) => value > 0.5).length / list.length,
    decay: meanOfNumbers(list.slice(at(0), at(1) + 1)) - meanOfNumbers(list.slice(at(3), at(4) + 1)),
  }
}

/** Mean of the values that are not NaN; NaN when there is none. */
export function meanOfNumbers(values: readonly number[]): number {
  let sum = 0
  let count = 0
  for (const value of values)
    if (!Number.isNaN(value)) {
      sum += value
      count++
    }
  return sum / count
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value)
  if (value - floor !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}
