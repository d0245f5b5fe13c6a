import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../model/errors.ts'
import { type SiamMaeConfig, siamMaeConfig } from '../../../model/siammae/index.ts'
import { resolveRunConfig, resumeRunConfig } from '../../../model/training/run-config.ts'
import { checkRunConfig, PRESET_NAMES, type RunConfig } from '../../../model/training/run-schema.ts'
import type { JsonObject } from '../../../model/training/settings-tree.ts'

const layer = (settings: JsonObject, name = 'run.json') => ({ name, settings })
const pretrain = (settings: JsonObject = {}): RunConfig => resolveRunConfig('pretrain', [layer(settings)])

function sentence(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    return (error as UsageError).message
  }
  throw new Error('Nothing was refused.')
}

describe('the configuration of a run', () => {
  it.each(PRESET_NAMES)('%s is complete and sound', (name) => {
    const config = resolveRunConfig(name, [])
    expect(checkRunConfig(JSON.parse(JSON.stringify(config)), 'x')).toEqual(config)
  })

  it('pretrain is the recipe of the paper', () => {
    const config = pretrain()
    expect(config.batch * config.accumulate).toBe(256)
    expect(config.data).toMatchObject({ gap: [4, 48], cropScale: [0.5, 1], repeated: 2, flip: true })
    expect(config.optimiser).toMatchObject({ learningRate: 1.5e-4, betas: [0.9, 0.95], weightDecay: 0.05 })
    expect(config.schedule.warmupSteps / config.schedule.steps).toBe(0.02)
    expect(config.model).toMatchObject({ pastRatio: 0, futureRatio: 0.95, normaliseTarget: true })
  })

  it('finetune lowers the rate towards the first blocks', () => {
    expect(resolveRunConfig('finetune', []).optimiser.layerDecay).toBe(0.75)
  })

  it('later layers win, and what nobody gives is the preset', () => {
    const config = resolveRunConfig('pretrain', [
      layer({ batch: 4, data: { gap: [1, 9] } }),
      layer({ batch: 2 }, 'The command line'),
    ])
    expect(config).toMatchObject({ batch: 2, accumulate: 32, data: { gap: [1, 9], repeated: 2 } })
  })

  it('the warm-up follows the steps unless it is given', () => {
    expect(pretrain({ schedule: { steps: 100 } }).schedule.warmupSteps).toBe(2)
    expect(pretrain({ schedule: { steps: 100, warmupSteps: 9 } }).schedule.warmupSteps).toBe(9)
  })

  it('short forms name a published encoder; the grid of positions follows', () => {
    const { model } = pretrain({ model: { size: 'Ti', patch: 8, imageSize: 160 } })
    expect(model.encoder).toMatchObject({ dim: 192, heads: 3, depth: 12, patch: 8, positionGrid: 20 })
    expect(model.decoder.dim).toBe(256)
    expect([160, 224].map((imageSize) => pretrain({ model: { imageSize } }).data.shortSide)).toEqual([
      183, 256,
    ])
    const narrow = pretrain({ model: { size: 'Ti', encoder: { depth: 6 }, decoder: { dim: 128 } } }).model
    expect(narrow).toMatchObject({
      encoder: { dim: 192, depth: 6, patch: 16 },
      decoder: { dim: 128, depth: 4 },
    })
    expect(pretrain({ model: { patch: 8 } }).model.encoder).toMatchObject({ dim: 384, positionGrid: 28 })
  })

  it('features are read behind all blocks, where the weights say, or where a person says', () => {
    const blocks = (encoder: JsonObject, model?: SiamMaeConfig) =>
      resolveRunConfig('finetune', [layer({ model: { encoder } })], { ...(model && { model }) }).model.encoder
        .featureBlocks
    expect(blocks({})).toBe(12)
    expect(blocks({ depth: 6 })).toBe(6)
    expect(blocks({ featureBlocks: 3 })).toBe(3)
    const plain = siamMaeConfig('Ti', 16)
    const early = { ...plain, encoder: { ...plain.encoder, featureBlocks: 4 } }
    expect([blocks({}, plain), blocks({}, early)]).toEqual([undefined, 4])
    expect([blocks({ featureBlocks: 3 }, plain), blocks({ featureBlocks: 3 }, early)]).toEqual([3, 3])
  })

  it('attention is kept where it is small, and what chose is written down', () => {
    expect(pretrain().attention).toBe('kept')
    expect(pretrain({ model: { patch: 8 } }).attention).toBe('recomputed')
    expect(pretrain({ model: { patch: 8 }, attention: 'kept' }).attention).toBe('kept')
    // Runs that began before this was a setting made the same choice.
    const { attention, ...older } = pretrain({ model: { patch: 8 } })
    expect(checkRunConfig(older, 'x').attention).toBe(attention)
  })

  it('a run that began before crops could drift goes on without', () => {
    const config = pretrain()
    const { cropDrift, ...data } = config.data
    expect(cropDrift).toBe(0)
    expect(checkRunConfig({ ...config, data }, 'x')).toEqual(config)
    expect(() => pretrain({ data: { cropDrift: 1.5 } })).toThrow(/data\.cropDrift is 1\.5/)
  })

  it('what is written can be read as settings again', () => {
    const config = resolveRunConfig('finetune', [layer({ model: { size: 'Ti', patch: 8 }, seed: 7 })])
    const again = JSON.parse(JSON.stringify(config)) as JsonObject
    expect(resolveRunConfig('finetune', [layer(again)])).toEqual(config)
  })
})

const wrong: [what: string, settings: JsonObject, says: RegExp][] = [
  [
    'an unknown key',
    { optimizer: {} },
    /^run\.json: optimizer \(\{\}\) is not a setting; the settings are .*optimiser/,
  ],
  [
    'an unknown key inside',
    { schedule: { step: 5 } },
    /schedule\.step \(5\) is not a setting; schedule has steps, warmupSteps, minimumLearningRate\.$/,
  ],
  ['a number for an object', { data: 3 }, /data is 3; it must be an object with sources, /],
  ['a text for a number', { batch: 'big' }, /^batch is "big"; it must be a whole number from 1 to 65536\.$/],
  [
    'a gap backwards',
    { data: { gap: [48, 4] } },
    /^data\.gap is \[48,4\]; it must be two whole numbers .*smaller one first/,
  ],
  ['an unknown size', { model: { size: 'XL' } }, /model\.size is "XL"; it must be Ti, S, B, L/],
  ['an unknown mode', { model: { decoderMode: 'self' } }, /^model\.decoderMode is "self"/],
  [
    'a picture that does not divide',
    { model: { imageSize: 100 } },
    /^model\.imageSize is 100; it must be a multiple of .*16/,
  ],
  [
    'another grid',
    { model: { encoder: { positionGrid: 9 } } },
    /^model\.encoder\.positionGrid is 9; .* must be 14/,
  ],
  [
    'frames below the picture',
    { data: { shortSide: 128 } },
    /^data\.shortSide is 128; it must be at least model\.imageSize \(224\)/,
  ],
  [
    'more warm-up than steps',
    { schedule: { steps: 5, warmupSteps: 6 } },
    /^schedule\.warmupSteps is 6; it must be at most schedule\.steps \(5\)/,
  ],
  ['another version', { version: 2 }, /^version is 2; it must be 1/],
  [
    'no clipping said wrongly',
    { optimiser: { clipNorm: 0 } },
    /^optimiser\.clipNorm is 0; it must be a number above 0, or null/,
  ],
]

describe('settings that cannot be', () => {
  it.each(wrong)('%s', (_, settings, says) => {
    expect(sentence(() => pretrain(settings))).toMatch(says)
  })
})

describe('a run that goes on', () => {
  const stored = pretrain({ seed: 3 })

  it('may change where and how long it runs', () => {
    const next = resumeRunConfig(stored, [
      layer({
        schedule: { steps: 30_000 },
        device: 'cpu',
        threads: 2,
        checkpoints: { keep: 9 },
        previews: { every: 1 },
        data: { cacheLimitGb: 1 },
      }),
    ])
    expect(next).toMatchObject({ schedule: { steps: 30_000, warmupSteps: 400 }, device: 'cpu', seed: 3 })
  })

  it('keeps the rest, by name', () => {
    expect(sentence(() => resumeRunConfig(stored, [layer({ batch: 16 })]))).toMatch(
      /^batch is 16, and the run was started with 8; .*schedule\.steps/,
    )
    expect(sentence(() => resumeRunConfig(stored, [layer({ model: { encoder: { depth: 6 } } })]))).toMatch(
      /^model\.encoder\.depth is 6/,
    )
  })

  it('takes the same value as no change', () => {
    expect(resumeRunConfig(stored, [layer({ batch: 8, data: { gap: [4, 48] } })])).toEqual(stored)
  })
})
