/** From inits to one document and the marks that propagation starts from. */
import {
  type AnnotationDocument,
  createDocument,
  type Entry,
  encodeLabels,
  equalValues,
  type Keypoint,
  type Skeleton,
  type VideoReference,
} from '../annotation/index.ts'
import { UsageError, UserError } from '../errors.ts'
import { maskMarks, personsMarks, poseMarks } from '../marks/index.ts'
import type { MaskMark, PoseMark } from '../propagation/index.ts'
import type { Init, PoseInit } from './inits.ts'
import { overlayColour } from './overlay.ts'

export interface Marks {
  readonly document: AnnotationDocument
  readonly masks: readonly MaskMark[]
  readonly poses: readonly PoseMark[]
}

/** `#rrggbb` of the overlay palette. */
export function colourText(id: number): string {
  return `#${overlayColour(id)
    .map((channel) => channel.toString(16).padStart(2, '0'))
    .join('')}`
}

/**
 * Builds the document for a side-car that refers to `video`: an earlier side-car's content, and on top what mask and keypoint files mark. A later init of the
 * same object on the same frame replaces the earlier one.
 * @throws UserError when there are more than 255 objects; UsageError with two side-cars
 */
export function collectMarks(
  inits: readonly Init[],
  [first, last]: readonly [number, number],
  video: VideoReference,
): Marks {
  const sidecars = inits.filter((init) => init.kind === 'sidecar')
  if (sidecars.length > 1) throw new UsageError('--init takes one side-car; join them first.')
  const [sidecar] = sidecars
  // The side-car may have been read from another folder than the one it will be written to.
  const document = sidecar?.document.movedTo(video.path) ?? createDocument(video)
  // Keyframes of a side-car outside the range are simply not part of this run; a file named for one is a mistake.
  const inRange = ({ frame }: { frame: number }): boolean => frame >= first && frame <= last
  const persons = sidecar
    ? [...personsMarks(document)].filter(
        (mark) => inRange(mark) && (sidecar.frame === undefined || mark.frame === sidecar.frame),
      )
    : []
  const masks: MaskMark[] = maskMarks(persons, video)
  const poses: PoseMark[] = poseMarks(persons)

  for (const init of inits) {
    if (init.kind !== 'mask') continue
    for (const id of init.objects) {
      ensureObject(document, id)
      const mask = encodeLabels(init.map.data, init.map.width, init.map.height, id)
      putKeyframe(document, id, init.frame, { mask })
    }
    addMask(masks, init)
  }
  const placed = new Set<string>()
  for (const init of inits) {
    if (init.kind !== 'pose') continue
    const id = poseObject(document, init, (object) => placed.has(`${object} ${init.frame}`))
    placed.add(`${id} ${init.frame}`)
    const keypoints: Keypoint[] = init.joints.map(({ x, y, visibility }) => ({ x, y, visibility }))
    putKeyframe(document, id, init.frame, { keypoints })
    const joints = init.joints.map((joint) => (joint.visibility === 'absent' ? undefined : joint))
    const others = poses.filter((pose) => pose.object !== id || pose.frame !== init.frame)
    poses.splice(0, poses.length, ...others, { frame: init.frame, object: id, joints })
  }
  return { document, masks, poses }
}

/** Adds a mask beside what is already marked on its frame; its own objects are replaced there. */
function addMask(masks: MaskMark[], { frame, map, objects }: MaskMark): void {
  const replaced = new Set(objects)
  const others = masks.flatMap((mark): MaskMark[] => {
    if (mark.frame !== frame) return [mark]
    const left = mark.objects.filter((id) => !replaced.has(id))
    if (left.length === 0) return []
    const data = mark.map.data.map((id) => (replaced.has(id) ? 0 : id))
    return [{ frame, map: { ...mark.map, data }, objects: left }]
  })
  masks.splice(0, masks.length, ...others, { frame, map, objects })
}

function ensureObject(document: AnnotationDocument, id: number): void {
  if (document.objects.has(id)) return
  if (!document.labels.has(1))
    document.apply({ kind: 'putLabel', label: { id: 1, name: 'object', colour: colourText(1) } })
  document.apply({
    kind: 'putObject',
    object: { id, name: `object ${id}`, labelId: 1, colour: colourText(id) },
  })
}

/** The object whose skeleton has these keypoints and that is not taken by another file of this frame; a new one with a label of its own where there is none. */
function poseObject(
  document: AnnotationDocument,
  { names, edges, source }: PoseInit,
  taken: (object: number) => boolean,
): number {
  for (const object of document.objects.values()) {
    if (taken(object.id)) continue
    const skeleton = document.labels.get(object.labelId)?.skeleton
    if (
      skeleton &&
      skeleton.keypoints.length === names.length &&
      skeleton.keypoints.every((name, i) => name === names[i])
    )
      return object.id
  }
  const id = Math.max(0, ...document.objects.keys()) + 1
  if (id > 255) throw new UserError(`${source} would be object ${id}; a document holds up to 255 objects.`)
  const labelId = Math.max(0, ...document.labels.keys()) + 1
  const skeleton = { keypoints: names, edges }
  const name = poseName(document, skeleton)
  document.apply({ kind: 'putLabel', label: { id: labelId, name, colour: colourText(id), skeleton } })
  document.apply({ kind: 'putObject', object: { id, name: `pose ${id}`, labelId, colour: colourText(id) } })
  return id
}

/** No name of two skeletons: dataset formats tell labels by their names. */
function poseName({ labels }: AnnotationDocument, skeleton: Skeleton): string {
  const isFree = (name: string) =>
    [...labels.values()].every((label) => label.name !== name || equalValues(label.skeleton, skeleton))
  let name = 'pose'
  for (let number = 2; !isFree(name); number++) name = `pose ${number}`
  return name
}

/** Sets a part of a person's frame and keeps the other part (mask beside keypoints). */
function putKeyframe(
  document: AnnotationDocument,
  objectId: number,
  frame: number,
  part: Pick<Extract<Entry, { state: 'keyframe' }>, 'mask' | 'keypoints'>,
): void {
  const before = document.entry(objectId, frame)
  const kept = before?.state === 'keyframe' ? before : undefined
  const entry: Entry = { ...kept, state: 'keyframe', occluded: kept?.occluded ?? false, ...part }
  document.apply({ kind: 'setEntry', objectId, frame, entry })
}
