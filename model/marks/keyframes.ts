/** From what a person said on frames to the marks that propagation starts from. */
import {
  type AbsentByPersonEntry,
  type AnnotationDocument,
  area,
  decodeMask,
  isPersons,
  type KeyframeEntry,
  paintMask,
  type Rle,
} from '../annotation/index.ts'
import type { LabelMap } from '../label-map.ts'
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

/** Masks of a frame that do not overlap. */
export interface FrameMasks {
  /** Object ids at the video's size. */
  readonly map: LabelMap
  /** Those that are known on the frame, the absent ones included. */
  readonly objects: number[]
}

/**
 * The masks of one frame as label maps: several where masks overlap, so that every object keeps its whole mask.
 * @param masks undefined for an object that is known to be absent
 * @throws AnnotationError when a mask has another size
 */
export function labelMaps(
  masks: Iterable<readonly [objectId: number, mask: Rle | undefined]>,
  { width, height }: { readonly width: number; readonly height: number },
): FrameMasks[] {
  const maps: FrameMasks[] = []
  for (const [objectId, mask] of masks) {
    const pixels = mask && decodeMask(mask)
    let free = maps.find(({ map }) => !pixels?.some((set, i) => set !== 0 && map.data[i] !== 0))
    if (!free) {
      free = { map: { width, height, data: new Uint8Array(width * height) }, objects: [] }
      maps.push(free)
    }
    free.objects.push(objectId)
    if (mask) paintMask(mask, free.map.data, objectId)
  }
  return maps
}

/**
 * The masks, frame by frame; absent objects count as known. A mask that a person has emptied says the same as absent.
 * @throws as {@link labelMaps}
 */
export function maskMarks(
  marks: readonly PersonsMark[],
  size: { readonly width: number; readonly height: number },
): MaskMark[] {
  const masked = new Set(
    marks.flatMap(({ objectId, entry }) =>
      entry.state === 'keyframe' && entry.mask && area(entry.mask) > 0 ? [objectId] : [],
    ),
  )
  const byFrame = new Map<number, [number, Rle | undefined][]>()
  for (const { objectId, frame, entry } of marks) {
    // A keyframe with keypoints alone says nothing about the object's pixels.
    if (entry.state === 'keyframe' && !entry.mask) continue
    // Who has no pixel anywhere is followed by keypoints alone.
    if (!masked.has(objectId)) continue
    const known = byFrame.get(frame) ?? []
    byFrame.set(frame, known)
    known.push([objectId, entry.state === 'keyframe' ? entry.mask : undefined])
  }
  return [...byFrame].flatMap(([frame, masks]) =>
    labelMaps(masks, size).map(({ map, objects }) => ({ frame, map, objects })),
  )
}

/**
 * The poses, and the frames on which an object with poses is absent. A keyframe on which every keypoint is absent says
 * nothing about where the others are.
 */
export function poseMarks(marks: readonly PersonsMark[]): PoseMark[] {
  const posed = new Set(
    marks.flatMap(({ objectId, entry }) => (entry.state === 'keyframe' && entry.keypoints ? [objectId] : [])),
  )
  return marks.flatMap(({ objectId, frame, entry }) => {
    if (entry.state === 'absent') return posed.has(objectId) ? [{ frame, object: objectId, joints: [] }] : []
    if (!entry.keypoints) return []
    const joints = entry.keypoints.map((joint) => (joint.visibility === 'absent' ? undefined : joint))
    return joints.some((joint) => joint !== undefined) ? [{ frame, object: objectId, joints }] : []
  })
}
