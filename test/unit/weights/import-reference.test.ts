/** The reference network gives its reference features from every container that it comes in. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { extractToHost } from '../../../model/propagation/index.ts'
import { Engine } from '../../../model/runtime/index.ts'
import { interpolatePositions } from '../../../model/siammae/index.ts'
import { openPicture } from '../../../model/video/index.ts'
import { importEncoder, readEncoder, readSafetensors, writeEncoder } from '../../../model/weights/index.ts'
import { describeWithReference } from '../../support/reference.ts'
import { expectClose, values } from '../../support/tensors.ts'

describeWithReference('importing the reference network', (folder) => {
  const file = (name: string): string => join(folder, 'vit', name)
  const size = { width: 424, height: 240 }
  let engine: Engine
  let scratch: string
  beforeAll(async () => {
    engine = await Engine.start('cpu')
    scratch = await mkdtemp(join(tmpdir(), 'siammae-import-'))
  })
  afterAll(async () => {
    await engine.close()
    await rm(scratch, { recursive: true })
  })

  /** Imported, written, and read again, as `propagate` would. */
  async function features(name: string) {
    const { model } = await importEncoder(file(name), { heads: 4 })
    const out = join(scratch, `${name}.safetensors`)
    await writeEncoder(out, model)
    const pixels = await (await openPicture(file('frame_240x424.png'))).pixels(size)
    return extractToHost(engine, await readEncoder(out), size, pixels)
  }

  it.each(['vit.safetensors', 'vit_zip.pth', 'vit_legacy.pth', 'training_checkpoint.pth'])(
    '%s',
    async (name) => {
      const golden = await readSafetensors(file('features.safetensors'))
      const { tokens, unit } = await features(name)
      expectClose(tokens, values(golden, 'patch_tokens'), 5e-5)
      expectClose(unit, values(golden, 'patch_tokens_l2'), 5e-6)
    },
  )

  it.each([
    ['vit_fp16.pth', 'fp16'],
    ['vit_fp16.safetensors', 'fp16'],
    ['vit_bf16.pth', 'bf16'],
    ['vit_bf16.safetensors', 'bf16'],
  ])('%s', async (name, key) => {
    const golden = await readSafetensors(file('features_reduced_precision_every_53rd_patch.safetensors'))
    const { tokens } = await features(name)
    const dim = 48
    const sampled = Float32Array.from(
      { length: 30 * dim },
      (_, i) => tokens[Math.floor(i / dim) * 53 * dim + (i % dim)]!,
    )
    expectClose(sampled, values(golden, key), 5e-5)
  })

  it('asks for the heads of a width that was never published', async () => {
    await expect(importEncoder(file('vit_zip.pth'))).rejects.toMatchObject({
      message: expect.stringMatching(/vit_zip\.pth: .*network of 48 channels .*Say how many/),
      flags: '--heads',
    })
  })

  it('refuses files that hold tensors but no network', async () => {
    for (const name of ['odd_tensors_zip.pth', 'odd_keys.pth', 'odd_arrays.npz', 'features.safetensors'])
      await expect(importEncoder(file(name)), name).rejects.toThrow(/no family that is known here/)
  })
})

it('stretches positions with antialiasing as an independent implementation of that filter does', () => {
  // 7 x 7 values resized by Pillow's bicubic filter in mode F, which PyTorch's antialiased mode follows.
  const side = 7
  const table = new Float32Array(1 + side * side)
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      table[1 + y * side + x] = Math.sin(1.7 * y + 0.3) + Math.cos(0.9 * x * y) + 0.1 * x
  const smaller = interpolatePositions(table, 1, side, 4, 5, 'antialiased').subarray(1)
  expectClose(
    smaller,
    [
      1.605054, 1.350652, 1.056858, 1.285006, 1.92085, 0.259974, -0.630692, -0.087691, -0.084185, -0.141821,
      0.716871, 0.242276, 0.678457, 0.945683, 0.392484, 0.685916, -0.234525, -0.143322, -0.105566, 0.352645,
    ],
    2e-6,
  )
  const larger = interpolatePositions(table, 1, side, 9, 11, 'antialiased').subarray(1, 12)
  expectClose(
    larger,
    [
      1.258175, 1.308024, 1.396315, 1.486312, 1.574535, 1.656599, 1.723743, 1.777191, 1.818047, 1.86242,
      1.887975,
    ],
    2e-6,
  )
})
