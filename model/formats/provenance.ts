import { createHash } from 'node:crypto'
import { join } from 'node:path'
import * as v from 'valibot'
import {
  type AnnotationDocument,
  type Entry,
  type Keypoint,
  MAX_KEYPOINTS,
  type Rle,
  type Shape,
  toCompressed,
  type VideoReference,
} from '../annotation/index.ts'
import { UserError } from '../errors.ts'
import { checkRecord, DamageError, parseText, readText } from './checked-json.ts'
import type { DatasetFormat, ExportContext } from './dataset-format.ts'
import type { ExportPlan } from './export-plan.ts'
import { isHeld } from './held.ts'
import { byId, jsonLine, labelRecord, lines, objectRecord, runRecord, videoRecord } from './record-lines.ts'
import {
  finite,
  frameIndex,
  id,
  LabelRecord,
  LIMITS,
  list,
  name,
  ObjectRecord,
  objectId,
  positive,
  RunRecord,
  share,
  text,
  Video,
  yesOrNo,
} from './record-schemas.ts'
import { exists } from './staging.ts'

/** Lies beside the data of every export and tells, for each video in the dataset, where its annotations come from. */
export const PROVENANCE_FILE = 'siammae-export.json'
const FORMAT = 'siammae-export'
/** 2 has keypoints beside masks. What is of version 1 is of this one, too. */
const VERSION = 2

const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, 'a digest of 16 hexadecimal digits is expected'))
const held = {
  object: objectId,
  /** {@link shapeDigests} as written: of what the dataset holds of the entry. */
  mask: v.optional(digest),
  keypoints: v.optional(digest),
  /** Of each keypoint; null where it has none. Left out where none has one. */
  confidences: v.optional(list(v.nullable(share), MAX_KEYPOINTS)),
  occluded: v.optional(yesOrNo),
}

const AnyEntry = v.variant('state', [
  v.strictObject({ state: v.literal('keyframe'), ...held }),
  v.strictObject({ state: v.literal('propagated'), run: id, confidence: share, ...held }),
  v.variant('by', [
    v.strictObject({ object: objectId, state: v.literal('absent'), by: v.literal('person') }),
    v.strictObject({
      object: objectId,
      state: v.literal('absent'),
      by: v.literal('run'),
      run: id,
      confidence: share,
    }),
  ]),
])
const ProvenanceEntry = v.pipe(
  AnyEntry,
  v.check(
    (entry) => entry.state === 'absent' || entry.mask !== undefined || entry.keypoints !== undefined,
    'a digest of its mask or of its keypoints is expected',
  ),
)

const ProvenanceFrame = v.strictObject({
  index: frameIndex,
  /** Seconds. */
  time: finite,
  /** Of this frame in the dataset; left out where the dataset does not have the frame. */
  file: v.optional(name),
  entries: v.optional(list(ProvenanceEntry)),
})

const ExportRecord = v.strictObject({
  dataset: v.picklist(['davis', 'youtube-vis', 'coco']),
  sequence: name,
  tool: text,
  /** The pictures that an export wrote, which are its own to replace; `true`: written before they were told one by one. */
  pictures: v.union([yesOrNo, list(v.strictObject({ file: name, digest }))]),
  video: Video,
  labels: list(LabelRecord),
  objects: list(ObjectRecord),
  /** Id of each object in the file where the format has such (of its annotation, its track), in the order of `objects`. */
  annotations: v.optional(list(positive)),
  runs: list(RunRecord),
  warnings: list(v.string()),
  frames: list(ProvenanceFrame, LIMITS.entries),
})

const ProvenanceFile = v.strictObject({
  format: v.literal(FORMAT),
  version: v.picklist([1, VERSION]),
  exports: list(ExportRecord),
})

export type Provenance = v.InferOutput<typeof ExportRecord>
export type ProvenanceEntry = v.InferOutput<typeof ProvenanceEntry>

/** What tells whether a shape is still the one that was written; a part is missing where the shape has none. */
export interface ShapeDigests {
  readonly mask?: string
  readonly keypoints?: string
}

/** The first 16 digits of SHA-256, of the mask's COCO string and of the places and visibilities of the keypoints. */
export function shapeDigests({ mask, keypoints }: Shape): ShapeDigests {
  return {
    ...(mask !== undefined && { mask: maskDigest(mask) }),
    ...(keypoints !== undefined && { keypoints: poseDigest(keypoints) }),
  }
}

export function sameDigests(a: ShapeDigests, b: ShapeDigests): boolean {
  return a.mask === b.mask && a.keypoints === b.keypoints
}

function maskDigest(mask: Rle): string {
  return digestOf(toCompressed(mask))
}

/** Of the numbers, not of how a program writes them (1.50, -0): they are the shortest decimals that give the same double. */
function poseDigest(keypoints: readonly Keypoint[]): string {
  return digestOf(keypoints.map(({ x, y, visibility }) => `${x} ${y} ${visibility}`).join('\n'))
}

/** Tells whether a picture is still the one that was written: the first 16 digits of SHA-256 of the file. */
export function pictureDigest(content: Uint8Array): string {
  return digestOf(content)
}

function digestOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16)
}

/** What a writer adds to {@link recordExport}. */
export interface ExportFacts {
  readonly dataset: DatasetFormat['id']
  readonly warnings: readonly string[]
  readonly pictures: Provenance['pictures']
  /** File of each planned frame, in their order. */
  readonly files: readonly string[]
  readonly annotations?: readonly number[]
  /** {@link shapeDigests} as written. */
  readonly digestsOf: (objectId: number, frame: number) => ShapeDigests
}

/** The record of one export. */
export function recordExport(
  document: AnnotationDocument,
  context: ExportContext,
  plan: ExportPlan,
  facts: ExportFacts,
): Provenance {
  const files = new Map(plan.frames.map(({ index }, i) => [index, facts.files[i]!]))
  const frames = [...context.frames].sort((a, b) => a.index - b.index)
  return {
    dataset: facts.dataset,
    sequence: context.sequence,
    tool: context.tool,
    pictures: facts.pictures,
    // The records of the document's parts are checked when the file is read back.
    video: videoRecord(document.video) as Provenance['video'],
    labels: byId(document.labels).map(labelRecord) as Provenance['labels'],
    objects: plan.objects.map(objectRecord) as Provenance['objects'],
    ...(facts.annotations && { annotations: [...facts.annotations] }),
    runs: byId(document.runs).map(runRecord) as Provenance['runs'],
    warnings: [...facts.warnings],
    frames: frames.map(({ index, time }) => {
      const file = files.get(index)
      if (file === undefined) return { index, time }
      const entries = plan.objects.flatMap(({ id: object }) => {
        const entry = document.entry(object, index)
        return isHeld(entry, plan.holds)
          ? [entryRecord(object, entry, () => facts.digestsOf(object, index))]
          : []
      })
      return { index, time, file, entries }
    }),
  }
}

function entryRecord(object: number, entry: Entry, digestsOf: () => ShapeDigests): ProvenanceEntry {
  if (entry.state === 'absent')
    return entry.by === 'person'
      ? { object, state: 'absent', by: 'person' }
      : { object, state: 'absent', by: 'run', run: entry.run, confidence: entry.confidence }
  const digests = digestsOf()
  const confidences = digests.keypoints === undefined ? undefined : confidencesOf(entry.keypoints)
  const rest = { ...(entry.occluded && { occluded: true }), ...digests, ...(confidences && { confidences }) }
  return entry.state === 'keyframe'
    ? { object, state: 'keyframe', ...rest }
    : { object, state: 'propagated', run: entry.run, confidence: entry.confidence, ...rest }
}

function confidencesOf(keypoints: readonly Keypoint[] = []): (number | null)[] | undefined {
  const confidences = keypoints.map(({ confidence }) => confidence ?? null)
  return confidences.some((confidence) => confidence !== null) ? confidences : undefined
}

/**
 * The records of all exports in a folder; none when there is no such file.
 * @throws UserError when the file is damaged or newer
 */
export async function readProvenance(folder: string): Promise<Provenance[]> {
  const path = join(folder, PROVENANCE_FILE)
  if (!(await exists(path).catch(() => false))) return []
  try {
    const content = await readText(path, 'the provenance file')
    const value = parseText(content)
    const { format, version } = (value ?? {}) as Record<string, unknown>
    if (format === FORMAT && typeof version === 'number' && version > VERSION)
      throw new UserError(
        `The provenance file ${path} was written by a newer version of this tool; update the tool.`,
      )
    return checkRecord(ProvenanceFile, value, content).exports
  } catch (error) {
    if (!(error instanceof DamageError)) throw error
    throw new UserError(
      `The provenance file ${path} is damaged at ${error.sentence}; repair it, or move it away: then every mask and pose counts as a person's.`,
      { cause: error },
    )
  }
}

/** The records with one added, instead of an earlier one of the same format and sequence. */
export function withRecord(records: readonly Provenance[], record: Provenance): Provenance[] {
  const others = records.filter((other) => !isOf(other, record.dataset, record.sequence))
  return [...others, record].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
}

function sortKey({ dataset, sequence }: Provenance): string {
  return `${dataset}/${sequence}`
}

export function isOf(record: Provenance, dataset: DatasetFormat['id'], sequence: string): boolean {
  return record.dataset === dataset && record.sequence === sequence
}

/** Whether a record is about a video: by its content where both know it, as files are moved and have equal names. */
export function isOfVideo({ video }: Provenance, other: VideoReference): boolean {
  if (video.hash !== '' && other.hash !== '') return video.hash === other.hash
  const { frameCount, width, height } = other
  return video.frameCount === frameCount && video.width === width && video.height === height
}

/** Whether a record is about pictures of this size: of others it says neither what they show nor which frames they are. */
export function isOfSize(
  { video }: Provenance,
  { width, height }: { readonly width: number; readonly height: number },
): boolean {
  return video.width === width && video.height === height
}

/** The file's text, one line per label, object, run, warning and frame. */
export function provenanceText(records: readonly Provenance[]): string {
  const blocks = records.map((record) => {
    const fields = Object.entries(record).map(([key, value]) => {
      const content = Array.isArray(value) && key !== 'annotations' ? lines(value) : jsonLine(value)
      return `${JSON.stringify(key)}: ${content}`
    })
    return `{\n${fields.join(',\n')}\n}`
  })
  return `{\n"format": "${FORMAT}",\n"version": ${VERSION},\n"exports": [\n${blocks.join(',\n')}\n]\n}\n`
}
