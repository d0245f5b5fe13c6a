/** The training step as graphs: forward, backward and AdamW in one, or apart where gradients are accumulated. */
import { add, Graph, gradients, multiply, type Tensor } from '../graph/index.ts'
import {
  type BlockOptions,
  maskInputs,
  type ParameterLookup,
  type Parameters,
  type PretrainingInputs,
  patchesOf,
  pretrainingForward,
  type SiamMaeConfig,
  siamMaeLayout,
} from '../siammae/index.ts'
import { adamW, type OptimiserConfig, type PerParameter, trainableLayout } from './optimiser.ts'

/** Names of the tensors that stay with the engine between steps. */
export const firstMoment = (name: string): string => `adam.first.${name}`
export const secondMoment = (name: string): string => `adam.second.${name}`
export const gradientSum = (name: string): string => `sum.${name}`
/** The output that replaces a tensor of the state. */
export const updated = (name: string): string => `next.${name}`

/** A graph, and which outputs replace what in the state. */
export interface StatefulGraph {
  readonly graph: Graph
  readonly updates: Readonly<Record<string, string>>
}

export interface StepGraphConfig {
  readonly model: SiamMaeConfig
  readonly optimiser: OptimiserConfig
  /** Pairs in one run of the graph. */
  readonly batch: number
  readonly weights: BlockOptions['weights']
}

/** Parameters as inputs of a graph, position tables as constants. */
function parameterInputs(
  graph: Graph,
  model: SiamMaeConfig,
  tables: Parameters,
): { lookup: ParameterLookup; trainable: PerParameter } {
  const layout = siamMaeLayout(model)
  const trainable = new Map<string, Tensor>()
  for (const [name, shape] of trainableLayout(layout))
    trainable.set(name, graph.input(name, 'float32', shape))
  const constants = new Map<string, Tensor>()
  const lookup = (name: string): Tensor => {
    const known = trainable.get(name) ?? constants.get(name)
    if (known) return known
    const table = graph.constant(tables.get(name)!, layout.get(name)!, name)
    constants.set(name, table)
    return table
  }
  return { lookup, trainable }
}

/** Inputs `past` and `future`, uint8 [batch, side, side, 3], and the index lists of the masks. */
export function pairInputs(graph: Graph, model: SiamMaeConfig, batch: number): PretrainingInputs {
  const { imageSize, encoder, pastRatio, futureRatio } = model
  const tokens = encoder.positionGrid ** 2
  const patches = (name: string): Tensor =>
    patchesOf(graph.input(name, 'uint8', [batch, imageSize, imageSize, 3]), encoder)
  return {
    batch,
    past: patches('past'),
    future: patches('future'),
    ...(pastRatio > 0 && { pastMask: maskInputs(graph, 'past', batch, tokens, pastRatio) }),
    futureMask: maskInputs(graph, 'future', batch, tokens, futureRatio),
  }
}

/** Forward and backward: the loss and a gradient per parameter. */
function lossAndGradients(
  graph: Graph,
  { model, batch, weights }: StepGraphConfig,
  tables: Parameters,
): { loss: Tensor; trainable: PerParameter; slopes: PerParameter } {
  const { lookup, trainable } = parameterInputs(graph, model, tables)
  const { loss } = pretrainingForward(model, pairInputs(graph, model, batch), lookup, weights)
  const byTensor = gradients(loss, [...trainable.values()])
  const slopes = new Map([...trainable].map(([name, tensor]) => [name, byTensor.get(tensor)!]))
  return { loss, trainable, slopes }
}

/** AdamW on parameters with their gradients; names the results and what they replace. */
function applyOptimiser(
  graph: Graph,
  { model, optimiser }: StepGraphConfig,
  parameters: PerParameter,
  slopes: PerParameter,
): Record<string, string> {
  const moments = (nameOf: (name: string) => string): PerParameter =>
    new Map([...parameters].map(([name, { shape }]) => [name, graph.input(nameOf(name), 'float32', shape)]))
  const result = adamW(graph, optimiser, model.encoder.depth, {
    parameters,
    gradients: slopes,
    first: moments(firstMoment),
    second: moments(secondMoment),
    learningRate: graph.input('learning_rate', 'float32', []),
    firstCorrection: graph.input('first_correction', 'float32', []),
    secondCorrection: graph.input('second_correction', 'float32', []),
  })
  const updates: Record<string, string> = {}
  const replace = (name: string, tensor: Tensor): void => {
    graph.output(updated(name), tensor)
    updates[updated(name)] = name
  }
  for (const name of parameters.keys()) {
    replace(name, result.parameters.get(name)!)
    replace(firstMoment(name), result.first.get(name)!)
    replace(secondMoment(name), result.second.get(name)!)
  }
  graph.output('gradient_norm', result.gradientNorm)
  return updates
}

/** The whole step in one graph: outputs `loss`, `gradient_norm` and the new state. */
export function stepGraph(config: StepGraphConfig, tables: Parameters): StatefulGraph {
  const graph = new Graph()
  const { loss, trainable, slopes } = lossAndGradients(graph, config, tables)
  graph.output('loss', loss)
  return { graph, updates: applyOptimiser(graph, config, trainable, slopes) }
}

/**
 * Forward and backward of one of several micro-batches: sum' = carry * sum + gradient. `carry` is 0 for the first one,
 * which starts the sum anew, and 1 for the others.
 */
export function accumulateGraph(config: StepGraphConfig, tables: Parameters): StatefulGraph {
  const graph = new Graph()
  const { loss, slopes } = lossAndGradients(graph, config, tables)
  graph.output('loss', loss)
  const carry = graph.input('carry', 'float32', [])
  const updates: Record<string, string> = {}
  for (const [name, slope] of slopes) {
    const sum = graph.input(gradientSum(name), 'float32', slope.shape)
    graph.output(updated(gradientSum(name)), add(multiply(sum, carry), slope))
    updates[updated(gradientSum(name))] = gradientSum(name)
  }
  return { graph, updates }
}

/** AdamW on the mean of `micro` accumulated gradients. */
export function applyGraph(config: StepGraphConfig, micro: number, tables: Parameters): StatefulGraph {
  const graph = new Graph()
  const { trainable } = parameterInputs(graph, config.model, tables)
  const share = graph.scalar(1 / micro)
  const slopes = new Map(
    [...trainable].map(([name, { shape }]) => [
      name,
      multiply(graph.input(gradientSum(name), 'float32', shape), share),
    ]),
  )
  return { graph, updates: applyOptimiser(graph, config, trainable, slopes) }
}

/** Prediction without training: outputs `prediction` [batch * tokens, patch * patch * 3] and `loss`. */
export function reconstructionGraph(model: SiamMaeConfig, batch: number, tables: Parameters): Graph {
  const graph = new Graph()
  const { lookup } = parameterInputs(graph, model, tables)
  const { prediction, loss } = pretrainingForward(
    model,
    pairInputs(graph, model, batch),
    lookup,
    'recomputed',
  )
  graph.output('prediction', prediction)
  graph.output('loss', loss)
  return graph
}
