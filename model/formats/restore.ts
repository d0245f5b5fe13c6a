import {
  type AnnotationDocument,
  AnnotationError,
  area,
  createDocument,
  type Entry,
  fromCounts,
  type Rle,
} from '../annotation/index.ts'
import { UserError } from '../errors.ts'
import { colourOf } from './palette.ts'
import { maskDigest, type Provenance, type ProvenanceEntry } from './provenance.ts'
import { labelOf, objectOf, runOf } from './record-lines.ts'

/** The masks of one video as a dataset holds them. */
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
  /** Every object of the dataset, with the masks of the frames where it has one. */
  readonly objects: ReadonlyMap<number, FoundObject>
}

export interface FoundObject {
  /** Name of its kind, where the format has such. */
  readonly label?: string
  readonly masks: ReadonlyMap<number, Rle>
}

/**
 * The document of a sequence. With the record of its export, entries get back their states; a mask that is not the
 * one that was written was changed by a person with another tool, so it is a keyframe, as is every mask without
 * a record. Where an object has no mask it is absent.
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
  for (const [objectId, { masks }] of found.objects)
    for (const frame of found.frames)
      document.apply({ kind: 'setEntry', objectId, frame, entry: personsEntry(masks.get(frame)) })
  return document
}

function withRecordOf(found: FoundSequence, record: Provenance): AnnotationDocument {
  const document = createDocument(record.video)
  for (const label of record.labels) document.apply({ kind: 'putLabel', label: labelOf(label) })
  for (const object of record.objects) document.apply({ kind: 'putObject', object: objectOf(object) })
  for (const run of record.runs) document.apply({ kind: 'putRun', run: runOf(run) })
  addUnknownObjects(document, found)
  const empty = fromCounts([found.width * found.height], found.width, found.height)
  const emptyDigest = maskDigest(empty)
  const written = new Map(record.frames.map(({ index, entries }) => [index, entries]))
  for (const frame of found.frames) {
    const known = new Map(written.get(frame)?.map((entry) => [entry.object, entry]))
    for (const objectId of document.objects.keys()) {
      const mask = found.objects.get(objectId)?.masks.get(frame)
      const entry = restored(known.get(objectId), mask, empty, emptyDigest)
      if (entry !== undefined) document.apply({ kind: 'setEntry', objectId, frame, entry })
    }
  }
  return document
}

function restored(
  known: ProvenanceEntry | undefined,
  mask: Rle | undefined,
  empty: Rle,
  emptyDigest: string,
): Entry | undefined {
  if (known === undefined) return mask && personsEntry(mask)
  if (known.state === 'absent') {
    if (mask !== undefined) return personsEntry(mask)
    return known.by === 'person'
      ? { state: 'absent', by: 'person' }
      : { state: 'absent', by: 'run', run: known.run, confidence: known.confidence }
  }
  if ((mask === undefined ? emptyDigest : maskDigest(mask)) !== known.mask) return personsEntry(mask)
  const shape = { occluded: known.occluded ?? false, mask: mask ?? empty }
  return known.state === 'keyframe'
    ? { state: 'keyframe', ...shape }
    : { state: 'propagated', run: known.run, confidence: known.confidence, ...shape }
}

function personsEntry(mask: Rle | undefined): Entry {
  return mask === undefined || area(mask) === 0
    ? { state: 'absent', by: 'person' }
    : { state: 'keyframe', occluded: false, mask }
}

/** Objects that are in the data but not in the document yet. Labels of the same name are one label. */
function addUnknownObjects(document: AnnotationDocument, found: FoundSequence): void {
  for (const [id, object] of [...found.objects].sort(([a], [b]) => a - b)) {
    if (document.objects.has(id)) continue
    const name = object.label ?? `object ${id}`
    let labelId = [...document.labels.values()].find((label) => label.name === name)?.id
    if (labelId === undefined) {
      labelId = Math.max(0, ...document.labels.keys()) + 1
      document.apply({ kind: 'putLabel', label: { id: labelId, name, colour: hexColour(labelId) } })
    }
    document.apply({ kind: 'putObject', object: { id, name: `object ${id}`, labelId } })
  }
}

function hexColour(id: number): string {
  return `#${colourOf(1 + ((id - 1) % 254))
    .map((part) => part.toString(16).padStart(2, '0'))
    .join('')}`
}
