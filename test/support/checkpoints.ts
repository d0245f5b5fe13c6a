/** Writes checkpoints as other programs do, in every container: what the importers are tested with. */
import { deflateRawSync } from 'node:zlib'
import { serialiseSafetensors } from '../../model/weights/index.ts'

export interface Tensor {
  readonly shape: readonly number[]
  readonly values: Float32Array
  /** In values; row-major where left out. Only PyTorch's containers store them. */
  readonly strides?: readonly number[]
}

/** Nested dictionaries of tensors, numbers and text. */
export type Nested = { readonly [name: string]: Nested | Tensor | number | string }

const isTensor = (value: unknown): value is Tensor =>
  typeof value === 'object' && value !== null && (value as Tensor).values instanceof Float32Array

const bytesOf = ({ values }: Tensor): Uint8Array =>
  new Uint8Array(values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength))

/** Names of nested tensors joined with dots. */
export function flat(nested: Nested, prefix = ''): Map<string, Tensor> {
  const result = new Map<string, Tensor>()
  for (const [name, value] of Object.entries(nested)) {
    if (isTensor(value)) result.set(prefix + name, value)
    else if (typeof value === 'object')
      for (const [key, tensor] of flat(value, `${prefix}${name}.`)) result.set(key, tensor)
  }
  return result
}

/** The instructions of a pickle, protocol 2. */
class PickleWriter {
  readonly #parts: Uint8Array[] = [Uint8Array.of(0x80, 2)]
  /** Storages in the order of their keys. */
  readonly storages: Tensor[] = []
  readonly #legacy: boolean

  constructor(legacy: boolean) {
    this.#legacy = legacy
  }

  op(...bytes: number[]): this {
    this.#parts.push(Uint8Array.from(bytes))
    return this
  }

  text(value: string): this {
    const bytes = new TextEncoder().encode(value)
    this.op(0x58, ...int32(bytes.length))
    this.#parts.push(bytes)
    return this
  }

  number(value: number): this {
    return this.op(0x4a, ...int32(value))
  }

  name(module: string, name: string): this {
    this.op(0x63)
    this.#parts.push(new TextEncoder().encode(`${module}\n${name}\n`))
    return this
  }

  tuple(...items: (() => void)[]): this {
    this.op(0x28)
    for (const item of items) item()
    return this.op(0x74)
  }

  value(value: Nested | Tensor | number | string): this {
    if (typeof value === 'number') return this.number(value)
    if (typeof value === 'string') return this.text(value)
    if (isTensor(value)) return this.tensor(value)
    this.op(0x7d, 0x28)
    for (const [key, item] of Object.entries(value)) this.text(key).value(item)
    return this.op(0x75)
  }

  tensor(tensor: Tensor): this {
    const key = String(this.storages.length)
    this.storages.push(tensor)
    const rowMajor = tensor.shape.map((_, axis) => tensor.shape.slice(axis + 1).reduce((a, b) => a * b, 1))
    const numbers = (values: readonly number[]) => (): void => {
      this.tuple(...values.map((value) => () => void this.number(value)))
    }
    this.name('torch._utils', '_rebuild_tensor_v2')
    this.tuple(
      () => {
        this.tuple(
          () => void this.text('storage'),
          () => void this.name('torch', 'FloatStorage'),
          () => void this.text(key),
          () => void this.text('cpu'),
          () => void this.number(tensor.values.length),
          ...(this.#legacy ? [() => void this.op(0x4e)] : []),
        )
        this.op(0x51)
      },
      () => void this.number(0),
      numbers(tensor.shape),
      numbers(tensor.strides ?? rowMajor),
      () => void this.op(0x89),
      () => void this.name('collections', 'OrderedDict').op(0x29, 0x52),
    )
    return this.op(0x52)
  }

  finish(): Uint8Array {
    return concatenated([...this.#parts, Uint8Array.of(0x2e)])
  }
}

const int32 = (value: number): number[] => [...new Uint8Array(Int32Array.of(value).buffer)]
const int16 = (value: number): number[] => [value & 255, (value >> 8) & 255]

export function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    result.set(part, at)
    at += part.length
  }
  return result
}

/** A zip archive; checksums are left zero, as nobody here looks at them. */
export function zip(entries: Entries, deflate = false): Uint8Array {
  const parts: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let at = 0
  for (const [name, bytes] of entries) {
    const packed = deflate ? new Uint8Array(deflateRawSync(bytes, { level: 1 })) : bytes
    const label = new TextEncoder().encode(name)
    const facts = [
      ...int16(deflate ? 8 : 0),
      ...[0, 0, 0, 0],
      ...[0, 0, 0, 0],
      ...int32(packed.length),
      ...int32(bytes.length),
      ...int16(label.length),
    ]
    const local = Uint8Array.from([0x50, 0x4b, 3, 4, 20, 0, 0, 0, ...facts, 0, 0])
    directory.push(
      Uint8Array.from([
        ...[0x50, 0x4b, 1, 2, 20, 0, 20, 0, 0, 0],
        ...facts,
        ...new Array<number>(12).fill(0),
        ...int32(at),
      ]),
      label,
    )
    parts.push(local, label, packed)
    at += local.length + label.length + packed.length
  }
  const central = concatenated(directory)
  const end = Uint8Array.from([
    ...[0x50, 0x4b, 5, 6, 0, 0, 0, 0],
    ...int16(entries.length),
    ...int16(entries.length),
    ...int32(central.length),
    ...int32(at),
    0,
    0,
  ])
  return concatenated([...parts, central, end])
}

export type Entries = readonly (readonly [name: string, bytes: Uint8Array])[]

/** What PyTorch puts into its archive. */
export function torchEntries(nested: Nested): Entries {
  const writer = new PickleWriter(false)
  const pickle = writer.value(nested).finish()
  return [
    ['archive/data.pkl', pickle],
    ...writer.storages.map((tensor, i) => [`archive/data/${i}`, bytesOf(tensor)] as const),
    ['archive/version', new TextEncoder().encode('3\n')],
  ]
}

export function torchZip(nested: Nested): Uint8Array {
  return zip(torchEntries(nested))
}

export function torchLegacy(nested: Nested): Uint8Array {
  const writer = new PickleWriter(true)
  const root = writer.value(nested).finish()
  const magic = Uint8Array.from([
    0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
  ])
  const keys = new PickleWriter(true).op(0x5d, 0x28)
  writer.storages.forEach((_, i) => void keys.text(String(i)))
  return concatenated([
    magic,
    new PickleWriter(true).number(1001).finish(),
    new PickleWriter(true).value({ protocol_version: 1001 }).finish(),
    root,
    keys.op(0x65).finish(),
    ...writer.storages.flatMap((tensor) => [
      new Uint8Array(BigInt64Array.of(BigInt(tensor.values.length)).buffer),
      bytesOf(tensor),
    ]),
  ])
}

/** What NumPy puts into its archive. */
export function npzEntries(nested: Nested): Entries {
  return [...flat(nested)].map(([name, tensor]) => [`${name}.npy`, npy(tensor)] as const)
}

export function npz(nested: Nested, deflate = false): Uint8Array {
  return zip(npzEntries(nested), deflate)
}

function npy(tensor: Tensor): Uint8Array {
  const shape = tensor.shape.length === 1 ? `${tensor.shape[0]},` : tensor.shape.join(', ')
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape}), }`
  const padded = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`
  const head = Uint8Array.from([0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, ...int16(padded.length)])
  return concatenated([head, new TextEncoder().encode(padded), bytesOf(tensor)])
}

export function safetensors(nested: Nested): Uint8Array {
  const tensors = new Map(
    [...flat(nested)].map(([name, tensor]) => [
      name,
      { dtype: 'F32' as const, shape: tensor.shape, bytes: bytesOf(tensor) },
    ]),
  )
  return serialiseSafetensors({ tensors, metadata: {} })
}
