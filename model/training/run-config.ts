/** The complete configuration of a training run: what a person may set, the presets, and how the two are joined. */
import * as v from 'valibot'
import { UsageError } from '../errors.ts'
import {
  ENCODER_SIZES,
  type EncoderSize,
  keptTokens,
  type SiamMaeConfig,
  siamMaeConfig,
  siamMaeConfigSchema,
} from '../siammae/index.ts'
import { type OptimiserConfig, PRETRAINING_OPTIMISER } from './optimiser.ts'
import { describeValue, isRecord, type JsonObject, join, setAt, valueAt } from './settings-tree.ts'

/** Version of this file's layout, in every `config.json`. */
export const RUN_CONFIG_VERSION = 1

export interface DataConfig {
  /** Videos and folders of images, as absolute paths once a run has started. */
  readonly sources: readonly string[]
  /** Short side of the cached frames in pixels. */
  readonly shortSide: number
  /** Least and greatest distance of a pair in frames at 30 per second, both included. */
  readonly gap: readonly [number, number]
  /** Least and greatest share of a frame's area that a crop takes. */
  readonly cropScale: readonly [number, number]
  /** Whether half of the pairs are mirrored. */
  readonly flip: boolean
  /** Crops drawn from each chosen pair of frames (repeated sampling). */
  readonly repeated: number
  /** Size limit of the cache of decoded frames in GB (10^9 bytes). */
  readonly cacheLimitGb: number
}

export interface OptimiserSettings extends OptimiserConfig {
  /** Base learning rate for 256 pairs per step; the peak is this times batch * accumulate / 256. */
  readonly learningRate: number
}

/** All that determines a run. `config.json` holds exactly this, with every default written out. */
export interface RunConfig {
  readonly version: typeof RUN_CONFIG_VERSION
  readonly preset: PresetName
  readonly seed: number
  /** The checkpoint that the run started from, by path and hash; null for random weights. */
  readonly init: { readonly path: string; readonly hash: string } | null
  readonly model: SiamMaeConfig
  readonly data: DataConfig
  readonly optimiser: OptimiserSettings
  readonly schedule: {
    /** Optimiser steps of the whole run. */
    readonly steps: number
    readonly warmupSteps: number
    readonly minimumLearningRate: number
  }
  /** Pairs computed at once; memory grows with it. */
  readonly batch: number
  /** Batches whose gradients are averaged into one step. */
  readonly accumulate: number
  /** Whether attention weights stay in memory for the backward pass, or are computed again: slower, and smaller. */
  readonly attention: 'kept' | 'recomputed'
  /** `auto`, or a device by name. */
  readonly device: string
  /** Processor threads, 0 for one per core. */
  readonly threads: number
  readonly checkpoints: {
    /** Steps between two checkpoints. */
    readonly every: number
    /** How many of the latest are kept; the best one is kept besides. */
    readonly keep: number
  }
  readonly previews: {
    /** Steps between two previews, 0 for none. */
    readonly every: number
    /** Pairs on one picture. */
    readonly pairs: number
  }
}

export type PresetName = 'pretrain' | 'finetune'

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
 * warm-up, gap 4 to 48, crops of 0.5 to 1, repeated sampling 2) with 256 pairs per step in batches that fit 2 GB.
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

export const PRESET_NAMES = Object.keys(PRESETS) as PresetName[]

/** Settings that may differ when a run is resumed: they change where and how long it runs, not what it computes. */
const MAY_CHANGE = ['schedule.steps', 'device', 'threads', 'checkpoints', 'previews', 'data.cacheLimitGb']

/** A value that must satisfy `check`; the message says what is allowed and completes "... must be". */
function setting<T>(allowed: string, check: (value: unknown) => boolean): v.GenericSchema<T> {
  return v.custom<T>(check, allowed)
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

function whole(min: number, max: number): v.GenericSchema<number> {
  return setting(
    `a whole number from ${min} to ${max}`,
    (value) => Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max,
  )
}

function number(min: number, max: number): v.GenericSchema<number> {
  return setting(`a number from ${min} to ${max}`, (value) => isNumber(value) && value >= min && value <= max)
}

/** Two rising numbers within bounds. */
function range(min: number, max: number, isWhole: boolean): v.GenericSchema<readonly [number, number]> {
  const ok = (value: unknown): boolean =>
    isNumber(value) && value >= min && value <= max && (!isWhole || Number.isInteger(value))
  return setting(
    `two ${isWhole ? 'whole ' : ''}numbers from ${min} to ${max}, the smaller one first`,
    (value) => Array.isArray(value) && value.length === 2 && value.every(ok) && value[0] <= value[1],
  )
}

const text = setting<string>(
  'a text that is not empty',
  (value) => typeof value === 'string' && value.length > 0,
)
const flag = setting<boolean>('true or false', (value) => typeof value === 'boolean')

/** Limits far above what makes sense, so that a slip of the hand is told from a wish. */
export const runConfigSchema: v.GenericSchema<RunConfig> = v.strictObject({
  version: setting<typeof RUN_CONFIG_VERSION>(
    `${RUN_CONFIG_VERSION}, the version of settings that this program knows`,
    (value) => value === RUN_CONFIG_VERSION,
  ),
  preset: setting<PresetName>(PRESET_NAMES.join(' or '), (value) =>
    PRESET_NAMES.includes(value as PresetName),
  ),
  seed: whole(0, 2 ** 31 - 1),
  init: v.nullable(v.strictObject({ path: text, hash: text })),
  model: siamMaeConfigSchema,
  data: v.strictObject({
    sources: setting<readonly string[]>(
      'a list of videos or folders',
      (value) => Array.isArray(value) && value.every((entry) => typeof entry === 'string' && entry !== ''),
    ),
    shortSide: whole(16, 2048),
    gap: range(1, 10_000, true),
    cropScale: range(0.01, 1, false),
    flip: flag,
    repeated: whole(1, 64),
    cacheLimitGb: number(0.001, 100_000),
  }),
  optimiser: v.strictObject({
    learningRate: number(0, 1e9),
    betas: setting<readonly [number, number]>(
      'two numbers from 0 to below 1',
      (value) =>
        Array.isArray(value) && value.length === 2 && value.every((b) => isNumber(b) && b >= 0 && b < 1),
    ),
    epsilon: number(1e-12, 1),
    weightDecay: number(0, 10),
    clipNorm: setting<number | null>(
      'a number above 0, or null for no clipping',
      (value) => value === null || (isNumber(value) && value > 0),
    ),
    layerDecay: number(0.01, 1),
  }),
  schedule: v.strictObject({
    steps: whole(1, 100_000_000),
    warmupSteps: whole(0, 100_000_000),
    minimumLearningRate: number(0, 1e9),
  }),
  batch: whole(1, 65_536),
  accumulate: whole(1, 65_536),
  attention: setting<'kept' | 'recomputed'>('kept or recomputed', (value) =>
    ['kept', 'recomputed'].includes(value as string),
  ),
  device: text,
  threads: whole(0, 256),
  checkpoints: v.strictObject({ every: whole(1, 100_000_000), keep: whole(1, 10_000) }),
  previews: v.strictObject({ every: whole(0, 100_000_000), pairs: whole(1, 64) }),
})

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
  derive(merged, given)
  return checkRunConfig(merged, 'The settings')
}

/**
 * The configuration of a run that goes on: the stored one, and over it those settings that may change.
 * @throws UsageError naming a key that must stay as it was, or one with a value that is not allowed
 */
export function resumeRunConfig(stored: RunConfig, layers: readonly SettingsLayer[]): RunConfig {
  const merged = structuredClone(stored) as unknown as JsonObject
  for (const layer of layers) mergeInto(merged, stored, expandModel(layer, stored.model))
  const next = checkRunConfig(merged, 'The settings')
  refuseChanges(stored, next)
  return next
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

/**
 * Checks a complete configuration, such as a `config.json`.
 * @param name what is called wrong in messages
 * @throws UsageError naming the key, its value and what is allowed
 */
export function checkRunConfig(value: unknown, name: string): RunConfig {
  const parsed = v.safeParse(runConfigSchema, value)
  if (!parsed.success) {
    const issue = parsed.issues[0]
    const path = v.getDotPath(issue) ?? ''
    if (path === '') throw new UsageError(`${name} are not a JSON object of settings.`)
    // Rules between parts of the model name no key by themselves; ours below do.
    if (path === 'model') refuseContradictions(value as RunConfig)
    const found = describeValue(valueAt(value as JsonObject, path))
    if (issue.type === 'strict_object')
      throw new UsageError(
        issue.expected === 'never'
          ? `${path} is not a setting of a run; take it out.`
          : `${path} is missing from the settings.`,
      )
    throw new UsageError(
      issue.type === 'custom'
        ? `${path} is ${found}; it must be ${issue.message}.`
        : `${path} is ${found}: ${issue.message}.`,
    )
  }
  refuseContradictions(parsed.output)
  return parsed.output
}

/** @throws UsageError for settings that are sound one by one and cannot go together */
function refuseContradictions(config: RunConfig): void {
  const { model, data, schedule } = config
  const { patch, positionGrid } = model.encoder
  const refuse = (key: string, value: unknown, allowed: string): never => {
    throw new UsageError(`${key} is ${describeValue(value)}; ${allowed}.`)
  }
  if (model.imageSize % patch !== 0)
    refuse('model.imageSize', model.imageSize, `it must be a multiple of model.encoder.patch (${patch})`)
  if (model.imageSize / patch !== positionGrid)
    refuse(
      'model.encoder.positionGrid',
      positionGrid,
      `with model.imageSize ${model.imageSize} and patches of ${patch} it must be ${model.imageSize / patch}; leave it out`,
    )
  const tokens = positionGrid ** 2
  for (const key of ['pastRatio', 'futureRatio'] as const)
    if (keptTokens(tokens, model[key]) < 1)
      refuse(`model.${key}`, model[key], `of ${tokens} patches it must leave at least one`)
  if (keptTokens(tokens, model.futureRatio) >= tokens)
    refuse('model.futureRatio', model.futureRatio, `of ${tokens} patches it must remove at least one`)
  if (data.shortSide < model.imageSize)
    refuse(
      'data.shortSide',
      data.shortSide,
      `it must be at least model.imageSize (${model.imageSize}), or frames would be enlarged`,
    )
  if (schedule.warmupSteps > schedule.steps)
    refuse(
      'schedule.warmupSteps',
      schedule.warmupSteps,
      `it must be at most schedule.steps (${schedule.steps})`,
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
    if (!isRecord(known) || !Object.hasOwn(known, key))
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
