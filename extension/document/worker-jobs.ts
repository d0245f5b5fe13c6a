import { readFile } from 'node:fs/promises'
import type { AnnotationDocument, Edit, VideoReference } from '../../model/annotation/index.ts'
import { messageOf, UserError } from '../../model/errors.ts'
import {
  findSequences,
  readSequence,
  readSidecar,
  SidecarChanged,
  sequenceNameOf,
  serialiseSidecar,
  writeSidecar,
} from '../../model/formats/index.ts'
import { decodeRecords, type LogRecord } from './backup-log.ts'
import { ChangedFrames } from './changed-frames.ts'
import { fileState, hashOf, hashOrNull, SIZE_UNKNOWN } from './file-state.ts'
import { readMask } from './mask-job.ts'
import { measureOf } from './measure.ts'
import { buffersOf, type PackedEntries, pack, packInPieces, unpack } from './packed-entries.ts'
import { type Catalogue, documentOf } from './snapshot.ts'
import type { FileState, FromWorker, Job, LoadedPiece, Problem, ToWorker } from './worker-messages.ts'

/** The thread's side of the border. */
export interface JobPort {
  send(message: FromWorker, transfer?: readonly ArrayBuffer[]): void
  /** The next message of the extension host. */
  receive(): Promise<ToWorker>
}

/** Does one job and tells how it ended. */
export async function doJob(job: Job, port: JobPort): Promise<void> {
  try {
    switch (job.kind) {
      case 'load': {
        const { document, state } = await readSteadily(job.path)
        await sendDocument(document, new ChangedFrames(), state, port)
        break
      }
      case 'restore': {
        const { document, changed } = await restore(job.log, job.base)
        await sendDocument(document, changed, undefined, port)
        break
      }
      case 'dataset':
        await sendDocument(
          await readSequence(job.folder, job.found, job.numbering),
          new ChangedFrames(),
          undefined,
          port,
        )
        break
      case 'mask':
        await sendDocument(await readMask(job), new ChangedFrames(), undefined, port)
        break
      case 'sequences':
        port.send({ kind: 'sequences', sequences: await sequencesFor(job) })
        break
      case 'save':
        await save(job, port)
        break
      case 'text': {
        const document = documentOf(job.catalogue)
        await receiveEntries(document, job.catalogue.video, port)
        port.send({ kind: 'text', text: serialiseSidecar(document) })
        break
      }
      case 'find':
        port.send({ kind: 'found', path: await find(job.candidates, job.hash) })
        break
      default:
        job satisfies never
    }
  } catch (error) {
    port.send({ kind: 'failed', problem: await problemOf(error, job) })
  }
}

async function sequencesFor({ folder, clip }: Extract<Job, { kind: 'sequences' }>) {
  const own = sequenceNameOf(clip.path)
  return (await findSequences(folder, clip.frameCount)).sort(
    (a, b) => Number(b.name === own) - Number(a.name === own),
  )
}

/** The document and the state of the file that it was read from. */
async function readSteadily(path: string): Promise<{ document: AnnotationDocument; state: FileState }> {
  for (let attempt = 0; ; attempt++) {
    const before = await fileState(path).catch(() => undefined)
    const document = await readSidecar(path)
    const state = await fileState(path)
    if (before?.hash === state.hash) return { document, state }
    if (attempt === 5)
      throw new UserError(`The side-car ${path} is being written all the time; open it again when that ends.`)
  }
}

async function sendDocument(
  document: AnnotationDocument,
  changed: ChangedFrames,
  state: FileState | undefined,
  port: JobPort,
): Promise<void> {
  let count = 0
  for (const id of document.objects.keys()) count += document.frames(id).length
  const { video, labels, objects, runs } = document
  const catalogue: Catalogue = {
    video,
    labels: [...labels.values()],
    objects: [...objects.values()],
    runs: [...runs.values()],
  }
  port.send({ kind: 'head', catalogue, count })
  for (const entries of packInPieces(placedEntries(document))) {
    await port.receive()
    const piece = withMeasures(entries, document, changed)
    port.send({ kind: 'piece', piece }, [
      ...buffersOf(entries),
      piece.measures.buffer,
      piece.changed.buffer,
    ] as ArrayBuffer[])
  }
  const cleared = [...changed.pairs()].filter(
    ([objectId, frame]) => document.entry(objectId, frame) === undefined,
  )
  if (cleared.length > 0) {
    await port.receive()
    const entries = pack(cleared.map(([objectId, frame]) => [objectId, frame, undefined]))
    port.send({ kind: 'piece', piece: withMeasures(entries, document, changed) })
  }
  await port.receive()
  port.send({ kind: 'piece', piece: undefined })
  port.send({ kind: 'loaded', state })
}

function* placedEntries(document: AnnotationDocument) {
  for (const id of [...document.objects.keys()].sort((a, b) => a - b))
    for (const [frame, entry] of document.entries(id)) yield [id, frame, entry] as const
}

function withMeasures(
  entries: PackedEntries,
  document: AnnotationDocument,
  changedFrames: ChangedFrames,
): LoadedPiece {
  const length = entries.frames.length
  const measures = new Float64Array(length * 4)
  const changed = new Uint8Array(length)
  for (let i = 0; i < length; i++) {
    const objectId = entries.objectIds[i]!
    const frame = entries.frames[i]!
    const measure = measureOf(document.entry(objectId, frame))
    measures.set(
      measure === undefined ? [Number.NaN, 0, 0, 0] : [measure.area, measure.x, measure.y, measure.parts],
      i * 4,
    )
    changed[i] = changedFrames.hasFrame(objectId, frame) ? 1 : 0
  }
  return { entries, measures, changed }
}

/** The base with what the log says on top. */
async function restore(
  log: string,
  base: string | undefined,
): Promise<{ document: AnnotationDocument; changed: ChangedFrames }> {
  const records = [...decodeRecords(await readFile(log))]
  const head = records[0]
  if (head?.kind !== 'head') throw new UserError(`The backup ${log} is damaged at its beginning.`)
  const changed = new ChangedFrames()
  // The last catalogue counts; entries go on top of the objects that it has.
  const catalogue = records.findLast((record) => record.kind === 'catalogue')?.catalogue
  const from = base === undefined ? undefined : await readSidecar(base)
  if (catalogue === undefined) throw new UserError(`The backup ${log} is cut off before its first record.`)
  const document = documentOf(catalogue)
  if (from !== undefined)
    for (const [objectId, frame, entry] of placedEntries(from))
      if (document.objects.has(objectId)) putQuietly(document, { kind: 'setEntry', objectId, frame, entry })
  for (const record of records) if (record.kind === 'entries') putRecord(document, record, changed)
  return { document, changed }
}

function putRecord(
  document: AnnotationDocument,
  record: Extract<LogRecord, { kind: 'entries' }>,
  changed: ChangedFrames,
): void {
  const { width, height } = document.video
  for (const [objectId, frame, entry] of unpack(record.entries, width, height)) {
    // Also what is gone with its object: the base still has it, and the next backup has to say that it is gone.
    changed.add(objectId, frame)
    if (!document.objects.has(objectId)) continue
    // First emptied, because a run's result cannot go over a person's mark that was undone meanwhile.
    document.apply({ kind: 'setEntry', objectId, frame, entry: undefined })
    if (entry !== undefined) putQuietly(document, { kind: 'setEntry', objectId, frame, entry })
  }
}

/** Leaves out what the last catalogue has no room for: such entries were changed again by a later record. */
function putQuietly(document: AnnotationDocument, edit: Edit): void {
  try {
    document.apply(edit)
  } catch {}
}

async function save(job: Extract<Job, { kind: 'save' }>, port: JobPort): Promise<void> {
  const document = documentOf(job.catalogue)
  await receiveEntries(document, job.catalogue.video, port)
  let expected: string | null | undefined
  if (job.expected !== undefined) {
    const current = await hashOrNull(job.path)
    expected = current
    // A file that was deleted meanwhile is written again; one that does not read well is refused by writeSidecar.
    const there =
      current === null || current === job.expected
        ? undefined
        : await readSidecar(job.path).catch(() => undefined)
    if (there !== undefined && !there.equals(document)) {
      port.send({ kind: 'conflict' })
      return
    }
  }
  let hash: string
  try {
    // What was looked at above is what may be replaced: a large document takes seconds to become text.
    hash = await writeSidecar(job.path, document, { good: job.good, expected })
  } catch (error) {
    if (!(error instanceof SidecarChanged)) throw error
    port.send({ kind: 'conflict' })
    return
  }
  const state = await fileState(job.path)
  // Somebody else may have written just after: then the file is another one than was saved, and is seen to be.
  port.send({
    kind: 'saved',
    state: state.hash === hash ? state : { size: SIZE_UNKNOWN, modified: '', hash },
  })
}

async function receiveEntries(
  document: AnnotationDocument,
  video: VideoReference,
  port: JobPort,
): Promise<void> {
  for (;;) {
    port.send({ kind: 'more' })
    const message = await port.receive()
    if (message.kind !== 'piece' || message.piece === undefined) return
    for (const [objectId, frame, entry] of unpack(message.piece, video.width, video.height))
      document.apply({ kind: 'setEntry', objectId, frame, entry })
  }
}

async function find(candidates: readonly string[], hash: string): Promise<string | undefined> {
  for (const path of candidates) {
    const other = await hashOf(path).catch(() => undefined)
    if (other !== undefined && `sha256:${other}` === hash) return path
  }
  return undefined
}

async function problemOf(error: unknown, job: Job): Promise<Problem> {
  const cause = error instanceof UserError ? error.cause : undefined
  const missing = cause instanceof Error && (cause as NodeJS.ErrnoException).code === 'ENOENT'
  const backup =
    job.kind === 'load' &&
    (await readSidecar(`${job.path}.bak`).then(
      () => true,
      () => false,
    ))
  const stack = error instanceof UserError ? undefined : error instanceof Error ? error.stack : String(error)
  return { message: messageOf(error), stack, missing, backup }
}
