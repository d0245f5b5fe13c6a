import { createHash, randomBytes } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import * as v from 'valibot'
import { explainSystemError, UserError } from '../errors.ts'

/*
 * A pack holds the frames of one clip as encoded pictures, one after the other:
 *
 *   magic | frames | table: length and checksum of each frame, uint32 each | facts: JSON | digest | sizes | magic
 *
 * The digest is the SHA-256 of table and facts, the sizes are those of the facts in bytes and of the table in frames
 * (uint32 each). All numbers are little endian. The index is last because a clip may turn out shorter than announced.
 */
const MAGIC = Buffer.from('SIAMPACK')
const TRAILER = 32 + 8 + MAGIC.length
const LARGEST_FACTS = 2 ** 20

/** Raised whenever the same clip would give other frames: older packs then count as none. */
const SCHEMA = 1

const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1))
const Facts = v.object({
  schema: v.literal(SCHEMA),
  contentHash: v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/)),
  shortSide: positive,
  width: positive,
  height: positive,
  fps: v.pipe(v.number(), v.finite(), v.gtValue(0)),
  warnings: v.pipe(v.array(v.string()), v.readonly()),
})

/** What a pack says about its frames. */
export interface PackFacts {
  /** Of the clip, as in its frame table. */
  readonly contentHash: string
  /** That was asked for, in pixels; small clips have a shorter one. */
  readonly shortSide: number
  /** Of every frame, in pixels. */
  readonly width: number
  readonly height: number
  readonly fps: number
  /** Sentences a person should read. */
  readonly warnings: readonly string[]
}

/** Encoded frames in a file; see {@link openPack}. */
export class Pack {
  readonly path: string
  readonly facts: PackFacts
  /** Number of frames. */
  readonly frames: number
  /** Size of the file. */
  readonly bytes: number
  readonly #starts: Float64Array
  readonly #checksums: Uint32Array

  /** @param table see the layout above */
  constructor(path: string, facts: PackFacts, table: Buffer, bytes: number) {
    this.path = path
    this.facts = facts
    this.bytes = bytes
    this.frames = table.length / 8
    this.#starts = new Float64Array(this.frames + 1)
    this.#checksums = new Uint32Array(this.frames)
    let start = MAGIC.length
    for (let i = 0; i < this.frames; i++) {
      this.#starts[i] = start
      this.#checksums[i] = table.readUInt32LE(i * 8 + 4)
      start += table.readUInt32LE(i * 8)
    }
    this.#starts[this.frames] = start
  }

  /** Where the frames end in the file. */
  get end(): number {
    return this.#starts[this.frames] ?? 0
  }

  /**
   * The encoded picture of a frame.
   * @throws UserError when the file is gone or was damaged; a damaged one is removed, so that it is made again
   */
  async read(frame: number): Promise<Uint8Array> {
    const [start, end] = [this.#starts[frame], this.#starts[frame + 1]]
    if (start === undefined || end === undefined) throw new RangeError(`${this.path} has no frame ${frame}.`)
    let picture: Buffer
    try {
      // Opened for every read: a file that stays open would be one of thousands.
      const handle = await open(this.path, 'r')
      try {
        picture = await readExactly(handle, start, end - start)
      } finally {
        await handle.close()
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        throw explainSystemError(error, 'read the cached frames', this.path)
      }
      throw new UserError(
        `The cached frames ${this.path} were removed while they were used; run again to make them anew.`,
        { cause: error },
      )
    }
    if (checksum(picture) === this.#checksums[frame]) return picture
    await rm(this.path, { force: true }).catch(() => {})
    throw new UserError(
      `The cached frames ${this.path} were damaged (frame ${frame}) and are removed; run again to make them anew.`,
    )
  }
}

/** @returns the pack, or undefined when there is none or it is damaged: a file in a cache is not trusted */
export async function openPack(
  path: string,
  expected: Pick<PackFacts, 'contentHash' | 'shortSide'>,
): Promise<Pack | undefined> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    const { size } = await handle.stat()
    if (size < MAGIC.length + TRAILER) return undefined
    if (!(await readExactly(handle, 0, MAGIC.length)).equals(MAGIC)) return undefined
    const trailer = await readExactly(handle, size - TRAILER, TRAILER)
    if (!trailer.subarray(40).equals(MAGIC)) return undefined
    const factsBytes = trailer.readUInt32LE(32)
    const tableBytes = trailer.readUInt32LE(36) * 8
    const start = size - TRAILER - factsBytes - tableBytes
    if (factsBytes > LARGEST_FACTS || tableBytes === 0 || start < MAGIC.length) return undefined
    const index = await readExactly(handle, start, tableBytes + factsBytes)
    if (!sha256(index).equals(trailer.subarray(0, 32))) return undefined
    const facts = v.parse(Facts, JSON.parse(index.subarray(tableBytes).toString('utf8')))
    if (facts.contentHash !== expected.contentHash || facts.shortSide !== expected.shortSide) return undefined
    const pack = new Pack(path, facts, index.subarray(0, tableBytes), size)
    return pack.end === start ? pack : undefined
  } catch {
    return undefined
  } finally {
    await handle?.close()
  }
}

/** Writes a pack under a temporary name; it appears under its own only when it is complete. */
export class PackWriter {
  readonly #path: string
  readonly #temporary: string
  readonly #handle: FileHandle
  readonly #table: { length: number; checksum: number }[] = []
  #bytes = 0

  private constructor(path: string, temporary: string, handle: FileHandle) {
    this.#path = path
    this.#temporary = temporary
    this.#handle = handle
  }

  /** @throws UserError when the folder cannot be written to */
  static async create(path: string): Promise<PackWriter> {
    // A name of its own: two runs may make the same pack at once, and the last one to finish replaces its twin.
    const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
    try {
      const writer = new PackWriter(path, temporary, await open(temporary, 'wx'))
      await writer.#write(MAGIC)
      return writer
    } catch (error) {
      throw explainSystemError(error, 'write', path)
    }
  }

  get bytes(): number {
    return this.#bytes
  }

  get frames(): number {
    return this.#table.length
  }

  /** @throws UserError when the disk is full */
  async add(picture: Uint8Array): Promise<void> {
    await this.#write(picture)
    this.#table.push({ length: picture.byteLength, checksum: checksum(picture) })
  }

  /** @throws UserError when the disk is full; the temporary file is still to be removed by {@link abort} */
  async finish(facts: PackFacts): Promise<void> {
    const table = Buffer.alloc(this.#table.length * 8)
    for (const [i, entry] of this.#table.entries()) {
      table.writeUInt32LE(entry.length, i * 8)
      table.writeUInt32LE(entry.checksum, i * 8 + 4)
    }
    const text = Buffer.from(
      JSON.stringify({ schema: SCHEMA, ...facts } satisfies v.InferOutput<typeof Facts>),
    )
    const sizes = Buffer.alloc(8)
    sizes.writeUInt32LE(text.length, 0)
    sizes.writeUInt32LE(this.#table.length, 4)
    const index = Buffer.concat([table, text])
    await this.#write(Buffer.concat([index, sha256(index), sizes, MAGIC]))
    try {
      await this.#handle.sync()
      await this.#handle.close()
      await rename(this.#temporary, this.#path)
    } catch (error) {
      // Windows replaces no file that is read just now; then another run has made the same pack.
      if ((await openPack(this.#path, facts)) !== undefined) return
      throw explainSystemError(error, 'write', this.#path)
    }
  }

  /** Leaves nothing behind of an unfinished pack; does nothing after {@link finish}. */
  async abort(): Promise<void> {
    await this.#handle.close().catch(() => {})
    await rm(this.#temporary, { force: true }).catch(() => {})
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#handle.writeFile(bytes)
    } catch (error) {
      throw explainSystemError(error, 'write', this.#path)
    }
    this.#bytes += bytes.byteLength
  }
}

async function readExactly(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled)
    // What is missing stays zero, and the checksum tells.
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

function checksum(picture: Uint8Array): number {
  return sha256(picture).readUInt32LE(0)
}
