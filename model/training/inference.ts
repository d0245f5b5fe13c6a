/** A trained network as a graph of its own, with its weights inside: for previews outside of a run, and for export. */
import { Graph, type Tensor } from '../graph/index.ts'
import { type Engine, onHost } from '../runtime/index.ts'
import { type Parameters, pretrainingForward, type SiamMaeConfig, siamMaeLayout } from '../siammae/index.ts'
import type { PairBatch } from './data-loader.ts'
import { drawMasks, pairFeeds } from './pair-feeds.ts'
import type { Reconstruction } from './preview.ts'
import { pairInputs } from './step-graph.ts'

/**
 * The forward pass with its weights as constants. Inputs: `past` and `future`, uint8 [batch, side, side, 3] RGB, and
 * the index lists of the masks as `maskInputs` names them (those of the past only where it is masked). Outputs:
 * `prediction` [batch * tokens, patch * patch * 3], `latent_future` [batch, 1 + kept, dim], and `loss`, a scalar.
 */
export function inferenceGraph(config: SiamMaeConfig, parameters: Parameters, batch: number): Graph {
  const graph = new Graph()
  const layout = siamMaeLayout(config)
  const known = new Map<string, Tensor>()
  const parameter = (name: string): Tensor => {
    const tensor = known.get(name) ?? graph.constant(parameters.get(name)!, layout.get(name)!, name)
    known.set(name, tensor)
    return tensor
  }
  const { prediction, latentFuture, loss } = pretrainingForward(
    config,
    pairInputs(graph, config, batch),
    parameter,
    'recomputed',
  )
  graph.output('prediction', prediction)
  graph.output('latent_future', latentFuture)
  graph.output('loss', loss)
  return graph
}

/**
 * Lets a network fill in the future frames of some pairs.
 * @param seed  which patches are removed
 */
export async function reconstruct(
  engine: Engine,
  config: SiamMaeConfig,
  parameters: Parameters,
  pairs: PairBatch,
  seed: number,
): Promise<Reconstruction & { loss: number }> {
  const { past, future } = pairs
  const masks = drawMasks(config, pairs.size, seed, 0, 'preview')
  const program = await engine.load(inferenceGraph(config, parameters, pairs.size))
  try {
    const results = await engine.run(program, { ...pairFeeds(pairs, config), ...masks.feeds })
    return {
      past,
      future,
      prediction: onHost(results.prediction).data as Float32Array,
      mask: masks.future.removed,
      loss: Number(onHost(results.loss).data[0]),
    }
  } finally {
    await engine.unload(program)
  }
}
