import * as v from 'valibot'
import {
  type AnnotationDocument,
  AnnotationError,
  area,
  difference,
  type Edit,
  type Entry,
  MAX_FRAMES,
  MAX_KEYPOINTS,
  MAX_OBJECTS,
  type Rle,
  type RunResult,
  type VideoReference,
} from '../../model/annotation/index.ts'

/**
 * What a view may change: entries of a person, clearing an entry, and taking pixels away from a model's mask. A webview is not trusted, so everything is checked
 * here before the document checks it again with what it knows.
 */

/** More entries are not one step of a person's work in a view. */
const MOST_EDITS = 10_000
const MOST_RUNS = 2 ** 24

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const finite = v.pipe(v.number(), v.finite())
const Mask = v.strictObject({
  width: whole,
  height: whole,
  counts: v.pipe(
    v.instance(Uint32Array),
    v.check((counts) => counts.length <= MOST_RUNS),
  ),
})
const Keypoint = v.strictObject({
  x: finite,
  y: finite,
  visibility: v.picklist(['visible', 'occluded', 'absent']),
})
/** Only as it is there already, with a smaller mask: see {@link takenOver}. */
const Propagated = v.strictObject({
  state: v.literal('propagated'),
  run: whole,
  confidence: finite,
  occluded: v.boolean(),
  mask: v.optional(Mask),
  keypoints: v.optional(v.pipe(v.array(v.looseObject({})), v.maxLength(MAX_KEYPOINTS))),
})
const ViewEntry = v.union([
  v.strictObject({
    state: v.literal('keyframe'),
    occluded: v.boolean(),
    mask: v.optional(Mask),
    keypoints: v.optional(v.pipe(v.array(Keypoint), v.maxLength(MAX_KEYPOINTS))),
  }),
  v.strictObject({ state: v.literal('absent'), by: v.literal('person') }),
  Propagated,
])
const SetEntry = v.strictObject({
  kind: v.literal('setEntry'),
  objectId: v.pipe(whole, v.minValue(1), v.maxValue(MAX_OBJECTS)),
  frame: v.pipe(whole, v.maxValue(MAX_FRAMES - 1)),
  entry: v.optional(ViewEntry),
})
const SetEntries = v.pipe(v.array(SetEntry), v.minLength(1), v.maxLength(MOST_EDITS))

/**
 * Checks the edits of a view's step.
 * @returns the same edits made anew, holding nothing that was not checked
 * @throws AnnotationError when they are anything but a person's marks that fit the video
 */
export function checkViewEdits(edits: unknown, document: AnnotationDocument): Edit[] {
  const result = v.safeParse(SetEntries, edits, { abortEarly: true })
  if (!result.success) {
    const [issue] = result.issues
    throw new AnnotationError(`The view asked for an edit that is not possible: ${issue.message}.`)
  }
  return result.output.map(({ objectId, frame, entry }): Edit => {
    if (entry === undefined || entry.state === 'absent') return { kind: 'setEntry', objectId, frame, entry }
    const mask = entry.mask && checkedMask(entry.mask, document.video)
    if (entry.state === 'propagated')
      return {
        kind: 'setEntry',
        objectId,
        frame,
        entry: takenOver(document, objectId, frame, entry.run, mask),
      }
    return { kind: 'setEntry', objectId, frame, entry: { ...entry, ...(mask && { mask }) } }
  })
}

/** What a person marks or clears in a step: by object and frame, the entry that was there before. */
export type Corrections = ReadonlyMap<number, ReadonlyMap<number, Entry | undefined>>

/** What a step is about to correct in a document; drawing over a model's mask is no correction of that. */
export function correctionsOf(edit: Edit, document: AnnotationDocument): Corrections {
  const corrected = new Map<number, Map<number, Entry | undefined>>()
  const collect = (part: Edit): void => {
    if (part.kind === 'group') part.edits.forEach(collect)
    if (part.kind !== 'setEntry' || part.entry?.state === 'propagated') return
    const frames = corrected.get(part.objectId) ?? new Map<number, Entry | undefined>()
    corrected.set(part.objectId, frames.set(part.frame, document.entry(part.objectId, part.frame)))
  }
  collect(edit)
  return corrected
}

/** A model's entry with the mask that drawing over it has left; nothing else of it may change. */
function takenOver(
  document: AnnotationDocument,
  objectId: number,
  frame: number,
  run: number,
  mask: Rle | undefined,
): Entry {
  const there = document.entry(objectId, frame)
  if (
    there?.state !== 'propagated' ||
    there.run !== run ||
    there.mask === undefined ||
    (mask !== undefined && area(difference(mask, there.mask)) > 0)
  )
    throw new AnnotationError(`A view can only take pixels away from the mask of a run (frame ${frame}).`)
  const { mask: _, ...rest } = there
  return mask === undefined ? rest : { ...rest, mask }
}

/** Of the video's size, in canonical form: no zero-length runs but a leading one. */
function checkedMask({ width, height, counts }: v.InferOutput<typeof Mask>, video: VideoReference): Rle {
  if (width !== video.width || height !== video.height)
    throw new AnnotationError(
      `A mask of ${width}x${height} pixels does not fit a video of ${video.width}x${video.height}.`,
    )
  let sum = 0
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!
    if (count === 0 && i > 0) throw new AnnotationError(`Run ${i} of a mask is empty.`)
    sum += count
  }
  if (sum !== width * height)
    throw new AnnotationError(`The runs of a mask of ${width}x${height} pixels sum up to ${sum}.`)
  return { width, height, counts: ownCounts(counts) }
}

/** Counts that keep nothing else of a message in memory. */
export function ownCounts(counts: Uint32Array): Uint32Array {
  return counts.byteLength === counts.buffer.byteLength ? counts : counts.slice()
}

/** A result of the model process keeps nothing else of its message in memory. */
export function withOwnCounts(result: RunResult): RunResult {
  const { entry } = result
  if (entry.state === 'absent' || entry.mask === undefined) return result
  const mask = { ...entry.mask, counts: ownCounts(entry.mask.counts) }
  return { ...result, entry: { ...entry, mask } as Entry & typeof entry }
}
