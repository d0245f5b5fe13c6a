/**
 * The operators a model is written in. Each function checks its arguments, works out the result's type and
 * appends one operation to the graph of its arguments. How an operator becomes ONNX is lowering.ts's business.
 */
import type { Attributes, Tensor } from './graph.ts'
import {
  broadcastShapes,
  type DType,
  GraphError,
  normaliseAxis,
  type Shape,
  sameShape,
  sizeOf,
  type TensorType,
} from './types.ts'

function one(operator: string, inputs: readonly Tensor[], attributes: Attributes, type: TensorType): Tensor {
  return inputs[0]!.graph.add(operator, inputs, attributes, [type])[0]!
}

function expectDtype(operator: string, dtype: DType, ...tensors: Tensor[]): void {
  for (const tensor of tensors)
    if (tensor.dtype !== dtype) throw new GraphError(`${operator} takes ${dtype}, not ${tensor.dtype}.`)
}

function elementwise(operator: string) {
  return (a: Tensor, b: Tensor): Tensor => {
    if (a.dtype !== b.dtype) throw new GraphError(`${operator}: ${a.dtype} and ${b.dtype} differ.`)
    return one(operator, [a, b], {}, { dtype: a.dtype, shape: broadcastShapes(a.shape, b.shape) })
  }
}

function pointwise(operator: string) {
  return (x: Tensor): Tensor => {
    expectDtype(operator, 'float32', x)
    return one(operator, [x], {}, x)
  }
}

/** Broadcasting arithmetic. */
export const add = elementwise('add')
export const subtract = elementwise('subtract')
export const multiply = elementwise('multiply')
export const divide = elementwise('divide')
export const maximum = elementwise('maximum')
export const minimum = elementwise('minimum')

export const sqrt = pointwise('sqrt')
/** Exact GELU, x/2 (1 + erf(x / sqrt 2)). */
export const gelu = pointwise('gelu')

/** `upstream` times the derivative of GELU at x, Phi(x) + x phi(x): the backward pass of {@link gelu}. */
export function geluBackward(x: Tensor, upstream: Tensor): Tensor {
  expectDtype('geluBackward', 'float32', x, upstream)
  if (!sameShape(x.shape, upstream.shape))
    throw new GraphError(`geluBackward: [${x.shape}] and [${upstream.shape}] differ.`)
  return one('geluBackward', [x, upstream], {}, x)
}

/** The same values as another element type. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : one('cast', [x], { dtype }, { dtype, shape: x.shape })
}

/** How {@link matmul} reads its arguments. */
export interface MatmulOptions {
  /** The last two axes of `a` are swapped before the product. */
  readonly transposeA?: boolean
  /** The last two axes of `b` are swapped before the product. */
  readonly transposeB?: boolean
  /** The product is multiplied by this; 1 when left out. */
  readonly scale?: number
}

/** Matrix product of the last two axes, [..., n, k] x [..., k, m], leading axes broadcast. */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  expectDtype('matmul', 'float32', a, b)
  const { transposeA = false, transposeB = false, scale = 1 } = options
  const fits = a.shape.length >= 2 && b.shape.length >= 2
  const [n, k] = transposeA ? a.shape.slice(-2).reverse() : a.shape.slice(-2)
  const [inner, m] = transposeB ? b.shape.slice(-2).reverse() : b.shape.slice(-2)
  if (!fits || k !== inner) {
    const turned = (is: boolean): string => (is ? ' transposed' : '')
    throw new GraphError(
      `matmul: [${a.shape}]${turned(transposeA)} and [${b.shape}]${turned(transposeB)} do not fit.`,
    )
  }
  const leading = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2))
  const attributes = { transposeA, transposeB, scale }
  return one('matmul', [a, b], attributes, { dtype: 'float32', shape: [...leading, n!, m!] })
}

/**
 * x W^T + b, the linear layer with PyTorch's weight order.
 * @param x      [n, in]
 * @param weight [out, in]
 * @param bias   anything that broadcasts to [n, out]
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  expectDtype('linear', 'float32', x, weight)
  if (x.shape.length !== 2 || weight.shape.length !== 2 || x.shape[1] !== weight.shape[1])
    throw new GraphError(`linear: x [${x.shape}] and weight [${weight.shape}] do not fit.`)
  const shape = [x.shape[0]!, weight.shape[0]!]
  if (bias) {
    expectDtype('linear', 'float32', bias)
    if (sizeOf(broadcastShapes(bias.shape, shape)) !== sizeOf(shape))
      throw new GraphError(`linear: bias [${bias.shape}] does not broadcast to [${shape}].`)
  }
  return one('linear', bias ? [x, weight, bias] : [x, weight], {}, { dtype: 'float32', shape })
}

/** Softmax over the last axis. */
export function softmax(x: Tensor): Tensor {
  expectDtype('softmax', 'float32', x)
  return one('softmax', [x], {}, x)
}

/** Layer normalisation over the last axis with scale and shift of that axis' size. */
export function layerNorm(x: Tensor, scale: Tensor, shift: Tensor, epsilon: number): Tensor {
  expectDtype('layerNorm', 'float32', x, scale, shift)
  const width = x.shape.at(-1)
  if (
    scale.shape.length !== 1 ||
    scale.shape[0] !== width ||
    shift.shape.length !== 1 ||
    shift.shape[0] !== width
  )
    throw new GraphError(
      `layerNorm: scale [${scale.shape}] and shift [${shift.shape}] do not fit [${x.shape}].`,
    )
  return one('layerNorm', [x, scale, shift], { epsilon }, x)
}

/**
 * Rows less their mean, divided by their deviation sqrt(variance + epsilon): layer normalisation without scale and
 * shift, for the backward pass of {@link layerNorm}.
 * @param x [n, width]
 * @returns normalised [n, width] and inverseDeviation [n, 1], which is 1 / deviation
 */
export function normalise(x: Tensor, epsilon: number): { normalised: Tensor; inverseDeviation: Tensor } {
  expectDtype('normalise', 'float32', x)
  if (x.shape.length !== 2) throw new GraphError(`normalise: [${x.shape}] is no matrix.`)
  const [normalised, inverseDeviation] = x.graph.add('normalise', [x], { epsilon }, [
    x,
    { dtype: 'float32', shape: [x.shape[0]!, 1] },
  ])
  return { normalised: normalised!, inverseDeviation: inverseDeviation! }
}

/**
 * Multi-head scaled dot-product attention, softmax(q k^T / sqrt(head width)) v, heads split the channel axis.
 * One operator rather than its parts, because each device has its own best way to run it (lowering.ts).
 * @param query      [batch, n, dim]
 * @param key, value [batch, m, dim]
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, heads: number): Tensor {
  expectDtype('attention', 'float32', query, key, value)
  const [batch, , dim] = query.shape
  const fits = [key, value].every((t) => t.shape.length === 3 && t.shape[0] === batch && t.shape[2] === dim)
  if (query.shape.length !== 3 || !fits || key.shape[1] !== value.shape[1])
    throw new GraphError(
      `attention: query [${query.shape}], key [${key.shape}], value [${value.shape}] do not fit.`,
    )
  if (dim! % heads !== 0) throw new GraphError(`attention: ${heads} heads do not divide ${dim} channels.`)
  return one('attention', [query, key, value], { heads }, query)
}

/**
 * Attention with the heads already apart: softmax(q k^T / sqrt(width)) v for every group by itself. Unlike
 * {@link attention} it keeps the weights as a result, which its backward pass needs.
 * @param query      [groups, n, width], a group being one head of one picture
 * @param key, value [groups, m, width]
 * @returns mixed [groups, n, width] and weights [groups, n, m]
 */
export function headAttention(query: Tensor, key: Tensor, value: Tensor): { mixed: Tensor; weights: Tensor } {
  expectDtype('headAttention', 'float32', query, key, value)
  const [groups, n, width] = query.shape as readonly [number, number, number]
  const fits = query.shape.length === 3 && key.shape[0] === groups && key.shape[2] === width
  if (!fits || !sameShape(key.shape, value.shape))
    throw new GraphError(
      `headAttention: query [${query.shape}], key [${key.shape}], value [${value.shape}] do not fit.`,
    )
  const [mixed, weights] = query.graph.add('headAttention', [query, key, value], {}, [
    { dtype: 'float32', shape: query.shape },
    { dtype: 'float32', shape: [groups, n, key.shape[1]!] },
  ])
  return { mixed: mixed!, weights: weights! }
}

/** Sum, or mean, over the given axes, which stay with size 1. */
function reduction(operator: string) {
  return (x: Tensor, axes: readonly number[]): Tensor => {
    expectDtype(operator, 'float32', x)
    const chosen = new Set(axes.map((axis) => normaliseAxis(axis, x.shape.length)))
    const shape = x.shape.map((dimension, axis) => (chosen.has(axis) ? 1 : dimension))
    return one(operator, [x], { axes: [...chosen].sort((a, b) => a - b) }, { dtype: 'float32', shape })
  }
}
export const reduceSum = reduction('reduceSum')
export const reduceMean = reduction('reduceMean')
/** Sum of squares over the given axes, which stay with size 1. */
export const reduceSumSquare = reduction('reduceSumSquare')

/** The same values repeated along axes of size 1, by NumPy's broadcasting rules. @throws GraphError */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x
  if (!sameShape(broadcastShapes(x.shape, shape), shape))
    throw new GraphError(`broadcastTo: [${x.shape}] does not broadcast to [${shape}].`)
  return one('broadcastTo', [x], { shape }, { dtype: x.dtype, shape })
}

/** The same values in another shape. @throws GraphError when the sizes differ */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (sizeOf(x.shape) !== sizeOf(shape))
    throw new GraphError(`reshape: [${x.shape}] to [${shape}] changes the size.`)
  return one('reshape', [x], { shape }, { dtype: x.dtype, shape })
}

/** Axes in a new order, as NumPy's transpose. */
export function transpose(x: Tensor, order: readonly number[]): Tensor {
  if (order.length !== x.shape.length || new Set(order).size !== order.length)
    throw new GraphError(`transpose: order [${order}] does not fit [${x.shape}].`)
  const shape = order.map((axis) => x.shape[normaliseAxis(axis, x.shape.length)]!)
  return one('transpose', [x], { order }, { dtype: x.dtype, shape })
}

/** Elements start (included) to end (excluded) along one axis. */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  const along = normaliseAxis(axis, x.shape.length)
  if (!(start >= 0 && start < end && end <= x.shape[along]!))
    throw new GraphError(`slice: ${start} to ${end} is outside axis ${axis} of [${x.shape}].`)
  if (start === 0 && end === x.shape[along]) return x
  const shape = x.shape.map((dimension, i) => (i === along ? end - start : dimension))
  return one('slice', [x], { axis: along, start, end }, { dtype: x.dtype, shape })
}

/** A tensor cut along one axis into consecutive parts of the given sizes. @throws GraphError unless they add up */
export function split(x: Tensor, axis: number, sizes: readonly number[]): readonly Tensor[] {
  const along = normaliseAxis(axis, x.shape.length)
  if (sizes.some((size) => size < 1) || sizes.reduce((a, b) => a + b, 0) !== x.shape[along])
    throw new GraphError(`split: parts of ${sizes.join(', ')} do not add up to axis ${axis} of [${x.shape}].`)
  if (sizes.length === 1) return [x]
  const types = sizes.map((size) => ({
    dtype: x.dtype,
    shape: x.shape.map((dimension, i) => (i === along ? size : dimension)),
  }))
  return x.graph.add('split', [x], { axis: along, sizes }, types)
}

/** Tensors joined along one axis. */
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  const first = parts[0]
  if (!first) throw new GraphError('concat needs at least one tensor.')
  if (parts.length === 1) return first
  const along = normaliseAxis(axis, first.shape.length)
  let total = 0
  for (const part of parts) {
    const fits = part.dtype === first.dtype && part.shape.length === first.shape.length
    if (!fits || part.shape.some((dimension, i) => i !== along && dimension !== first.shape[i]))
      throw new GraphError(`concat: [${part.shape}] does not fit [${first.shape}] along axis ${axis}.`)
    total += part.shape[along]!
  }
  const shape = first.shape.map((dimension, i) => (i === along ? total : dimension))
  return one('concat', parts, { axis: along }, { dtype: first.dtype, shape })
}

/** Rows of a table by index. @param table [rows, ...] @param indices int32 [n] @returns [n, ...] */
export function gather(table: Tensor, indices: Tensor): Tensor {
  expectDtype('gather', 'int32', indices)
  if (table.shape.length < 1 || indices.shape.length !== 1)
    throw new GraphError(`gather: table [${table.shape}] and indices [${indices.shape}] do not fit.`)
  const shape = [indices.shape[0]!, ...table.shape.slice(1)]
  return one('gather', [table, indices], {}, { dtype: table.dtype, shape })
}

/** How {@link selectRows} may leave gaps. */
export interface SelectRowsOptions {
  /** `rows` may hold the number of rows of x, which stands for a row of zeros. */
  readonly gaps?: boolean
  /** `back` may hold the number of rows of the result: rows of x that were not chosen. */
  readonly backGaps?: boolean
}

/**
 * Chooses rows, none of them twice: result[i] = x[rows[i]]. Because a row is used at most once, the backward pass
 * is the same operation with the inverse list, and no device needs to scatter.
 * @param x    [n, dim]
 * @param rows int32 [m], the row of x at each place of the result
 * @param back int32 [n], the inverse: the place in the result of each row of x
 * @returns [m, dim]
 */
export function selectRows(x: Tensor, rows: Tensor, back: Tensor, options: SelectRowsOptions = {}): Tensor {
  expectDtype('selectRows', 'float32', x)
  expectDtype('selectRows', 'int32', rows, back)
  if (x.shape.length !== 2 || rows.shape.length !== 1 || !sameShape(back.shape, [x.shape[0]!]))
    throw new GraphError(
      `selectRows: x [${x.shape}], rows [${rows.shape}] and back [${back.shape}] do not fit.`,
    )
  const attributes = { gaps: options.gaps ?? false, backGaps: options.backGaps ?? false }
  const shape = [rows.shape[0]!, x.shape[1]!]
  return one('selectRows', [x, rows, back], attributes, { dtype: 'float32', shape })
}

/**
 * The k largest values of the last axis in descending order, and where they were; the lower index first where
 * values are equal.
 * @returns values float32 [..., k] and indices int32 [..., k]
 */
export function topK(x: Tensor, k: number): { values: Tensor; indices: Tensor } {
  expectDtype('topK', 'float32', x)
  const width = x.shape.at(-1)
  if (width === undefined || !(k >= 1 && k <= width))
    throw new GraphError(`topK: k ${k} does not fit [${x.shape}].`)
  const shape = [...x.shape.slice(0, -1), k]
  const [values, indices] = x.graph.add('topK', [x], { k }, [
    { dtype: 'float32', shape },
    { dtype: 'int32', shape },
  ])
  return { values: values!, indices: indices! }
}
