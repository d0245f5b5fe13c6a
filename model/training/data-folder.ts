import { readdir, readFile, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { UserError } from '../errors.ts'
import { makeFolder, removeLongestUnused, writeFileAtomic } from '../files.ts'
import { openPack, type Pack } from './data-pack.ts'

/** For how long a pack is taken for used after its user last said so, and how often a user says so. */
const LEASE_SECONDS = 600
const RENEWAL_SECONDS = 200

/** A temporary file that was not written to for so long was left by a run that was killed. */
const ABANDONED_SECONDS = 3600

const HASHES = 'content-hashes.json'
const LARGEST_HASHES = 64 * 2 ** 20
const Hashes = v.object({
  schema: v.literal(1),
  clips: v.record(v.string(), v.object({ stamp: v.string(), contentHash: v.string() })),
})

/** By absolute path of the clip. The stamp says whether the hash still holds, without reading the clip. */
type HashTable = Map<string, { readonly stamp: string; readonly contentHash: string }>

/**
 * The folder of packs, which several runs may use at once without locks. The modification time of a pack says until
 * when it is used: the future while a run holds it, renewed by that run, else the time of its last use. So the oldest
 * are the least recently used, packs of other runs are left alone, and those of killed runs are free after minutes.
 */
export class PackFolder {
  readonly path: string
  readonly #limit: number
  readonly #held = new Map<string, Pack>()
  readonly #timer: NodeJS.Timeout
  readonly #hashes: HashTable
  #hashesChanged = false

  private constructor(path: string, limit: number, hashes: HashTable) {
    this.path = path
    this.#limit = limit
    this.#hashes = hashes
    this.#timer = setInterval(() => void this.#renew(), RENEWAL_SECONDS * 1000)
    this.#timer.unref()
  }

  /** @param limit bytes that all packs together may have @throws UserError when the folder cannot be made */
  static async open(path: string, limit: number): Promise<PackFolder> {
    await makeFolder(path)
    const folder = new PackFolder(path, limit, await readHashes(join(path, HASHES)))
    await folder.#removeAbandoned()
    return folder
  }

  /** Bytes of the packs that this run uses. */
  get bytes(): number {
    let sum = 0
    for (const pack of this.#held.values()) sum += pack.bytes
    return sum
  }

  /** @param contentHash `sha256:` and hexadecimal digits */
  packPath(contentHash: string, shortSide: number): string {
    return join(this.path, `${contentHash.replace('sha256:', '')}-${shortSide}.pack`)
  }

  /** Takes a pack into use, when there is one that is whole. */
  async take(contentHash: string, shortSide: number): Promise<Pack | undefined> {
    const pack = await openPack(this.packPath(contentHash, shortSide), { contentHash, shortSide })
    if (pack === undefined) return undefined
    this.#held.set(pack.path, pack)
    await setUsedUntil(pack.path, LEASE_SECONDS)
    return pack
  }

  /** Removes the least recently used packs that nobody uses until the limit is kept, or none is left. */
  async makeRoom(): Promise<void> {
    const now = Date.now()
    await removeLongestUnused(
      await this.#files('.pack'),
      { bytes: this.#limit },
      (path, usedUntil) => this.#held.has(path) || usedUntil > now,
    )
  }

  /**
   * @param more   bytes that are about to be used in addition to those of {@link bytes}
   * @param clips  how many clips are to be used in all
   * @throws UserError when that is more than the limit
   */
  checkLimit(more: number, clips: number): void {
    if (this.bytes + more <= this.#limit) return
    const counted = this.#held.size + (more > 0 ? 1 : 0)
    const which = clips === 1 ? 'The clip' : `The ${clips} clips`
    throw new UserError(
      `${which} to train on need${clips === 1 ? 's' : ''} more than the ${inGigabytes(this.#limit)} GB that the frame ` +
        `cache ${this.path} may have (${inGigabytes(this.bytes + more)} GB for the first ${counted}); ` +
        'raise its limit data.cacheLimitGb, or train on fewer or shorter clips.',
    )
  }

  /** The content hash of a clip that has not changed since {@link rememberHash}. */
  knownHash(path: string, stamp: string): string | undefined {
    const entry = this.#hashes.get(path)
    return entry?.stamp === stamp ? entry.contentHash : undefined
  }

  rememberHash(path: string, stamp: string, contentHash: string): void {
    if (this.knownHash(path, stamp) === contentHash) return
    this.#hashes.set(path, { stamp, contentHash })
    this.#hashesChanged = true
  }

  /** Keeps the remembered hashes whose packs are still there. Two runs may overwrite each other's: that costs time only. */
  async saveHashes(): Promise<void> {
    if (!this.#hashesChanged) return
    const packs = (await this.#files('.pack')).map((path) => path.slice(this.path.length + 1))
    const kept = new Set(packs.map((name) => `sha256:${name.split('-')[0]}`))
    const clips = Object.fromEntries([...this.#hashes].filter(([, entry]) => kept.has(entry.contentHash)))
    const text = JSON.stringify({ schema: 1, clips } satisfies v.InferInput<typeof Hashes>)
    await writeFileAtomic(join(this.path, HASHES), text).catch(() => {})
    this.#hashesChanged = false
  }

  /** Gives the packs back: from now on they may be removed. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    const paths = [...this.#held.keys()]
    this.#held.clear()
    for (const path of paths) await setUsedUntil(path, 0)
  }

  async #renew(): Promise<void> {
    for (const path of this.#held.keys()) await setUsedUntil(path, LEASE_SECONDS)
  }

  async #removeAbandoned(): Promise<void> {
    for (const path of await this.#files('.tmp')) {
      const facts = await stat(path).catch(() => undefined)
      if (facts === undefined || facts.mtimeMs > Date.now() - ABANDONED_SECONDS * 1000) continue
      await rm(path, { force: true }).catch(() => {})
    }
  }

  async #files(ending: string): Promise<string[]> {
    const names = await readdir(this.path).catch(() => [])
    return names.filter((name) => name.endsWith(ending)).map((name) => join(this.path, name))
  }
}

/** A pack that cannot be marked (a shared cache that is read-only) can be used all the same. */
async function setUsedUntil(path: string, secondsFromNow: number): Promise<void> {
  const now = Date.now() / 1000
  await utimes(path, now, now + secondsFromNow).catch(() => {})
}

async function readHashes(path: string): Promise<HashTable> {
  try {
    if ((await stat(path)).size > LARGEST_HASHES) return new Map()
    return new Map(Object.entries(v.parse(Hashes, JSON.parse(await readFile(path, 'utf8'))).clips))
  } catch {
    return new Map()
  }
}

function inGigabytes(bytes: number): string {
  return (bytes / 1e9).toPrecision(3)
}
