/** Every operator's gradient, run by ONNX Runtime, equals central differences of its forward pass. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gradientRules } from '../../../model/graph/gradient-rules.ts'
import * as ops from '../../../model/graph/index.ts'
import { Graph, GraphError, gradients, type Tensor } from '../../../model/graph/index.ts'
import { Engine, onHost } from '../../../model/runtime/index.ts'
import { seededRandom } from '../../../model/siammae/index.ts'
import { describeOnDevices } from '../../support/devices.ts'

interface Case {
  readonly name: string
  /** The operator under test, as the graph records it. */
  readonly operator: string
  readonly shapes: readonly (readonly number[])[]
  /** What the inputs may be: `positive` keeps them away from zero. */
  readonly positive?: boolean
  build(...inputs: Tensor[]): Tensor | readonly Tensor[]
}

const indices = (graph: Graph, values: number[]): Tensor =>
  graph.constant(Int32Array.from(values), [values.length])

const cases: readonly Case[] = [
  { name: 'add, broadcast', operator: 'add', shapes: [[2, 3], [3]], build: ops.add },
  {
    name: 'add, both broadcast',
    operator: 'add',
    shapes: [
      [2, 1],
      [1, 3],
    ],
    build: ops.add,
  },
  { name: 'add of a tensor to itself', operator: 'add', shapes: [[2, 3]], build: (x) => ops.add(x, x) },
  {
    name: 'subtract, broadcast',
    operator: 'subtract',
    shapes: [
      [1, 3],
      [2, 3],
    ],
    build: ops.subtract,
  },
  {
    name: 'multiply, broadcast',
    operator: 'multiply',
    shapes: [
      [2, 3],
      [2, 1],
    ],
    build: ops.multiply,
  },
  { name: 'multiply by a scalar', operator: 'multiply', shapes: [[2, 3], []], build: ops.multiply },
  { name: 'divide, broadcast', operator: 'divide', shapes: [[2, 3], [3]], positive: true, build: ops.divide },
  { name: 'square root', operator: 'sqrt', shapes: [[2, 3]], positive: true, build: ops.sqrt },
  { name: 'GELU', operator: 'gelu', shapes: [[4, 5]], build: ops.gelu },
  {
    name: 'matrix product',
    operator: 'matmul',
    shapes: [
      [3, 4],
      [4, 2],
    ],
    build: (a, b) => ops.matmul(a, b),
  },
  ...[
    [true, false],
    [false, true],
    [true, true],
  ].flatMap(([transposeA, transposeB]) => [
    {
      name: `matrix product, transposed ${transposeA} ${transposeB}`,
      operator: 'matmul',
      shapes: [transposeA ? [4, 3] : [3, 4], transposeB ? [2, 4] : [4, 2]],
      build: (a: Tensor, b: Tensor) => ops.matmul(a, b, { transposeA, transposeB, scale: 0.7 }),
    },
    {
      name: `many matrix products, transposed ${transposeA} ${transposeB}`,
      operator: 'matmul',
      shapes: [transposeA ? [2, 4, 3] : [2, 3, 4], transposeB ? [2, 2, 4] : [2, 4, 2]],
      build: (a: Tensor, b: Tensor) => ops.matmul(a, b, { transposeA, transposeB, scale: -1.3 }),
    },
  ]),
  {
    name: 'matrix products with one matrix',
    operator: 'matmul',
    shapes: [
      [2, 3, 4],
      [4, 2],
    ],
    build: (a, b) => ops.matmul(a, b),
  },
  { name: 'linear layer', operator: 'linear', shapes: [[3, 4], [2, 4], [2]], build: ops.linear },
  {
    name: 'linear layer without bias',
    operator: 'linear',
    shapes: [
      [3, 4],
      [2, 4],
    ],
    build: (x, w) => ops.linear(x, w),
  },
  { name: 'softmax', operator: 'softmax', shapes: [[2, 5]], build: ops.softmax },
  {
    name: 'layer normalisation',
    operator: 'layerNorm',
    shapes: [[3, 8], [8], [8]],
    build: (x, s, b) => ops.layerNorm(x, s, b, 1e-6),
  },
  {
    name: 'layer normalisation of three axes',
    operator: 'layerNorm',
    shapes: [[2, 3, 8], [8], [8]],
    build: (x, s, b) => ops.layerNorm(x, s, b, 1e-6),
  },
  {
    name: 'attention',
    operator: 'attention',
    shapes: [
      [2, 3, 4],
      [2, 5, 4],
      [2, 5, 4],
    ],
    build: (q, k, v) => ops.attention(q, k, v, 2),
  },
  {
    name: 'attention with heads apart, mixed and weights',
    operator: 'headAttention',
    shapes: [
      [2, 3, 4],
      [2, 5, 4],
      [2, 5, 4],
    ],
    build: (q, k, v) => Object.values(ops.headAttention(q, k, v)),
  },
  {
    name: 'attention with heads apart, mixed alone',
    operator: 'headAttention',
    shapes: [
      [2, 3, 4],
      [2, 5, 4],
      [2, 5, 4],
    ],
    build: (q, k, v) => ops.headAttention(q, k, v).mixed,
  },
  {
    name: 'attention with heads apart, weights alone',
    operator: 'headAttention',
    shapes: [
      [2, 3, 4],
      [2, 5, 4],
      [2, 5, 4],
    ],
    build: (q, k, v) => ops.headAttention(q, k, v).weights,
  },
  { name: 'sum', operator: 'reduceSum', shapes: [[2, 3, 4]], build: (x) => ops.reduceSum(x, [0, 2]) },
  { name: 'mean', operator: 'reduceMean', shapes: [[2, 3, 4]], build: (x) => ops.reduceMean(x, [1]) },
  {
    name: 'sum of squares',
    operator: 'reduceSumSquare',
    shapes: [[2, 3, 4]],
    build: (x) => ops.reduceSumSquare(x, [0, 1]),
  },
  {
    name: 'broadcast',
    operator: 'broadcastTo',
    shapes: [[1, 3]],
    build: (x) => ops.broadcastTo(x, [2, 2, 3]),
  },
  { name: 'reshape', operator: 'reshape', shapes: [[2, 6]], build: (x) => ops.reshape(x, [3, 4]) },
  {
    name: 'transpose',
    operator: 'transpose',
    shapes: [[2, 3, 4]],
    build: (x) => ops.transpose(x, [2, 0, 1]),
  },
  { name: 'slice', operator: 'slice', shapes: [[2, 6]], build: (x) => ops.slice(x, 1, 1, 4) },
  {
    name: 'concatenation',
    operator: 'concat',
    shapes: [
      [2, 3],
      [2, 1],
    ],
    build: (a, b) => ops.concat([a, b], 1),
  },
  { name: 'split', operator: 'split', shapes: [[5, 2]], build: (x) => ops.split(x, 0, [1, 3, 1]) },
  {
    name: 'split of which one part is used',
    operator: 'split',
    shapes: [[5, 2]],
    build: (x) => ops.split(x, 0, [1, 3, 1])[1]!,
  },
  {
    name: 'chosen rows',
    operator: 'selectRows',
    shapes: [[4, 3]],
    build: (x) =>
      ops.selectRows(x, indices(x.graph, [2, 0]), indices(x.graph, [1, 2, 0, 2]), { backGaps: true }),
  },
  {
    name: 'rows put back among zeros',
    operator: 'selectRows',
    shapes: [[2, 3]],
    build: (x) => ops.selectRows(x, indices(x.graph, [1, 2, 0, 2]), indices(x.graph, [2, 0]), { gaps: true }),
  },
]

/** The loss: every result times fixed numbers, summed, so that each element has a gradient of its own. */
function lossOf(results: Tensor | readonly Tensor[]): Tensor {
  const list = Array.isArray(results) ? (results as readonly Tensor[]) : [results as Tensor]
  const random = seededRandom(17)
  return list
    .map((y) => {
      const factors = y.graph.constant(
        Float32Array.from({ length: ops.sizeOf(y.shape) }, () => random.normal()),
        y.shape,
      )
      const weighted = ops.multiply(y, factors)
      const sum =
        y.shape.length > 0
          ? ops.reduceSum(
              weighted,
              y.shape.map((_, axis) => axis),
            )
          : weighted
      return ops.reshape(sum, [])
    })
    .reduce(ops.add)
}

describeOnDevices('gradients', (device) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await Engine.start(device)
  })
  afterAll(() => engine.close())

  it.each(cases)('$name', async ({ shapes, positive, build }) => {
    const random = seededRandom(5)
    const values = shapes.map((shape) =>
      Float32Array.from({ length: ops.sizeOf(shape) }, () =>
        positive ? 0.5 + random.uniform() : random.normal(),
      ),
    )
    const graph = new Graph()
    const inputs = shapes.map((shape, i) => graph.input(`x${i}`, 'float32', shape))
    const loss = lossOf(build(...inputs))
    const derivatives = gradients(loss, inputs)
    graph.output('loss', loss)
    inputs.forEach((input, i) => {
      expect(derivatives.get(input)!.shape).toEqual(input.shape)
      graph.output(`d${i}`, derivatives.get(input)!)
    })
    const program = await engine.load(graph)
    const run = (data: readonly Float32Array[]) =>
      engine.run(
        program,
        Object.fromEntries(
          data.map((x, i) => [`x${i}`, { dtype: 'float32', shape: shapes[i]!, data: x } as const]),
        ),
      )
    const results = await run(values)
    const lossAt = async (data: readonly Float32Array[]): Promise<number> =>
      Number(onHost((await run(data)).loss).data[0])

    // A step of 2^-6 keeps both the curvature term and the float32 rounding of the loss below the tolerance.
    const step = 2 ** -6
    for (const [i, x] of values.entries()) {
      const actual = onHost(results[`d${i}`]).data as Float32Array
      for (let j = 0; j < x.length; j++) {
        const moved = (by: number): Float32Array[] =>
          values.map((v, k) =>
            k === i ? Float32Array.from(v, (value, l) => (l === j ? value + by : value)) : v,
          )
        // Fourth-order central difference.
        const [a, b, c, d] = [
          await lossAt(moved(2 * step)),
          await lossAt(moved(step)),
          await lossAt(moved(-step)),
          await lossAt(moved(-2 * step)),
        ]
        const expected = (8 * (b! - c!) - (a! - d!)) / (12 * step)
        expect(Math.abs(actual[j]! - expected), `element ${j} of input ${i}`).toBeLessThan(
          2e-3 * Math.max(1, Math.abs(expected)),
        )
      }
    }
    await engine.unload(program)
  })
})

describe('gradients', () => {
  it('are tested for every operator that has a rule', () => {
    expect(new Set(cases.map(({ operator }) => operator))).toEqual(new Set(Object.keys(gradientRules)))
  })

  it('name the operator that has none', () => {
    const graph = new Graph()
    const x = graph.input('x', 'float32', [4])
    const loss = ops.reshape(ops.reduceSum(ops.topK(x, 2).values, [0]), [])
    expect(() => gradients(loss, [x])).toThrow(/operator topK has no gradient/)
  })

  it('are of one number only', () => {
    const graph = new Graph()
    const x = graph.input('x', 'float32', [4])
    expect(() => gradients(x, [x])).toThrow(GraphError)
  })

  it('are zero where the loss does not depend on a tensor, and pass by operators off the way', () => {
    const graph = new Graph()
    const x = graph.input('x', 'float32', [])
    const other = graph.input('other', 'float32', [3])
    ops.topK(other, 2)
    const gradient = gradients(ops.multiply(x, x), [x, other]).get(other)!
    expect(gradient.source.kind === 'constant' && [...gradient.source.data]).toEqual([0, 0, 0])
  })
})
