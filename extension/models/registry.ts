/** The models that a person has at hand: one list for all windows, in the extension's global storage. */
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, type FSWatcher, watch } from 'node:fs'
import { mkdir, rm, stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { explainSystemError } from '../../model/errors.ts'
import { type Disposable, Emitter } from '../emitter.ts'
import { Sentence } from '../sentence.ts'
import { RegistryFile } from './registry-file.ts'
import type { ModelEntry, NewModel } from './types.ts'

export const STARTER_ID = 'starter'

/** How long changes on disk are gathered before they are told, in milliseconds. */
const PAUSE = 100

export interface RegistryOptions {
  /** Holds `models.json` and the model files that belong to the registry; made when it is first needed. */
  readonly folder: string
  /** The model that comes with the extension, told when the list is asked for; always the first. */
  readonly starter: () => Promise<ModelEntry>
  readonly tellDamage: (sentence: Sentence) => void
}

/**
 * The registry. Every change goes through the file, so that windows see each other's: what one has added, the other has
 * on its next look, and is told of.
 */
export class ModelRegistry implements Disposable {
  readonly folder: string
  readonly #file: RegistryFile
  readonly #starter: RegistryOptions['starter']
  readonly #changed = new Emitter<void>()
  /** The list is another one, by this window or another. */
  readonly onDidChange = this.#changed.event
  #watcher: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined

  constructor({ folder, starter, tellDamage }: RegistryOptions) {
    this.folder = folder
    this.#file = new RegistryFile(folder, tellDamage)
    this.#starter = starter
  }

  /** All models, the starter first, then in the order in which they came. @throws Sentence, UserError */
  async list(): Promise<readonly ModelEntry[]> {
    return [await this.#starter(), ...(await this.#file.read())]
  }

  /** @throws Sentence when there is none of this id */
  async find(id: string): Promise<ModelEntry> {
    const entry = (await this.list()).find((model) => model.id === id)
    if (entry === undefined) throw gone()
    return entry
  }

  /**
   * A path for a new file that belongs to the registry: name it in {@link add} when the file is written.
   * @param name what the model will be called
   * @param extension with its dot
   */
  async fileFor(name: string, extension = '.safetensors'): Promise<string> {
    try {
      await mkdir(this.folder, { recursive: true })
    } catch (error) {
      throw explainSystemError(error, 'create the folder', this.folder)
    }
    return join(this.folder, `${slug(name)}-${randomBytes(3).toString('hex')}${extension}`)
  }

  /**
   * Puts a model on the list. One whose file is on it already is replaced and keeps its id.
   * @throws UserError when the file cannot be read, Sentence when its path is not absolute
   */
  async add(model: NewModel): Promise<ModelEntry> {
    if (!isAbsolute(model.file)) throw new Sentence('The path {0} of a model is not absolute.', model.file)
    const { bytes, sha256 } = await measure(model.file)
    const entry = await this.#file.change((entries) => {
      const before = entries.find(({ file }) => file === model.file)
      const others = entries.filter((other) => other !== before)
      const made: ModelEntry = {
        id: before?.id ?? `${slug(model.name)}-${randomBytes(4).toString('hex')}`,
        name: freeName(model.name.trim() || model.size, others),
        family: model.family,
        size: model.size,
        origin: model.origin,
        source: model.source,
        licence: model.licence?.trim() || 'unknown',
        file: model.file,
        sha256,
        bytes,
        added: new Date().toISOString(),
        ...(model.sourceSha256 !== undefined && { sourceSha256: model.sourceSha256 }),
      }
      return [[...others, made], made] as const
    })
    this.#tell()
    return entry
  }

  /** @throws Sentence when the name is empty, taken, or the model is the starter or gone */
  async rename(id: string, name: string): Promise<void> {
    const wanted = name.trim()
    if (wanted === '') throw new Sentence('The name is empty.')
    await this.#file.change((entries) => {
      const entry = own(entries, id)
      if (entries.some((other) => other.id !== id && other.name === wanted))
        throw new Sentence('There is a model called {0} already.', wanted)
      return [
        entries.map((other) => (other === entry ? { ...entry, name: wanted } : other)),
        undefined,
      ] as const
    })
    this.#tell()
  }

  /**
   * Takes a model off the list, and its file away where it belongs to the registry.
   * @returns whether the file was removed
   * @throws Sentence when the model is the starter or gone
   */
  async remove(id: string): Promise<boolean> {
    const { file } = await this.#file.change((entries) => {
      const entry = own(entries, id)
      return [entries.filter((other) => other !== entry), entry] as const
    })
    this.#tell()
    if (!this.#file.owns(file)) return false
    try {
      await rm(file, { force: true })
    } catch (error) {
      throw explainSystemError(error, 'remove', file)
    }
    return true
  }

  /** Whether the file of a model goes with its entry. */
  owns({ file }: ModelEntry): boolean {
    return this.#file.owns(file)
  }

  /** Tells of changes by other windows from now on. */
  async watch(): Promise<void> {
    if (this.#watcher !== undefined) return
    await mkdir(this.folder, { recursive: true })
    this.#watcher ??= watch(this.folder, { persistent: false }, (_, name) => {
      if (name !== null && name !== 'models.json') return
      this.#timer ??= setTimeout(() => this.#tell(), PAUSE)
    })
    // A folder that is removed while it is watched is nothing to fail for.
    this.#watcher.on('error', () => {})
  }

  dispose(): void {
    clearTimeout(this.#timer)
    this.#watcher?.close()
    this.#changed.dispose()
  }

  #tell(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#changed.fire()
  }
}

function own(entries: readonly ModelEntry[], id: string): ModelEntry {
  if (id === STARTER_ID) throw new Sentence('The starter model belongs to the extension and stays as it is.')
  const entry = entries.find((other) => other.id === id)
  if (entry === undefined) throw gone()
  return entry
}

function gone(): Sentence {
  return new Sentence('This model is not on the list any more; another window may have removed it.')
}

/** The name, with a number behind it where another model has it. */
function freeName(name: string, others: readonly ModelEntry[]): string {
  const taken = new Set(others.map((other) => other.name))
  let free = name
  for (let count = 2; taken.has(free); count++) free = `${name} (${count})`
  return free
}

/** Letters and digits that every file system takes. */
function slug(name: string): string {
  const short = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, '')
  return short === '' ? 'model' : short
}

async function measure(file: string): Promise<{ bytes: number; sha256: string }> {
  try {
    const hash = createHash('sha256')
    for await (const piece of createReadStream(file)) hash.update(piece as Uint8Array)
    return { bytes: (await stat(file)).size, sha256: `sha256:${hash.digest('hex')}` }
  } catch (error) {
    throw explainSystemError(error, 'read', file)
  }
}
