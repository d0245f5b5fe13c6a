/**
 * The directory of a zip archive and the bytes of its entries. Our own reader because sizes must be checked against
 * the file before anything is allocated, and entries that lie over one another must be refused; unpacking libraries
 * trust the sizes that the archive states. Nothing is ever unpacked to disk.
 */
import { constants, inflateRawSync } from 'node:zlib'
import { type ByteSource, damaged } from './byte-source.ts'

export interface ZipEntry {
  readonly name: string
  /** Bytes in the archive and after unpacking. */
  readonly packed: number
  readonly size: number
  readonly deflated: boolean
  readonly headerOffset: number
  /** Where the next thing in the archive begins. */
  readonly limit: number
}

const END = 0x06054b50
const END_64_LOCATOR = 0x07064b50
const END_64 = 0x06064b50
const CENTRAL = 0x02014b50
const LOCAL = 0x04034b50

/** End record and the longest comment. */
const MAX_TAIL = 22 + 0xffff
const MAX_DIRECTORY = 16 * 1024 * 1024
const MAX_ENTRIES = 100_000
/** An entry that is unpacked at once. */
const MAX_UNPACKED = 256 * 1024 * 1024 + 65_536
/** Bytes that cannot be packed grow a little. */
const PACKED_SLACK = 1024
/** Deflate cannot shrink further than this. */
const MAX_RATIO = 1032

const LARGE_32 = 0xffffffff
const LARGE_16 = 0xffff

/** An opened archive. */
export class ZipArchive {
  readonly entries: ReadonlyMap<string, ZipEntry>
  readonly #source: ByteSource

  private constructor(source: ByteSource, entries: ReadonlyMap<string, ZipEntry>) {
    this.#source = source
    this.entries = entries
  }

  /** Reads the directory. @throws UserError naming the file when it is cut short, inconsistent, or encrypted */
  static async open(source: ByteSource): Promise<ZipArchive> {
    const directory = await findDirectory(source)
    if (directory.size > MAX_DIRECTORY || directory.count > MAX_ENTRIES)
      throw damaged(source.name, 'its zip directory is absurdly large')
    const bytes = await source.read(directory.offset, directory.size)
    return new ZipArchive(source, parseDirectory(source.name, bytes, directory))
  }

  /** Bytes of an entry after unpacking, from `start` on; all of them by default. */
  async read(entry: ZipEntry, start = 0, length = entry.size - start): Promise<Uint8Array> {
    const { name } = this.#source
    if (start < 0 || length < 0 || start + length > entry.size)
      throw damaged(name, `${entry.name} in it is shorter than it should be`)
    const offset = await this.#dataOffset(entry)
    if (!entry.deflated) return this.#source.read(offset + start, length)
    if (entry.size > MAX_UNPACKED) throw damaged(name, `${entry.name} in it unpacks to more than 256 MB`)
    const packed = await this.#source.read(offset, entry.packed)
    let unpacked: Uint8Array
    try {
      unpacked = inflateRawSync(packed, { maxOutputLength: Math.max(1, entry.size) })
    } catch {
      throw damaged(name, `${entry.name} in it cannot be unpacked`)
    }
    if (unpacked.length !== entry.size)
      throw damaged(name, `${entry.name} in it is shorter than it should be`)
    return new Uint8Array(unpacked.subarray(start, start + length))
  }

  /** The first bytes of an entry after unpacking, at least `length` of them, without unpacking the rest. */
  async head(entry: ZipEntry, length: number): Promise<Uint8Array> {
    if (!entry.deflated) return this.read(entry, 0, Math.min(length, entry.size))
    const packed = await this.#source.read(
      await this.#dataOffset(entry),
      Math.min(entry.packed, length + PACKED_SLACK),
    )
    try {
      const head = inflateRawSync(packed, { finishFlush: constants.Z_SYNC_FLUSH })
      return new Uint8Array(head.subarray(0, length))
    } catch {
      throw damaged(this.#source.name, `${entry.name} in it cannot be unpacked`)
    }
  }

  async #dataOffset(entry: ZipEntry): Promise<number> {
    const { name } = this.#source
    const view = viewOf(await this.#source.read(entry.headerOffset, 30))
    if (view.getUint32(0, true) !== LOCAL)
      throw damaged(name, `its zip directory points to no entry for ${entry.name}`)
    const offset = entry.headerOffset + 30 + view.getUint16(26, true) + view.getUint16(28, true)
    if (offset + entry.packed > entry.limit) throw damaged(name, `${entry.name} in it overlaps another entry`)
    return offset
  }
}

interface Directory {
  readonly offset: number
  readonly size: number
  readonly count: number
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

async function findDirectory(source: ByteSource): Promise<Directory> {
  const { name, size } = source
  const start = Math.max(0, size - MAX_TAIL)
  const view = viewOf(await source.read(start, size - start))
  for (let at = view.byteLength - 22; at >= 0; at--) {
    if (view.getUint32(at, true) !== END) continue
    const count = view.getUint16(at + 10, true)
    const bytes = view.getUint32(at + 12, true)
    const offset = view.getUint32(at + 16, true)
    const large = count === LARGE_16 || bytes === LARGE_32 || offset === LARGE_32
    const directory = large ? await findDirectory64(source, start + at) : { offset, size: bytes, count }
    if (directory.offset + directory.size > start + at)
      throw damaged(name, 'its zip directory lies beyond its end')
    return directory
  }
  throw damaged(name, 'it is cut short: the zip directory at its end is missing')
}

async function findDirectory64(source: ByteSource, end: number): Promise<Directory> {
  const lost = damaged(source.name, 'its 64-bit zip directory is missing')
  if (end < 20) throw lost
  const locator = viewOf(await source.read(end - 20, 20))
  if (locator.getUint32(0, true) !== END_64_LOCATOR) throw lost
  const record = viewOf(await source.read(Number(locator.getBigUint64(8, true)), 56))
  if (record.getUint32(0, true) !== END_64) throw lost
  return {
    count: Number(record.getBigUint64(32, true)),
    size: Number(record.getBigUint64(40, true)),
    offset: Number(record.getBigUint64(48, true)),
  }
}

function parseDirectory(file: string, bytes: Uint8Array, directory: Directory): Map<string, ZipEntry> {
  const view = viewOf(bytes)
  const found: Omit<ZipEntry, 'limit'>[] = []
  let at = 0
  for (let i = 0; i < directory.count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== CENTRAL)
      throw damaged(file, 'its zip directory is cut short')
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) =>
      view.getUint16(at + field, true),
    )
    const next = at + 46 + nameBytes! + extraBytes! + commentBytes!
    if (next > bytes.length) throw damaged(file, 'its zip directory is cut short')
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameBytes!))
    const sizes = largeSizes(file, name, view, at, at + 46 + nameBytes!, extraBytes!)
    const method = view.getUint16(at + 10, true)
    if (view.getUint16(at + 8, true) & 1) throw damaged(file, `${name} in it is encrypted`)
    if (method !== 0 && method !== 8)
      throw damaged(file, `${name} in it is packed by a method that is not known (${method})`)
    if (method === 0 ? sizes.packed !== sizes.size : sizes.size > MAX_RATIO * sizes.packed + MAX_RATIO)
      throw damaged(file, `${name} in it states a size that its bytes cannot have`)
    found.push({ name, ...sizes, deflated: method === 8 })
    at = next
  }
  return withLimits(file, found, directory.offset)
}

/** Sizes and place of an entry; those that do not fit 32 bits stand in the extra field of kind 1, in this order. */
function largeSizes(
  file: string,
  name: string,
  view: DataView,
  at: number,
  extraStart: number,
  extraBytes: number,
): Pick<ZipEntry, 'packed' | 'size' | 'headerOffset'> {
  let size = view.getUint32(at + 24, true)
  let packed = view.getUint32(at + 20, true)
  let headerOffset = view.getUint32(at + 42, true)
  const end = extraStart + extraBytes
  for (let field = extraStart; field + 4 <= end; ) {
    const kind = view.getUint16(field, true)
    const length = view.getUint16(field + 2, true)
    if (field + 4 + length > end) break
    if (kind === 1) {
      let value = field + 4
      const large = (small: number): number => {
        if (small !== LARGE_32) return small
        if (value + 8 > field + 4 + length)
          throw damaged(file, `the size of ${name} in it is not in its directory`)
        value += 8
        return Number(view.getBigUint64(value - 8, true))
      }
      size = large(size)
      packed = large(packed)
      headerOffset = large(headerOffset)
    }
    field += 4 + length
  }
  return { size, packed, headerOffset }
}

/** Entries by name. @throws UserError where two have one name, lie over one another, or reach into the directory */
function withLimits(
  file: string,
  found: readonly Omit<ZipEntry, 'limit'>[],
  directoryOffset: number,
): Map<string, ZipEntry> {
  const inOrder = [...found].sort((a, b) => a.headerOffset - b.headerOffset)
  const limits = new Map<Omit<ZipEntry, 'limit'>, number>()
  inOrder.forEach((entry, i) => {
    const limit = inOrder[i + 1]?.headerOffset ?? directoryOffset
    if (entry.headerOffset + 30 + entry.packed > limit)
      throw damaged(file, `${entry.name} in it overlaps what follows it`)
    limits.set(entry, limit)
  })
  const entries = new Map<string, ZipEntry>()
  for (const entry of found) {
    if (entries.has(entry.name)) throw damaged(file, `${entry.name} is in it twice`)
    entries.set(entry.name, { ...entry, limit: limits.get(entry)! })
  }
  return entries
}
