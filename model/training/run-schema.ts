/** The settings of a training run: what there is, and what is allowed. */
import * as v from 'valibot'
import { UsageError } from '../errors.ts'
import { keptTokens, type SiamMaeConfig, siamMaeConfigSchema } from '../siammae/index.ts'
import type { OptimiserConfig } from './optimiser.ts'
import { describeValue, isNumber, isRecord, type JsonObject, valueAt } from './settings-tree.ts'
import { attentionWeights } from './train-step.ts'

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
  /**
   * How far the crop of the future frame may lie from that of the past: 0 cuts both alike, as the paper does; above it
   * the future's is moved by up to this share of its sides and made up to 1 + this larger or smaller.
   */
  readonly cropDrift: number
  /** Whether half of the pairs are mirrored. */
  readonly flip: boolean
  /** Crops drawn from each chosen pair of frames (repeated sampling), so that fewer are decoded. */
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
  /** The checkpoint that the run started from, by path and hash, with its licence if known; null for random weights. */
  readonly init: {
    readonly path: string
    readonly hash: string
    readonly licence?: string | undefined
  } | null
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

export const PRESET_NAMES: readonly PresetName[] = ['pretrain', 'finetune']

/** What an editor can check by itself of a {@link setting}, as JSON Schema; read by `settings-json-schema.ts`. */
export const settingShapes = new WeakMap<object, JsonObject>()

/**
 * A value that must satisfy `check`; the message says what is allowed and completes "... must be".
 * @param shape the same in JSON Schema, as far as that can say it
 */
function setting<T>(
  allowed: string,
  check: (value: unknown) => boolean,
  shape: JsonObject = {},
): v.GenericSchema<T> {
  const schema = v.custom<T>(check, allowed)
  settingShapes.set(schema, shape)
  return schema
}

function whole(min: number, max: number): v.GenericSchema<number> {
  return setting(
    `a whole number from ${min} to ${max}`,
    (value) => Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max,
    { type: 'integer', minimum: min, maximum: max },
  )
}

function number(min: number, max: number): v.GenericSchema<number> {
  return setting(
    `a number from ${min} to ${max}`,
    (value) => isNumber(value) && value >= min && value <= max,
    { type: 'number', minimum: min, maximum: max },
  )
}

/** Two rising numbers within bounds. */
function range(min: number, max: number, isWhole: boolean): v.GenericSchema<readonly [number, number]> {
  const ok = (value: unknown): boolean =>
    isNumber(value) && value >= min && value <= max && (!isWhole || Number.isInteger(value))
  return setting(
    `two ${isWhole ? 'whole ' : ''}numbers from ${min} to ${max}, the smaller one first`,
    (value) => Array.isArray(value) && value.length === 2 && value.every(ok) && value[0] <= value[1],
    {
      type: 'array',
      items: { type: isWhole ? 'integer' : 'number', minimum: min, maximum: max },
      minItems: 2,
      maxItems: 2,
    },
  )
}

const text = setting<string>(
  'a text that is not empty',
  (value) => typeof value === 'string' && value.length > 0,
  { type: 'string', minLength: 1 },
)
const flag = setting<boolean>('true or false', (value) => typeof value === 'boolean', { type: 'boolean' })

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
  init: v.nullable(v.strictObject({ path: text, hash: text, licence: v.optional(text) })),
  model: siamMaeConfigSchema,
  data: v.strictObject({
    sources: setting<readonly string[]>(
      'a list of videos or folders',
      (value) => Array.isArray(value) && value.every((entry) => typeof entry === 'string' && entry !== ''),
      { type: 'array', items: { type: 'string', minLength: 1 } },
    ),
    shortSide: whole(16, 2048),
    gap: range(1, 10_000, true),
    cropScale: range(0.01, 1, false),
    cropDrift: number(0, 1),
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
      {
        type: 'array',
        items: { type: 'number', minimum: 0, exclusiveMaximum: 1 },
        minItems: 2,
        maxItems: 2,
      },
    ),
    epsilon: number(1e-12, 1),
    weightDecay: number(0, 10),
    clipNorm: setting<number | null>(
      'a number above 0, or null for no clipping',
      (value) => value === null || (isNumber(value) && value > 0),
      { type: ['number', 'null'], exclusiveMinimum: 0 },
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
  attention: setting<'kept' | 'recomputed'>(
    'kept or recomputed',
    (value) => ['kept', 'recomputed'].includes(value as string),
    { enum: ['kept', 'recomputed'] },
  ),
  device: text,
  threads: whole(0, 256),
  checkpoints: v.strictObject({ every: whole(1, 100_000_000), keep: whole(1, 10_000) }),
  previews: v.strictObject({ every: whole(0, 100_000_000), pairs: whole(1, 64) }),
})

/**
 * Checks a complete configuration, such as a `config.json`.
 * @param name what is called wrong in messages
 * @throws UsageError naming the key, its value and what is allowed
 */
export function checkRunConfig(value: unknown, name: string): RunConfig {
  const parsed = v.safeParse(runConfigSchema, withLaterSettings(value))
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

/** Settings that did not exist when a run began, as the program chose them then. */
function withLaterSettings(value: unknown): unknown {
  if (!isRecord(value)) return value
  const { data } = value
  const config = isRecord(data) ? { ...value, data: { cropDrift: 0, ...data } } : value
  if (config.attention !== undefined) return config
  const model = v.safeParse(siamMaeConfigSchema, config.model)
  if (!model.success || !isNumber(config.batch)) return config
  return { ...config, attention: attentionWeights(model.output, config.batch) }
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
