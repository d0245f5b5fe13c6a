/**
 * One rule per operator: how a change of the result answers for changes of the arguments. A rule is written in
 * operators, so that the backward pass is lowered for each device like everything else.
 */
import type { Operation, Tensor } from './graph.ts'
import {
  add,
  broadcastTo,
  concat,
  divide,
  geluBackward,
  headAttention,
  matmul,
  multiply,
  normalise,
  reduceSum,
  reshape,
  selectRows,
  split,
  subtract,
  transpose,
} from './operators.ts'
import { type Shape, sameShape, sizeOf } from './types.ts'

/**
 * @param operation the forward operation
 * @param upstream  gradient of each of its outputs; undefined where nothing depends on that output
 * @param wanted    which inputs need a gradient; what is not wanted need not be computed
 * @returns a gradient per input, of the input's shape; undefined where none was wanted
 */
export type GradientRule = (
  operation: Operation,
  upstream: readonly (Tensor | undefined)[],
  wanted: readonly boolean[],
) => readonly (Tensor | undefined)[]

/** A rule for one result, which is what nearly all operators have. */
function single(
  rule: (
    gradient: Tensor,
    inputs: readonly Tensor[],
    operation: Operation,
    wanted: readonly boolean[],
  ) => readonly (Tensor | (() => Tensor) | undefined)[],
): GradientRule {
  return (operation, upstream, wanted) =>
    rule(upstream[0]!, operation.inputs, operation, wanted).map((result, i) =>
      typeof result === 'function' ? (wanted[i] ? result() : undefined) : result,
    )
}

/** Sums over the axes along which a tensor of this shape was repeated: the transpose of broadcasting. */
function sumTo(gradient: Tensor, shape: Shape): Tensor {
  if (sameShape(gradient.shape, shape)) return gradient
  const added = gradient.shape.length - shape.length
  const axes = gradient.shape.flatMap((size, axis) => {
    const original = axis < added ? 1 : shape[axis - added]!
    return original === 1 && size !== 1 ? [axis] : []
  })
  return reshape(axes.length > 0 ? reduceSum(gradient, axes) : gradient, shape)
}

const negative = (x: Tensor): Tensor => multiply(x, x.graph.scalar(-1))

export const gradientRules: Readonly<Record<string, GradientRule>> = {
  add: single((g, [a, b]) => [() => sumTo(g, a!.shape), () => sumTo(g, b!.shape)]),
  subtract: single((g, [a, b]) => [() => sumTo(g, a!.shape), () => negative(sumTo(g, b!.shape))]),
  multiply: single((g, [a, b]) => [
    () => sumTo(multiply(g, b!), a!.shape),
    () => sumTo(multiply(g, a!), b!.shape),
  ]),
  divide: single((g, [a, b], { outputs }) => [
    () => sumTo(divide(g, b!), a!.shape),
    () => negative(sumTo(divide(multiply(g, outputs[0]!), b!), b!.shape)),
  ]),
  // d sqrt(x) = 1 / (2 sqrt(x))
  sqrt: single((g, _, { outputs }) => [() => divide(g, multiply(outputs[0]!, g.graph.scalar(2)))]),
  gelu: single((g, [x]) => [() => geluBackward(x!, g)]),
  matmul: single((g, [a, b], { attributes }) => {
    const { transposeA, transposeB, scale } = attributes as {
      transposeA: boolean
      transposeB: boolean
      scale: number
    }
    return [
      () =>
        sumTo(
          transposeA
            ? matmul(b!, g, { transposeA: transposeB, transposeB: true, scale })
            : matmul(g, b!, { transposeB: !transposeB, scale }),
          a!.shape,
        ),
      () =>
        sumTo(
          transposeB
            ? matmul(g, a!, { transposeA: true, transposeB: transposeA, scale })
            : matmul(a!, g, { transposeA: !transposeA, scale }),
          b!.shape,
        ),
    ]
  }),
  linear: single((g, [x, weight, bias]) => [
    () => matmul(g, weight!),
    () => matmul(g, x!, { transposeA: true }),
    () => sumTo(g, bias!.shape),
  ]),
  // With y = softmax(x): dx = y (g - sum(g y)).
  softmax: single((g, _, { outputs }) => [
    () => {
      const weighted = multiply(g, outputs[0]!)
      return subtract(weighted, multiply(outputs[0]!, reduceSum(weighted, [-1])))
    },
  ]),
  layerNorm: single(layerNormGradient),
  headAttention: headAttentionGradient,
  attention: attentionGradient,
  reduceSum: single((g, [x]) => [() => broadcastTo(g, x!.shape)]),
  reduceMean: single((g, [x]) => [
    () => {
      const share = sizeOf(g.shape) / sizeOf(x!.shape)
      return broadcastTo(multiply(g, g.graph.scalar(share)), x!.shape)
    },
  ]),
  reduceSumSquare: single((g, [x]) => [() => multiply(x!, multiply(g, g.graph.scalar(2)))]),
  broadcastTo: single((g, [x]) => [() => sumTo(g, x!.shape)]),
  reshape: single((g, [x]) => [() => reshape(g, x!.shape)]),
  transpose: single((g, _, { attributes }) => {
    const order = attributes.order as readonly number[]
    const inverse = order.map((_, axis) => order.indexOf(axis))
    return [() => transpose(g, inverse)]
  }),
  slice: single((g, [x], { attributes }) => {
    const { axis, start, end } = attributes as { axis: number; start: number; end: number }
    const zeros = (size: number): Tensor[] => {
      if (size === 0) return []
      const shape = x!.shape.map((dimension, i) => (i === axis ? size : dimension))
      return [
        broadcastTo(
          g.graph.constant(
            new Float32Array(1),
            shape.map(() => 1),
          ),
          shape,
        ),
      ]
    }
    return [() => concat([...zeros(start), g, ...zeros(x!.shape[axis]! - end)], axis)]
  }),
  concat: single((g, inputs, { attributes }) => {
    const axis = attributes.axis as number
    return split(
      g,
      axis,
      inputs.map((input) => input.shape[axis]!),
    )
  }),
  split: ({ inputs, outputs, attributes }, upstream) => {
    const parts = outputs.map(
      (output, i) =>
        upstream[i] ??
        broadcastTo(
          inputs[0]!.graph.constant(
            new Float32Array(1),
            output.shape.map(() => 1),
          ),
          output.shape,
        ),
    )
    return [concat(parts, attributes.axis as number)]
  },
  selectRows: single((g, [, rows, back], { attributes }) => [
    () =>
      selectRows(g, back!, rows!, {
        gaps: attributes.backGaps as boolean,
        backGaps: attributes.gaps as boolean,
      }),
  ]),
}

/**
 * With n = (x - mean) / deviation: dscale = sum(g n), dshift = sum(g), and
 * dx = (g s - mean(g s) - n mean(g s n)) / deviation with s the scale. The means over a row are products with the
 * column s / width, which is quicker than a pass that multiplies and a pass that sums.
 */
function layerNormGradient(
  g: Tensor,
  [x, scale, shift]: readonly Tensor[],
  { attributes }: Operation,
  wanted: readonly boolean[],
): readonly (Tensor | undefined)[] {
  const width = x!.shape.at(-1)!
  const rows = sizeOf(x!.shape) / width
  const flat = (t: Tensor): Tensor => reshape(t, [rows, width])
  const { normalised, inverseDeviation } = normalise(flat(x!), attributes.epsilon as number)
  const upstream = flat(g)
  const product = multiply(upstream, normalised)
  const dx = (): Tensor => {
    const column = multiply(reshape(scale!, [width, 1]), g.graph.scalar(1 / width))
    const mean = matmul(upstream, column)
    const slope = matmul(product, column)
    const scaled = multiply(upstream, reshape(scale!, [1, width]))
    const centred = subtract(scaled, add(multiply(normalised, slope), mean))
    return reshape(multiply(centred, inverseDeviation), x!.shape)
  }
  return [
    wanted[0] ? dx() : undefined,
    wanted[1] ? sumTo(product, scale!.shape) : undefined,
    wanted[2] ? sumTo(upstream, shift!.shape) : undefined,
  ]
}

/**
 * With scores S = scale q k^T and weights P = softmax(S): dv = P^T g, dP = g v^T, dS = P (dP - d) where
 * d = sum(dP P) over a row, which equals sum(g mixed) and is cheaper so; dq = scale dS k, dk = scale dS^T q.
 */
function headAttentionGradient(
  { inputs, outputs }: Operation,
  [g, ofWeights]: readonly (Tensor | undefined)[],
  wanted: readonly boolean[],
): readonly (Tensor | undefined)[] {
  const [query, key, value] = inputs as readonly [Tensor, Tensor, Tensor]
  const [mixed, weights] = outputs as readonly [Tensor, Tensor]
  const scale = 1 / Math.sqrt(query.shape[2]!)
  let ofScores: Tensor | undefined
  if (wanted[0] || wanted[1]) {
    if (g) {
      const row = reduceSum(multiply(g, mixed), [-1])
      ofScores = multiply(weights, subtract(matmul(g, value, { transposeB: true }), row))
    }
    if (ofWeights) {
      const weighted = multiply(ofWeights, weights)
      const more = subtract(weighted, multiply(weights, reduceSum(weighted, [-1])))
      ofScores = ofScores ? add(ofScores, more) : more
    }
  }
  return [
    wanted[0] ? matmul(ofScores!, key, { scale }) : undefined,
    wanted[1] ? matmul(ofScores!, query, { transposeA: true, scale }) : undefined,
    wanted[2] && g ? matmul(weights, g, { transposeA: true }) : undefined,
  ]
}

/** Computes the weights once more rather than keeping them: n x m numbers per head that need no memory meanwhile. */
function attentionGradient(
  operation: Operation,
  [g]: readonly (Tensor | undefined)[],
  wanted: readonly boolean[],
): readonly (Tensor | undefined)[] {
  const heads = operation.attributes.heads as number
  const apart = (tensor: Tensor): Tensor => {
    const [batch, n, dim] = tensor.shape as readonly [number, number, number]
    const headed = transpose(reshape(tensor, [batch, n, heads, dim / heads]), [0, 2, 1, 3])
    return reshape(headed, [batch * heads, n, dim / heads])
  }
  const together = (tensor: Tensor | undefined, shape: Shape): Tensor | undefined => {
    if (!tensor) return undefined
    const [batch, n, dim] = shape as readonly [number, number, number]
    return reshape(transpose(reshape(tensor, [batch, heads, n, dim / heads]), [0, 2, 1, 3]), shape)
  }
  const [query, key, value] = operation.inputs.map(apart) as [Tensor, Tensor, Tensor]
  const { mixed, weights } = headAttention(query, key, value)
  const again: Operation = {
    operator: '',
    inputs: [query, key, value],
    attributes: {},
    outputs: [mixed, weights],
  }
  const results = headAttentionGradient(again, [apart(g!), undefined], wanted)
  return results.map((result, i) => together(result, operation.inputs[i]!.shape))
}
