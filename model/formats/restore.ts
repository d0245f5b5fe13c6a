import {
  type AnnotationDocument,
  AnnotationError,
  createDocument,
  type Entry,
  equalValues,
  fromCounts,
  type Keypoint,
  type Label,
  type Shape,
  type Skeleton,
} from '../annotation/index.ts'
import { UserError } from '../errors.ts'
import { ABSENT, isSeen } from './held.ts'
import { colourTextOf } from './palette.ts'
import { type Provenance, type ProvenanceEntry, sameDigests, shapeDigests } from './provenance.ts'
import { labelOf, objectOf, runOf } from './record-lines.ts'

/** What a dataset holds of one video. */
export interface FoundSequence {
  /** The dataset's file, for error sentences. */
  readonly source: string
  /** Where the video or its pictures may be, for the document. */
  readonly path: string
  readonly width: number
  readonly height: number
  /** Frames of the video as far as the dataset tells. */
  readonly frameCount: number
  /** Frames that the dataset has. */
  readonly frames: readonly number[]
  /** Every object of the dataset, with what there is to see of it on the frames where there is something. */
  readonly objects: ReadonlyMap<number, FoundObject>
  /** Whether an object that is not on one of the frames is absent there, or nothing is said about it. */
  readonly tellsAbsence: boolean
}

export interface FoundObject {
  /** Name of its kind, where the format has such. */
  readonly label?: string
  /** That of its kind, where the format has such; needed for shapes with keypoints. */
  readonly skeleton?: Skeleton
  readonly shapes: ReadonlyMap<number, Shape>
}

/**
 * The document of a sequence. With the record of its export, entries get back their states; a mask or pose that is not
 * the one that was written was changed by a person with another tool, so its entry is a keyframe, as is every one
 * without a record. Where nothing of an object is to be seen that was exported it is absent; without a record only where
 * absence is part of the data. What the data call an object counts, whatever the record says.
 * @throws UserError when the data cannot be a document
 */
export function documentOf(found: FoundSequence, record: Provenance | undefined): AnnotationDocument {
  try {
    return record === undefined ? withoutRecord(found) : withRecordOf(found, record)
  } catch (error) {
    if (error instanceof AnnotationError)
      throw new UserError(`${found.source} cannot be read as annotations: ${error.message}`, { cause: error })
    throw error
  }
}

function withoutRecord(found: FoundSequence): AnnotationDocument {
  const { path, frameCount, width, height } = found
  const document = createDocument({ path, hash: '', frameCount, width, height })
  addUnknownObjects(document, found)
  for (const [objectId, { shapes }] of found.objects)
    for (const frame of found.frames) {
      const shape = shapes.get(frame)
      if (shape === undefined && !found.tellsAbsence) continue
      document.apply({ kind: 'setEntry', objectId, frame, entry: personsEntry(shape) })
    }
  return document
}

function withRecordOf(found: FoundSequence, record: Provenance): AnnotationDocument {
  const document = createDocument(record.video)
  for (const label of record.labels) document.apply({ kind: 'putLabel', label: labelOf(label) })
  for (const object of record.objects) document.apply({ kind: 'putObject', object: objectOf(object) })
  for (const run of record.runs) document.apply({ kind: 'putRun', run: runOf(run) })
  relabel(document, found)
  addUnknownObjects(document, found)
  const mask = fromCounts([found.width * found.height], found.width, found.height)
  const written = new Map(record.frames.map(({ index, entries }) => [index, entries]))
  // An object that is nowhere in such data may have got another number there: that it is nowhere would be a guess.
  const told = [...document.objects.values()].filter(({ id }) => found.tellsAbsence || found.objects.has(id))
  const objects = told.map(({ id, labelId }) => {
    const keypoints = document.labels.get(labelId)?.skeleton?.keypoints.map(() => ABSENT) ?? []
    return { id, nothing: { mask, keypoints }, shapes: found.objects.get(id)?.shapes }
  })
  for (const frame of found.frames) {
    const known = new Map(written.get(frame)?.map((entry) => [entry.object, entry]))
    for (const { id, nothing, shapes } of objects) {
      const entry = restored(known.get(id), shapes?.get(frame), nothing)
      if (entry !== undefined) document.apply({ kind: 'setEntry', objectId: id, frame, entry })
    }
  }
  return document
}

/** @param nothing an empty mask, and a pose of absent points: datasets leave them out like an absent object */
function restored(
  known: ProvenanceEntry | undefined,
  shape: Shape | undefined,
  nothing: Required<Shape>,
): Entry | undefined {
  if (known === undefined) return shape && personsEntry(shape)
  if (known.state === 'absent') {
    if (shape !== undefined) return personsEntry(shape)
    return known.by === 'person'
      ? { state: 'absent', by: 'person' }
      : { state: 'absent', by: 'run', run: known.run, confidence: known.confidence }
  }
  const mask = shape?.mask ?? (known.mask === undefined ? undefined : nothing.mask)
  const points = shape?.keypoints ?? (known.keypoints === undefined ? undefined : nothing.keypoints)
  if (!sameDigests(shapeDigests({ mask, keypoints: points }), known)) return personsEntry(shape)
  const keypoints = points && withConfidences(points, known.confidences)
  const kept = { occluded: known.occluded ?? false, ...(mask && { mask }), ...(keypoints && { keypoints }) }
  return known.state === 'keyframe'
    ? { state: 'keyframe', ...kept }
    : { state: 'propagated', run: known.run, confidence: known.confidence, ...kept }
}

function withConfidences(
  keypoints: readonly Keypoint[],
  confidences: readonly (number | null)[] = [],
): readonly Keypoint[] {
  return keypoints.map((keypoint, i) => {
    const confidence = confidences[i] ?? undefined
    return confidence === undefined ? keypoint : { ...keypoint, confidence }
  })
}

function personsEntry(shape: Shape | undefined): Entry {
  return shape === undefined || !isSeen(shape)
    ? { state: 'absent', by: 'person' }
    : { state: 'keyframe', occluded: false, ...shape }
}

/** Gives the objects of the document the kinds that the data have them as, which another tool may have changed. */
function relabel(document: AnnotationDocument, found: FoundSequence): void {
  for (const object of [...document.objects.values()]) {
    const { label, skeleton, shapes } = found.objects.get(object.id) ?? {}
    if (label === undefined || label === document.labels.get(object.labelId)?.name) continue
    // The kind of a file may have a skeleton that the label lacks; it matters only to poses.
    const isPosed = [...(shapes?.values() ?? [])].some(({ keypoints }) => keypoints !== undefined)
    const known = isPosed ? undefined : [...document.labels.values()].find(({ name }) => name === label)
    const labelId = known?.id ?? labelFor(document, label, skeleton)
    document.apply({ kind: 'putObject', object: { ...object, labelId } })
  }
}

/** Objects that are in the data but not in the document yet. Labels of the same name are one, unless skeletons differ. */
function addUnknownObjects(document: AnnotationDocument, found: FoundSequence): void {
  for (const [id, object] of [...found.objects].sort(([a], [b]) => a - b)) {
    if (document.objects.has(id)) continue
    const name = object.label ?? `object ${id}`
    const labelId = labelFor(document, name, object.skeleton)
    document.apply({ kind: 'putObject', object: { id, name: `object ${id}`, labelId } })
  }
}

function labelFor(document: AnnotationDocument, name: string, skeleton: Skeleton | undefined): number {
  const known = [...document.labels.values()].find(
    (label) => label.name === name && (skeleton === undefined || equalValues(label.skeleton, skeleton)),
  )
  if (known !== undefined) return known.id
  const id = Math.max(0, ...document.labels.keys()) + 1
  const label: Label = { id, name, colour: colourTextOf(id), ...(skeleton && { skeleton }) }
  document.apply({ kind: 'putLabel', label })
  return id
}
