/** What an annotated clip can tell about a model: everything is carried from the first keyframes, the others judge. */
import type { AnnotationDocument, Entry, Keypoint, Rle } from '../annotation/index.ts'
import { area, decodeMask } from '../annotation/index.ts'
import type { PersonsMark } from '../marks/index.ts'
import { boundaryF } from './boundary.ts'
import { normalisedDistances, type Point } from './pck.ts'
import { jaccard } from './region.ts'
import { meanOfNumbers } from './statistics.ts'

/** The mask, or the keypoints, of one object on the frames that a person has marked after the first. */
export type Truth =
  | {
      readonly kind: 'masks'
      readonly objectId: number
      /** By frame; undefined where a person said that the object is absent, or emptied its mask. */
      readonly frames: ReadonlyMap<number, Rle | undefined>
    }
  | {
      readonly kind: 'keypoints'
      readonly objectId: number
      readonly frames: ReadonlyMap<number, readonly Keypoint[]>
    }

/** A clip as a test for models. */
export interface Trial {
  /** What is given to the model: of every object its first mask and its first keypoints. */
  readonly marks: readonly PersonsMark[]
  readonly truths: readonly Truth[]
  /** First frame that is given and last one that is compared. */
  readonly range: readonly [number, number]
  /** Marked frames that are compared, over all objects. */
  readonly keyframes: number
}

/** @returns undefined where no object has a second keyframe to compare with */
export function planTrial(document: AnnotationDocument): Trial | undefined {
  const marks: PersonsMark[] = []
  const truths: Truth[] = []
  for (const objectId of document.objects.keys()) {
    const known = [...document.entries(objectId)].sort(([a], [b]) => a - b)
    for (const truth of [masksOf(objectId, known, marks), keypointsOf(objectId, known, marks)])
      if (truth) truths.push(truth)
  }
  if (truths.length === 0) return undefined
  // An object that nothing can be compared with is not carried.
  const judged = new Set(truths.map(({ kind, objectId }) => `${kind} ${objectId}`))
  const given = marks.filter(({ objectId, entry }) =>
    judged.has(`${entry.state === 'keyframe' && entry.mask ? 'masks' : 'keypoints'} ${objectId}`),
  )
  const frames = truths.flatMap((truth) => [...truth.frames.keys()])
  return {
    marks: given,
    truths,
    range: [Math.min(...given.map(({ frame }) => frame)), Math.max(...frames)],
    keyframes: frames.length,
  }
}

type Known = readonly (readonly [frame: number, entry: Entry])[]

function masksOf(objectId: number, known: Known, marks: PersonsMark[]): Truth | undefined {
  const frames = new Map<number, Rle | undefined>()
  let first: number | undefined
  for (const [frame, entry] of known) {
    if (first === undefined) {
      if (entry.state !== 'keyframe' || !entry.mask || area(entry.mask) === 0) continue
      first = frame
      marks.push({
        objectId,
        frame,
        entry: { state: 'keyframe', occluded: entry.occluded, mask: entry.mask },
      })
    } else if (entry.state === 'keyframe' && entry.mask)
      frames.set(frame, area(entry.mask) > 0 ? entry.mask : undefined)
    else if (entry.state === 'absent' && entry.by === 'person') frames.set(frame, undefined)
  }
  return [...frames.values()].some((mask) => mask !== undefined)
    ? { kind: 'masks', objectId, frames }
    : undefined
}

function keypointsOf(objectId: number, known: Known, marks: PersonsMark[]): Truth | undefined {
  const frames = new Map<number, readonly Keypoint[]>()
  let first: number | undefined
  for (const [frame, entry] of known) {
    if (entry.state !== 'keyframe' || !entry.keypoints) continue
    if (!entry.keypoints.some(({ visibility }) => visibility !== 'absent')) continue
    if (first === undefined) {
      first = frame
      const { occluded, keypoints } = entry
      marks.push({ objectId, frame, entry: { state: 'keyframe', occluded, keypoints } })
    } else frames.set(frame, entry.keypoints)
  }
  return frames.size > 0 ? { kind: 'keypoints', objectId, frames } : undefined
}

/** How well one object was followed, 0 to 1; undefined for what was not measured. */
export interface ObjectAgreement {
  readonly j?: number
  readonly f?: number
  readonly pck10?: number
  readonly pck20?: number
}

/** What a model said of an object on a frame; undefined where it said nothing. */
export type PredictionOf = (objectId: number, frame: number) => Entry | undefined

/**
 * J and F of masks as DAVIS measures them, over all frames that a person marked; PCK of keypoints as JHMDB does, joints
 * left out that the person called absent or the model gives no place.
 */
export function agreementOf(
  truth: Truth,
  predictionOf: PredictionOf,
  { width, height }: { readonly width: number; readonly height: number },
): ObjectAgreement {
  if (truth.kind === 'masks') {
    const empty = new Uint8Array(width * height)
    const scores = [...truth.frames].map(([frame, mask]) => {
      const entry = predictionOf(truth.objectId, frame)
      const predicted = entry && entry.state !== 'absent' && entry.mask ? decodeMask(entry.mask) : empty
      const expected = mask ? decodeMask(mask) : empty
      return { j: jaccard(predicted, expected), f: boundaryF(predicted, expected, width, height) }
    })
    return { j: meanOfNumbers(scores.map(({ j }) => j)), f: meanOfNumbers(scores.map(({ f }) => f)) }
  }
  const frames = [...truth.frames].flatMap(([frame, expected]) => {
    const entry = predictionOf(truth.objectId, frame)
    const said = entry && entry.state !== 'absent' ? entry.keypoints : undefined
    const predicted = expected.map((joint, index): Point | undefined => {
      const point = said?.[index]
      return joint.visibility === 'absent' || !point || point.visibility === 'absent' ? undefined : point
    })
    // The body's size is that of the box around the joints: it takes two of them.
    return predicted.filter((point) => point !== undefined).length >= 2 ? [{ expected, predicted }] : []
  })
  if (frames.length === 0) return {}
  // The first frame of a clip is the one that was given and does not count.
  const joints = frames[0]!.expected.length
  const given = Array.from({ length: joints }, () => ({ x: 0, y: 0 }))
  const clip = {
    truth: [given, ...frames.map(({ expected }) => expected)],
    predictions: [given, ...frames.map(({ predicted }) => predicted)],
  }
  const distances = normalisedDistances([clip]).flat()
  const within = (threshold: number): number =>
    distances.filter((distance) => distance <= threshold).length / Math.max(1, distances.length)
  return { pck10: within(0.1), pck20: within(0.2) }
}

/** Means of what was measured. J&F is the mean of J and F. */
export function meanAgreement(objects: readonly ObjectAgreement[]): {
  readonly jf: number | undefined
  readonly j: number | undefined
  readonly f: number | undefined
  readonly pck10: number | undefined
  readonly pck20: number | undefined
} {
  const mean = (key: keyof ObjectAgreement): number | undefined => {
    const values = objects.map((object) => object[key]).filter((value) => value !== undefined)
    return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length
  }
  const j = mean('j')
  const f = mean('f')
  return {
    jf: j === undefined || f === undefined ? undefined : (j + f) / 2,
    j,
    f,
    pck10: mean('pck10'),
    pck20: mean('pck20'),
  }
}
