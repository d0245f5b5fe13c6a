import * as v from 'valibot'
import { MAX_KEYPOINTS, MAX_OBJECTS } from '../annotation/index.ts'
import {
  finite,
  frameIndex,
  id,
  LabelRecord,
  LIMITS,
  list,
  ObjectRecord,
  objectId,
  RunRecord,
  share,
  Video,
  yesOrNo,
} from './record-schemas.ts'

/** First field of every side-car. */
export const SIDECAR_FORMAT = 'siammae-annotations'
/** Raised whenever an older reader would misunderstand the file. */
export const SIDECAR_VERSION = 1

const visibility = v.picklist(['visible', 'occluded', 'absent'], 'visible, occluded or absent is expected')

/** In the order of the label's skeleton; pixels of the video; the confidence is left out where a person set it. */
const KeypointRecord = v.union(
  [v.strictTuple([finite, finite, visibility]), v.strictTuple([finite, finite, visibility, share])],
  'a keypoint [x, y, visibility] or [x, y, visibility, confidence] is expected',
)

const key = { object: objectId, frame: frameIndex }
const shape = {
  /** Left out when false. */
  occluded: v.optional(yesOrNo),
  /** COCO's compressed run lengths, of the video's size. */
  mask: v.optional(v.string('a mask code is expected')),
  keypoints: v.optional(list(KeypointRecord, MAX_KEYPOINTS)),
}

const KeyframeRecord = v.strictObject({ ...key, state: v.literal('keyframe'), ...shape })
const PropagatedRecord = v.strictObject({
  ...key,
  state: v.literal('propagated'),
  run: id,
  confidence: share,
  ...shape,
})
const AbsentByPerson = v.strictObject({ ...key, state: v.literal('absent'), by: v.literal('person') })
const AbsentByRun = v.strictObject({
  ...key,
  state: v.literal('absent'),
  by: v.literal('run'),
  run: id,
  confidence: share,
})

/** One line of a side-car: what is known about one object on one frame. */
export const EntryRecord = v.variant(
  'state',
  [
    KeyframeRecord,
    PropagatedRecord,
    v.variant('by', [AbsentByPerson, AbsentByRun], 'person or run is expected'),
  ],
  'keyframe, propagated or absent is expected',
)

export const SidecarRecord = v.strictObject({
  format: v.literal(SIDECAR_FORMAT),
  version: v.literal(SIDECAR_VERSION),
  video: Video,
  labels: list(LabelRecord),
  objects: list(ObjectRecord, MAX_OBJECTS),
  runs: list(RunRecord),
  entries: list(EntryRecord, LIMITS.entries),
})

export type EntryLine = v.InferOutput<typeof EntryRecord>
export type SidecarData = v.InferOutput<typeof SidecarRecord>
