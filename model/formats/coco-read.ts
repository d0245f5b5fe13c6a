import { dirname } from 'node:path'
import {
  type AnnotationDocument,
  type Entry,
  equalValues,
  MAX_OBJECTS,
  type Shape,
  type Skeleton,
} from '../annotation/index.ts'
import { skeletonOf } from './coco-categories.ts'
import {
  COCO_FILE,
  type CocoAnnotation,
  type CocoFile,
  type CocoSequence,
  readCocoFile,
  sequencesOf,
} from './coco-file.ts'
import { shapeOf } from './coco-shapes.ts'
import { datasetPath } from './dataset-file.ts'
import type { Numbering, ReadOptions } from './dataset-format.ts'
import { agrees, byNumber, frameIndices } from './numbering.ts'
import { isOf, isOfSize, type Provenance, readProvenance } from './provenance.ts'
import { documentOf, type FoundObject, type FoundSequence } from './restore.ts'
import { chooseSequence } from './sequences.ts'

/** Reads one video of a COCO file; see {@link sequencesOf} for what its videos are. */
export async function readCoco(folder: string, options: ReadOptions = {}): Promise<AnnotationDocument> {
  const file = await readCocoFile(datasetPath(folder, COCO_FILE))
  const sequences = sequencesOf(file.content)
  const name = chooseSequence(file.path, [...sequences.keys()], options.sequence)
  const sequence = sequences.get(name)!
  const size = sizeOf(file, sequence)
  const records = await readProvenance(dirname(file.path))
  const record = records.find((one) => isOf(one, 'coco', name) && isAbout(one, sequence))
  const frames = framesOf(file, sequence, record, options.numbering)
  const tracks = tracksOf(file, frames, size)
  const indices = [...frames.values()].sort((a, b) => a - b)
  const found: Omit<FoundSequence, 'objects'> = {
    source: file.path,
    path: `images/${name}`,
    ...size,
    frameCount: indices.at(-1)! + 1,
    frames: indices,
    // Without a record a picture without annotations may be one that nobody has looked at.
    tellsAbsence: false,
  }
  if (record !== undefined) {
    const { objects, unassigned } = objectsOf(file, tracks, record)
    if (haveSkeletonsOf(record, objects)) {
      const document = documentOf({ ...found, objects }, record)
      if (unassigned !== undefined && isOneLost(document, found.frames, record))
        file.refuse(
          ['annotations', unassigned.place],
          'it has no track_id, and an object that was exported with one is missing, so it is not known which object it is; give back the track_id of the export, or a new one to what was added',
        )
      return document
    }
  }
  return documentOf({ ...found, objects: objectsOf(file, tracks, undefined).objects }, undefined)
}

/** Frame index by id of the picture. */
type Frames = ReadonlyMap<number, number>

/** The frame of each picture as it says itself, else as a record says of its file; undefined where neither does. */
function toldFrames({ pictures }: CocoSequence, record: Provenance | undefined): (number | undefined)[] {
  const written = new Map(record?.frames.map(({ index, file }) => [file, index]))
  return pictures.map(({ picture }) => picture.frame_index ?? written.get(picture.file_name))
}

/**
 * The frame of each picture. Where nothing is told of any, the numbering says it, of pictures in the order of their names:
 * COCO gives its list no order.
 */
function framesOf(
  file: CocoFile,
  sequence: CocoSequence,
  record: Provenance | undefined,
  numbering: Numbering = 'order',
): Frames {
  const told = toldFrames(sequence, record)
  const isTold = told.some((frame) => frame !== undefined)
  const named = isTold ? sequence.pictures : byName(sequence.pictures)
  const names = named.map(({ picture }) => picture.file_name)
  const indices = isTold ? told : frameIndices(names, numbering, file.path)
  const frames = new Map<number, number>()
  const taken = new Set<number>()
  for (const [i, { picture, place }] of named.entries()) {
    const frame = indices[i]
    if (frame === undefined)
      return file.fail(['images', place], 'it has no frame_index, but other images of its video have one')
    if (taken.has(frame)) file.fail(['images', place], `its video has two images of frame ${frame}`)
    taken.add(frame)
    frames.set(picture.id, frame)
  }
  return frames
}

function byName(pictures: CocoSequence['pictures']): CocoSequence['pictures'] {
  return [...pictures].sort((a, b) => byNumber(a.picture.file_name, b.picture.file_name))
}

/** Names of the pictures in their order, where their numbering is all that says which frames they are. */
export function unnumbered({ pictures }: CocoSequence): string[] | undefined {
  if (pictures.some(({ picture }) => typeof picture.frame_index === 'number')) return undefined
  return byName(pictures).map(({ picture }) => picture.file_name)
}

/** The size of the pictures. @throws UserError with the place of one that differs */
function sizeOf(file: CocoFile, { pictures }: CocoSequence): { width: number; height: number } {
  const { width, height } = pictures[0]!.picture
  for (const { picture, place } of pictures)
    if (picture.width !== width || picture.height !== height)
      file.fail(
        ['images', place],
        `an image of ${picture.width}x${picture.height} does not fit a video of ${width}x${height}`,
      )
  return { width, height }
}

/** Annotations that are of one object. */
interface Track {
  readonly first: CocoAnnotation
  /** Of the first in the file. */
  readonly place: number
  readonly label: string
  readonly skeleton: Skeleton | undefined
  readonly shapes: Map<number, Shape>
}

/**
 * The objects of a video: one per track. Annotations without one are of one object where they have the same category and
 * no picture has two of them; anything else would be a guess.
 */
function tracksOf(file: CocoFile, frames: Frames, size: { width: number; height: number }): Track[] {
  const { categories, annotations } = file.content
  const placeOf = new Map(categories.map(({ id }, place) => [id, place]))
  const tracks = new Map<string, Track>()
  const seen = new Set<string>()
  for (const [place, annotation] of annotations.entries()) {
    const { image_id, category_id, track_id } = annotation
    const frame = frames.get(image_id)
    if (frame === undefined) continue
    const at = ['annotations', place]
    const key = track_id == null ? `category ${category_id}` : `track ${track_id}`
    if (seen.has(`${key} on ${frame}`)) {
      if (track_id != null) file.fail(at, `image ${image_id} has two annotations of ${key}`)
      file.refuse(at, `image ${image_id} has two of ${key} without a track_id; give each object one`)
    }
    seen.add(`${key} on ${frame}`)
    let track = tracks.get(key)
    if (track === undefined) {
      const category = placeOf.get(category_id)!
      const skeleton = skeletonOf(file, category)
      track = { first: annotation, place, label: categories[category]!.name, skeleton, shapes: new Map() }
      tracks.set(key, track)
    }
    if (track.first.category_id !== category_id)
      file.fail([...at, 'category_id'], `${key} is of category ${track.first.category_id} on other images`)
    const shape = shapeOf(file, annotation, size, track.skeleton?.keypoints.length ?? 0, at)
    if (shape !== undefined) track.shapes.set(frame, shape)
  }
  return [...tracks.values()]
}

/**
 * Tracks have the object ids of the record; others get the lowest free ones in the order of their track ids. What lost its
 * track is the only object of its category that was exported and has none.
 * @returns `unassigned`: one without a track for which the record has no object, or several
 */
function objectsOf(
  file: CocoFile,
  tracks: readonly Track[],
  record: Provenance | undefined,
): { objects: Map<number, FoundObject>; unassigned: Track | undefined } {
  const known = new Map(record?.objects.map(({ id }, i) => [record.annotations?.[i], id]))
  const recorded = new Set(record?.objects.map(({ id }) => id))
  const trackIds = new Set(tracks.map(({ first }) => first.track_id ?? undefined))
  const missing = (record?.objects ?? []).filter((_, i) => !trackIds.has(record?.annotations?.[i]))
  const labelOf = new Map(record?.labels.map(({ id, name }) => [id, name]))
  const ofLost = (track: Track): number | undefined => {
    const candidates = missing.filter(({ label }) => labelOf.get(label) === track.label)
    const rivals = tracks.filter(({ first, label }) => first.track_id == null && label === track.label)
    return candidates.length === 1 && rivals.length === 1 ? candidates[0]!.id : undefined
  }
  const objects = new Map<number, FoundObject>()
  let unassigned: Track | undefined
  let next = 1
  for (const track of [...tracks].sort(byTrackThenCategory)) {
    const { track_id } = track.first
    let id = track_id == null ? ofLost(track) : known.get(track_id)
    if (track_id == null && id === undefined) unassigned ??= track
    while (id === undefined && (recorded.has(next) || objects.has(next))) next++
    id ??= next
    if (id > MAX_OBJECTS)
      file.fail(['annotations', track.place], `the video has more than ${MAX_OBJECTS} objects`)
    objects.set(id, track)
  }
  return { objects, unassigned }
}

function byTrackThenCategory({ first: a }: Track, { first: b }: Track): number {
  const [trackA, trackB] = [a.track_id ?? Number.POSITIVE_INFINITY, b.track_id ?? Number.POSITIVE_INFINITY]
  return trackA === trackB ? a.category_id - b.category_id : trackA - trackB
}

/**
 * Whether a record is about the pictures: it may not be where someone put another video there, and cannot be used where
 * neither it nor they say which frames they are.
 */
function isAbout(record: Provenance, sequence: CocoSequence): boolean {
  const { pictures } = sequence
  const frames = toldFrames(sequence, record)
  const names = pictures.map(({ picture }) => picture.file_name)
  const files = new Map(record.frames.map(({ index, file }) => [index, file]))
  return (
    isOfSize(record, pictures[0]!.picture) &&
    frames.every((frame, i) => frame !== undefined && (files.get(frame) ?? names[i]) === names[i]) &&
    agrees(record, names, frames as number[])
  )
}

/** Whether the poses have the keypoints of the record, in which case they can be told to be the ones that were written. */
function haveSkeletonsOf({ labels, objects }: Provenance, found: ReadonlyMap<number, FoundObject>): boolean {
  const jointsOf = new Map(labels.map(({ id, skeleton }) => [id, skeleton?.keypoints]))
  return objects.every(({ id, label }) => {
    const object = found.get(id)
    const posed = object !== undefined && [...object.shapes.values()].some(({ keypoints }) => keypoints)
    return !posed || equalValues(object.skeleton?.keypoints, jointsOf.get(label))
  })
}

/** Whether there is nothing of an object now on a picture that is still there and on which the export had something. */
function isOneLost(
  document: AnnotationDocument,
  indices: readonly number[],
  { frames }: Provenance,
): boolean {
  const there = new Set(indices)
  const isGone = (entry: Entry | undefined) => entry === undefined || entry.state === 'absent'
  return frames.some(({ index, entries }) =>
    entries?.some(
      ({ object, state }) => state !== 'absent' && there.has(index) && isGone(document.entry(object, index)),
    ),
  )
}
