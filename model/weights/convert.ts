/** Between stored tensors and the float32 values that the model computes with. */
import type { StoredTensor } from './safetensors.ts'

/** 32 bits of a float, read and written through shared memory. */
const bits = new Uint32Array(1)
const float = new Float32Array(bits.buffer)

/** IEEE half precision to number, subnormals, infinities and NaN included. */
export function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** bfloat16 is the upper half of a float32. */
export function bfloatToFloat(value: number): number {
  bits[0] = value << 16
  return float[0]!
}

/**
 * The values of a tensor as float32, in row-major order. A fresh array, aligned whatever the file's layout was.
 * @throws RangeError for a type that holds no real numbers (BOOL, integers wider than float32 can hold exactly)
 */
export function toFloat32(tensor: StoredTensor): Float32Array {
  const { dtype, bytes } = tensor
  // Not `slice`, which shares memory where the bytes are a Buffer.
  const copy = new Uint8Array(bytes)
  switch (dtype) {
    case 'F32':
      return new Float32Array(copy.buffer)
    case 'F64':
      return Float32Array.from(new Float64Array(copy.buffer))
    case 'F16':
      return Float32Array.from(new Uint16Array(copy.buffer), halfToFloat)
    case 'BF16':
      return Float32Array.from(new Uint16Array(copy.buffer), bfloatToFloat)
    default:
      throw new RangeError(`A tensor of type ${dtype} holds no real numbers.`)
  }
}

/** Float32 values as a stored tensor. */
export function fromFloat32(values: Float32Array, shape: readonly number[]): StoredTensor {
  return { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) }
}
