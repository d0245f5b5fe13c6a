/** What of a document tells a run where its objects are. */
import {
  type AnnotationDocument,
  area,
  type Entry,
  type KeyframeEntry,
  type Shape,
  type TrackedObject,
} from '../../model/annotation/index.ts'
import type { Mark } from '../../model/process/index.ts'

/** All keyframes of the objects, and what a model found on the frames that a run starts from. */
export function withSeeds(
  document: AnnotationDocument,
  starts: readonly (readonly [object: TrackedObject, frames: readonly number[]])[],
): Mark[] {
  const objects = starts.map(([object]) => object)
  const marks = keyframes(document, objects)
  for (const [{ id }, frames] of starts)
    for (const frame of new Set(frames)) {
      const entry = document.entry(id, frame)
      if (entry?.state === 'propagated' && hasShape(entry))
        marks.push({ objectId: id, frame, entry: asKeyframe(entry) })
    }
  return marks
}

/** Every frame on which a person said where one of the objects is. */
export function keyframes(document: AnnotationDocument, objects: readonly TrackedObject[]): Mark[] {
  const marks: Mark[] = []
  for (const { id } of objects)
    for (const frame of document.personsFrames(id)) {
      const entry = document.entry(id, frame)
      if (isMark(entry)) marks.push({ objectId: id, frame, entry })
    }
  return marks
}

/**
 * The person's masks of the objects that are not carried: those in the range, and those on marked frames, which tell what
 * may overlap. Where a run starts from what a model found, that says nothing about it.
 */
export function bystanders(
  document: AnnotationDocument,
  {
    objects,
    marks,
    range: [first, last],
  }: {
    readonly objects: readonly TrackedObject[]
    readonly marks: readonly Mark[]
    readonly range: readonly [number, number]
  },
): Mark[] {
  const carried = new Set(objects.map(({ id }) => id))
  const marked = new Set(marks.map(({ frame }) => frame))
  const found = new Set(
    marks.flatMap(({ objectId, frame }) =>
      document.entry(objectId, frame)?.state === 'propagated' ? [frame] : [],
    ),
  )
  return [...document.objects.keys()]
    .filter((id) => !carried.has(id))
    .flatMap((objectId) =>
      document.personsFrames(objectId).flatMap((frame): Mark[] => {
        if (found.has(frame) || !((frame >= first && frame <= last) || marked.has(frame))) return []
        const entry = document.entry(objectId, frame)
        return entry?.state === 'keyframe' && entry.mask !== undefined ? [{ objectId, frame, entry }] : []
      }),
    )
}

function asKeyframe(entry: Shape & { readonly occluded: boolean }): KeyframeEntry {
  const { mask, occluded } = entry
  const keypoints = entry.keypoints?.map(({ x, y, visibility }) => ({ x, y, visibility }))
  return {
    state: 'keyframe',
    occluded,
    ...(mask === undefined ? {} : { mask }),
    ...(keypoints === undefined ? {} : { keypoints }),
  }
}

/** Whether a keyframe shows the object: one whose masks were all emptied has nothing that could be carried. */
export function hasKeyframe(document: AnnotationDocument, objectId: number): boolean {
  return document.personsFrames(objectId).some((frame) => {
    const entry = document.entry(objectId, frame)
    return entry?.state === 'keyframe' && hasShape(entry)
  })
}

/** A person's frame that says where the object is: at a place, or nowhere. */
export function isMark(entry: Entry | undefined): entry is Mark['entry'] {
  return isStart(entry) || (entry?.state === 'absent' && entry.by === 'person')
}

/** A keyframe that a walk may start from. A mask that was emptied says that the object is not there from here on. */
export function isStart(entry: Entry | undefined): entry is KeyframeEntry {
  return entry?.state === 'keyframe' && (entry.mask !== undefined || hasShape(entry))
}

/** Whether there is something of the object to see: a pixel or a keypoint. */
export function hasShape(entry: Entry | undefined): entry is Exclude<Entry, { state: 'absent' }> {
  return entry !== undefined && entry.state !== 'absent' && (showsMask(entry) || showsPose(entry))
}

/** Whether there is a pixel. */
export function showsMask({ mask }: Shape): boolean {
  return mask !== undefined && area(mask) > 0
}

/** Whether there is a keypoint that is somewhere. */
export function showsPose({ keypoints }: Shape): boolean {
  return keypoints?.some(({ visibility }) => visibility !== 'absent') === true
}
