/**
 * The safetensors container: 8 bytes of header length, a JSON header {name: {dtype, shape, data_offsets}}, then
 * the bytes. Our own reader because a model file is untrusted input: every size is checked against the file
 * before anything is allocated, and nothing in it can name code.
 */
import { open, stat } from 'node:fs/promises'
import * as v from 'valibot'
import { explainSystemError, UserError } from '../errors.ts'
import { writeFileAtomic } from '../files.ts'

export type SafetensorsDType = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL'

/** One tensor as stored: raw little-endian bytes, row-major. */
export interface StoredTensor {
  readonly dtype: SafetensorsDType
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}

export interface TensorFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>
  /** Free text pairs of the file's `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>
}

/** Bytes of one value. */
export const DTYPE_BYTES: Record<SafetensorsDType, number> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
}

/** The format allows 100 MB; a header of ten thousand tensors takes 1 MB, and parsed JSON takes many times its text. */
const MAX_HEADER_BYTES = 16_000_000
/** A file above this is refused: the largest supported encoder, ViT-L, is 1.2 GB in float32. */
const MAX_FILE_BYTES = 8 * 1024 ** 3

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const entrySchema = v.strictObject({
  dtype: v.string(),
  shape: v.pipe(v.array(count), v.maxLength(16)),
  data_offsets: v.strictTuple([count, count]),
})
const headerSchema = v.record(v.string(), v.unknown())
const metadataSchema = v.record(v.string(), v.string())

/** Where a tensor lies; bytes counted from the end of the header, the end excluded. */
export interface Span {
  readonly key: string
  readonly dtype: SafetensorsDType
  readonly shape: readonly number[]
  readonly start: number
  readonly end: number
}

/** What a header says, checked. */
export interface SafetensorsLayout {
  readonly spans: readonly Span[]
  readonly metadata: Record<string, string>
}

/**
 * Reads a safetensors file: the header first, and the rest only once every size in it fits the file.
 * @throws UserError naming the file and what is wrong with it: missing, not safetensors, cut short, a tensor
 *         whose shape does not match its bytes, overlapping or uncovered bytes, an unknown type
 */
export async function readSafetensors(path: string): Promise<TensorFile> {
  try {
    const { size } = await stat(path)
    if (size > MAX_FILE_BYTES)
      throw new UserError(`${path} is ${size} bytes; model files above 8 GB are not read.`)
    const handle = await open(path, 'r')
    try {
      const headerBytes = headerLength(await readBytes(handle, 0, Math.min(8, size), path), size, path)
      const header = await readBytes(handle, 8, headerBytes, path)
      const bodyBytes = size - 8 - headerBytes
      const layout = parseHeader(header, bodyBytes, path)
      return tensorFile(layout, await readBytes(handle, 8 + headerBytes, bodyBytes, path))
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw explainSystemError(error, 'read', path)
  }
}

/**
 * The metadata of a safetensors file, from its header alone; the tensors are not read.
 * @throws UserError naming the file when it is missing, cut short or its header is damaged
 */
export async function readSafetensorsMetadata(path: string): Promise<Readonly<Record<string, string>>> {
  try {
    const handle = await open(path, 'r')
    try {
      const { size } = await handle.stat()
      const headerBytes = headerLength(await readBytes(handle, 0, Math.min(8, size), path), size, path)
      const header = await readBytes(handle, 8, headerBytes, path)
      return parseHeader(header, size - 8 - headerBytes, path).metadata
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw explainSystemError(error, 'read', path)
  }
}

async function readBytes(
  handle: Awaited<ReturnType<typeof open>>,
  from: number,
  size: number,
  name: string,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(size)
  // One read call may return fewer bytes than asked, and never more than 2 GB.
  for (let offset = 0; offset < size; ) {
    const { bytesRead } = await handle.read(bytes, offset, Math.min(size - offset, 1 << 30), from + offset)
    if (bytesRead === 0) refuse(name, 'it became shorter while it was read')
    offset += bytesRead
  }
  return bytes
}

/** Parses the bytes of a safetensors file; `name` is what messages call it. The tensors are views into `bytes`. */
export function parseSafetensors(bytes: Uint8Array, name: string): TensorFile {
  const start = 8 + headerLength(bytes, bytes.length, name)
  const body = bytes.subarray(start)
  return tensorFile(parseHeader(bytes.subarray(8, start), body.length, name), body)
}

function refuse(name: string, what: string): never {
  throw new UserError(`${name} is not a sound safetensors file: ${what}. Use another copy of the file.`)
}

/** @param start the first 8 bytes of the file, or more */
export function headerLength(start: Uint8Array, fileBytes: number, name: string): number {
  if (start.length < 8) refuse(name, `it has only ${fileBytes} bytes`)
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength)
  const bytes = Number(view.getBigUint64(0, true))
  if (bytes > MAX_HEADER_BYTES || bytes > fileBytes - 8)
    refuse(name, `its header claims ${bytes} bytes and the file has ${fileBytes}`)
  return bytes
}

/** The header, checked against the number of bytes after it, which must belong to exactly one tensor each. */
export function parseHeader(bytes: Uint8Array, bodyBytes: number, name: string): SafetensorsLayout {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    refuse(name, 'its header is not JSON')
  }
  const header = v.safeParse(headerSchema, json)
  if (!header.success || Array.isArray(json)) return refuse(name, 'its header is not a JSON object')

  const spans: Span[] = []
  let metadata: Record<string, string> = {}
  for (const [key, value] of Object.entries(header.output)) {
    if (key === '__metadata__') {
      const parsed = v.safeParse(metadataSchema, value)
      if (!parsed.success) return refuse(name, 'its __metadata__ holds something else than text')
      metadata = parsed.output
      continue
    }
    const entry = v.safeParse(entrySchema, value)
    if (!entry.success) return refuse(name, `the entry of tensor ${key} is malformed`)
    const { dtype, shape, data_offsets: offsets } = entry.output
    if (!Object.hasOwn(DTYPE_BYTES, dtype)) refuse(name, `tensor ${key} has the unknown type ${dtype}`)
    const known = dtype as SafetensorsDType
    const [start, end] = offsets
    if (start > end || end > bodyBytes) refuse(name, `tensor ${key} lies outside the file`)
    const size = shape.reduce((product, dimension) => product * dimension, DTYPE_BYTES[known])
    if (size !== end - start)
      refuse(name, `tensor ${key} of shape [${shape}] needs ${size} bytes and has ${end - start}`)
    spans.push({ key, dtype: known, shape, start, end })
  }
  let covered = 0
  const filled = spans.filter(({ start, end }) => end > start).sort((a, b) => a.start - b.start)
  for (const { start, end, key } of filled) {
    if (start < covered) refuse(name, `tensor ${key} overlaps another tensor`)
    if (start > covered) refuse(name, `the bytes before tensor ${key} belong to no tensor`)
    covered = end
  }
  if (covered !== bodyBytes) refuse(name, 'bytes at its end belong to no tensor')
  return { spans, metadata }
}

function tensorFile({ spans, metadata }: SafetensorsLayout, body: Uint8Array): TensorFile {
  const tensors = new Map<string, StoredTensor>()
  for (const { key, dtype, shape, start, end } of spans)
    tensors.set(key, { dtype, shape, bytes: body.subarray(start, end) })
  return { tensors, metadata }
}

/** The bytes of a safetensors file in pieces, header first; tensors start at 8 bytes and follow the map's order. */
function* safetensorsPieces(file: TensorFile): Generator<Uint8Array> {
  const header: Record<string, unknown> = {}
  if (Object.keys(file.metadata).length > 0) header.__metadata__ = file.metadata
  let offset = 0
  for (const [key, { dtype, shape, bytes }] of file.tensors) {
    const expected = shape.reduce((product, dimension) => product * dimension, DTYPE_BYTES[dtype])
    if (bytes.length !== expected)
      throw new RangeError(`Tensor ${key} has ${bytes.length} bytes, needs ${expected}.`)
    header[key] = { dtype, shape, data_offsets: [offset, offset + bytes.length] }
    offset += bytes.length
  }
  const text = new TextEncoder().encode(JSON.stringify(header))
  const padded = Math.ceil(text.length / 8) * 8
  const start = new Uint8Array(8 + padded)
  new DataView(start.buffer).setBigUint64(0, BigInt(padded), true)
  start.fill(0x20, 8)
  start.set(text, 8)
  yield start
  for (const { bytes } of file.tensors.values()) yield bytes
}

/** The bytes of a safetensors file, tensors in the order of the map. */
export function serialiseSafetensors(file: TensorFile): Uint8Array {
  const pieces = [...safetensorsPieces(file)]
  const result = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let position = 0
  for (const piece of pieces) {
    result.set(piece, position)
    position += piece.length
  }
  return result
}

/**
 * Writes a safetensors file atomically, tensor by tensor without a second copy in memory.
 * @throws UserError when the place is not writable or the disk is full
 */
export async function writeSafetensors(path: string, file: TensorFile): Promise<void> {
  await writeFileAtomic(path, safetensorsPieces(file))
}
