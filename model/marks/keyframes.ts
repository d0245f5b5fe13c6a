/** From what a person said on frames to the marks that propagation starts from. */
import {
  type AbsentByPersonEntry,
  type AnnotationDocument,
  decodeMask,
  isPersons,
  type KeyframeEntry,
  paintMask,
} from '../annotation/index.ts'
import type { MaskMark, PoseMark } from '../propagation/index.ts'

/** What a person said about one object on one frame. */
export interface PersonsMark {
  readonly objectId: number
  readonly frame: number
  readonly entry: KeyframeEntry | AbsentByPersonEntry
}

/** Everything that a person said in a document. */
export function* personsMarks(document: AnnotationDocument): Generator<PersonsMark> {
  for (const objectId of document.objects.keys())
    for (const [frame, entry] of document.entries(objectId))
      if (isPersons(entry)) yield { objectId, frame, entry }
}

interface PaintedMap {
  readonly data: Uint8Array
  readonly objects: number[]
}

/**
 * The masks, frame by frame; absent objects count as known. A frame on which masks overlap has several label maps, so
 * that every object keeps its whole mask.
 * @throws AnnotationError when a mask has another size
 */
export function maskMarks(
  marks: readonly PersonsMark[],
  { width, height }: { width: number; height: number },
): MaskMark[] {
  const masked = new Set(
    marks.flatMap(({ objectId, entry }) => (entry.state === 'keyframe' && entry.mask ? [objectId] : [])),
  )
  const byFrame = new Map<number, PaintedMap[]>()
  for (const { objectId, frame, entry } of marks) {
    // A keyframe with keypoints alone says nothing about the object's pixels.
    if (entry.state === 'keyframe' && !entry.mask) continue
    // Who has no mask anywhere is followed by keypoints alone.
    if (!masked.has(objectId)) continue
    const maps = byFrame.get(frame) ?? []
    byFrame.set(frame, maps)
    const mask = entry.state === 'keyframe' ? entry.mask : undefined
    const pixels = mask && decodeMask(mask)
    let free = maps.find(({ data }) => !pixels?.some((set, i) => set !== 0 && data[i] !== 0))
    if (!free) {
      free = { data: new Uint8Array(width * height), objects: [] }
      maps.push(free)
    }
    free.objects.push(objectId)
    if (mask) paintMask(mask, free.data, objectId)
  }
  return [...byFrame].flatMap(([frame, maps]) =>
    maps.map(({ data, objects }) => ({ frame, map: { width, height, data }, objects })),
  )
}

/** The poses; a frame on which every keypoint is absent says nothing about where the others are. */
export function poseMarks(marks: readonly PersonsMark[]): PoseMark[] {
  return marks.flatMap(({ objectId, frame, entry }) => {
    if (entry.state !== 'keyframe' || !entry.keypoints) return []
    const joints = entry.keypoints.map((joint) => (joint.visibility === 'absent' ? undefined : joint))
    return joints.some((joint) => joint !== undefined) ? [{ frame, object: objectId, joints }] : []
  })
}
