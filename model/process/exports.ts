/** Datasets written from a document, several at once if need be (into one folder by turns), each stopped by its own name. */
import { basename, relative, sep } from 'node:path'
import type { AnnotationDocument } from '../annotation/index.ts'
import { UsageError } from '../errors.ts'
import { type DatasetFormat, type ExportContext, formats, parseSidecar } from '../formats/index.ts'
import { toolVersion } from '../installation/index.ts'
import type { VideoSource } from '../video/index.ts'
import type { Clips } from './clips.ts'
import type { Host } from './host.ts'
import { NamedJobs } from './named-jobs.ts'
import type { ExportRequest, ExportResult } from './surface.ts'

/** Progress is told at most this often. */
const PROGRESS_MS = 100

export class Exports {
  readonly #host: Host
  readonly #clips: Clips
  readonly #jobs = new NamedJobs('export')

  constructor(host: Host, clips: Clips) {
    this.#host = host
    this.#clips = clips
  }

  /** @throws UserError when something about the document, the folder or the disk is wrong; CancelledError */
  write(job: string, request: ExportRequest): Promise<ExportResult> {
    return this.#jobs.run(job, (signal) => this.#write(job, request, signal))
  }

  /** Resolves when the export has ended; the folder is then as it was before. */
  cancel(job: string): Promise<void> {
    return this.#jobs.cancel(job)
  }

  cancelAll(): Promise<void> {
    return this.#jobs.cancelAll()
  }

  async #write(job: string, request: ExportRequest, signal: AbortSignal): Promise<ExportResult> {
    const format: DatasetFormat | undefined = Object.hasOwn(formats, request.format)
      ? formats[request.format as keyof typeof formats]
      : undefined
    if (!format)
      throw new UsageError(
        `There is no dataset format "${request.format}"; choose one of ${Object.keys(formats).join(', ')}.`,
      )
    const source = await this.#clips.source(request.clip)
    const document = parseSidecar(request.sidecar, `of ${basename(request.clip)}`)
    // The record of the export lies in the dataset, and tells from there which video it is of.
    const path = relative(request.folder, request.clip).split(sep).join('/')
    document.apply({ kind: 'moveVideo', path: path || '.' })
    let told = 0
    const context: ExportContext = {
      folder: request.folder,
      sequence: request.sequence,
      frames: source.table.frames.map(({ index, time, file }) => ({ index, time, file })),
      tool: toolVersion(),
      signal,
      onProgress: (done, total) => {
        const now = performance.now()
        if (now - told < PROGRESS_MS && done < total) return
        told = now
        this.#host.tell.exporting({ job, done, total })
      },
      ...(request.pictures && { pictures: () => annotatedFrames(source, document, signal) }),
    }
    const { files, warnings } = await format.write(document, context)
    return { files, warnings }
  }
}

/** The stretch of the clip that anything is known about. */
function annotatedFrames(source: VideoSource, document: AnnotationDocument, signal: AbortSignal) {
  let first = source.table.frames.length - 1
  let last = 0
  for (const id of document.objects.keys())
    for (const frame of document.frames(id)) {
      if (frame < first) first = frame
      if (frame > last) last = frame
    }
  return source.frames({ first: Math.min(first, last), last, signal })
}
