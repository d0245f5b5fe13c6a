/** What the inspector shows is what the network computes: compared with plain loops over the weights of a small encoder. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  bestMatches,
  ClassAttention,
  Correspondence,
  middleOf,
  patchAt,
} from '../../../model/inspection/index.ts'
import { FeatureExtractor } from '../../../model/propagation/index.ts'
import { Engine } from '../../../model/runtime/index.ts'
import {
  type EncoderConfig,
  encoderConfig,
  encoderLayout,
  initialiseEncoder,
  type Parameters,
  seededRandom,
} from '../../../model/siammae/index.ts'
import { readSafetensors, toFloat32 } from '../../../model/weights/index.ts'
import type { Tensor } from '../../support/checkpoints.ts'
import { describeOnDevices } from '../../support/devices.ts'
import { plainVit } from '../../support/plain-vit.ts'
import { describeWithReference } from '../../support/reference.ts'
import { expectClose, values } from '../../support/tensors.ts'

const SIDE = 20
const plain = encoderConfig('Ti', 4, { dim: 12, depth: 2, heads: 3, positionGrid: SIDE / 4 })

/** Weights with which attention is far from even: start values are so small that every token is looked at alike. */
function parametersOf(config: EncoderConfig): Parameters {
  const random = seededRandom(7)
  return new Map(
    [...encoderLayout(config)].map(([name, shape]) => {
      const around = /norm\d?\.weight$/.test(name) ? 1 : 0
      const size = shape.reduce((a, b) => a * b, 1)
      return [name, Float32Array.from({ length: size }, () => around + 0.4 * random.normal())]
    }),
  )
}

const pictureOf = (seed: number): Uint8Array => {
  const random = seededRandom(seed)
  return Uint8Array.from({ length: SIDE * SIDE * 3 }, () => Math.floor(256 * random.uniform()))
}

/** The same network by plain loops, with the attention of [CLS] in its last block by head. */
function byHand(config: EncoderConfig, parameters: Parameters, pixels: Uint8Array) {
  const { dim, registers = 0, positionGrid } = config
  const layout = encoderLayout(config)
  const tensors = new Map<string, Tensor>(
    [...parameters].map(([name, data]) => [name, { shape: layout.get(name)!, values: data }]),
  )
  const positions = parameters.get('pos_embed')!
  const first = parameters.get('cls_token')?.map((value, i) => value + positions[i]!) ?? []
  const prefix = [...first, ...(parameters.get('register_tokens') ?? [])]
  const { heads, depth, patch, mean, std } = config
  const vit = { tensors, heads, depth, patch, mean, std, positions: positions.slice(dim), prefix }
  const attention: number[][] = []
  const tokens = plainVit(vit, pixels, SIDE, (name, head, query, weights) => {
    if (name === `blocks.${depth - 1}.attn` && query === 0) attention[head] = weights.slice(1 + registers)
  })
  expect(tokens).toHaveLength(positionGrid ** 2 * dim)
  return { tokens, attention }
}

describeOnDevices('the inspector', (device) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await Engine.start(device)
  })
  afterAll(() => engine.close())

  for (const [name, config] of [
    ['a plain network', plain],
    ['a network with registers', { ...plain, registers: 3 }],
    ['a network of one block', { ...plain, depth: 1 }],
  ] as const)
    it(`gives the attention of [CLS] in the last block of ${name}, head by head`, async () => {
      const parameters = parametersOf(config)
      const pixels = pictureOf(1)
      const { attention } = byHand(config, parameters, pixels)
      const network = await ClassAttention.create(
        engine,
        { name: 'tiny', config, parameters },
        { width: SIDE, height: SIDE },
      )
      const seen = await network.look(pixels)
      await network.close()
      expect(seen.heads).toBe(3)
      expectClose(seen.maps, attention.flat(), 1e-5)
      // The picture matters: heads differ, and none of them looks at everything alike.
      expect(Math.max(...attention[0]!)).toBeGreaterThan(3 * Math.min(...attention[0]!))
      const sums = attention.map((map) => map.reduce((a, b) => a + b, 0))
      expectClose(seen.onPatches, sums, 1e-5)
      expect(Math.max(...sums)).toBeLessThan(1)
      const mean = attention[0]!.map((_, at) => attention.reduce((sum, map) => sum + map[at]! / 3, 0))
      expectClose(seen.mean, mean, 1e-5)
    })

  for (const [name, config] of [
    ['a plain network', plain],
    ['a network without [CLS]', { ...plain, classToken: false }],
  ] as const)
    it(`gives the cosines of one patch with all patches of another frame, for ${name}`, async () => {
      const parameters = parametersOf(config)
      const [one, other] = [pictureOf(1), pictureOf(2)]
      const extractor = await FeatureExtractor.create(
        engine,
        { config, parameters },
        { width: SIDE, height: SIDE },
      )
      const { grid } = extractor
      const correspondence = await Correspondence.create(engine, grid, config.dim)
      const tokens = [await extractor.extract(one), await extractor.extract(other)] as const
      const patch = { row: 3, column: 1 }
      const row = await correspondence.compare(tokens[0], patch, tokens[1])
      const itself = await correspondence.compare(tokens[0], patch, tokens[0])
      await engine.release(...tokens)
      await correspondence.close()
      await extractor.close()

      const a = byHand(config, parameters, one).tokens
      const b = byHand(config, parameters, other).tokens
      const at = (all: Float64Array, index: number) => all.slice(index * config.dim, (index + 1) * config.dim)
      const dot = (x: Float64Array, y: Float64Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0)
      const cosine = (x: Float64Array, y: Float64Array) => dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y))
      const reference = at(a, patch.row * grid.columns + patch.column)
      const expected = Array.from({ length: 25 }, (_, index) => cosine(reference, at(b, index)))
      expectClose(row, expected, 1e-5)
      expect(bestMatches(itself, grid, 1)).toMatchObject([patch])
      expect(itself[16]).toBeCloseTo(1, 5)
    })
})

it('says in one sentence that a network without [CLS] has no attention of it', async () => {
  const config = { ...plain, classToken: false }
  const model = { name: 'ViT 12x2/4', config, parameters: initialiseEncoder(config, 1) }
  const create = ClassAttention.create(undefined as unknown as Engine, model, { width: SIDE, height: SIDE })
  await expect(create).rejects.toThrow(
    /^The model ViT 12x2\/4 has no \[CLS\] token, .*; choose a model .*\.$/,
  )
})

describeWithReference('attention equals the independent implementation', (folder) => {
  describeOnDevices('[CLS] of the last block', (device) => {
    it('of a whole frame of 424 x 240, all heads', async () => {
      const { config } = JSON.parse(await readFile(join(folder, 'vit', 'vit.json'), 'utf8'))
      const file = await readSafetensors(join(folder, 'vit', 'vit.safetensors'))
      const golden = await readSafetensors(join(folder, 'vit', 'features.safetensors'))
      const frame = await sharp(join(folder, 'vit', 'frame_240x424.png'))
        .removeAlpha()
        .raw()
        .toBuffer()
      const encoder: EncoderConfig = {
        patch: config.patch_size,
        dim: config.embed_dim,
        depth: config.depth,
        heads: config.heads,
        mlpRatio: config.mlp_ratio,
        layerNormEpsilon: config.layer_norm_eps,
        positionGrid: config.pos_embed_grid[0],
        mean: config.mean,
        std: config.std,
      }
      const parameters = new Map([...file.tensors].map(([name, tensor]) => [name, toFloat32(tensor)]))
      const engine = await Engine.start(device)
      try {
        const model = { name: 'reference', config: encoder, parameters }
        const network = await ClassAttention.create(engine, model, { width: 424, height: 240 })
        const { maps } = await network.look(new Uint8Array(frame))
        const expected = values(golden, 'cls_attention_last_block')
        const count = 30 * 53
        // The reference may list [CLS] itself first.
        const length = expected.length / encoder.heads
        const onPatches = Array.from({ length: encoder.heads }, (_, head) => [
          ...expected.subarray(head * length + length - count, (head + 1) * length),
        ])
        expectClose(maps, onPatches.flat(), 5e-7)
      } finally {
        await engine.close()
      }
    })
  })
})

describe('patches', () => {
  const picture = { width: 640, height: 360 }
  const grid = { rows: 30, columns: 53 }

  it('are found by any point in them, and points outside belong to the nearest', () => {
    for (const patch of [
      { row: 0, column: 0 },
      { row: 17, column: 40 },
      { row: 29, column: 52 },
    ]) {
      const { x, y } = middleOf(patch, picture, grid)
      expect(patchAt(x, y, picture, grid)).toEqual(patch)
      expect(patchAt(x + 6, y - 5.9, picture, grid)).toEqual(patch)
    }
    expect(patchAt(-3, 1000, picture, grid)).toEqual({ row: 29, column: 0 })
    expect(patchAt(640, 0, picture, grid)).toEqual({ row: 0, column: 52 })
  })
})

describe('best matches', () => {
  const grid = { rows: 2, columns: 3 }
  const values = Float32Array.of(0.1, 0.75, -0.5, 0.75, 0.25, 0)

  it('come best first, equal ones in reading order', () => {
    expect(bestMatches(values, grid, 3)).toEqual([
      { row: 0, column: 1, similarity: 0.75 },
      { row: 1, column: 0, similarity: 0.75 },
      { row: 1, column: 1, similarity: 0.25 },
    ])
  })

  it('are all patches where k asks for more', () => {
    const all = bestMatches(values, grid, 9).map(({ similarity }) => similarity)
    expect(all).toEqual([...values].sort((a, b) => b - a))
  })

  it('agree with sorting on many values', () => {
    const random = seededRandom(3)
    const many = Float32Array.from({ length: 1590 }, () => random.normal())
    const sorted = [...many].sort((a, b) => b - a).slice(0, 20)
    expect(bestMatches(many, { rows: 30, columns: 53 }, 20).map(({ similarity }) => similarity)).toEqual(
      sorted,
    )
  })
})
