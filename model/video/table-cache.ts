import { createHash } from 'node:crypto'
import { readdir, readFile, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { makeFolder, removeLongestUnused, writeFileAtomic } from '../files.ts'
import type { BuiltTable } from './build-table.ts'
import type { FileStamp } from './file-stamp.ts'
import type { Ffmpeg } from './locate-ffmpeg.ts'
import type { FrameTable } from './types.ts'

/** Raised whenever the same file would give another table: old entries are then not found. */
const SCHEMA = 2

/** About five million frames; a larger file was not written by us. */
const LARGEST_ENTRY = 256 * 2 ** 20

/** What may stay: a table of a long clip (100,000 frames) has about 2 MB, one of a short clip a few kB. */
const LIMITS = { files: 500, bytes: 256 * 2 ** 20 }
/** One that was used within this time stays: somebody may be about to read it. In milliseconds. */
const IN_USE_MS = 10 * 60_000
/** A temporary file of this age was left by a process that was killed, in milliseconds. */
const ABANDONED_MS = 60 * 60_000

const PREFIX = 'frame-table-'

const whole = v.pipe(v.number(), v.safeInteger())
const positive = v.pipe(whole, v.minValue(1))
const count = v.pipe(whole, v.minValue(0))
const ratio = v.object({ num: positive, den: positive })

const Entry = v.object({
  schema: v.literal(SCHEMA),
  path: v.string(),
  size: count,
  modified: v.string(),
  ffmpeg: v.string(),
  damaged: v.boolean(),
  reconfigured: v.boolean(),
  timeBase: ratio,
  timestamps: v.picklist(['file', 'synthetic']),
  width: positive,
  height: positive,
  codedWidth: positive,
  codedHeight: positive,
  rotation: v.picklist([0, 90, 180, 270]),
  sampleAspect: ratio,
  variableFrameRate: v.boolean(),
  averageFps: v.pipe(v.number(), v.finite(), v.gtValue(0)),
  codec: v.string(),
  container: v.string(),
  contentHash: v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/)),
  warnings: v.array(v.string()),
  pts: v.pipe(v.array(whole), v.minLength(1)),
  checksums: v.array(v.nullable(count)),
  keyFrames: v.array(count),
})

/**
 * Frame tables kept as one JSON file each, found by path, size, time of change and version of ffmpeg. A file's own time of
 * change tells when it was used last; whenever one is written, those not used for the longest go.
 */
export class TableCache {
  readonly #folder: string
  readonly #limits: { readonly files: number; readonly bytes: number }

  constructor(folder: string, limits = LIMITS) {
    this.#folder = folder
    this.#limits = limits
  }

  /** The kept table, or undefined when there is none that fits; a damaged entry counts as none. */
  async read(path: string, stamp: FileStamp, ffmpeg: Ffmpeg): Promise<BuiltTable | undefined> {
    const file = this.#file(path, stamp, ffmpeg)
    try {
      if ((await stat(file)).size > LARGEST_ENTRY) return undefined
      const now = new Date()
      // A folder that is read-only serves all the same.
      await utimes(file, now, now).catch(() => {})
      const entry = v.parse(Entry, JSON.parse(await readFile(file, 'utf8')))
      const {
        schema: _,
        size,
        modified,
        ffmpeg: version,
        damaged,
        reconfigured,
        pts,
        checksums,
        keyFrames,
        ...facts
      } = entry
      const fits =
        facts.path === path &&
        size === stamp.size &&
        modified === stamp.modified &&
        version === ffmpeg.version
      if (!fits || checksums.length !== pts.length) return undefined
      const keys = new Set(keyFrames)
      const { num, den } = facts.timeBase
      const frames = pts.map((ticks, index) => {
        const checksum = checksums[index]
        return {
          index,
          pts: ticks,
          time: (ticks * num) / den,
          keyFrame: keys.has(index),
          ...(typeof checksum === 'number' ? { checksum } : {}),
        }
      })
      return { table: { kind: 'video', ...facts, frames }, damaged, reconfigured }
    } catch {
      return undefined
    }
  }

  /** Keeps a table. A cache that cannot be written costs time later and nothing else, so that is no error. */
  async write(built: BuiltTable, stamp: FileStamp, ffmpeg: Ffmpeg): Promise<void> {
    const { kind: _, frames, ...facts }: FrameTable = built.table
    const entry: v.InferInput<typeof Entry> = {
      schema: SCHEMA,
      ...facts,
      ...stamp,
      ffmpeg: ffmpeg.version,
      damaged: built.damaged,
      reconfigured: built.reconfigured,
      warnings: [...facts.warnings],
      pts: frames.map((frame) => frame.pts),
      checksums: frames.map((frame) => frame.checksum ?? null),
      keyFrames: frames.filter((frame) => frame.keyFrame).map((frame) => frame.index),
    }
    try {
      await makeFolder(this.#folder)
      await writeFileAtomic(this.#file(facts.path, stamp, ffmpeg), JSON.stringify(entry))
      await this.#makeRoom()
    } catch {
      // See above.
    }
  }

  async #makeRoom(): Promise<void> {
    const names = await readdir(this.#folder)
    const paths = (start: string, end: string): string[] =>
      names
        .filter((name) => name.startsWith(start) && name.endsWith(end))
        .map((name) => join(this.#folder, name))
    const now = Date.now()
    await removeLongestUnused(paths(PREFIX, '.json'), this.#limits, (_, usedAt) => usedAt > now - IN_USE_MS)
    await removeLongestUnused(
      paths(`.${PREFIX}`, '.tmp'),
      { files: 0 },
      (_, writtenAt) => writtenAt > now - ABANDONED_MS,
    )
  }

  #file(path: string, stamp: FileStamp, ffmpeg: Ffmpeg): string {
    const key = JSON.stringify([SCHEMA, path, stamp.size, stamp.modified, ffmpeg.version])
    const name = createHash('sha256').update(key).digest('hex').slice(0, 32)
    return join(this.#folder, `${PREFIX}${name}.json`)
  }
}
