/** Forward values, loss, every gradient and three optimiser steps equal the independent implementation's. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Graph, gradients, type Tensor } from '../../../model/graph/index.ts'
import { Engine, type HostTensor, onHost } from '../../../model/runtime/index.ts'
import {
  type BatchMask,
  IMAGENET_MEAN,
  IMAGENET_STD,
  maskFeeds,
  maskFromKept,
  maskInputs,
  patchesOf,
  pretrainingForward,
  type SiamMaeConfig,
  siamMaeConfigSchema,
  siamMaeLayout,
} from '../../../model/siammae/index.ts'
import { adamW, decays, PRETRAINING_OPTIMISER, trainableLayout } from '../../../model/training/index.ts'
import { readSafetensors, type TensorFile } from '../../../model/weights/index.ts'
import { describeOnDevices } from '../../support/devices.ts'
import { describeWithReference } from '../../support/reference.ts'
import { expectClose, largestDifference, values } from '../../support/tensors.ts'

interface Golden {
  config: {
    image_size: number
    patch_size: number
    dim: number
    depth: number
    heads: number
    decoder_dim: number
    decoder_depth: number
    decoder_heads: number
    mlp_ratio: number
    encoder_mode: SiamMaeConfig['encoderMode']
    decoder_mode: SiamMaeConfig['decoderMode']
    batch: number
    past_ratio: number
    future_ratio: number
    tokens: number
    layer_norm_eps: number
  }
  optimizer: {
    lr: number
    betas: [number, number]
    eps: number
    weight_decay: number
    steps: number
    no_decay: string[]
  }
  loss: number
  loss_before_each_step_and_after: number[]
  loss_without_patch_normalisation: number
}

/** Tolerances that the reference folder's README suggests for float32. */
const TOLERANCE = { values: 3e-5, loss: 5e-6, target: 5e-6, gradient: 3e-6, relativeGradient: 2e-5 }

function modelOf({ config: c }: Golden): SiamMaeConfig {
  const model: SiamMaeConfig = {
    imageSize: c.image_size,
    encoder: {
      patch: c.patch_size,
      dim: c.dim,
      depth: c.depth,
      heads: c.heads,
      mlpRatio: c.mlp_ratio,
      layerNormEpsilon: c.layer_norm_eps,
      positionGrid: c.image_size / c.patch_size,
      mean: IMAGENET_MEAN,
      std: IMAGENET_STD,
    },
    decoder: { dim: c.decoder_dim, depth: c.decoder_depth, heads: c.decoder_heads, mlpRatio: c.mlp_ratio },
    encoderMode: c.encoder_mode,
    decoderMode: c.decoder_mode,
    pastRatio: c.past_ratio,
    futureRatio: c.future_ratio,
    normaliseTarget: true,
  }
  return v.parse(siamMaeConfigSchema, model)
}

/** [batch, 3, side, side] to [batch, side, side, 3]. */
function channelsLast(data: Float32Array, batch: number, side: number): Float32Array {
  const plane = side * side
  const result = new Float32Array(data.length)
  for (let b = 0; b < batch; b++)
    for (let c = 0; c < 3; c++)
      for (let i = 0; i < plane; i++) result[(b * plane + i) * 3 + c] = data[(b * 3 + c) * plane + i]!
  return result
}

function maskOf(file: TensorFile, frame: 'past' | 'future', batch: number, tokens: number): BatchMask {
  const { bytes, shape } = file.tensors.get(`mask.ids_keep_${frame}`)!
  const ids = new BigInt64Array(bytes.slice().buffer)
  const kept = shape[1]!
  const lists = Array.from({ length: batch }, (_, b) =>
    Array.from(ids.subarray(b * kept, (b + 1) * kept), Number),
  )
  return maskFromKept(lists, tokens)
}

const float = (shape: readonly number[], data: Float32Array): HostTensor => ({
  dtype: 'float32',
  shape,
  data,
})
const single = (value: number): HostTensor => float([], new Float32Array([value]))

/** The case as a graph with everything as an output, and its inputs. */
function build(golden: Golden, file: TensorFile) {
  const model = modelOf(golden)
  const { batch, tokens, image_size: side } = golden.config
  const graph = new Graph()
  const layout = siamMaeLayout(model)
  const trainable = new Map<string, Tensor>()
  for (const [name, shape] of trainableLayout(layout))
    trainable.set(name, graph.input(name, 'float32', shape))
  const lookup = (name: string): Tensor =>
    trainable.get(name) ?? graph.constant(values(file, `param.${name}`), layout.get(name)!)
  const frame = (name: string): Tensor => graph.input(name, 'float32', [batch, side, side, 3])
  const past = patchesOf(frame('past'), model.encoder)
  const future = patchesOf(frame('future'), model.encoder)
  const masked = model.pastRatio > 0
  const inputs = {
    batch,
    past,
    future,
    ...(masked && { pastMask: maskInputs(graph, 'past', batch, tokens, model.pastRatio) }),
    futureMask: maskInputs(graph, 'future', batch, tokens, model.futureRatio),
  }
  const feeds: Record<string, HostTensor> = {
    past: float([batch, side, side, 3], channelsLast(values(file, 'input.past'), batch, side)),
    future: float([batch, side, side, 3], channelsLast(values(file, 'input.future'), batch, side)),
    ...(masked && maskFeeds('past', maskOf(file, 'past', batch, tokens))),
    ...maskFeeds('future', maskOf(file, 'future', batch, tokens)),
  }
  const parameters = Object.fromEntries(
    [...trainableLayout(layout)].map(([name, shape]) => [name, float(shape, values(file, `param.${name}`))]),
  )
  return { model, graph, inputs, lookup, trainable, feeds, parameters }
}

function relativeL2(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0
  let size = 0
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2
    size += expected[i]! ** 2
  }
  return Math.sqrt(difference / Math.max(size, 1e-30))
}

describeWithReference('SiamMAE equals the independent implementation', (reference) => {
  const folder = join(reference, 'siammae')
  const names = readdirSync(folder)
    .filter((file) => file.startsWith('enc-') && file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))

  it('has cases', () => expect(names.length).toBeGreaterThan(0))

  describeOnDevices('case', (device) => {
    let engine: Engine
    beforeAll(async () => {
      engine = await Engine.start(device)
    })
    afterAll(() => engine.close())

    describe.each(names)('%s', (name) => {
      const golden = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Golden
      let file: TensorFile
      beforeAll(async () => {
        file = await readSafetensors(join(folder, `${name}.safetensors`))
      })

      // A software GPU is slow, and computing the weights once more is the same graph on every device.
      it.each(device === 'cpu' ? (['kept', 'recomputed'] as const) : (['kept'] as const))(
        'forward values, loss and gradients, weights %s',
        async (weights) => {
          const { model, graph, inputs, lookup, trainable, feeds, parameters } = build(golden, file)
          const forward = pretrainingForward(model, inputs, lookup, weights)
          const raw = pretrainingForward({ ...model, normaliseTarget: false }, inputs, lookup, weights)
          const { latentPast, latentFuture, memory, decoderInput, target, prediction, loss } = forward
          const outputs = { latentPast, latentFuture, memory, decoderInput, target, prediction, loss }
          for (const [key, tensor] of Object.entries(outputs)) graph.output(`out ${key}`, tensor)
          graph.output('out raw loss', raw.loss)
          for (const [tensor, gradient] of gradients(loss, [...trainable.values()]))
            graph.output(`grad ${tensor.source.kind === 'input' && tensor.source.name}`, gradient)
          const program = await engine.load(graph)
          const results = await engine.run(program, { ...feeds, ...parameters })
          const result = (key: string): Float32Array => onHost(results[key]).data as Float32Array

          expectClose(result('out latentPast'), values(file, 'out.latent_past'), TOLERANCE.values)
          expectClose(result('out latentFuture'), values(file, 'out.latent_future'), TOLERANCE.values)
          expectClose(result('out memory'), values(file, 'out.memory'), TOLERANCE.values)
          expectClose(result('out decoderInput'), values(file, 'out.decoder_input'), TOLERANCE.values)
          expectClose(result('out target'), values(file, 'out.target'), TOLERANCE.target)
          expectClose(result('out prediction'), values(file, 'out.pred'), TOLERANCE.values)
          expectClose(result('out loss'), [golden.loss], TOLERANCE.loss)
          expectClose(result('out raw loss'), [golden.loss_without_patch_normalisation], TOLERANCE.loss)
          for (const parameter of trainable.keys()) {
            const expected = values(file, `grad.${parameter}`)
            const actual = result(`grad ${parameter}`)
            const near =
              largestDifference(actual, expected) <= TOLERANCE.gradient ||
              relativeL2(actual, expected) <= TOLERANCE.relativeGradient
            expect(near, `${parameter}: off by ${largestDifference(actual, expected)}`).toBe(true)
          }
          await engine.unload(program)
        },
      )

      it('three optimiser steps, the state staying with the engine', async () => {
        const { model, graph, inputs, lookup, trainable, feeds, parameters } = build(golden, file)
        const { lr, betas, eps, weight_decay: weightDecay, steps, no_decay: undecayed } = golden.optimizer
        const { loss } = pretrainingForward(model, inputs, lookup)
        const slopes = gradients(loss, [...trainable.values()])
        const moment = (prefix: string) =>
          new Map(
            [...trainable].map(([key, { shape }]) => [key, graph.input(`${prefix}${key}`, 'float32', shape)]),
          )
        const [first, second] = [moment('m.'), moment('v.')]
        const config = { ...PRETRAINING_OPTIMISER, betas, epsilon: eps, weightDecay }
        const result = adamW(graph, config, model.encoder.depth, {
          parameters: trainable,
          gradients: new Map([...trainable].map(([key, tensor]) => [key, slopes.get(tensor)!])),
          first,
          second,
          learningRate: graph.input('lr', 'float32', []),
          firstCorrection: graph.input('c1', 'float32', []),
          secondCorrection: graph.input('c2', 'float32', []),
        })
        graph.output('loss', loss)
        const updates: Record<string, string> = {}
        const state: Record<string, HostTensor> = { ...parameters }
        for (const [key, { shape }] of trainable) {
          const zeros = () => float(shape, new Float32Array(parameters[key]!.data.length))
          for (const [prefix, tensors] of [
            ['', result.parameters],
            ['m.', result.first],
            ['v.', result.second],
          ] as const) {
            graph.output(`next ${prefix}${key}`, tensors.get(key)!)
            updates[`next ${prefix}${key}`] = `${prefix}${key}`
            if (prefix) state[`${prefix}${key}`] = zeros()
          }
          expect(decays(key, shape), key).toBe(!undecayed.includes(key))
        }
        const program = await engine.load(graph, { updates })
        const kept = await engine.createState(state)
        const losses: number[] = []
        for (let step = 1; step <= steps + 1; step++) {
          const scalars = {
            lr: single(lr),
            c1: single(1 - betas[0] ** step),
            c2: single(1 - betas[1] ** step),
          }
          if (step === steps + 1) {
            const after = await engine.readState(kept, [...trainable.keys()])
            compareParameters(after, trainable, file, steps * lr)
          }
          losses.push(
            Number(onHost((await engine.run(program, { ...feeds, ...scalars }, kept)).loss).data[0]),
          )
        }
        expectClose(losses, golden.loss_before_each_step_and_after, TOLERANCE.loss)
        await engine.dropState(kept)
        await engine.unload(program)
      })
    })
  })
})

/** 99.9 % below 2e-6 and all below the size of the steps, the key part of attention biases left out (its README). */
function compareParameters(
  after: Record<string, HostTensor>,
  trainable: ReadonlyMap<string, Tensor>,
  file: TensorFile,
  largest: number,
): void {
  const differences: number[] = []
  for (const key of trainable.keys()) {
    const actual = after[key]!.data as Float32Array
    const expected = values(file, `after3.${key}`)
    const third = actual.length / 3
    const half = actual.length / 2
    for (let i = 0; i < actual.length; i++) {
      if (key.endsWith('.qkv.bias') && i >= third && i < 2 * third) continue
      if (key.endsWith('.kv.bias') && i < half) continue
      differences.push(Math.abs(actual[i]! - expected[i]!))
    }
  }
  differences.sort((a, b) => a - b)
  expect(differences.at(-1)).toBeLessThan(largest)
  expect(differences[Math.floor(0.999 * differences.length)]).toBeLessThan(2e-6)
}
