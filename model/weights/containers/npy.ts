/** NumPy's formats: one array (`.npy`), and a zip archive of arrays (`.npz`). */
import { DTYPE_BYTES, type SafetensorsDType, type StoredTensor } from '../safetensors.ts'
import { type ByteSource, damaged, hostile } from './byte-source.ts'
import {
  type Container,
  countValues,
  type FileTensor,
  gather,
  readableBytes,
  swapBytes,
} from './container.ts'
import type { ZipArchive } from './zip.ts'

/** Type letter and bytes of NumPy, without the byte order. */
const TYPES: Record<string, SafetensorsDType> = {
  f8: 'F64',
  f4: 'F32',
  f2: 'F16',
  i8: 'I64',
  i4: 'I32',
  i2: 'I16',
  i1: 'I8',
  u1: 'U8',
  b1: 'BOOL',
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
/** A header has the type, the order and the shape; NumPy itself warns above 10,000 characters. */
const MAX_HEADER = 65_536

interface Header {
  readonly dtype: SafetensorsDType
  readonly shape: readonly number[]
  readonly bigEndian: boolean
  /** Column order on disk. */
  readonly fortran: boolean
  /** Where the values begin. */
  readonly start: number
}

/** Whether bytes begin as a `.npy` file does. */
export function isNpy(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte)
}

/** The arrays of a `.npz` archive, named as its entries without `.npy`. */
export async function openNpz(source: ByteSource, archive: ZipArchive): Promise<Container> {
  const tensors = new Map<string, FileTensor>()
  const skipped: { name: string; why: string }[] = []
  for (const entry of archive.entries.values()) {
    if (!entry.name.endsWith('.npy')) {
      skipped.push({ name: entry.name, why: 'no array' })
      continue
    }
    const name = entry.name.slice(0, -4)
    const head = await archive.head(entry, Math.min(entry.size, MAX_HEADER + 12))
    const tensor = openArray(source.name, name, entry.size, head, (start, length) =>
      archive.read(entry, start, length),
    )
    if (typeof tensor === 'string') skipped.push({ name, why: tensor })
    else tensors.set(name, tensor)
  }
  return { format: 'NumPy .npz', tensors, metadata: {}, skipped }
}

/** A single array, under the name `array`. */
export async function openNpy(source: ByteSource): Promise<Container> {
  const head = await source.read(0, Math.min(source.size, MAX_HEADER + 12))
  const tensor = openArray(source.name, 'array', source.size, head, (start, length) =>
    source.read(start, length),
  )
  return {
    format: 'NumPy .npy',
    tensors: new Map(typeof tensor === 'string' ? [] : [['array', tensor]]),
    metadata: {},
    skipped: typeof tensor === 'string' ? [{ name: 'array', why: tensor }] : [],
  }
}

/** @returns why it cannot be used, where its type holds no numbers that are known here */
function openArray(
  file: string,
  name: string,
  size: number,
  head: Uint8Array,
  read: (start: number, length: number) => Promise<Uint8Array>,
): FileTensor | string {
  const header = parseHeader(file, name, size, head)
  if (typeof header === 'string') return header
  const { dtype, shape, start } = header
  const count = countValues(shape)
  if (count === undefined || count * DTYPE_BYTES[dtype] !== size - start)
    throw damaged(file, `array ${name} of shape [${shape}] does not have the bytes that its shape needs`)
  return {
    dtype,
    shape,
    async read(): Promise<StoredTensor> {
      const bytes = await read(start, readableBytes(file, name, header))
      if (header.bigEndian) swapBytes(bytes, DTYPE_BYTES[dtype])
      return { dtype, shape, bytes: header.fortran ? rowMajor(bytes, shape, DTYPE_BYTES[dtype]) : bytes }
    },
  }
}

function parseHeader(file: string, name: string, size: number, bytes: Uint8Array): Header | string {
  const broken = (what: string) => damaged(file, `array ${name} in it ${what}`)
  if (size < 10 || !isNpy(bytes)) throw broken('is no NumPy array')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const version = bytes[6]!
  if (version < 1 || version > 3) throw broken(`is of the unknown version ${version}`)
  const lengthBytes = version === 1 ? 2 : 4
  if (bytes.length < 8 + lengthBytes) throw broken('is cut short')
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  const start = 8 + lengthBytes + length
  if (length > MAX_HEADER || start > bytes.length) throw broken('has a header longer than itself')
  const text = new TextDecoder('latin1').decode(bytes.subarray(8 + lengthBytes, start))
  const descriptor = /'descr'\s*:\s*'([<>|=])?([a-zA-Z])(\d*)'/.exec(text)
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)
  const tuple = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text)
  if (/'descr'\s*:\s*'\|?O/.test(text))
    throw hostile(file, `array ${name} holds Python objects, which are stored as a pickle`)
  if (!order || !tuple) throw broken('has a malformed header')
  if (!descriptor) return 'structured or unknown type'
  const dtype = TYPES[`${descriptor[2]}${descriptor[3]}`]
  if (!dtype) return `type ${descriptor[2]}${descriptor[3]} is not used for weights`
  const shape = tuple[1]!
    .split(',')
    .map((part) => part.trim().replace(/L$/, ''))
    .filter((part) => part !== '')
    .map(Number)
  return { dtype, shape, bigEndian: descriptor[1] === '>', fortran: order[1] === 'True', start }
}

/** Column order to row order. */
function rowMajor(bytes: Uint8Array, shape: readonly number[], width: number): Uint8Array {
  const strides: number[] = []
  shape.reduce((stride, size) => {
    strides.push(stride)
    return stride * size
  }, 1)
  return gather(bytes, 0, shape, strides, width)
}
