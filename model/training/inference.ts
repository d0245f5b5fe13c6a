/** A trained network as a graph of its own, with its weights inside: for previews outside of a run, and for export. */
import { Graph, type Tensor } from '../graph/index.ts'
import { type Engine, onHost } from '../runtime/index.ts'
import {
  drawMask,
  maskFeeds,
  type Parameters,
  pretrainingForward,
  type SiamMaeConfig,
  seededRandom,
  siamMaeLayout,
  streamSeed,
} from '../siammae/index.ts'
import type { PairBatch } from './data-loader.ts'
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
  const { size, past, future } = pairs
  const tokens = config.encoder.positionGrid ** 2
  const random = seededRandom(streamSeed(seed, 'preview', 0))
  const pastMask = drawMask(size, tokens, config.pastRatio, random)
  const futureMask = drawMask(size, tokens, config.futureRatio, random)
  const program = await engine.load(inferenceGraph(config, parameters, size))
  try {
    const shape = [size, config.imageSize, config.imageSize, 3]
    const results = await engine.run(program, {
      past: { dtype: 'uint8', shape, data: past },
      future: { dtype: 'uint8', shape, data: future },
      ...(config.pastRatio > 0 && maskFeeds('past', pastMask)),
      ...maskFeeds('future', futureMask),
    })
    return {
      past,
      future,
      prediction: onHost(results.prediction).data as Float32Array,
      mask: futureMask.removed,
      loss: Number(onHost(results.loss).data[0]),
    }
  } finally {
    await engine.unload(program)
  }
}
