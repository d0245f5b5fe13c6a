/** A published checkpoint becomes a model by one command, and what is wrong is said before anything is written. */
import { mkdtempSync } from 'node:fs'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { encoderConfig, encoderLayout, initialiseEncoder } from '../../model/siammae/index.ts'
import { readEncoder } from '../../model/weights/index.ts'
import { type Nested, torchZip } from '../support/checkpoints.ts'
import { root, siammae } from '../support/cli.ts'
import { describeWithReference } from '../support/reference.ts'

const folder = mkdtempSync(join(tmpdir(), 'siammae-import-model-'))
afterAll(() => rm(folder, { recursive: true, force: true }))
const file = (name: string): string => join(folder, name)

const config = { ...encoderConfig('Ti', 16), depth: 1, positionGrid: 6 }

async function checkpoint(name: string, more: Nested = {}): Promise<string> {
  const start = initialiseEncoder(config, 4)
  const net: Nested = Object.fromEntries(
    [...encoderLayout(config)].map(([key, shape]) => [key, { shape, values: start.get(key)! }]),
  )
  await writeFile(file(name), torchZip({ state_dict: { ...net, ...more }, epoch: 1 }))
  return file(name)
}

it('imports, checks on a picture, reports, and the model is used as it is', async () => {
  const decoder = { shape: [1, 1, 8], values: new Float32Array(8) }
  const path = await checkpoint('mae.pth', { mask_token: decoder, 'decoder_embed.weight': decoder })
  const out = file('mae.safetensors')
  const result = await siammae(['import-model', path, '--out', out, '--licence', 'CC BY-NC 4.0'])
  expect(result).toMatchObject({ code: 0 })
  expect(result.stdout).toMatch(/family +MAE \(He et al\. 2022\)/)
  expect(result.stdout).toMatch(/decoder of the pretraining: state_dict\.decoder_embed\.weight/)
  expect(result.stdout).toMatch(/self-check \d+ % of the patches find themselves/)
  const model = await readEncoder(out)
  expect(model.config).toEqual(config)
  expect(model.metadata).toMatchObject({ 'import.file': 'mae.pth', licence: 'CC BY-NC 4.0' })

  const picture = join(root, 'media', 'models', 'check.jpg')
  const tokens = file('tokens.safetensors')
  const features = ['features', picture, '--model', out, '--size', '64', '--device', 'cpu', '--out', tokens]
  expect(await siammae(features)).toMatchObject({ code: 0 })
})

it('says the report as JSON', async () => {
  const path = await checkpoint('plain.pth')
  const result = await siammae(['import-model', path, '--out', file('plain.safetensors'), '--json'])
  expect(result.code).toBe(0)
  const report = JSON.parse(result.stdout) as Record<string, unknown>
  expect(report).toMatchObject({
    arch: 'dino',
    part: 'state_dict.',
    architecture: 'ViT 192x1/16',
    check: { finite: true, width: 96, height: 96 },
  })
})

it('writes nothing when the features are the same everywhere', async () => {
  const zeros = { shape: [192, 3, 16, 16], values: new Float32Array(192 * 768) }
  const table = { shape: [1, 37, 192], values: new Float32Array(37 * 192) }
  const path = await checkpoint('blank.pth', { 'patch_embed.proj.weight': zeros, pos_embed: table })
  const result = await siammae(['import-model', path, '--out', file('blank.safetensors')])
  expect(result.code).toBe(1)
  expect(result.stderr).toMatch(/features are the same in all places of a picture, so nothing was written/)
  expect(await readdir(folder)).not.toContain('blank.safetensors')
})

it.each([
  [['--out', 'model.pth'], /--out model\.pth must be named \.safetensors/],
  [['--out', 'x.safetensors', '--heads', 'many'], /--heads "many" must be a whole number/],
  [['--out', 'x.safetensors', '--arch', 'resnet'], /Allowed choices are mae-st, videomae/],
])('refuses %j', async (options, message) => {
  const result = await siammae(['import-model', file('none.pth'), ...options])
  expect(result.code).toBe(2)
  expect(result.stderr).toMatch(message)
})

it('a checkpoint that was not imported is not used by accident', async () => {
  const path = await checkpoint('raw.pth')
  const picture = join(root, 'media', 'models', 'check.jpg')
  const result = await siammae(['features', picture, '--model', path, '--out', file('raw.safetensors')])
  expect(result.code).toBe(1)
  expect(result.stderr).toMatch(
    /raw\.pth is no model that this program wrote\. Import it first \(siammae import-model raw\.pth --out/,
  )
})

describeWithReference('hostile files', (reference) => {
  it('end with one sentence and leave nothing', async () => {
    const hostile = join(reference, 'vit', 'hostile')
    const index = JSON.parse(await readFile(join(hostile, 'index.json'), 'utf8')) as object
    const before = await readdir(folder)
    for (const name of Object.keys(index).filter((_, i) => i % 4 === 0)) {
      const result = await siammae([
        'import-model',
        join(hostile, name),
        '--out',
        file('hostile.safetensors'),
      ])
      expect(result.code, name).toBe(1)
      expect(result.stderr.trim(), name).toMatch(/^Error: .*\.$/)
      expect(result.stderr.trim().split('\n'), name).toHaveLength(1)
    }
    expect(await readdir(folder)).toEqual(before)
  })
})
