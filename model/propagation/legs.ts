/** How the walks of a leg become the labels of its frames. */
import { blendLabels, type PackedLabels, packLabels, type SoftLabels, unpackLabels } from './grid.ts'
import { type Leg, legWalks } from './plan.ts'
import type { LegProgress } from './resume.ts'
import type { EarlierSteps, WalkStep } from './walk.ts'

/** Walks frames from the first one, which is marked, behind what was walked before. @param walk its place in the leg */
export type WalkFrom = (
  walk: number,
  frames: readonly number[],
  before: EarlierSteps | undefined,
) => AsyncGenerator<WalkStep>

/** Labels of a frame, and the marked frame that they come from (mostly). */
export interface LabelledStep extends WalkStep {
  readonly origin: number
  /** Labels from the other end of the span are still to come. */
  readonly provisional: boolean
}

/** From a marked frame outwards. */
export async function* outwards(
  { frames }: Extract<Leg, { kind: 'walk' }>,
  walkFrom: WalkFrom,
  done: LegProgress,
): AsyncGenerator<LabelledStep> {
  for await (const step of walkFrom(0, frames, done.walks[0]))
    yield { ...step, origin: frames[0]!, provisional: false }
}

/**
 * A span between two marked frames, labelled from both ends: near one end that end's labels count more. The walk
 * from the first end is kept packed, a few kilobytes per frame, and its labels are given as they come, so that
 * whoever stops in the middle has them.
 */
export async function* between(
  leg: Extract<Leg, { kind: 'between' }>,
  walkFrom: WalkFrom,
  done: LegProgress,
): AsyncGenerator<LabelledStep> {
  const { from, to } = leg
  const [up, down] = legWalks(leg)
  const kept = new Map<number, PackedLabels>()
  for await (const { frame, labels } of walkFrom(0, up!, done.walks[0])) {
    kept.set(frame, packLabels(labels))
    yield { frame, labels, origin: from, provisional: true }
  }
  for await (const { frame, labels } of walkFrom(1, down!, done.walks[1])) {
    const packed = kept.get(frame)
    const other = packed ? unpackLabels(packed) : done.firstEnd(frame)
    const joined = other ? joinEnds(leg, frame, other, labels) : labels
    kept.delete(frame)
    yield { frame, labels: joined, origin: frame - from <= to - frame ? from : to, provisional: false }
  }
}

/** The labels of a frame of a span from those of both ends. */
export function joinEnds(
  { from, to }: Pick<Extract<Leg, { kind: 'between' }>, 'from' | 'to'>,
  frame: number,
  fromFirst: SoftLabels,
  fromSecond: SoftLabels,
): SoftLabels {
  return blendLabels(fromFirst, fromSecond, (to - frame) / (to - from))
}
