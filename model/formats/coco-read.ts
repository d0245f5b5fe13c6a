import { dirname } from 'node:path'
import {
  type AnnotationDocument,
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
import type { ReadOptions } from './dataset-format.ts'
import { frameIndices, type Numbering } from './numbering.ts'
import { isOf, type Provenance, readProvenance } from './provenance.ts'
import { documentOf, type FoundObject, type FoundSequence } from './restore.ts'
import { chooseSequence } from './sequences.ts'

/** Reads one video of a COCO file; see {@link sequencesOf} for what its videos are. */
export async function readCoco(folder: string, options: ReadOptions = {}): Promise<AnnotationDocument> {
  const file = await readCocoFile(datasetPath(folder, COCO_FILE))
  const sequences = sequencesOf(file.content)
  const name = chooseSequence(file.path, [...sequences.keys()], options.sequence)
  const sequence = sequences.get(name)!
  const records = await readProvenance(dirname(file.path))
  const record = records.find((one) => isOf(one, 'coco', name))
  if (record !== undefined) {
    const frames = framesOf(file, sequence, record)
    const found = foundIn(file, name, sequence, frames, record)
    if (isAbout(record, sequence, frames, found)) return documentOf(found, record)
  }
  const frames = framesOf(file, sequence, undefined, options.numbering)
  return documentOf(foundIn(file, name, sequence, frames, undefined), undefined)
}

/** Frame index by id of the picture. */
type Frames = ReadonlyMap<number, number>

/**
 * The frame of each picture: what it says itself, else what the record says of its file. Where neither says anything of
 * any, the numbering does, of pictures in the order of their names: COCO gives its list no order.
 */
function framesOf(
  file: CocoFile,
  { pictures }: CocoSequence,
  record: Provenance | undefined,
  numbering: Numbering = 'order',
): Frames {
  const written = new Map(record?.frames.map(({ index, file }) => [file, index]))
  const told = pictures.map(({ picture }) => picture.frame_index ?? written.get(picture.file_name))
  const isTold = told.some((frame) => frame !== undefined)
  const named = isTold ? pictures : byName(pictures)
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
  const order = new Intl.Collator('en', { numeric: true }).compare
  return [...pictures].sort((a, b) => order(a.picture.file_name, b.picture.file_name))
}

/** Names of the pictures in their order, where their numbering is all that says which frames they are. */
export function unnumbered({ pictures }: CocoSequence): string[] | undefined {
  if (pictures.some(({ picture }) => typeof picture.frame_index === 'number')) return undefined
  return byName(pictures).map(({ picture }) => picture.file_name)
}

function foundIn(
  file: CocoFile,
  name: string,
  sequence: CocoSequence,
  frames: Frames,
  record: Provenance | undefined,
): FoundSequence {
  const { width, height } = sequence.pictures[0]!.picture
  for (const { picture, place } of sequence.pictures)
    if (picture.width !== width || picture.height !== height)
      file.fail(
        ['images', place],
        `an image of ${picture.width}x${picture.height} does not fit a video of ${width}x${height}`,
      )
  const indices = [...frames.values()].sort((a, b) => a - b)
  return {
    source: file.path,
    path: `images/${name}`,
    width,
    height,
    frameCount: indices.at(-1)! + 1,
    frames: indices,
    objects: objectsOf(file, tracksOf(file, frames, { width, height }), record),
  }
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

/** Tracks have the object ids of the record; others get the lowest free ones in the order of their track ids. */
function objectsOf(
  file: CocoFile,
  tracks: readonly Track[],
  record: Provenance | undefined,
): Map<number, FoundObject> {
  const known = new Map(record?.objects.map(({ id }, i) => [record.annotations?.[i], id]))
  const taken = new Set(record?.objects.map(({ id }) => id))
  const objects = new Map<number, FoundObject>()
  let next = 1
  for (const track of [...tracks].sort(byTrackThenCategory)) {
    let id = known.get(track.first.track_id ?? undefined)
    while (id === undefined && taken.has(next)) next++
    id ??= next
    if (id > MAX_OBJECTS)
      file.fail(['annotations', track.place], `the video has more than ${MAX_OBJECTS} objects`)
    taken.add(id)
    objects.set(id, track)
  }
  return objects
}

function byTrackThenCategory({ first: a }: Track, { first: b }: Track): number {
  const [trackA, trackB] = [a.track_id ?? Number.POSITIVE_INFINITY, b.track_id ?? Number.POSITIVE_INFINITY]
  return trackA === trackB ? a.category_id - b.category_id : trackA - trackB
}

/** Whether a record is about what was found: it may not be where someone put another video, or another skeleton, there. */
function isAbout(
  { video, frames, labels, objects }: Provenance,
  { pictures }: CocoSequence,
  indices: Frames,
  found: FoundSequence,
): boolean {
  if (video.width !== found.width || video.height !== found.height) return false
  const files = new Map(frames.map(({ index, file }) => [index, file]))
  const sameFiles = pictures.every(({ picture: { id, file_name } }) => {
    const frame = indices.get(id)!
    return frame < video.frameCount && (files.get(frame) ?? file_name) === file_name
  })
  const jointsOf = new Map(labels.map(({ id, skeleton }) => [id, skeleton?.keypoints]))
  return (
    sameFiles &&
    objects.every(({ id, label }) => {
      const object = found.objects.get(id)
      const posed = object !== undefined && [...object.shapes.values()].some(({ keypoints }) => keypoints)
      return !posed || equalValues(object.skeleton?.keypoints, jointsOf.get(label))
    })
  )
}
