import {
  type AnnotationDocument,
  AnnotationError,
  createDocument,
  type Entry,
  fromCompressed,
  type Keypoint,
  type Shape,
  toCompressed,
  type VideoReference,
} from '../annotation/index.ts'
import { UserError } from '../errors.ts'
import { checkRecord, DamageError, damageAt, parseText } from './checked-json.ts'
import type { JsonPath } from './json-text.ts'
import {
  byId,
  jsonLine,
  labelOf,
  labelRecord,
  lines,
  objectOf,
  objectRecord,
  runOf,
  runRecord,
  videoRecord,
} from './record-lines.ts'
import {
  type EntryLine,
  SIDECAR_FORMAT,
  SIDECAR_VERSION,
  type SidecarData,
  SidecarRecord,
} from './sidecar-schema.ts'

/**
 * The document as the text of a side-car: valid JSON with one line per label, object, run and entry, in the order
 * of their ids, entries by object and then frame. Equal documents give equal texts.
 */
export function serialiseSidecar(document: AnnotationDocument): string {
  return [
    '{',
    `"format": ${JSON.stringify(SIDECAR_FORMAT)},`,
    `"version": ${SIDECAR_VERSION},`,
    `"video": ${jsonLine(videoRecord(document.video))},`,
    `"labels": ${lines(byId(document.labels).map(labelRecord))},`,
    `"objects": ${lines(byId(document.objects).map(objectRecord))},`,
    `"runs": ${lines(byId(document.runs).map(runRecord))},`,
    `"entries": ${lines(entryLines(document))}`,
    '}\n',
  ].join('\n')
}

/**
 * Reads the text of a side-car, checking everything.
 * @param name how the error sentence calls the file
 * @throws UserError with the place of the first problem; a newer version is refused by its number
 */
export function parseSidecar(text: string, name: string): AnnotationDocument {
  try {
    return readSidecarText(text, name)
  } catch (error) {
    if (error instanceof DamageError)
      throw new UserError(`The side-car ${name} is damaged at ${error.sentence}; repair that place.`, {
        cause: error,
      })
    throw error
  }
}

/**
 * {@link parseSidecar} for callers that know more about the file than its text.
 * @throws DamageError with the place, UserError for a newer version
 */
export function readSidecarText(text: string, name: string): AnnotationDocument {
  const value = parseText(text)
  refuseNewer(value, name)
  const data = checkRecord(SidecarRecord, value, text)
  const fail = (path: JsonPath, message: string): never => {
    throw damageAt(text, path, message)
  }
  const document = createDocument(data.video)
  fillDocument(document, data, fail)
  return document
}

function refuseNewer(value: unknown, name: string): void {
  if (typeof value !== 'object' || value === null) return
  const { format, version } = value as Record<string, unknown>
  if (format === SIDECAR_FORMAT && typeof version === 'number' && version > SIDECAR_VERSION)
    throw new UserError(
      `The side-car ${name} was written by a newer version of this tool (format ${version}, this one reads up to ${SIDECAR_VERSION}); update the tool.`,
    )
}

type Fail = (path: JsonPath, message: string) => never

function fillDocument(document: AnnotationDocument, data: SidecarData, fail: Fail): void {
  /** Turns what the document itself refuses into a place of the file. */
  const at = <T>(path: JsonPath, run: () => T): T => {
    try {
      return run()
    } catch (error) {
      if (error instanceof AnnotationError) return fail(path, error.message)
      throw error
    }
  }
  for (const [i, record] of data.labels.entries()) {
    if (document.labels.has(record.id)) fail(['labels', i, 'id'], `label ${record.id} is there twice`)
    at(['labels', i], () => document.apply({ kind: 'putLabel', label: labelOf(record) }))
  }
  for (const [i, record] of data.objects.entries()) {
    if (document.objects.has(record.id)) fail(['objects', i, 'id'], `object ${record.id} is there twice`)
    if (!document.labels.has(record.label)) fail(['objects', i, 'label'], `there is no label ${record.label}`)
    at(['objects', i], () => document.apply({ kind: 'putObject', object: objectOf(record) }))
  }
  for (const [i, record] of data.runs.entries()) {
    if (document.runs.has(record.id)) fail(['runs', i, 'id'], `run ${record.id} is there twice`)
    const [first, last] = record.range
    if (first > last || last >= data.video.frameCount)
      fail(['runs', i, 'range'], `${first} to ${last} is no range of ${data.video.frameCount} frames`)
    at(['runs', i], () => document.apply({ kind: 'putRun', run: runOf(record) }))
  }
  for (const [i, line] of data.entries.entries()) {
    const { object: objectId, frame } = line
    const path = ['entries', i]
    checkReferences(document, line, path, fail)
    if (document.entry(objectId, frame) !== undefined)
      fail(path, `object ${objectId} has two entries for frame ${frame}`)
    const entry = at([...path, 'mask' in line ? 'mask' : 'state'], () => entryOf(line, data.video))
    at(path, () => document.apply({ kind: 'setEntry', objectId, frame, entry }))
  }
}

function checkReferences(document: AnnotationDocument, line: EntryLine, path: JsonPath, fail: Fail): void {
  const object =
    document.objects.get(line.object) ?? fail([...path, 'object'], `there is no object ${line.object}`)
  const { frameCount } = document.video
  if (line.frame >= frameCount)
    fail([...path, 'frame'], `frame ${line.frame} is beyond the video, which has ${frameCount} frames`)
  if ('run' in line && !document.runs.has(line.run)) fail([...path, 'run'], `there is no run ${line.run}`)
  if (!('keypoints' in line) || line.keypoints === undefined) return
  const expected = document.labels.get(object.labelId)?.skeleton?.keypoints.length ?? 0
  if (line.keypoints.length !== expected)
    fail(
      [...path, 'keypoints'],
      `${line.keypoints.length} keypoints do not fit the skeleton of object ${line.object}, which has ${expected}`,
    )
}

function* entryLines(document: AnnotationDocument): Iterable<Record<string, unknown>> {
  for (const { id } of byId(document.objects))
    for (const frame of [...document.frames(id)].sort((a, b) => a - b)) {
      const entry = document.entry(id, frame)
      if (entry !== undefined) yield { object: id, frame, ...entryFields(entry) }
    }
}

function entryFields(entry: Entry): Record<string, unknown> {
  if (entry.state === 'absent')
    return entry.by === 'person'
      ? { state: 'absent', by: 'person' }
      : { state: 'absent', by: 'run', run: entry.run, confidence: entry.confidence }
  const made = entry.state === 'propagated' ? { run: entry.run, confidence: entry.confidence } : {}
  return {
    state: entry.state,
    ...made,
    ...(entry.occluded && { occluded: true }),
    ...(entry.keypoints && { keypoints: entry.keypoints.map(keypointFields) }),
    ...(entry.mask && { mask: toCompressed(entry.mask) }),
  }
}

function keypointFields({ x, y, visibility, confidence }: Keypoint): unknown[] {
  return confidence === undefined ? [x, y, visibility] : [x, y, visibility, confidence]
}

function entryOf(line: EntryLine, { width, height }: VideoReference): Entry {
  if (line.state === 'absent')
    return line.by === 'person'
      ? { state: 'absent', by: 'person' }
      : { state: 'absent', by: 'run', run: line.run, confidence: line.confidence }
  const shape: Shape = {
    ...(line.mask !== undefined && { mask: fromCompressed(line.mask, width, height) }),
    ...(line.keypoints && { keypoints: line.keypoints.map(keypointOf) }),
  }
  const occluded = line.occluded ?? false
  return line.state === 'keyframe'
    ? { state: 'keyframe', occluded, ...shape }
    : { state: 'propagated', run: line.run, confidence: line.confidence, occluded, ...shape }
}

function keypointOf(
  record: NonNullable<Extract<EntryLine, { state: 'keyframe' }>['keypoints']>[number],
): Keypoint {
  const [x, y, visibility, confidence] = record
  return { x, y, visibility, ...(confidence !== undefined && { confidence }) }
}
