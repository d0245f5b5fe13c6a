/** AdamW as operations of the training graph. */
import {
  add,
  concat,
  divide,
  type Graph,
  minimum,
  multiply,
  reduceSum,
  reduceSumSquare,
  reshape,
  sqrt,
  subtract,
  type Tensor,
} from '../graph/index.ts'
import { type ParameterLayout, POSITION_TABLES } from '../siammae/index.ts'

/** How parameters follow their gradients. */
export interface OptimiserConfig {
  readonly betas: readonly [number, number]
  readonly epsilon: number
  /** Decoupled decay (Loshchilov and Hutter 2019) per unit of learning rate, on matrices only. */
  readonly weightDecay: number
  /** The gradient of all parameters together is shortened to this length where it is longer; null leaves it. */
  readonly clipNorm: number | null
  /** Each encoder layer learns at this multiple of the rate of the layer above it (Clark et al. 2020); 1 is off. */
  readonly layerDecay: number
}

/** What SiamMAE was trained with. */
export const PRETRAINING_OPTIMISER: OptimiserConfig = {
  betas: [0.9, 0.95],
  epsilon: 1e-8,
  weightDecay: 0.05,
  clipNorm: null,
  layerDecay: 1,
}

/** The parameters that are learned, with their shapes: all but the position tables. */
export function trainableLayout(layout: ParameterLayout): ParameterLayout {
  return new Map([...layout].filter(([name]) => !POSITION_TABLES.has(name)))
}

/** Whether weight decay applies: to matrices and the patch convolution, not to biases, norms and single tokens. */
export function decays(name: string, shape: readonly number[]): boolean {
  return shape.length > 1 && !name.endsWith('_token')
}

/**
 * The share of the learning rate that a parameter gets: decay^(distance to the top), the embedding lowest, the
 * encoder's final norm and all of the decoder at 1.
 */
export function rateShare(name: string, depth: number, layerDecay: number): number {
  const block = /^blocks\.(\d+)\./.exec(name)
  if (block) return layerDecay ** (depth - Number(block[1]))
  return name.startsWith('patch_embed.') || name === 'cls_token' ? layerDecay ** (depth + 1) : 1
}

/** One tensor per trainable parameter. */
export type PerParameter = ReadonlyMap<string, Tensor>

export interface OptimiserInputs {
  readonly parameters: PerParameter
  readonly gradients: PerParameter
  /** Running means of the gradient, and of its square. */
  readonly first: PerParameter
  readonly second: PerParameter
  /** Scalars of the step: learning rate, 1 - beta1^t, 1 - beta2^t. */
  readonly learningRate: Tensor
  readonly firstCorrection: Tensor
  readonly secondCorrection: Tensor
}

export interface OptimiserOutputs {
  readonly parameters: PerParameter
  readonly first: PerParameter
  readonly second: PerParameter
  /** Length of the gradient of all parameters together, before clipping; a scalar. */
  readonly gradientNorm: Tensor
}

/**
 * One step of AdamW, arranged so that no constant costs a pass over a tensor of its own:
 * m' = b1 m + (1 - b1) g;  v' = b2 v + (1 - b2) g^2;
 * p' = p (1 - lr decay) - (lr sqrt(c2) / c1) m' / (sqrt(v') + epsilon sqrt(c2)), which is PyTorch's form with both
 * sides of the fraction multiplied by sqrt(c2).
 *
 * Every new parameter depends on the norm of all gradients. So in any order of execution the old values have been read
 * by the whole backward pass before they are replaced, and may be written over in place.
 * @param depth blocks of the encoder, for the layer decay
 */
export function adamW(
  graph: Graph,
  config: OptimiserConfig,
  depth: number,
  inputs: OptimiserInputs,
): OptimiserOutputs {
  const [beta1, beta2] = config.betas
  const scalar = (value: number): Tensor => graph.scalar(value)
  const squares = [...inputs.gradients.values()].map((gradient) =>
    reshape(
      reduceSumSquare(
        gradient,
        gradient.shape.map((_, axis) => axis),
      ),
      [1],
    ),
  )
  const gradientNorm = sqrt(reshape(reduceSum(concat(squares, 0), [0]), []))
  const { clipNorm } = config
  // As PyTorch's clip_grad_norm_ has it.
  const clip =
    clipNorm === null
      ? undefined
      : minimum(scalar(1), divide(scalar(clipNorm), add(gradientNorm, scalar(1e-6))))
  const learningRate = minimum(inputs.learningRate, add(inputs.learningRate, gradientNorm))

  const rootCorrection = sqrt(inputs.secondCorrection)
  const epsilon = multiply(scalar(config.epsilon), rootCorrection)
  const unitStep = divide(multiply(learningRate, rootCorrection), inputs.firstCorrection)
  const rates = new Map<number, { step: Tensor; keep: Tensor }>()
  const rateOf = (share: number): { step: Tensor; keep: Tensor } => {
    const known = rates.get(share)
    if (known) return known
    const decay = multiply(learningRate, scalar(share * config.weightDecay))
    const made = { step: multiply(unitStep, scalar(share)), keep: subtract(scalar(1), decay) }
    rates.set(share, made)
    return made
  }

  const [b1, b2, rest1, rest2] = [beta1, beta2, 1 - beta1, 1 - beta2].map(scalar) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ]
  const parameters = new Map<string, Tensor>()
  const first = new Map<string, Tensor>()
  const second = new Map<string, Tensor>()
  for (const [name, parameter] of inputs.parameters) {
    const raw = inputs.gradients.get(name)!
    const gradient = clip ? multiply(raw, clip) : raw
    const m = add(multiply(inputs.first.get(name)!, b1), multiply(gradient, rest1))
    const v = add(multiply(inputs.second.get(name)!, b2), multiply(multiply(gradient, gradient), rest2))
    const { step, keep } = rateOf(rateShare(name, depth, config.layerDecay))
    const change = multiply(divide(m, add(sqrt(v), epsilon)), step)
    const kept =
      config.weightDecay !== 0 && decays(name, parameter.shape) ? multiply(parameter, keep) : parameter
    parameters.set(name, subtract(kept, change))
    first.set(name, m)
    second.set(name, v)
  }
  return { parameters, first, second, gradientNorm }
}
