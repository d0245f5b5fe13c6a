/** The small pieces of MAE's arithmetic, each against float64 values of the public code. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Graph, gelu, layerNorm, type Tensor } from '../../../model/graph/index.ts'
import { Engine, onHost } from '../../../model/runtime/index.ts'
import {
  IMAGENET_MEAN,
  IMAGENET_STD,
  keptTokens,
  maskedLoss,
  normalisedPatches,
  patchesOf,
  sineCosinePositions,
} from '../../../model/siammae/index.ts'
import { readSafetensors, type TensorFile } from '../../../model/weights/index.ts'
import { describeOnDevices } from '../../support/devices.ts'
import { describeWithReference } from '../../support/reference.ts'
import { expectClose, values } from '../../support/tensors.ts'

interface Golden {
  loss: { normalised: number; plain: number }
  kept_tokens: [count: number, ratio: number, kept: number][]
}

describeWithReference("MAE's arithmetic", (reference) => {
  const path = (extension: string): string => join(reference, 'siammae', `mae_arithmetic.${extension}`)
  const golden = JSON.parse(readFileSync(path('json'), 'utf8')) as Golden
  let file: TensorFile
  beforeAll(async () => {
    file = await readSafetensors(path('safetensors'))
  })

  it('keeps as many tokens, in double precision', () => {
    for (const [count, ratio, kept] of golden.kept_tokens)
      expect(keptTokens(count, ratio), `${count} at ${ratio}`).toBe(kept)
  })

  it('has the same position tables', () => {
    const tables = [...file.tensors.keys()].flatMap((name) => {
      const match = /^pos_embed\.dim(\d+)_grid(\d+)$/.exec(name)
      return match ? [{ name, dim: Number(match[1]), grid: Number(match[2]) }] : []
    })
    expect(tables.length).toBeGreaterThan(0)
    for (const { name, dim, grid } of tables)
      expectClose(sineCosinePositions(dim, grid, grid), values(file, name), 1e-6)
  })

  describeOnDevices('as a graph', (device) => {
    let engine: Engine
    beforeAll(async () => {
      engine = await Engine.start(device)
    })
    afterAll(() => engine.close())

    /** A graph of golden inputs; its outputs. */
    async function run(
      names: readonly string[],
      build: (...inputs: Tensor[]) => Record<string, Tensor>,
    ): Promise<Record<string, Float32Array>> {
      const graph = new Graph()
      const inputs = names.map((name) => graph.input(name, 'float32', file.tensors.get(name)!.shape))
      for (const [name, tensor] of Object.entries(build(...inputs))) graph.output(name, tensor)
      const program = await engine.load(graph)
      const feeds = names.map((name) => {
        const { shape } = file.tensors.get(name)!
        return [name, { dtype: 'float32', shape, data: values(file, name) } as const] as const
      })
      const results = await engine.run(program, Object.fromEntries(feeds))
      await engine.unload(program)
      return Object.fromEntries(
        Object.entries(results).map(([name, tensor]) => [name, onHost(tensor).data as Float32Array]),
      )
    }

    it('GELU and layer normalisation', async () => {
      const { y } = await run(['gelu.x'], (x) => ({ y: gelu(x) }))
      expectClose(y!, values(file, 'gelu.y'), 2e-6)
      const normed = await run(['layer_norm.x', 'layer_norm.weight', 'layer_norm.bias'], (x, w, b) => ({
        y: layerNorm(x!, w!, b!, 1e-6),
      }))
      expectClose(normed.y!, values(file, 'layer_norm.y'), 5e-6)
    })

    it('patches, their normalisation and the loss', async () => {
      const [batch, , height] = file.tensors.get('loss.image')!.shape as readonly [number, number, number]
      const [, tokens, size] = file.tensors.get('loss.patches')!.shape as readonly [number, number, number]
      const patch = Math.sqrt(size / 3)
      const image = values(file, 'loss.image')
      const plane = height * height
      const pictures = Float32Array.from(image, (_, i) => {
        const [picture, pixel, channel] = [Math.floor(i / (3 * plane)), Math.floor(i / 3) % plane, i % 3]
        return image[(picture * 3 + channel) * plane + pixel]!
      })
      const mask = values(file, 'loss.mask')
      const graph = new Graph()
      const input = graph.input('pictures', 'float32', [batch, height, height, 3])
      const patches = patchesOf(input, { patch, mean: IMAGENET_MEAN, std: IMAGENET_STD } as never)
      const target = normalisedPatches(patches)
      const prediction = graph.constant(values(file, 'loss.pred'), [batch * tokens, size])
      const removed = graph.constant(mask, [batch * tokens, 1])
      const count = mask.reduce((a, b) => a + b, 0)
      graph.output('patches', patches)
      graph.output('target', target)
      graph.output('normalised', maskedLoss(prediction, target, removed, count))
      graph.output('plain', maskedLoss(prediction, patches, removed, count))
      const program = await engine.load(graph)
      const results = await engine.run(program, {
        pictures: { dtype: 'float32', shape: [batch, height, height, 3], data: pictures },
      })
      const result = (name: string): Float32Array => onHost(results[name]).data as Float32Array
      expectClose(result('patches'), values(file, 'loss.patches'), 0)
      // One patch is constant: the rounding of its mean is divided by 1e-3, the root of the epsilon.
      expectClose(result('target'), values(file, 'loss.normalised_target'), 3e-5)
      expectClose(result('normalised'), [golden.loss.normalised], 5e-6)
      expectClose(result('plain'), [golden.loss.plain], 5e-6)
      await engine.unload(program)
    })
  })
})
