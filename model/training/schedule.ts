/** The learning rate over a run, as MAE's `lr_sched.adjust_learning_rate` and its scaling by batch give it. */

/** Pairs that the base learning rate is meant for. */
const BASE_BATCH = 256

/** Steps that the running mean of the loss looks back over. */
const SMOOTHING_STEPS = 50

export interface Schedule {
  /** Learning rate at the end of the warm-up. */
  readonly peak: number
  /** Learning rate at the very end. */
  readonly minimum: number
  /** Steps of linear rise from 0 to the peak. */
  readonly warmupSteps: number
  /** Steps of the whole run, warm-up included. */
  readonly steps: number
}

/** base * pairs / 256: a step that sees more pairs may go further. @param pairs pairs per optimiser step */
export function scaledLearningRate(base: number, pairs: number): number {
  return (base * pairs) / BASE_BATCH
}

/**
 * Linear warm-up, then half a cosine period down to the minimum.
 * @param step steps done before this one, 0..steps; fractions are allowed
 */
export function learningRateAt(schedule: Schedule, step: number): number {
  const { peak, minimum, warmupSteps, steps } = schedule
  if (step < warmupSteps) return (peak * step) / warmupSteps
  if (step >= steps) return minimum
  const progress = (step - warmupSteps) / (steps - warmupSteps)
  return minimum + (peak - minimum) * 0.5 * (1 + Math.cos(Math.PI * progress))
}

/**
 * The running mean of the loss: the plain mean of the first fifty steps, then a fiftieth of every new value.
 * Depends on nothing but the losses, so that a resumed run has the same one.
 * @param step steps done, this one included, from 1
 */
export function smoothLoss(before: number | undefined, loss: number, step: number): number {
  if (before === undefined) return loss
  return before + Math.max(1 / SMOOTHING_STEPS, 1 / step) * (loss - before)
}
