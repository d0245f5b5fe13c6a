import { boundaryF } from './boundary.ts'
import { jaccard } from './region.ts'
import { meanRecallDecay, type Statistic } from './statistics.ts'

/** One frame of a sequence as object ids, 0 background, row-major. */
export interface LabelledFrame {
  truth: Uint8Array
  prediction: Uint8Array
}

/** J and F of one object in the frames that count. */
export interface ObjectScore {
  id: number
  j: Statistic
  f: Statistic
  /** (J mean + F mean) / 2. */
  jf: number
  jPerFrame: number[]
  fPerFrame: number[]
}

/**
 * J and F of one frame for each object.
 * @param objects ids to score; every other id, 255 included, is background on both sides
 * @returns `[object]`, in the order of `objects`
 */
export function scoreFrame(
  frame: LabelledFrame,
  objects: readonly number[],
  width: number,
  height: number,
): { j: number; f: number }[] {
  return objects.map((id) => {
    const truth = maskOf(frame.truth, id)
    const prediction = maskOf(frame.prediction, id)
    return { j: jaccard(prediction, truth), f: boundaryF(prediction, truth, width, height) }
  })
}

/**
 * Sums up the frames of one sequence: mean, recall and decay of J and F per object.
 * @param frames results of {@link scoreFrame} for the frames that count, in order. The DAVIS protocol for a given
 *   first mask leaves out the first and the last frame of the sequence.
 */
export function summariseObjects(
  objects: readonly number[],
  frames: readonly (readonly { j: number; f: number }[])[],
): ObjectScore[] {
  return objects.map((id, index) => {
    const jPerFrame = frames.map((frame) => frame[index]!.j)
    const fPerFrame = frames.map((frame) => frame[index]!.f)
    const j = meanRecallDecay(jPerFrame)
    const f = meanRecallDecay(fPerFrame)
    return { id, j, f, jf: (j.mean + f.mean) / 2, jPerFrame, fPerFrame }
  })
}

/** Scores a whole sequence in memory: {@link scoreFrame} of all but the first and last frame, summed up. */
export function scoreSequence(
  frames: readonly LabelledFrame[],
  objects: readonly number[],
  width: number,
  height: number,
): ObjectScore[] {
  const counted = frames.slice(1, -1)
  return summariseObjects(
    objects,
    counted.map((frame) => scoreFrame(frame, objects, width, height)),
  )
}

function maskOf(labels: Uint8Array, id: number): Uint8Array {
  const mask = new Uint8Array(labels.length)
  for (let i = 0; i < labels.length; i++) if (labels[i] === id) mask[i] = 1
  return mask
}
