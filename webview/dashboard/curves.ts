import type { StepView } from '../protocol/index.ts'

/**
 * The running mean that TensorBoard draws: each value weighs `1 - share` against what was before, and the first ones
 * are not drawn towards 0.
 * @param share 0 (as it is) to below 1
 */
export function smooth(values: readonly number[], share: number): number[] {
  let mean = 0
  let weight = 0
  return values.map((value) => {
    mean = share * mean + (1 - share) * value
    weight = share * weight + (1 - share)
    return mean / weight
  })
}

/** Columns for a chart: the steps, and one value of each. */
export function columns(
  steps: readonly StepView[],
  of: (step: StepView) => number,
): [x: number[], y: number[]] {
  return [steps.map(({ step }) => step), steps.map(of)]
}

/** Bounds of an axis around some values, with a little room; undefined where there is none. */
export function boundsOf(
  values: Iterable<number | null | undefined>,
  log: boolean,
): [number, number] | undefined {
  let least = Number.POSITIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (typeof value !== 'number' || !Number.isFinite(value) || (log && value <= 0)) continue
    least = Math.min(least, value)
    most = Math.max(most, value)
  }
  if (least > most) return undefined
  if (log) return [least / 1.05, most * 1.05]
  const room = (most - least || Math.abs(most) || 1) * 0.05
  return [least - room, most + room]
}
