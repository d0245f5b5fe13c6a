import { copyFile, type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { decodeRecords, encodeRecord, type LogRecord } from './backup-log.ts'
import { ChangedFrames } from './changed-frames.ts'
import type { DocumentModel } from './document-model.ts'
import { hashOf, isFile } from './file-state.ts'
import { type PlacedEntry, packInPieces } from './packed-entries.ts'
import { Pace } from './slices.ts'
import { catalogueOf, Snapshot } from './snapshot.ts'
import type { FileState } from './worker-messages.ts'

/** Where a backup lies: the log, and the side-car beneath it as it was last read or written. */
export const logOf = (id: string): string => `${id}.log`
export const baseOf = (id: string): string => `${id}.base`

/** How long changes may wait before they are appended. */
const FLUSH_MS = 1_000

export interface BackupSource {
  readonly model: DocumentModel
  readonly sidecarPath: string
  readonly videoPath: string
  /** The side-car as it was last read or written; undefined where there is none yet. */
  readonly state: FileState | undefined
  /** Hash of the side-car as it last read well, also where that is gone; undefined where there never was one. */
  readonly good: string | undefined
  /** Whether the document has nothing to do with that file, so that all of it has to be kept. */
  readonly whole: boolean
}

/**
 * The backup of a document with unsaved changes. Once begun it follows the document by itself, so that also what a run
 * brings after VS Code has asked for a backup is in it, and the next backup is the same one.
 */
export class Backup {
  readonly #source: BackupSource
  readonly #id: string
  #pending = new ChangedFrames()
  #pendingCatalogue = false
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #listener: { dispose(): void } | undefined
  #failed = false
  /** Bytes of the log that hold whole records. */
  #length = 0

  private constructor(source: BackupSource, id: string) {
    this.#source = source
    this.#id = id
  }

  /** Writes everything that is not saved. */
  static async begin(source: BackupSource, id: string): Promise<Backup> {
    await mkdir(dirname(id), { recursive: true })
    const backup = new Backup(source, id)
    // From here on every change is appended, also those that come while the first record is written.
    backup.#follow()
    backup.#writing = backup.#writeAll()
    try {
      await backup.#writing
    } catch (error) {
      backup.stop()
      throw error
    }
    return backup
  }

  get id(): string {
    return this.#id
  }

  /** Appends what is waiting. */
  async flush(): Promise<void> {
    this.#source.model.flush()
    if (this.#pending.count > 0 || this.#pendingCatalogue)
      this.#writing = this.#writing
        .then(() => this.#append())
        .then(
          () => {
            this.#failed = false
          },
          () => {
            this.#failed = true
          },
        )
    await this.#writing
  }

  /** Whether it follows everything; else another one has to be begun. */
  get isGood(): boolean {
    return !this.#failed && this.#listener !== undefined
  }

  /** Appends what is waiting, and follows the document no more. @throws Error when that could not be written */
  async end(): Promise<void> {
    await this.flush()
    this.stop()
    if (this.#failed) throw new Error('The backup could not be written.')
  }

  /** Follows the document no more. */
  stop(): void {
    this.#listener?.dispose()
    this.#listener = undefined
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #follow(): void {
    this.#listener = this.#source.model.onChange(({ catalogue, frames }) => {
      this.#pending.addAll(frames)
      this.#pendingCatalogue ||= catalogue
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined
        void this.flush()
      }, FLUSH_MS)
    })
  }

  async #writeAll(): Promise<void> {
    const { model, sidecarPath, videoPath, state, good, whole } = this.#source
    const { content } = model
    const base = state !== undefined && !whole && (await this.#copyBase(state)) ? state.hash : undefined
    const file = await open(logOf(this.#id), 'w')
    try {
      await file.appendFile(
        encodeRecord({ kind: 'head', version: 1, base: state?.hash, good, videoPath, sidecarPath }),
      )
      await file.appendFile(encodeRecord({ kind: 'catalogue', catalogue: catalogueOf(content) }))
      if (base !== undefined || (state === undefined && !whole)) {
        await writeEntries(file, placed(content, model.unsaved))
        return
      }
      // The file beneath is not the one that we know, so the log has to hold everything.
      const snapshot = new Snapshot(content)
      try {
        await writeEntries(file, snapshot.entries())
      } finally {
        snapshot.close()
      }
    } finally {
      this.#length = (await file.stat()).size
      await file.close()
    }
  }

  async #copyBase({ hash }: FileState): Promise<boolean> {
    const base = baseOf(this.#id)
    try {
      await copyFile(this.#source.sidecarPath, base)
      if ((await hashOf(base)) === hash) return true
    } catch {}
    await rm(base, { force: true })
    return false
  }

  /** What could not be written, because the disk was full, waits for the next time; half a record is taken away. */
  async #append(): Promise<void> {
    const { content } = this.#source.model
    const frames = this.#pending
    const catalogue = this.#pendingCatalogue
    this.#pending = new ChangedFrames()
    this.#pendingCatalogue = false
    try {
      const file = await open(logOf(this.#id), 'r+')
      try {
        await file.truncate(this.#length)
        const log = appender(file, this.#length)
        if (catalogue)
          await log.appendFile(encodeRecord({ kind: 'catalogue', catalogue: catalogueOf(content) }))
        await writeEntries(log, placed(content, frames))
        this.#length = log.length
      } finally {
        await file.close()
      }
    } catch (error) {
      this.#pending.addAll(frames)
      this.#pendingCatalogue ||= catalogue
      throw error
    }
  }
}

/** Whether there is a backup under an id. */
export const isBackup = (id: string): Promise<boolean> => isFile(logOf(id))

/** What a backup says about itself. */
export async function readBackupHead(id: string): Promise<Extract<LogRecord, { kind: 'head' }>> {
  const file = await open(logOf(id), 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, 0)
    const [head] = decodeRecords(buffer.subarray(0, bytesRead))
    if (head?.kind === 'head') return head
  } finally {
    await file.close()
  }
  throw new Error(`The backup ${logOf(id)} is damaged at its beginning.`)
}

/**
 * Where the base of a backup lies; undefined where the log stands alone.
 * @throws Error where that cannot be told: a log without the base that it needs would be restored as a fragment
 */
export async function baseIfThere(id: string): Promise<string | undefined> {
  try {
    await (await open(baseOf(id), 'r')).close()
    return baseOf(id)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

export async function deleteBackup(id: string): Promise<void> {
  await rm(logOf(id), { force: true })
  await rm(baseOf(id), { force: true })
}

/** The values as they are when they are written; a change after that is appended later. */
function* placed(content: DocumentModel['content'], frames: ChangedFrames): Generator<PlacedEntry> {
  for (const [objectId, frame] of frames.pairs()) yield [objectId, frame, content.entry(objectId, frame)]
}

/** Writes one piece after the other from a place on. */
function appender(file: FileHandle, from: number) {
  return {
    length: from,
    async appendFile(bytes: Buffer): Promise<void> {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, this.length + done)
        done += bytesWritten
      }
      this.length += bytes.length
    },
  }
}

async function writeEntries(
  file: { appendFile(bytes: Buffer): Promise<unknown> },
  entries: Iterable<PlacedEntry>,
): Promise<void> {
  const pace = new Pace()
  for (const piece of packInPieces(entries)) {
    await file.appendFile(encodeRecord({ kind: 'entries', entries: piece }))
    if (pace.due) await pace.rest()
  }
}
