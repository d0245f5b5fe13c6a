/** Every operator, run by ONNX Runtime, equals the same arithmetic in plain numbers; wrong shapes never get that far. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as ops from '../../../model/graph/index.ts'
import { Graph, GraphError, type Tensor } from '../../../model/graph/index.ts'
import { Engine, onHost } from '../../../model/runtime/index.ts'
import { seededRandom } from '../../../model/siammae/index.ts'
import { describeOnDevices } from '../../support/devices.ts'
import { expectClose } from '../../support/tensors.ts'

const random = seededRandom(3)
const numbers = (length: number): Float32Array => Float32Array.from({ length }, () => random.normal())

/** Error function to 1e-7 by its series; independent of any runtime. */
function erf(x: number): number {
  let term = x
  let sum = x
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}

/** Attention written out: one query, one head at a time. */
function plainAttention(
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  n: number,
  dim: number,
  heads: number,
): Float32Array {
  const width = dim / heads
  const result = new Float32Array(n * dim)
  for (let h = 0; h < heads; h++)
    for (let i = 0; i < n; i++) {
      const scores = Array.from({ length: n }, (_, j) => {
        let sum = 0
        for (let c = 0; c < width; c++) sum += q[i * dim + h * width + c]! * k[j * dim + h * width + c]!
        return Math.exp(sum / Math.sqrt(width))
      })
      const total = scores.reduce((a, b) => a + b, 0)
      for (let c = 0; c < width; c++)
        result[i * dim + h * width + c] = scores.reduce(
          (sum, s, j) => sum + (s / total) * v[j * dim + h * width + c]!,
          0,
        )
    }
  return result
}

describeOnDevices('operators', (device) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await Engine.start(device)
  })
  afterAll(() => engine.close())

  /** Runs a graph of float32 inputs; the output named y. */
  async function run(
    shapes: number[][],
    data: Float32Array[],
    build: (...inputs: Tensor[]) => Tensor,
  ): Promise<ArrayLike<number>> {
    const graph = new Graph()
    const inputs = shapes.map((shape, i) => graph.input(`x${i}`, 'float32', shape))
    const y = build(...inputs)
    graph.output('y', y)
    const program = await engine.load(graph)
    const feeds = Object.fromEntries(
      shapes.map((shape, i) => [`x${i}`, { dtype: 'float32', shape, data: data[i]! } as const]),
    )
    const result = onHost((await engine.run(program, feeds)).y)
    expect(result.shape).toEqual(y.shape)
    await engine.unload(program)
    return result.data as Float32Array | Int32Array
  }

  it('broadcasting arithmetic', async () => {
    const a = numbers(6)
    const b = Float32Array.from(numbers(3), (value) => Math.abs(value) + 0.5)
    const cases = [
      [ops.add, (x: number, y: number) => x + y],
      [ops.subtract, (x: number, y: number) => x - y],
      [ops.multiply, (x: number, y: number) => x * y],
      [ops.divide, (x: number, y: number) => x / y],
      [ops.maximum, Math.max],
    ] as const
    for (const [operator, plain] of cases)
      expectClose(
        await run([[2, 3], [3]], [a, b], operator),
        Array.from(a, (x, i) => plain(x, b[i % 3]!)),
        1e-6,
      )
  })

  it('linear and matmul', async () => {
    const x = numbers(2 * 4)
    const w = numbers(3 * 4)
    const bias = numbers(3)
    const expected = Array.from({ length: 6 }, (_, i) => {
      const [row, out] = [Math.floor(i / 3), i % 3]
      return bias[out]! + [0, 1, 2, 3].reduce((sum, c) => sum + x[row * 4 + c]! * w[out * 4 + c]!, 0)
    })
    expectClose(await run([[2, 4], [3, 4], [3]], [x, w, bias], ops.linear), expected, 1e-5)
    const transposed = await run([[2, 4], [3, 4], [3]], [x, w, bias], (a, b, c) =>
      ops.add(ops.matmul(a, ops.transpose(b, [1, 0])), c),
    )
    expectClose(transposed, expected, 1e-5)
  })

  it('gelu is the exact one', async () => {
    const x = Float32Array.from({ length: 41 }, (_, i) => (i - 20) / 8)
    expectClose(
      await run([[41]], [x], ops.gelu),
      Array.from(x, (v) => (v / 2) * (1 + erf(v / Math.SQRT2))),
      2e-6,
    )
  })

  it('softmax and layerNorm', async () => {
    const x = numbers(5)
    const exponentials = Array.from(x, Math.exp)
    const total = exponentials.reduce((a, b) => a + b, 0)
    expectClose(
      await run([[1, 5]], [x], ops.softmax),
      exponentials.map((e) => e / total),
      1e-6,
    )
    const [scale, shift] = [numbers(5), numbers(5)]
    const mean = x.reduce((a, b) => a + b, 0) / 5
    const variance = x.reduce((a, b) => a + (b - mean) ** 2, 0) / 5
    const normalised = Array.from(
      x,
      (v, i) => ((v - mean) / Math.sqrt(variance + 1e-6)) * scale[i]! + shift[i]!,
    )
    expectClose(
      await run([[1, 5], [5], [5]], [x, scale, shift], (a, b, c) => ops.layerNorm(a, b, c, 1e-6)),
      normalised,
      1e-5,
    )
  })

  it('reductions, slices, joins and new shapes', async () => {
    const x = numbers(24)
    const sum = (indices: number[]) => indices.reduce((total, i) => total + x[i]!, 0)
    const perColumn = [0, 1, 2, 3].map((c) => sum([0, 1, 2, 3, 4, 5].map((r) => r * 4 + c)))
    expectClose(await run([[2, 3, 4]], [x], (a) => ops.reduceSum(a, [0, 1])), perColumn, 1e-5)
    expectClose(
      await run([[2, 3, 4]], [x], (a) => ops.reduceMean(a, [0, 1])),
      perColumn.map((v) => v / 6),
      1e-5,
    )
    const halves = (a: Tensor) => ops.concat([ops.slice(a, 1, 2, 4), ops.slice(a, 1, 0, 2)], 1)
    const swapped = Array.from(x, (_, i) => x[i - (i % 4) + ((i + 2) % 4)]!)
    expectClose(await run([[6, 4]], [x], halves), swapped, 0)
    const turned = await run([[2, 3, 4]], [x], (a) => ops.reshape(ops.transpose(a, [2, 0, 1]), [24]))
    expectClose(
      turned,
      Array.from({ length: 24 }, (_, i) => x[(i % 6) * 4 + Math.floor(i / 6)]!),
      0,
    )
  })

  it('topK gives values and places in descending order', async () => {
    const x = numbers(2 * 50)
    const order = (row: number) =>
      Array.from({ length: 50 }, (_, i) => i)
        .sort((a, b) => x[row * 50 + b]! - x[row * 50 + a]!)
        .slice(0, 4)
    const expected = [...order(0), ...order(1)]
    expectClose(await run([[2, 50]], [x], (a) => ops.topK(a, 4).indices), expected, 0)
    expectClose(
      await run([[2, 50]], [x], (a) => ops.topK(a, 4).values),
      expected.map((c, i) => x[Math.floor(i / 4) * 50 + c]!),
      0,
    )
  })

  it('attention, in one piece', async () => {
    const [n, dim, heads] = [37, 12, 3]
    const [q, k, v] = [numbers(n * dim), numbers(n * dim), numbers(n * dim)]
    const shape = [1, n, dim]
    const actual = await run([shape, shape, shape], [q, k, v], (a, b, c) => ops.attention(a, b, c, heads))
    expectClose(actual, plainAttention(q, k, v, n, dim, heads), 1e-5)
  })

  it('attention over thousands of tokens, where another kernel or blocks take over', async () => {
    // Above the CPU's flash threshold, and on a GPU beyond one block of scores; checked on a few rows.
    const [n, dim, heads] = [3100, 12, 3]
    const [q, k, v] = [numbers(n * dim), numbers(n * dim), numbers(n * dim)]
    const shape = [1, n, dim]
    const actual = await run([shape, shape, shape], [q, k, v], (a, b, c) => ops.attention(a, b, c, heads))
    for (const row of [0, 1549, n - 1]) {
      const one = plainAttentionRow(q, k, v, row, n, dim, heads)
      expectClose(Array.from(actual).slice(row * dim, (row + 1) * dim), one, 2e-5)
    }
  })
})

function plainAttentionRow(
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  row: number,
  n: number,
  dim: number,
  heads: number,
): number[] {
  const width = dim / heads
  return Array.from({ length: dim }, (_, channel) => {
    const h = Math.floor(channel / width)
    let weighted = 0
    let total = 0
    for (let j = 0; j < n; j++) {
      let score = 0
      for (let c = 0; c < width; c++) score += q[row * dim + h * width + c]! * k[j * dim + h * width + c]!
      const weight = Math.exp(score / Math.sqrt(width))
      total += weight
      weighted += weight * v[j * dim + channel]!
    }
    return weighted / total
  })
}

describe('a graph that cannot mean anything is refused when it is built', () => {
  const graph = new Graph()
  const a = graph.input('a', 'float32', [2, 3])
  const b = graph.input('b', 'float32', [4, 5])
  const other = new Graph().input('c', 'float32', [2, 3])
  it.each([
    ['shapes that do not broadcast', () => ops.add(a, b)],
    ['inner sizes that differ', () => ops.matmul(a, b)],
    ['another size', () => ops.reshape(a, [7])],
    ['a slice outside', () => ops.slice(a, 1, 2, 4)],
    ['an axis outside', () => ops.reduceSum(a, [2])],
    ['an order that is none', () => ops.transpose(a, [0, 0])],
    ['more neighbours than values', () => ops.topK(a, 4)],
    [
      'heads that do not divide',
      () =>
        ops.attention(
          graph.input('q', 'float32', [1, 2, 10]),
          graph.input('k', 'float32', [1, 2, 10]),
          graph.input('v', 'float32', [1, 2, 10]),
          3,
        ),
    ],
    ['a tensor of another graph', () => ops.add(a, other)],
    ['a name used twice', () => graph.input('a', 'float32', [1])],
    ['a constant of another size', () => graph.constant(new Float32Array(3), [2])],
    ['no output', () => ops.toOnnx(graph, 'cpu')],
  ])('%s', (_, build) => {
    expect(build).toThrow(GraphError)
  })
})
