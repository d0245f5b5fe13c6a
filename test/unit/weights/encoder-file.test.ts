/** An encoder checkpoint is taken only when it is whole, and untrained ones are never mistaken for trained ones. */
import { mkdtempSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { encoderConfig, encoderLayout, initialiseEncoder } from '../../../model/siammae/index.ts'
import {
  fromFloat32,
  importEncoder,
  readEncoder,
  type StoredTensor,
  writeEncoder,
  writeSafetensors,
} from '../../../model/weights/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'siammae-encoder-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

const config = { ...encoderConfig('Ti', 16), depth: 2, positionGrid: 4 }
const parameters = initialiseEncoder(config, 7)

/** The file's tensors, with changes. */
function tensors(change: (map: Map<string, StoredTensor>) => void): Map<string, StoredTensor> {
  const map = new Map<string, StoredTensor>()
  for (const [name, shape] of encoderLayout(config)) map.set(name, fromFloat32(parameters.get(name)!, shape))
  change(map)
  return map
}

async function file(
  name: string,
  change: (map: Map<string, StoredTensor>) => void,
  metadata = {},
): Promise<string> {
  const path = join(folder, name)
  const own = { 'siammae.encoder': JSON.stringify(config), ...metadata }
  await writeSafetensors(path, { tensors: tensors(change), metadata: own })
  return path
}

describe('encoder files', () => {
  it('come back with the same values, hash, and whether they were trained', async () => {
    const path = join(folder, 'a.safetensors')
    await writeEncoder(path, { config, parameters, trained: false, metadata: { origin: 'here' } })
    const first = await readEncoder(path)
    expect(first).toMatchObject({ config, trained: false, file: 'a.safetensors' })
    expect(first.metadata.origin).toBe('here')
    for (const [name, values] of parameters) expect(first.parameters.get(name)).toEqual(values)
    await writeEncoder(join(folder, 'b.safetensors'), { config, parameters, trained: true })
    const second = await readEncoder(join(folder, 'b.safetensors'))
    expect(second.trained).toBe(true)
    expect(second.hash).toBe(first.hash)
  })

  it('are drawn alike from one seed and differently from another', () => {
    const name = 'blocks.1.mlp.fc1.weight'
    expect(initialiseEncoder(config, 7).get(name)).toEqual(parameters.get(name))
    expect(initialiseEncoder(config, 8).get(name)).not.toEqual(parameters.get(name))
  })

  it('of another program are not read as they are, but the sentence says how to import them', async () => {
    const path = join(folder, 'foreign.safetensors')
    await writeSafetensors(path, { tensors: tensors(() => {}), metadata: {} })
    await expect(readEncoder(path)).rejects.toThrow(
      /foreign\.safetensors is no model that this program wrote\. Import it first\.$/,
    )
    const { model } = await importEncoder(path)
    expect(model.config).toEqual(config)
    const torch = join(folder, 'foreign.pth')
    await expect(readEncoder(torch)).rejects.toThrow(/foreign\.pth: it does not exist/)
    await writeFile(torch, 'PK')
    await expect(readEncoder(torch)).rejects.toThrow(/Import it first/)
  })

  it.each([
    ['a missing tensor', (map: Map<string, StoredTensor>) => map.delete('norm.bias'), /no tensor norm\.bias/],
    [
      'a misshapen tensor',
      (map: Map<string, StoredTensor>) => map.set('norm.bias', fromFloat32(new Float32Array(191), [191])),
      /norm\.bias has the shape \[191\] where a .* needs \[192\]/,
    ],
    [
      'a tensor of integers',
      (map: Map<string, StoredTensor>) =>
        map.set('norm.bias', { dtype: 'I32', shape: [192], bytes: new Uint8Array(768) }),
      /norm\.bias is of type I32/,
    ],
    [
      'values that are no numbers',
      (map: Map<string, StoredTensor>) =>
        map.set('norm.bias', fromFloat32(new Float32Array(192).fill(Number.NaN), [192])),
      /norm\.bias holds values that are not finite/,
    ],
    [
      'another architecture',
      (map: Map<string, StoredTensor>) => map.delete('patch_embed.proj.weight'),
      /no tensor patch_embed\.proj\.weight/,
    ],
  ])('with %s are refused, naming file and tensor', async (name, change, message) => {
    const path = await file(`${name.replaceAll(' ', '-')}.safetensors`, change)
    await expect(readEncoder(path)).rejects.toThrow(message)
    await expect(readEncoder(path)).rejects.toThrow(path)
  })

  it('with an absurd architecture in the metadata are refused before anything is allocated', async () => {
    const absurd = JSON.stringify({ ...config, depth: 1e9 })
    const path = await file('absurd.safetensors', () => {}, { 'siammae.encoder': absurd })
    await expect(readEncoder(path)).rejects.toThrow(/architecture in its metadata is not sound \(depth/)
  })
})
