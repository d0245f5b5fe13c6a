import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Engine, onHost } from '../../../model/runtime/index.ts'
import { type EncoderConfig, encoderGraph, interpolatePositions } from '../../../model/siammae/index.ts'
import { readSafetensors, type TensorFile, toFloat32 } from '../../../model/weights/index.ts'
import { describeOnDevices } from '../../support/devices.ts'
import { describeWithReference } from '../../support/reference.ts'
import { expectClose, values } from '../../support/tensors.ts'

interface VitCase {
  config: {
    patch_size: number
    embed_dim: number
    depth: number
    heads: number
    mlp_ratio: number
    layer_norm_eps: number
    pos_embed_grid: [number, number]
    mean: [number, number, number]
    std: [number, number, number]
  }
}

async function load(folder: string) {
  const { config } = JSON.parse(await readFile(join(folder, 'vit', 'vit.json'), 'utf8')) as VitCase
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
  const file = await readSafetensors(join(folder, 'vit', 'vit.safetensors'))
  const golden = await readSafetensors(join(folder, 'vit', 'features.safetensors'))
  const frame = await sharp(join(folder, 'vit', 'frame_240x424.png'))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { encoder, file, golden, frame }
}

const parametersOf = (file: TensorFile) =>
  new Map([...file.tensors].map(([name, tensor]) => [name, toFloat32(tensor)]))

describeWithReference('ViT features equal the independent implementation', (folder) => {
  it('stretches the position table to 30 x 53 as DINO does', async () => {
    const { encoder, file, golden } = await load(folder)
    const actual = interpolatePositions(values(file, 'pos_embed'), encoder.dim, encoder.positionGrid, 30, 53)
    expectClose(actual, values(golden, 'pos_embed_interpolated'), 1.5e-5)
  })

  describeOnDevices('patch tokens', (device) => {
    let engine: Engine
    beforeAll(async () => {
      engine = await Engine.start(device)
    })
    afterAll(() => engine.close())

    it('of a whole frame of 424 x 240, plain and of unit length', async () => {
      const { encoder, file, golden, frame } = await load(folder)
      const { width, height } = frame.info
      const program = await engine.load(encoderGraph(encoder, parametersOf(file), { height, width }))
      const image = { dtype: 'uint8', shape: [height, width, 3], data: new Uint8Array(frame.data) } as const
      const result = await engine.run(program, { image })
      expect(onHost(result.tokens).shape).toEqual([30 * 53, 48])
      expectClose(onHost(result.tokens).data as Float32Array, values(golden, 'patch_tokens'), 5e-5)
      expectClose(onHost(result.tokens_l2).data as Float32Array, values(golden, 'patch_tokens_l2'), 5e-6)
    })

    it('of the central 224 x 224 crop, where the position table is used as it is', async () => {
      const { encoder, file, golden, frame } = await load(folder)
      const size = { height: 224, width: 224 }
      const crop = new Uint8Array(224 * 224 * 3)
      for (let row = 0; row < 224; row++) {
        const start = ((row + 8) * frame.info.width + 100) * 3
        crop.set(frame.data.subarray(start, start + 224 * 3), row * 224 * 3)
      }
      const program = await engine.load(encoderGraph(encoder, parametersOf(file), size, ['tokens']))
      const result = await engine.run(program, {
        image: { dtype: 'uint8', shape: [224, 224, 3], data: crop },
      })
      const firstRow = (onHost(result.tokens).data as Float32Array).subarray(0, 28 * 48)
      expectClose(firstRow, values(golden, 'crop224_patch_tokens_first_row'), 5e-5)
    })
  })
})
