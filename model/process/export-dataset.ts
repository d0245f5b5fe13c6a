/** A dataset written from a document. */
import { basename, relative, sep } from 'node:path'
import type { AnnotationDocument } from '../annotation/index.ts'
import { UsageError } from '../errors.ts'
import {
  type DatasetFormat,
  type ExportContext,
  formats,
  parseSidecar,
  sequenceNameOf,
} from '../formats/index.ts'
import { toolVersion } from '../installation/index.ts'
import type { VideoSource } from '../video/index.ts'
import type { Clips } from './clips.ts'
import type { Host } from './host.ts'
import type { ExportRequest, ExportResult } from './surface.ts'

/** Progress is told at most this often. */
const PROGRESS_MS = 100

/** What an export needs besides its request. */
export interface ExportMeans {
  readonly host: Host
  readonly clips: Clips
  /** Its name where progress is told. */
  readonly job: string
  readonly signal: AbortSignal
}

/**
 * Exports into one folder take turns. One that fails or is stopped leaves the folder as it was before.
 * @throws UserError when something about the document, the folder or the disk is wrong; CancelledError
 */
export async function exportDataset(
  request: ExportRequest,
  { host, clips, job, signal }: ExportMeans,
): Promise<ExportResult> {
  const format: DatasetFormat | undefined = Object.hasOwn(formats, request.format)
    ? formats[request.format as keyof typeof formats]
    : undefined
  if (!format)
    throw new UsageError(
      `There is no dataset format "${request.format}"; choose one of ${Object.keys(formats).join(', ')}.`,
    )
  const source = await clips.source(request.clip)
  const document = parseSidecar(request.sidecar, `of ${basename(request.clip)}`)
  // The record of the export lies in the dataset, and tells from there which video it is of.
  const path = relative(request.folder, request.clip).split(sep).join('/')
  document.apply({ kind: 'moveVideo', path: path || '.' })
  let told = 0
  const context: ExportContext = {
    folder: request.folder,
    sequence: sequenceNameOf(request.clip),
    frames: source.table.frames.map(({ index, time, file }) => ({ index, time, file })),
    tool: toolVersion(),
    signal,
    onProgress: (done, total) => {
      const now = performance.now()
      if (now - told < PROGRESS_MS && done < total) return
      told = now
      host.tell.exporting({ job, done, total })
    },
    ...(request.pictures && { pictures: () => annotatedFrames(source, document, signal) }),
  }
  const { files, warnings } = await format.write(document, context)
  return { files, warnings }
}

/** The stretch of the clip that anything is known about. */
function annotatedFrames(source: VideoSource, document: AnnotationDocument, signal: AbortSignal) {
  const marked = document.framesWithEntries()
  return source.frames({ first: marked[0], last: marked.at(-1), signal })
}
