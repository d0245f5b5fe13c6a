/**
 * From operators to ONNX nodes. Most operators are one node; a few are written differently for each dialect,
 * because what is fastest on a CPU does not exist on a GPU, and the other way round.
 */
import type { Graph, Operation, Tensor } from './graph.ts'
import { type OnnxNode, type OnnxValue, writeOnnx } from './onnx-writer.ts'
import { GraphError, type Shape, sizeOf, type TensorData } from './types.ts'

/**
 * `cpu` may use ONNX Runtime's contributed CPU operators; `portable` is standard ONNX that every execution
 * provider of ours runs.
 */
export type Dialect = 'cpu' | 'portable'

/**
 * From this many keys on, the flash attention of the CPU (no n x m score matrix) beats MatMul, Softmax, MatMul;
 * below it is slower (1,620 tokens: 35 ms against 28; 6,420 tokens: 0.27 s against 0.35).
 */
const FLASH_ATTENTION_FROM = 3000

/** Scores of one attention block stay below this, which also fits a WebGPU storage buffer (128 MiB). */
const SCORE_ELEMENTS = 24 * 1024 * 1024

interface Emitter {
  readonly dialect: Dialect
  name(tensor: Tensor): string
  node(
    type: string,
    inputs: readonly string[],
    attributes?: OnnxNode['attributes'],
    options?: EmitOptions,
  ): string
  constant(data: TensorData, shape: Shape): string
}

interface EmitOptions {
  /** Names of the results; a fresh one when absent. */
  readonly outputs?: readonly string[]
  readonly domain?: string
}

type Lowering = (emit: Emitter, operation: Operation, outputs: readonly string[]) => void

const ints = (values: readonly number[]): readonly bigint[] => values.map(BigInt)
const int64s = (values: readonly number[]): BigInt64Array => BigInt64Array.from(values.map(BigInt))

/** An operator that is one ONNX node with the same inputs and no attributes. */
function direct(type: string, attributes?: (operation: Operation) => OnnxNode['attributes']): Lowering {
  return (emit, operation, outputs) => {
    emit.node(type, operation.inputs.map(emit.name), attributes?.(operation), { outputs })
  }
}

function reduction(type: string): Lowering {
  return (emit, operation, outputs) => {
    const axes = operation.attributes.axes as readonly number[]
    const inputs = [emit.name(operation.inputs[0]!), emit.constant(int64s(axes), [axes.length])]
    emit.node(type, inputs, { keepdims: 1n }, { outputs })
  }
}

const lowerings: Record<string, Lowering> = {
  add: direct('Add'),
  subtract: direct('Sub'),
  multiply: direct('Mul'),
  divide: direct('Div'),
  maximum: direct('Max'),
  minimum: direct('Min'),
  sqrt: direct('Sqrt'),
  matmul: lowerMatmul,
  softmax: direct('Softmax', () => ({ axis: -1n })),
  layerNorm: direct('LayerNormalization', (o) => ({ axis: -1n, epsilon: o.attributes.epsilon as number })),
  normalise: (emit, operation, outputs) => {
    const width = operation.inputs[0]!.shape[1]!
    const scale = emit.constant(new Float32Array(width).fill(1), [width])
    const shift = emit.constant(new Float32Array(width), [width])
    const [normalised, inverse] = outputs as [string, string]
    emit.node(
      'LayerNormalization',
      [emit.name(operation.inputs[0]!), scale, shift],
      { axis: -1n, epsilon: operation.attributes.epsilon as number },
      { outputs: [normalised, `${normalised}_mean`, inverse] },
    )
  },
  cast: direct('Cast', (o) => ({ to: BigInt(CAST_CODE[o.attributes.dtype as string]!) })),
  transpose: direct('Transpose', (o) => ({ perm: ints(o.attributes.order as number[]) })),
  concat: direct('Concat', (o) => ({ axis: BigInt(o.attributes.axis as number) })),
  linear: direct('Gemm', () => ({ transB: 1n })),
  reduceSum: reduction('ReduceSum'),
  reduceMean: reduction('ReduceMean'),
  reduceSumSquare: reduction('ReduceSumSquare'),
  gather: direct('Gather', () => ({ axis: 0n })),
  gelu: lowerGelu,
  geluBackward: lowerGeluBackward,
  headAttention: lowerHeadAttention,
  selectRows: lowerSelectRows,
  broadcastTo: (emit, operation, outputs) => {
    const shape = operation.attributes.shape as readonly number[]
    const target = emit.constant(int64s(shape), [shape.length])
    emit.node('Expand', [emit.name(operation.inputs[0]!), target], undefined, { outputs })
  },
  split: (emit, operation, outputs) => {
    const { axis, sizes } = operation.attributes as { axis: number; sizes: readonly number[] }
    const parts = emit.constant(int64s(sizes), [sizes.length])
    emit.node('Split', [emit.name(operation.inputs[0]!), parts], { axis: BigInt(axis) }, { outputs })
  },
  reshape: (emit, operation, outputs) => {
    const shape = operation.attributes.shape as readonly number[]
    emit.node(
      'Reshape',
      [emit.name(operation.inputs[0]!), emit.constant(int64s(shape), [shape.length])],
      undefined,
      {
        outputs,
      },
    )
  },
  slice: (emit, operation, outputs) => {
    const { axis, start, end } = operation.attributes as { axis: number; start: number; end: number }
    const bounds = [start, end, axis].map((value) => emit.constant(int64s([value]), [1]))
    emit.node('Slice', [emit.name(operation.inputs[0]!), ...bounds], undefined, { outputs })
  },
  topK: (emit, operation, outputs) => {
    const k = emit.constant(int64s([operation.attributes.k as number]), [1])
    const [values, indices] = outputs as [string, string]
    const wide = `${indices}_int64`
    emit.node(
      'TopK',
      [emit.name(operation.inputs[0]!), k],
      { axis: -1n, largest: 1n, sorted: 1n },
      { outputs: [values, wide] },
    )
    emit.node('Cast', [wide], { to: BigInt(CAST_CODE.int32!) }, { outputs: [indices] })
  },
  attention: lowerAttention,
}

/** TensorProto.DataType numbers, fixed by the ONNX specification. */
const CAST_CODE: Record<string, number> = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 }

const scalar = (emit: Emitter, value: number): string => emit.constant(new Float32Array([value]), [])

/** The axes of a tensor with the last two swapped. */
function swapped(emit: Emitter, tensor: Tensor): string {
  const order = tensor.shape.map((_, axis) => axis)
  order.splice(-2, 2, order.length - 1, order.length - 2)
  return emit.node('Transpose', [emit.name(tensor)], { perm: ints(order) })
}

function lowerMatmul(emit: Emitter, operation: Operation, outputs: readonly string[]): void {
  const [a, b] = operation.inputs as readonly [Tensor, Tensor]
  const { transposeA, transposeB, scale } = operation.attributes as {
    transposeA: boolean
    transposeB: boolean
    scale: number
  }
  const inputs = [emit.name(a), emit.name(b)]
  if (!transposeA && !transposeB && scale === 1) {
    emit.node('MatMul', inputs, undefined, { outputs })
    return
  }
  const flags = { transA: transposeA ? 1n : 0n, transB: transposeB ? 1n : 0n, alpha: scale }
  if (a.shape.length === 2 && b.shape.length === 2) emit.node('Gemm', inputs, flags, { outputs })
  else if (emit.dialect === 'cpu')
    emit.node('FusedMatMul', inputs, flags, { outputs, domain: 'com.microsoft' })
  else {
    const left = transposeA ? swapped(emit, a) : inputs[0]!
    const right = transposeB ? swapped(emit, b) : inputs[1]!
    if (scale === 1) emit.node('MatMul', [left, right], undefined, { outputs })
    else
      emit.node('Mul', [emit.node('MatMul', [left, right]), scalar(emit, scale)], undefined, {
        outputs,
      })
  }
}

/**
 * upstream (Phi(x) + x phi(x)), written with u = x / sqrt 2 so that each constant costs no pass of its own:
 * Phi = (1 + erf u) / 2 and x phi(x) = u exp(-u^2 - ln sqrt pi).
 */
function lowerGeluBackward(emit: Emitter, operation: Operation, outputs: readonly string[]): void {
  const [x, upstream] = operation.inputs.map(emit.name) as [string, string]
  const u = emit.node('Mul', [x, scalar(emit, Math.SQRT1_2)])
  const exponent = emit.node('Sub', [scalar(emit, -0.5 * Math.log(Math.PI)), emit.node('Mul', [u, u])])
  const density = emit.node('Mul', [emit.node('Exp', [exponent]), u])
  const half = emit.node('Mul', [emit.node('Erf', [u]), scalar(emit, 0.5)])
  const slope = emit.node('Add', [emit.node('Add', [half, density]), scalar(emit, 0.5)])
  emit.node('Mul', [upstream, slope], undefined, { outputs })
}

function lowerHeadAttention(emit: Emitter, operation: Operation, outputs: readonly string[]): void {
  const [query, key, value] = operation.inputs as readonly [Tensor, Tensor, Tensor]
  const [mixed, weights] = outputs as [string, string]
  const scale = 1 / Math.sqrt(query.shape[2]!)
  const scores =
    emit.dialect === 'cpu'
      ? emit.node(
          'FusedMatMul',
          [emit.name(query), emit.name(key)],
          { transA: 0n, transB: 1n, alpha: scale },
          { domain: 'com.microsoft' },
        )
      : emit.node('MatMul', [emit.node('Mul', [emit.name(query), scalar(emit, scale)]), swapped(emit, key)])
  emit.node('Softmax', [scores], { axis: -1n }, { outputs: [weights] })
  emit.node('MatMul', [weights, emit.name(value)], undefined, { outputs: [mixed] })
}

function lowerSelectRows(emit: Emitter, operation: Operation, outputs: readonly string[]): void {
  const [x, rows] = operation.inputs as readonly [Tensor, Tensor]
  const width = x.shape[1]!
  const source = operation.attributes.gaps
    ? emit.node('Concat', [emit.name(x), emit.constant(new Float32Array(width), [1, width])], { axis: 0n })
    : emit.name(x)
  emit.node('Gather', [source, emit.name(rows)], { axis: 0n }, { outputs })
}

function lowerGelu(emit: Emitter, operation: Operation, outputs: readonly string[]): void {
  const x = emit.name(operation.inputs[0]!)
  if (emit.dialect === 'cpu') {
    emit.node('Gelu', [x], undefined, { outputs })
    return
  }
  const erf = emit.node('Erf', [emit.node('Mul', [x, emit.constant(new Float32Array([Math.SQRT1_2]), [])])])
  const half = emit.node('Mul', [x, emit.constant(new Float32Array([0.5]), [])])
  emit.node('Mul', [half, emit.node('Add', [erf, emit.constant(new Float32Array([1]), [])])], undefined, {
    outputs,
  })
}

function lowerAttention(emit: Emitter, operation: Operation, outputs: readonly string[]): void {
  const [query, key, value] = operation.inputs as readonly [Tensor, Tensor, Tensor]
  const heads = operation.attributes.heads as number
  const [batch, n, dim] = query.shape as readonly [number, number, number]
  const m = key.shape[1]!
  const width = dim / heads
  const scale = 1 / Math.sqrt(width)

  if (emit.dialect === 'cpu' && m >= FLASH_ATTENTION_FROM) {
    const inputs = [query, key, value].map(emit.name)
    emit.node(
      'MultiHeadAttention',
      inputs,
      { num_heads: BigInt(heads), scale },
      { outputs, domain: 'com.microsoft' },
    )
    return
  }

  // [batch, tokens, dim] -> [batch, heads, tokens, width], the key's last two axes swapped for the product.
  const split = (tensor: Tensor, order: readonly number[], from = emit.name(tensor)): string => {
    const shape = [batch, tensor.shape[1]!, heads, width]
    const headed = emit.node('Reshape', [from, emit.constant(int64s(shape), [4])])
    return emit.node('Transpose', [headed], { perm: ints(order) })
  }
  // Scaling the query touches n x dim numbers, scaling the scores would touch heads x n x m.
  const scaled = emit.node('Mul', [emit.name(query), emit.constant(new Float32Array([scale]), [])])
  const q = split(query, [0, 2, 1, 3], scaled)
  const k = split(key, [0, 2, 3, 1])
  const v = split(value, [0, 2, 1, 3])

  const rows = Math.max(1, Math.min(n, Math.floor(SCORE_ELEMENTS / (batch * heads * m))))
  const blocks: string[] = []
  for (let start = 0; start < n; start += rows) {
    const bounds = [start, Math.min(n, start + rows), 2].map((b) => emit.constant(int64s([b]), [1]))
    const part = rows < n ? emit.node('Slice', [q, ...bounds]) : q
    const weights = emit.node('Softmax', [emit.node('MatMul', [part, k])], { axis: -1n })
    blocks.push(emit.node('MatMul', [weights, v]))
  }
  const mixed = blocks.length === 1 ? blocks[0]! : emit.node('Concat', blocks, { axis: 2n })
  const merged = emit.node('Transpose', [mixed], { perm: [0n, 2n, 1n, 3n] })
  emit.node('Reshape', [merged, emit.constant(int64s([batch, n, dim]), [3])], undefined, { outputs })
}

/**
 * Writes a graph as an ONNX file for one dialect.
 * @throws GraphError when an operator is unknown or the weights exceed what one file can hold (2 GB)
 */
export function toOnnx(graph: Graph, dialect: Dialect, name = 'siammae'): Uint8Array {
  if (graph.outputs.size === 0) throw new GraphError('The graph has no output.')
  const bytes = graph.constants.reduce((total, { shape }) => total + 4 * sizeOf(shape), 0)
  if (bytes > 2_000_000_000) throw new GraphError('The weights exceed 2 GB, the limit of one ONNX file.')

  const names = new Map<Tensor, string>()
  for (const [output, tensor] of graph.outputs)
    if (tensor.source.kind === 'operation') names.set(tensor, output)
  const nameOf = (tensor: Tensor): string => {
    const { source } = tensor
    return source.kind === 'operation' ? (names.get(tensor) ?? `%t${tensor.id}`) : source.name
  }

  const nodes: OnnxNode[] = []
  const constants: (OnnxValue & { data: TensorData })[] = graph.constants.map((tensor) => ({
    name: nameOf(tensor),
    dtype: tensor.dtype,
    shape: tensor.shape,
    data: (tensor.source as { data: TensorData }).data,
  }))
  let fresh = 0
  const emit: Emitter = {
    dialect,
    name: nameOf,
    node(type, inputs, attributes, options = {}) {
      const outputs = options.outputs ?? [`%n${fresh++}`]
      nodes.push({ type, inputs, outputs, attributes, domain: options.domain })
      return outputs[0]!
    },
    constant(data, shape) {
      const dtype = data instanceof Float32Array ? 'float32' : 'int64'
      const constantName = `%c${fresh++}`
      constants.push({ name: constantName, dtype, shape, data })
      return constantName
    },
  }
  for (const operation of graph.operations) {
    const lower = lowerings[operation.operator]
    if (!lower) throw new GraphError(`No ONNX form is known for the operator ${operation.operator}.`)
    lower(emit, operation, operation.outputs.map(nameOf))
  }
  // An output that is an input, a constant or a second name of a tensor needs a node that makes it.
  for (const [output, tensor] of graph.outputs)
    if (nameOf(tensor) !== output) emit.node('Identity', [nameOf(tensor)], undefined, { outputs: [output] })

  const value = (valueName: string, { dtype, shape }: Tensor): OnnxValue => ({
    name: valueName,
    dtype,
    shape,
  })
  return writeOnnx({
    name,
    inputs: graph.inputs.map((tensor) => value(nameOf(tensor), tensor)),
    outputs: [...graph.outputs].map(([output, tensor]) => value(output, tensor)),
    constants,
    nodes,
  })
}
