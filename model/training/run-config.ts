/** From presets and what a person sets to the complete configuration of a run, and what may change later. */
import { UsageError } from '../errors.ts'
import { ENCODER_SIZES, type EncoderSize, type SiamMaeConfig, siamMaeConfig } from '../siammae/index.ts'
import { PRETRAINING_OPTIMISER } from './optimiser.ts'
import { checkRunConfig, type PresetName, RUN_CONFIG_VERSION, type RunConfig } from './run-schema.ts'
import { describeValue, isNumber, isRecord, type JsonObject, join, setAt, valueAt } from './settings-tree.ts'
import { attentionWeights } from './train-step.ts'

/** Short side of the cached frames over the side of the pictures: 256 for 224, as is usual. */
const SHORT_SIDE_SHARE = 8 / 7

interface Preset {
  readonly model: SiamMaeConfig
  readonly learningRate: number
  readonly layerDecay: number
  readonly steps: number
  readonly accumulate: number
  /** Share of the steps that is warm-up, unless the steps of it are given. */
  readonly warmup: number
}

/**
 * `pretrain`: the paper's recipe (SiamMAE, appendix A: AdamW 0.9, 0.95, decay 0.05, base learning rate 1.5e-4, 2 %
 * warm-up, gap 4 to 48, crops of 0.5 to 1, repeated sampling 2) with 256 pairs per step in batches of 8.
 * `finetune`: a trained network goes on with a person's own footage: shorter, 32 pairs per step, and the lower
 * blocks, which know most already, move less (layer decay as MAE fine-tunes).
 */
const PRESETS: Readonly<Record<PresetName, Preset>> = {
  pretrain: {
    model: siamMaeConfig('S', 16),
    learningRate: 1.5e-4,
    layerDecay: 1,
    steps: 20_000,
    accumulate: 32,
    warmup: 0.02,
  },
  finetune: {
    model: siamMaeConfig('S', 16),
    learningRate: 5e-4,
    layerDecay: 0.75,
    steps: 1000,
    accumulate: 4,
    warmup: 0.05,
  },
}

/** Settings that may differ when a run is resumed: they change where and how long it runs, not what it computes. */
const MAY_CHANGE = ['schedule.steps', 'device', 'threads', 'checkpoints', 'previews', 'data.cacheLimitGb']

/** The one setting of a model that its tree may lack and that may be given all the same: it changes no weight. */
const FEATURE_BLOCKS = 'model.encoder.featureBlocks'

/** Settings as a person gives them: any part of a {@link RunConfig}. */
export interface SettingsLayer {
  /** How the layer is called in messages, such as the file it came from. */
  readonly name: string
  readonly settings: JsonObject
}

/**
 * The complete configuration of a new run: the preset, over it what a checkpoint dictates, over that the layers in
 * their order, later ones winning. `model.size` ("Ti", "S", "B", "L") and `model.patch` are short for a published
 * encoder with its usual decoder.
 * @param options.model the architecture of the checkpoint that the run starts from
 * @throws UsageError naming the key, its value and what is allowed
 */
export function resolveRunConfig(
  presetName: PresetName,
  layers: readonly SettingsLayer[],
  options: { model?: SiamMaeConfig; init?: RunConfig['init'] } = {},
): RunConfig {
  const preset = PRESETS[presetName]
  const expanded = layers.map((layer) => expandModel(layer, options.model ?? preset.model))
  const start = presetConfig(presetName, options.model ?? preset.model)
  const merged = structuredClone(start) as unknown as JsonObject
  for (const layer of expanded) mergeInto(merged, start, layer)
  merged.preset = presetName
  if (options.init) merged.init = { ...options.init }
  const given = (path: string): unknown =>
    expanded.map(({ settings }) => valueAt(settings, path)).findLast((value) => value !== undefined)
  if (given('schedule.warmupSteps') === undefined && isNumber(valueAt(merged, 'schedule.steps')))
    setAt(
      merged,
      'schedule.warmupSteps',
      Math.round(preset.warmup * Number(valueAt(merged, 'schedule.steps'))),
    )
  // Features of a network trained here are read where they are best: standardised, behind all of its blocks. Weights
  // that a run starts from say themselves where theirs are.
  if (!options.model && given(FEATURE_BLOCKS) === undefined)
    setAt(merged, FEATURE_BLOCKS, valueAt(merged, 'model.encoder.depth'))
  derive(merged, given)
  const config = checkRunConfig(merged, 'The settings')
  return given('attention') === undefined ? withUsualAttention(config) : config
}

/** The choice that the step would make by itself, written out. */
function withUsualAttention(config: RunConfig): RunConfig {
  return { ...config, attention: attentionWeights(config.model, config.batch) }
}

/**
 * The configuration of a run that goes on: the stored one, and over it those settings that may change.
 * @throws UsageError naming a key that must stay as it was, or one with a value that is not allowed
 */
export function resumeRunConfig(stored: RunConfig, layers: readonly SettingsLayer[]): RunConfig {
  const merged = structuredClone(stored) as unknown as JsonObject
  for (const layer of layers) mergeInto(merged, stored, expandModel(layer, stored.model))
  // Before what follows from other settings is checked: a person is told of the one that they changed.
  refuseChanges(stored, merged as unknown as RunConfig)
  return checkRunConfig(merged, 'The settings')
}

/** @throws UsageError naming the first setting that differs and may not */
export function refuseChanges(before: RunConfig, after: RunConfig): void {
  const key = firstDifference(before, after, '')
  if (key === undefined) return
  const was = describeValue(valueAt(before as unknown as JsonObject, key))
  const is = describeValue(valueAt(after as unknown as JsonObject, key))
  throw new UsageError(
    `${key} is ${is}, and the run was started with ${was}; a resumed run keeps it (only ${MAY_CHANGE.join(', ')} may change). Leave it out, or start a new run.`,
  )
}

function presetConfig(name: PresetName, model: SiamMaeConfig): RunConfig {
  const preset = PRESETS[name]
  return {
    version: RUN_CONFIG_VERSION,
    preset: name,
    seed: 0,
    init: null,
    model,
    data: {
      sources: [],
      shortSide: Math.round(model.imageSize * SHORT_SIDE_SHARE),
      gap: [4, 48],
      cropScale: [0.5, 1],
      cropDrift: 0,
      flip: true,
      repeated: 2,
      cacheLimitGb: 20,
    },
    optimiser: {
      learningRate: preset.learningRate,
      ...PRETRAINING_OPTIMISER,
      layerDecay: preset.layerDecay,
    },
    schedule: {
      steps: preset.steps,
      warmupSteps: Math.round(preset.warmup * preset.steps),
      minimumLearningRate: 0,
    },
    batch: 8,
    accumulate: preset.accumulate,
    attention: 'kept',
    device: 'auto',
    threads: 0,
    checkpoints: { every: 500, keep: 3 },
    previews: { every: 500, pairs: 4 },
  }
}

/** Replaces the short forms `model.size` and `model.patch` by the architecture they stand for. */
function expandModel({ name, settings }: SettingsLayer, base: SiamMaeConfig): SettingsLayer {
  const model = settings.model
  if (!isRecord(model) || !('size' in model || 'patch' in model)) return { name, settings }
  const { size, patch, ...rest } = model
  const sizes = Object.keys(ENCODER_SIZES)
  if (size !== undefined && !sizes.includes(size as string))
    throw new UsageError(
      `${name}: model.size is ${describeValue(size)}; it must be ${sizes.join(', ')}. Other sizes are set with model.encoder.`,
    )
  if (patch !== undefined && !(Number.isSafeInteger(patch) && Number(patch) >= 1 && Number(patch) <= 64))
    throw new UsageError(
      `${name}: model.patch is ${describeValue(patch)}; it must be a whole number from 1 to 64.`,
    )
  const side = patch === undefined ? base.encoder.patch : Number(patch)
  const { encoder, decoder } = size === undefined ? base : siamMaeConfig(size as EncoderSize, side)
  const { positionGrid: _, ...short } = { ...encoder, patch: side }
  const expanded: JsonObject = { encoder: short }
  if (size !== undefined) expanded.decoder = decoder
  for (const key of ['encoder', 'decoder'] as const)
    if (isRecord(rest[key])) expanded[key] = { ...(expanded[key] as JsonObject), ...rest[key] }
  return { name, settings: { ...settings, model: { ...rest, ...expanded } } }
}

/** What follows from the size of the pictures, unless someone insists: the grid of positions, the cached frames. */
function derive(merged: JsonObject, given: (path: string) => unknown): void {
  const imageSize = valueAt(merged, 'model.imageSize')
  const patch = valueAt(merged, 'model.encoder.patch')
  if (!isNumber(imageSize)) return
  if (given('model.encoder.positionGrid') === undefined && isNumber(patch) && imageSize % patch === 0)
    setAt(merged, 'model.encoder.positionGrid', imageSize / patch)
  if (given('data.shortSide') === undefined)
    setAt(merged, 'data.shortSide', Math.round(imageSize * SHORT_SIDE_SHARE))
}

/** Lays settings over a complete tree. @throws UsageError for a key that the tree does not have */
function mergeInto(target: JsonObject, known: unknown, { name, settings }: SettingsLayer, prefix = ''): void {
  for (const [key, value] of Object.entries(settings)) {
    const path = join(prefix, key)
    if (!isRecord(known) || !(Object.hasOwn(known, key) || path === FEATURE_BLOCKS))
      throw new UsageError(
        `${name}: ${path} (${describeValue(value)}) is not a setting; ${prefix === '' ? 'the settings are' : `${prefix} has`} ${Object.keys(known as object).join(', ')}.`,
      )
    const inner = known[key]
    if (isRecord(inner)) {
      if (!isRecord(value))
        throw new UsageError(
          `${name}: ${path} is ${describeValue(value)}; it must be an object with ${Object.keys(inner).join(', ')}.`,
        )
      mergeInto(target[key] as JsonObject, inner, { name, settings: value }, path)
    } else target[key] = structuredClone(value)
  }
}

/** The first leaf that differs and is not among those that may. */
function firstDifference(before: unknown, after: unknown, prefix: string): string | undefined {
  if (MAY_CHANGE.includes(prefix)) return undefined
  if (isRecord(before) && isRecord(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const found = firstDifference(before[key], after[key], join(prefix, key))
      if (found !== undefined) return found
    }
    return undefined
  }
  return JSON.stringify(before) === JSON.stringify(after) ? undefined : prefix
}
