import { AnnotationError } from './error.ts'
import { MAX_FRAMES, MAX_KEYPOINTS, MAX_OBJECTS } from './limits.ts'
import { checkSize, type Rle } from './rle.ts'
import type { Entry, Keypoint, Label, Run, Shape, Skeleton, TrackedObject, VideoReference } from './types.ts'

// Each check throws AnnotationError with one sentence. They look at values, not at other parts of a document.

const COLOUR = /^#[0-9a-fA-F]{6}$/
const VISIBILITIES: readonly string[] = ['visible', 'occluded', 'absent']
const ISO_DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/
const DIRECTIONS: readonly string[] = ['forward', 'backward', 'both']

/** @param message a function where the check is made for every entry, so that no text is made in vain */
function requireThat(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new AnnotationError(typeof message === 'string' ? message : message())
}

const isId = (id: number) => Number.isSafeInteger(id) && id >= 1
const isText = (text: unknown): text is string => typeof text === 'string' && text.length > 0

export function checkVideo(video: VideoReference): void {
  requireThat(isText(video.path), 'A video needs a path.')
  requireThat(typeof video.hash === 'string', 'The hash of a video must be text.')
  requireThat(
    Number.isInteger(video.frameCount) && video.frameCount >= 1 && video.frameCount <= MAX_FRAMES,
    `A video of ${video.frameCount} frames is not possible: 1 to ${MAX_FRAMES} are.`,
  )
  checkSize(video.width, video.height)
}

export function checkFrame(frame: number, frameCount: number): void {
  requireThat(
    Number.isInteger(frame) && frame >= 0 && frame < frameCount,
    () => `Frame ${frame} is not in the video: its frames are 0 to ${frameCount - 1}.`,
  )
}

export function checkLabel(label: Label): void {
  requireThat(isId(label.id), `Label id ${label.id} is not a whole number from 1 on.`)
  requireThat(isText(label.name), `Label ${label.id} needs a name.`)
  requireThat(COLOUR.test(label.colour), `The colour of label ${label.id} must look like #rrggbb.`)
  if (label.skeleton !== undefined) checkSkeleton(label.skeleton, label.id)
}

function checkSkeleton({ keypoints, edges }: Skeleton, labelId: number): void {
  const of = `The skeleton of label ${labelId}`
  requireThat(
    keypoints.length >= 1 && keypoints.length <= MAX_KEYPOINTS,
    `${of} must have 1 to ${MAX_KEYPOINTS} keypoints, not ${keypoints.length}.`,
  )
  requireThat(keypoints.every(isText), `${of} has a keypoint without a name.`)
  requireThat(new Set(keypoints).size === keypoints.length, `${of} has two keypoints of the same name.`)
  const known = (end: number) => Number.isInteger(end) && end >= 0 && end < keypoints.length
  for (const [from, to] of edges)
    requireThat(known(from) && known(to), `${of} has an edge to a keypoint that it does not have.`)
}

export function checkObject(object: TrackedObject): void {
  requireThat(
    isId(object.id) && object.id <= MAX_OBJECTS,
    `Object id ${object.id} is not possible: ids are 1 to ${MAX_OBJECTS}.`,
  )
  requireThat(isText(object.name), `Object ${object.id} needs a name.`)
  requireThat(
    object.colour === undefined || COLOUR.test(object.colour),
    `The colour of object ${object.id} must look like #rrggbb.`,
  )
}

export function checkRun(run: Run, frameCount: number): void {
  requireThat(isId(run.id), `Run id ${run.id} is not a whole number from 1 on.`)
  requireThat(DIRECTIONS.includes(run.direction), `Run ${run.id} has no direction that is known.`)
  for (const frame of run.range) checkFrame(frame, frameCount)
  requireThat(run.range[0] <= run.range[1], `The range of run ${run.id} ends before it starts.`)
  requireThat(
    ISO_DATE.test(run.date) && !Number.isNaN(Date.parse(run.date)),
    `The date of run ${run.id} is no ISO 8601 date.`,
  )
}

/** @param keypointCount of the label's skeleton; 0 without one */
export function checkEntry(entry: Entry, video: VideoReference, keypointCount: number): void {
  switch (entry.state) {
    case 'keyframe':
      checkOccluded(entry.occluded)
      checkShape(entry, video, keypointCount)
      break
    case 'propagated':
      checkConfidence(entry.confidence)
      checkOccluded(entry.occluded)
      checkShape(entry, video, keypointCount)
      break
    case 'absent':
      if (entry.by === 'run') checkConfidence(entry.confidence)
      else requireThat(entry.by === 'person', 'Only a person or a run can say that an object is absent.')
      break
    default:
      entry satisfies never
      throw new AnnotationError('An entry must be a keyframe, propagated or absent.')
  }
}

function checkOccluded(occluded: unknown): void {
  requireThat(typeof occluded === 'boolean', 'Whether an object is occluded must be true or false.')
}

function checkConfidence(confidence: number): void {
  requireThat(confidence >= 0 && confidence <= 1, () => `Confidence ${confidence} is not between 0 and 1.`)
}

function checkShape({ mask, keypoints }: Shape, video: VideoReference, keypointCount: number): void {
  if (mask !== undefined) checkMask(mask, video)
  if (keypoints === undefined) return
  requireThat(keypoints.length === keypointCount, () =>
    keypointCount === 0
      ? "Keypoints need a skeleton in the object's label."
      : `${keypoints.length} keypoints do not fit a skeleton of ${keypointCount}.`,
  )
  for (const keypoint of keypoints) checkKeypoint(keypoint)
}

function checkMask({ width, height, counts }: Rle, video: VideoReference): void {
  requireThat(
    width === video.width && height === video.height,
    () => `A mask of ${width}x${height} pixels does not fit a video of ${video.width}x${video.height}.`,
  )
  let sum = 0
  for (let i = 0; i < counts.length; i++) sum += counts[i]!
  requireThat(
    sum === width * height,
    () => `The runs of a mask of ${width}x${height} pixels sum up to ${sum}.`,
  )
}

function checkKeypoint({ x, y, visibility, confidence }: Keypoint): void {
  requireThat(Number.isFinite(x) && Number.isFinite(y), () => `A keypoint at (${x}, ${y}) is not possible.`)
  requireThat(VISIBILITIES.includes(visibility), 'A keypoint must be visible, occluded or absent.')
  if (confidence !== undefined) checkConfidence(confidence)
}
