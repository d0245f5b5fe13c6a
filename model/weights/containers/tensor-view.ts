/** Tensors of PyTorch: views of a storage, checked against it before a byte is read. */
import { UserError } from '../../errors.ts'
import { DTYPE_BYTES, type StoredTensor } from '../safetensors.ts'
import { damaged } from './byte-source.ts'
import { countValues, type FileTensor, gather, readableBytes, swapBytes } from './container.ts'
import { type Items, type Storage, type TensorView, thing, type Value } from './pickle-values.ts'

/** Values of the largest tensor that is put up with in a file, even if it is not read. */
const MAX_VALUES = 2 ** 32

/**
 * A tensor out of the values that a pickle hands to `_rebuild_tensor_v2`: storage, offset, size, stride.
 * @throws UserError unless every value of it lies within the storage
 */
export function viewOfStorage(file: string, values: readonly Value[]): TensorView {
  const storage = thing(values[0], 'storage')
  const offset = values[1]
  const shape = thing(values[2], 'items')?.items
  const strides = thing(values[3], 'items')?.items
  if (!storage || !shape || !strides || shape.length !== strides.length || !isCount(offset))
    throw damaged(file, 'a tensor in it is malformed')
  const count = countValues(shape)
  if (count === undefined || count > MAX_VALUES)
    throw damaged(file, `a tensor in it has the absurd shape [${shape.slice(0, 16).map(String)}]`)
  let last = offset
  for (const [axis, stride] of strides.entries()) {
    if (!isCount(stride)) throw damaged(file, 'a tensor in it has a stride that is no whole number from 0 on')
    last += Math.max(0, (shape[axis] as number) - 1) * stride
  }
  if (count > 0 ? last >= storage.count : offset > storage.count)
    throw damaged(
      file,
      `a tensor of shape [${shape.map(String)}] in it reaches beyond its storage of ${storage.count} values`,
    )
  return { kind: 'tensor', storage, offset, shape: shape as number[], strides: strides as number[] }
}

const isCount = (value: Value | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/**
 * The storage that a persistent id describes: `('storage', type, key, place, count)`, in old files with a view.
 * @throws UserError when it is anything else, such as a whole module
 */
export function storageOfId(file: string, { items }: Items): Storage {
  const [what, type, key, , count, view] = items
  if (what === 'module')
    throw new UserError(
      `${file} holds a whole Python object instead of weights. Save its state_dict() and import that.`,
    )
  const name = thing(type, 'name')
  const known = what === 'storage' && name?.meaning.kind === 'storage' ? name.meaning : undefined
  if (!known || (typeof key !== 'string' && typeof key !== 'number') || !isCount(count))
    throw damaged(file, 'a storage in it is malformed')
  const part = thing(view, 'items')?.items
  if (!part) return { kind: 'storage', key: String(key), dtype: known.dtype, count, offset: 0 }
  const [, offset, length] = part
  if (!isCount(offset) || !isCount(length) || offset + length > count)
    throw damaged(file, 'a part of a storage in it reaches beyond it')
  return { kind: 'storage', key: String(key), dtype: known.dtype, count: length, offset }
}

/** How the bytes of a storage are read: from a place in it on, both in bytes. */
export type StorageReader = (storage: Storage, start: number, length: number) => Promise<Uint8Array>

/** A tensor of the file, read when it is asked for. */
export function fileTensor(
  file: string,
  name: string,
  view: TensorView,
  readStorage: StorageReader,
  bigEndian: boolean,
): FileTensor {
  const { shape, strides, storage } = view
  const { dtype } = storage
  const width = DTYPE_BYTES[dtype]
  return {
    dtype,
    shape,
    async read(): Promise<StoredTensor> {
      const size = readableBytes(file, name, { dtype, shape })
      if (size === 0) return { dtype, shape, bytes: new Uint8Array(0) }
      const first = storage.offset + view.offset
      const reach = shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis]!, 1)
      readableBytes(file, name, { dtype, shape: [reach] })
      const bytes = await readStorage(storage, first * width, reach * width)
      if (bigEndian) swapBytes(bytes, width)
      return {
        dtype,
        shape,
        bytes: isRowMajor(shape, strides) ? bytes : gather(bytes, 0, shape, strides, width),
      }
    },
  }
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false
    expected *= shape[axis]!
  }
  return true
}
