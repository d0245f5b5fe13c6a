/** What every container gives, whatever its format: tensors by name, none of them read yet. */
import { UserError } from '../../errors.ts'
import { DTYPE_BYTES, type SafetensorsDType, type StoredTensor } from '../safetensors.ts'

/** A tensor that is known to lie within its file. */
export interface FileTensor {
  readonly dtype: SafetensorsDType
  readonly shape: readonly number[]
  /** Reads the values: little-endian, row-major. */
  read(): Promise<StoredTensor>
}

export interface Container {
  /** What reports call the format. */
  readonly format: string
  /** Tensors by name; levels of nesting are joined with dots. */
  readonly tensors: ReadonlyMap<string, FileTensor>
  /** Free text pairs of the file, where its format has them. */
  readonly metadata: Readonly<Record<string, string>>
  /** What is in the file besides and was left out, with the reason. */
  readonly skipped: readonly { readonly name: string; readonly why: string }[]
}

/** The largest tensor that is read; the largest one of an encoder of a billion parameters takes 40 MB. */
const MAX_TENSOR_BYTES = 256 * 1024 * 1024
const MAX_DIMENSIONS = 16

/**
 * The number of values of a shape out of an untrusted file.
 * @returns undefined unless the sizes are whole numbers that multiply to a number that can be counted exactly
 */
export function countValues(shape: readonly unknown[]): number | undefined {
  if (shape.length > MAX_DIMENSIONS) return undefined
  let count = 1
  for (const size of shape) {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined
    count *= size
  }
  return Number.isSafeInteger(count) ? count : undefined
}

/** Bytes of a tensor, for `read`. @throws UserError where it is larger than any that is of use here */
export function readableBytes(
  file: string,
  name: string,
  tensor: Pick<FileTensor, 'dtype' | 'shape'>,
): number {
  const bytes = (countValues(tensor.shape) ?? Number.POSITIVE_INFINITY) * DTYPE_BYTES[tensor.dtype]
  if (bytes > MAX_TENSOR_BYTES)
    throw new UserError(
      `${file}: tensor ${name} of shape [${tensor.shape}] is larger than any tensor of a known model. Use another checkpoint.`,
    )
  return bytes
}

/** Reverses the bytes of every value, in place: big-endian files. */
export function swapBytes(bytes: Uint8Array, width: number): Uint8Array {
  if (width > 1)
    for (let start = 0; start + width <= bytes.length; start += width)
      bytes.subarray(start, start + width).reverse()
  return bytes
}

/**
 * The values at offset + sum(index * stride), row-major.
 * @param offset, strides in values; every place they reach must lie within `bytes`
 */
export function gather(
  bytes: Uint8Array,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
  width: number,
): Uint8Array {
  const count = shape.reduce((product, size) => product * size, 1)
  const result = new Uint8Array(count * width)
  const index = new Array<number>(shape.length).fill(0)
  let from = offset
  for (let i = 0; i < count; i++) {
    const start = from * width
    for (let byte = 0; byte < width; byte++) result[i * width + byte] = bytes[start + byte]!
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!
      if (++index[axis]! < shape[axis]!) break
      from -= strides[axis]! * shape[axis]!
      index[axis] = 0
    }
  }
  return result
}
