/** `models.json`: read with care, written atomically, by one window at a time. */
import { mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import * as v from 'valibot'
import { explainSystemError } from '../../model/errors.ts'
import { move, writeFileAtomic } from '../../model/files.ts'
import { Sentence } from '../sentence.ts'
import type { ModelEntry } from './types.ts'

const VERSION = 1
/** A lock older than this was left by a window that died; it is held for milliseconds. */
const STALE_MS = 10_000
const RETRY_MS = 20

const text = v.pipe(v.string(), v.maxLength(4096))
const entrySchema = v.object({
  id: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,64}$/)),
  name: v.pipe(text, v.minLength(1)),
  family: text,
  size: text,
  origin: v.picklist(['imported', 'trained']),
  source: text,
  licence: text,
  file: v.pipe(text, v.minLength(1)),
  sha256: text,
  bytes: v.pipe(v.number(), v.minValue(0)),
  added: text,
  sourceSha256: v.exactOptional(text),
})
const fileSchema = v.object({ version: v.literal(VERSION), models: v.array(entrySchema) })

/** The entries of the registry's file; paths inside its folder are kept relative, so that the folder can move. */
export class RegistryFile {
  readonly folder: string
  readonly #path: string
  readonly #tellDamage: (sentence: Sentence) => void

  /** @param tellDamage told once when a damaged file was set aside */
  constructor(folder: string, tellDamage: (sentence: Sentence) => void) {
    this.folder = folder
    this.#path = join(folder, 'models.json')
    this.#tellDamage = tellDamage
  }

  /**
   * The entries; none where the file does not exist. A damaged file is set aside and told.
   * @throws Sentence when a newer version of the extension wrote it; UserError when it cannot be read
   */
  async read(): Promise<readonly ModelEntry[]> {
    const entries = parse(await this.#text())
    // Read once more under the lock, so that two windows do not both set it aside.
    return entries === undefined ? this.#locked(() => this.#readOrSetAside()) : this.#absolute(entries)
  }

  /**
   * Changes the entries while no other window does.
   * @returns what `change` returned beside the new entries
   * @throws as {@link read}; UserError when the folder is not writable
   */
  change<T>(change: (entries: readonly ModelEntry[]) => readonly [readonly ModelEntry[], T]): Promise<T> {
    return this.#locked(async () => {
      const [entries, result] = change(await this.#readOrSetAside())
      const models = entries.map((entry) => ({ ...entry, file: this.#relative(entry.file) }))
      await writeFileAtomic(this.#path, `${JSON.stringify({ version: VERSION, models }, undefined, 2)}\n`)
      return result
    })
  }

  /** Whether a file stands in the registry's folder, and so belongs to it. */
  owns(file: string): boolean {
    return this.#relative(file) !== file
  }

  async #readOrSetAside(): Promise<readonly ModelEntry[]> {
    const entries = parse(await this.#text())
    if (entries !== undefined) return this.#absolute(entries)
    const aside = join(
      this.folder,
      `models.damaged-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.json`,
    )
    try {
      await move(this.#path, aside)
    } catch (error) {
      throw explainSystemError(error, 'set aside', this.#path)
    }
    this.#tellDamage(
      new Sentence(
        'The list of models was damaged and is now {0}; the model files are still there, import them again.',
        aside,
      ),
    )
    return []
  }

  async #text(): Promise<string | undefined> {
    try {
      return await readFile(this.#path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw explainSystemError(error, 'read', this.#path)
    }
  }

  #absolute(entries: readonly ModelEntry[]): readonly ModelEntry[] {
    return entries.map((entry) => ({ ...entry, file: resolve(this.folder, entry.file) }))
  }

  #relative(file: string): string {
    const inside = resolve(this.folder) === resolve(file, '..')
    return inside ? resolve(file).slice(resolve(this.folder).length + 1) : file
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    const lock = `${this.#path}.lock`
    try {
      await mkdir(this.folder, { recursive: true })
      for (;;) {
        try {
          await (await open(lock, 'wx')).close()
          break
        } catch (error) {
          if (!isHeld(error)) throw error
          await removeStale(lock)
          await wait(RETRY_MS)
        }
      }
    } catch (error) {
      throw explainSystemError(error, 'write to', this.folder)
    }
    try {
      return await work()
    } finally {
      await rm(lock, { force: true }).catch(() => {})
    }
  }
}

/** Windows says EPERM while a lock that was just removed is still being removed. */
function isHeld(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EEXIST' || (code === 'EPERM' && process.platform === 'win32')
}

async function removeStale(lock: string): Promise<void> {
  const found = await stat(lock).catch(() => undefined)
  if (found !== undefined && Date.now() - found.mtimeMs > STALE_MS) await rm(lock, { force: true })
}

/** @returns undefined for text that is no registry. @throws Sentence for that of a newer version */
function parse(content: string | undefined): readonly ModelEntry[] | undefined {
  if (content === undefined) return []
  let json: unknown
  try {
    json = JSON.parse(content)
  } catch {
    return undefined
  }
  const version = v.safeParse(v.object({ version: v.number() }), json)
  if (version.success && version.output.version > VERSION)
    throw new Sentence('The list of models is of a newer version of this extension; update it.')
  const parsed = v.safeParse(fileSchema, json)
  return parsed.success ? parsed.output.models : undefined
}
