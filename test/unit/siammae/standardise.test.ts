/** Standardised features belong to the same network: predictions stay, and every channel has mean 0 and deviation 1. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Graph } from '../../../model/graph/index.ts'
import { Engine, onHost } from '../../../model/runtime/index.ts'
import {
  drawMask,
  initialiseSiamMae,
  maskFeeds,
  maskInputs,
  type Parameters,
  patchesOf,
  pretrainingForward,
  seededRandom,
  siamMaeConfig,
  siamMaeLayout,
  standardiseFeatures,
} from '../../../model/siammae/index.ts'
import { expectClose } from '../../support/tensors.ts'

const base = siamMaeConfig('Ti', 8, { imageSize: 64, futureRatio: 0.75 })
const model = {
  ...base,
  encoder: { ...base.encoder, dim: 24, depth: 2, heads: 2 },
  decoder: { dim: 16, depth: 1, heads: 2, mlpRatio: 4 },
}
const BATCH = 2
const TOKENS = 64

describe('standardised features', () => {
  let engine: Engine
  beforeAll(async () => {
    engine = await Engine.start('cpu')
  })
  afterAll(() => engine.close())

  async function run(parameters: Parameters) {
    const graph = new Graph()
    const frame = (name: string) => patchesOf(graph.input(name, 'uint8', [BATCH, 64, 64, 3]), model.encoder)
    const layout = siamMaeLayout(model)
    const inputs = {
      batch: BATCH,
      past: frame('past'),
      future: frame('future'),
      futureMask: maskInputs(graph, 'future', BATCH, TOKENS, model.futureRatio),
    }
    const { latentPast, prediction, loss } = pretrainingForward(model, inputs, (name) =>
      graph.constant(parameters.get(name)!, layout.get(name)!),
    )
    graph.output('latents', latentPast)
    graph.output('prediction', prediction)
    graph.output('loss', loss)
    const program = await engine.load(graph)
    const random = seededRandom(4)
    const pixels = () => Uint8Array.from({ length: BATCH * 64 * 64 * 3 }, () => 256 * random.uniform())
    const picture = (data: Uint8Array) => ({ dtype: 'uint8', shape: [BATCH, 64, 64, 3], data }) as const
    const results = await engine.run(program, {
      past: picture(pixels()),
      future: picture(pixels()),
      ...maskFeeds('future', drawMask(BATCH, TOKENS, model.futureRatio, random)),
    })
    await engine.unload(program)
    const values = (name: string) => onHost(results[name]).data as Float32Array
    return { latents: values('latents'), prediction: values('prediction'), loss: values('loss')[0]! }
  }

  function statistics(latents: Float32Array, dim: number) {
    const rows = latents.length / dim
    const channel = (c: number) => Array.from({ length: rows }, (_, row) => latents[row * dim + c]!)
    const mean = Float32Array.from({ length: dim }, (_, c) => channel(c).reduce((a, b) => a + b, 0) / rows)
    const deviation = Float32Array.from({ length: dim }, (_, c) =>
      Math.sqrt(channel(c).reduce((sum, value) => sum + (value - mean[c]!) ** 2, 0) / rows),
    )
    return { mean, deviation }
  }

  it('leave the predictions as they were', async () => {
    const random = seededRandom(8)
    // Norms that are not ones and zeros, as after training.
    const parameters = new Map(initialiseSiamMae(model, 2))
    for (const name of ['norm.weight', 'norm.bias'])
      parameters.set(
        name,
        parameters.get(name)!.map((value) => value + 0.5 * random.normal()),
      )
    const before = await run(parameters)
    const measured = statistics(before.latents, model.encoder.dim)
    const after = await run(standardiseFeatures(model.encoder, parameters, measured))
    expectClose(after.prediction, before.prediction, 2e-4)
    expect(Math.abs(after.loss - before.loss)).toBeLessThan(1e-5)
    const { mean, deviation } = statistics(after.latents, model.encoder.dim)
    expectClose(mean, new Float32Array(model.encoder.dim), 1e-4)
    expectClose(deviation, new Float32Array(model.encoder.dim).fill(1), 1e-4)
  })

  it('do not touch the parameters given, nor blow up a silent channel', () => {
    const parameters = initialiseSiamMae(model, 2)
    const before = parameters.get('norm.weight')!.slice()
    const silent = { mean: new Float32Array(24), deviation: new Float32Array(24) }
    const after = standardiseFeatures(model.encoder, parameters, silent)
    expect(parameters.get('norm.weight')).toEqual(before)
    expect(Math.max(...after.get('norm.weight')!)).toBeLessThanOrEqual(1000 * Math.max(...before))
  })
})
