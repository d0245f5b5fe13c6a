/** Element types that the graph speaks; the subset of ONNX types that every device of ours computes with. */
export type DType = 'float32' | 'int64' | 'int32' | 'uint8' | 'bool'

/** Static shape: every dimension is known when the graph is built. A scalar is `[]`. */
export type Shape = readonly number[]

/** Values of a constant, in row-major order. int64 takes BigInt64Array as ONNX Runtime does. */
export type TensorData = Float32Array | BigInt64Array | Int32Array | Uint8Array

export interface TensorType {
  readonly dtype: DType
  readonly shape: Shape
}

/** A graph that cannot mean anything: wrong shapes or types. Always a mistake of the code that builds it. */
export class GraphError extends Error {
  override readonly name = 'GraphError'
}

/** Number of elements; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, dimension) => product * dimension, 1)
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis])
}

/** `-1` is the last axis, as in NumPy. @throws GraphError outside the rank */
export function normaliseAxis(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(positive) || positive < 0 || positive >= rank)
    throw new GraphError(`Axis ${axis} is outside a tensor of rank ${rank}.`)
  return positive
}

/** The shape of an elementwise operation, by NumPy's broadcasting rules. @throws GraphError */
export function broadcastShapes(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1
    const right = b[axis - rank + b.length] ?? 1
    if (left !== right && left !== 1 && right !== 1)
      throw new GraphError(`Shapes [${a}] and [${b}] cannot be broadcast together.`)
    return Math.max(left, right) === 1 ? 1 : left === 1 ? right : left
  })
}
