import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  encoderConfig,
  initialiseEncoder,
  initialiseSiamMae,
  siamMaeConfig,
} from '../../../model/siammae/index.ts'
import { readInitialWeights, startParameters } from '../../../model/training/init.ts'
import { trainedLicence } from '../../../model/training/licences.ts'
import { bytesOf, estimateMemory, fittingBatch, isOutOfMemory } from '../../../model/training/memory.ts'
import { resolveRunConfig } from '../../../model/training/run-config.ts'
import { writeEncoder, writeSiamMae } from '../../../model/weights/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'siammae-init-'))
afterAll(() => rm(folder, { recursive: true, force: true }))
const whole = join(folder, 'whole.safetensors')
const alone = join(folder, 'encoder.safetensors')

const encoder = encoderConfig('Ti', 8, { dim: 16, depth: 1, heads: 2, positionGrid: 4 })
const decoder = { dim: 16, depth: 1, heads: 2, mlpRatio: 4 }
const model = siamMaeConfig('Ti', 8, { imageSize: 32, encoder, decoder, futureRatio: 0.75 })
const trained = initialiseSiamMae(model, 99)

beforeAll(async () => {
  await writeSiamMae(whole, { config: model, parameters: trained, trained: true })
  await writeEncoder(alone, { config: encoder, parameters: trained, trained: true })
})

describe('starting from weights', () => {
  it('a whole SiamMAE gives architecture and values', async () => {
    const init = await readInitialWeights(whole)
    expect(init).toMatchObject({ path: whole, whole: true, model })
    const { parameters, notes } = startParameters(init.model, 1, init)
    expect(notes).toEqual([])
    for (const [name, values] of trained) expect(parameters.get(name)).toEqual(values)
  })

  it('an encoder alone gets the usual decoder, drawn by the seed', async () => {
    const init = await readInitialWeights(alone)
    expect(init.model).toMatchObject({ imageSize: 32, encoder, decoder: { dim: 256, depth: 4 } })
    const { parameters, notes } = startParameters(init.model, 1, init)
    expect(parameters.get('norm.weight')).toEqual(trained.get('norm.weight'))
    expect(parameters.get('decoder_pred.weight')).toEqual(
      initialiseSiamMae(init.model, 1).get('decoder_pred.weight'),
    )
    expect(notes).toEqual([expect.stringMatching(/an encoder alone; the decoder starts from random/)])
  })

  it('a network that cannot be trained here is refused with the reason', async () => {
    const path = join(folder, 'registers.safetensors')
    for (const [change, message] of [
      [
        { registers: 2 },
        /registers\.safetensors has register tokens, and such networks cannot be trained here/,
      ],
      [{ classToken: false }, /registers\.safetensors has no \[CLS\] token/],
    ] as const) {
      const config = { ...encoder, ...change }
      await writeEncoder(path, { config, parameters: initialiseEncoder(config, 1), trained: true })
      await expect(readInitialWeights(path)).rejects.toThrow(message)
    }
  })

  it('a run leaves a model under the licence of its start and of its footage, each once', async () => {
    const licensed = join(folder, 'licensed.safetensors')
    const metadata = { licence: 'Apache-2.0' }
    await writeEncoder(licensed, { config: encoder, parameters: trained, trained: true, metadata })
    const init = await readInitialWeights(licensed)
    expect(trainedLicence(init)).toBe('Apache-2.0 + its footage')
    expect(trainedLicence({ licence: trainedLicence(init) })).toBe('Apache-2.0 + its footage')
    expect(trainedLicence(await readInitialWeights(whole))).toBe('unknown + its footage')
    expect(trainedLicence(null)).toBe('its footage')
    expect(trainedLicence({ licence: trainedLicence(null) })).toBe('its footage')
  })

  it('another decoder starts anew, another picture size stretches the positions', async () => {
    const init = await readInitialWeights(whole)
    const larger = { ...model, imageSize: 64, encoder: { ...encoder, positionGrid: 8 } }
    const stretched = startParameters(larger, 1, init)
    expect(stretched.parameters.get('pos_embed')).toHaveLength(65 * 16)
    expect(stretched.notes).toEqual([])
    const other = startParameters({ ...model, decoder: { ...decoder, depth: 2 } }, 1, init)
    expect(other.notes).toEqual([expect.stringMatching(/decoder of .* is of another shape/)])
  })

  it('another encoder is refused by name', async () => {
    const init = await readInitialWeights(whole)
    expect(() => startParameters({ ...model, encoder: { ...encoder, depth: 2 } }, 1, init)).toThrow(
      /model\.encoder\.depth is 2, and .*whole\.safetensors has 1/,
    )
  })
})

describe('memory', () => {
  const config = resolveRunConfig('pretrain', [{ name: 'test', settings: { batch: 64, accumulate: 4 } }])

  it('says which batch fits and how to keep the pairs per step', () => {
    expect(fittingBatch(config, 2.6e9)).toEqual({
      advice: 'A batch of 8 would fit: the settings batch 8 and accumulate 32 keep the pairs per step',
      flags: '--batch, --accumulate',
    })
    const none = fittingBatch(config, 1e9)
    expect(none.advice).toMatch(/Not even the smallest batch/)
    expect(none.flags).toBeUndefined()
  })

  it('grows with the batch and is less where attention is recomputed', () => {
    const kept = estimateMemory({ ...config, attention: 'kept' })
    expect(bytesOf(kept, 8)).toBeGreaterThan(bytesOf(kept, 4))
    const recomputed = estimateMemory({ ...config, attention: 'recomputed' })
    expect(recomputed.bytesPerPair).toBeLessThan(kept.bytesPerPair)
  })

  it('running out is told from other failures', () => {
    expect(isOutOfMemory('std::bad_alloc')).toBe(true)
    expect(isOutOfMemory('Failed to allocate memory for requested buffer of size 12')).toBe(true)
    expect(isOutOfMemory('Node (x) has no kernel')).toBe(false)
  })
})
