import { meanOfNumbers } from './statistics.ts'

/** Pixels of the video, 0-based: the centre of the first pixel is 0, 0. */
export interface Point {
  x: number
  y: number
}

/** The joints of one clip, frame by frame; every frame lists the same joints in the same order. */
export interface PckClip {
  /** Ground truth, `[frame][joint]`. Frame 0 is the one that was given to the tracker. */
  truth: readonly (readonly Point[])[]
  /** Predictions, `[frame][joint]`; undefined where the joint is not visible. */
  predictions: readonly (readonly (Point | undefined)[])[]
}

export interface PckScore {
  threshold: number
  /** Share of correct predictions per joint, 0..1; NaN for a joint that was never predicted. */
  perJoint: number[]
  /** Mean over the joints that were predicted. */
  mean: number
}

/**
 * Probability of correct keypoint as JHMDB is scored (UVC, CRW and CropMAE use the same code): a prediction is
 * correct when it is at most `threshold` times the size of the body away from the truth. The size of the body is
 * 0.6 x the diagonal of the box around the true joints whose prediction is visible in that frame. Frame 0 and
 * joints without a prediction do not count.
 * @param thresholds such as 0.1 and 0.2
 * @throws RangeError when a clip's frames or joints do not match
 */
export function pck(clips: readonly PckClip[], thresholds: readonly number[]): PckScore[] {
  const perJoint = normalisedDistances(clips)
  return thresholds.map((threshold) => {
    const shares = perJoint.map(
      (distances) => distances.filter((distance) => distance <= threshold).length / distances.length,
    )
    return { threshold, perJoint: shares, mean: meanOfNumbers(shares) }
  })
}

/** Distances over body size, per joint, of every prediction that counts; the rule of {@link pck}. */
export function normalisedDistances(clips: readonly PckClip[]): number[][] {
  const joints = clips[0]?.truth[0]?.length ?? 0
  const perJoint: number[][] = Array.from({ length: joints }, () => [])
  for (const { truth, predictions } of clips) {
    if (truth.length !== predictions.length)
      throw new RangeError(`${predictions.length} predicted frames cannot be compared with ${truth.length}`)
    for (let frame = 1; frame < truth.length; frame++) {
      const expected = truth[frame]!
      const predicted = predictions[frame]!
      if (expected.length !== joints || predicted.length !== joints)
        throw new RangeError(`Frame ${frame} does not have ${joints} joints`)
      const size = bodySize(expected, predicted)
      predicted.forEach((point, joint) => {
        if (point === undefined) return
        const { x, y } = expected[joint]!
        perJoint[joint]!.push(Math.hypot(point.x - x, point.y - y) / size)
      })
    }
  }
  return perJoint
}

/** 0.6 x the diagonal of the box around the true joints whose prediction is visible, in pixels. */
export function bodySize(truth: readonly Point[], predictions: readonly (Point | undefined)[]): number {
  const visible = truth.filter((_, joint) => predictions[joint] !== undefined)
  const xs = visible.map(({ x }) => x)
  const ys = visible.map(({ y }) => y)
  return 0.6 * Math.hypot(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys))
}
