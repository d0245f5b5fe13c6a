/** The settings of a run as a JSON Schema, so that an editor can complete and check them while they are written. */
import { DEVICES } from '../runtime/index.ts'
import { ENCODER_SIZES } from '../siammae/index.ts'
import { resolveRunConfig } from './run-config.ts'
import { runConfigSchema, settingShapes } from './run-schema.ts'
import { isRecord, type JsonObject, join, valueAt } from './settings-tree.ts'

/** What is told by the program, not by a file of settings. */
const LEFT_OUT = ['version', 'preset', 'init']

/** One sentence per setting. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  seed: 'What all random choices come from: the same seed and footage give the same run.',
  model: 'The network. A run that starts from a model takes its encoder from there.',
  'model.size': 'Short for a published encoder with its usual decoder.',
  'model.patch': 'Side of a patch in pixels; goes with model.size.',
  'model.imageSize': 'Side of the square training pictures in pixels, a multiple of the patch.',
  'model.encoder': 'The part that is kept: what turns a frame into features.',
  'model.encoder.patch': 'Side of a square patch in pixels.',
  'model.encoder.dim': 'Channels of a token.',
  'model.encoder.depth': 'Number of blocks.',
  'model.encoder.heads': 'Heads of the attention.',
  'model.encoder.mlpRatio': 'Hidden width of the MLP as a multiple of dim.',
  'model.encoder.layerNormEpsilon': 'Guard in the deviation of layer norms.',
  'model.encoder.positionGrid': 'Patches per side of the position table; follows from imageSize and patch.',
  'model.encoder.mean': 'Subtracted from each channel of an image in 0 to 1.',
  'model.encoder.std': 'What each channel is divided by then.',
  'model.encoder.classToken': 'Whether there is a [CLS] token; one is needed for training.',
  'model.encoder.registers': 'Learned tokens without a place; none can be trained here.',
  'model.encoder.featureBlocks':
    'Where features are read: behind this many blocks, each channel standardised over the frame.',
  'model.encoder.positionResize': 'How the position table is stretched to another grid.',
  'model.decoder': 'The part that predicts pixels and is thrown away when features are wanted.',
  'model.decoder.dim': 'Channels of a token.',
  'model.decoder.depth': 'Number of blocks.',
  'model.decoder.heads': 'Heads of the attention.',
  'model.decoder.mlpRatio': 'Hidden width of the MLP as a multiple of dim.',
  'model.encoderMode': 'One encoder over each frame by itself, or over both as one sequence.',
  'model.decoderMode': 'What the future frame attends to in the decoder.',
  'model.pastRatio': 'Share of the past frame that is removed; 0 shows it whole.',
  'model.futureRatio': 'Share of the future frame that is removed and has to be predicted.',
  'model.normaliseTarget': 'Whether every patch to predict is brought to mean 0 and deviation 1 first.',
  data: 'The footage and how pairs of frames are drawn from it.',
  'data.sources': 'Videos and folders of images, absolute; replaces the list of the form.',
  'data.shortSide': 'Short side of the cached frames in pixels, at least model.imageSize.',
  'data.gap': 'Least and greatest distance of a pair in frames at 30 per second.',
  'data.cropScale': 'Least and greatest share of the area of a frame that a crop takes.',
  'data.cropDrift':
    'How far the crop of the later frame may lie from that of the earlier one, as a share of its sides; 0 cuts both alike.',
  'data.flip': 'Whether half of the pairs are mirrored.',
  'data.repeated': 'Crops drawn from each chosen pair of frames.',
  'data.cacheLimitGb': 'Size limit of the cache of decoded frames in GB.',
  optimiser: 'AdamW.',
  'optimiser.learningRate':
    'Base learning rate for 256 pairs per step; the peak is this times batch * accumulate / 256.',
  'optimiser.betas': 'How slowly the running means of the gradient and of its square move.',
  'optimiser.epsilon': 'Guard in the division by the second moment.',
  'optimiser.weightDecay': 'How strongly weights are drawn to 0; not for 1-D parameters.',
  'optimiser.clipNorm': 'Greatest norm of the gradient, or null for no clipping.',
  'optimiser.layerDecay': 'Share of the learning rate that each block has of the one above; 1 for all alike.',
  schedule: 'How long the run is, and the learning rate over it.',
  'schedule.steps': 'Optimiser steps of the whole run; replaces what the form says about how long.',
  'schedule.warmupSteps': 'Steps of linear rise of the learning rate, 5 % of all when left out.',
  'schedule.minimumLearningRate': 'Learning rate at the very end.',
  batch: 'Pairs computed at once; memory grows with it.',
  accumulate: 'Batches whose gradients are averaged into one step.',
  attention:
    'Whether attention weights stay in memory for the backward pass, or are computed again: slower, and smaller.',
  device: 'Where it is computed; replaces what the form says.',
  threads: 'Processor threads, 0 for one per core.',
  checkpoints: 'What a run goes on from after a stop or a crash.',
  'checkpoints.every': 'Steps between two checkpoints.',
  'checkpoints.keep': 'How many of the latest are kept; the best one is kept besides.',
  previews: 'Pictures of what the network reconstructs.',
  'previews.every': 'Steps between two previews, 0 for none.',
  'previews.pairs': 'Pairs on one picture.',
}

/** Draft 7, which VS Code knows; every setting is optional, unknown ones are named as wrong. */
export function settingsJsonSchema(): JsonObject {
  const defaults = resolveRunConfig('finetune', []) as unknown as JsonObject
  const root = shapeOf(runConfigSchema, '', defaults)
  const properties = root.properties as Record<string, JsonObject>
  for (const key of LEFT_OUT) delete properties[key]
  const model = properties.model!.properties as Record<string, JsonObject>
  model.size = { enum: Object.keys(ENCODER_SIZES), description: DESCRIPTIONS['model.size'] }
  model.patch = { type: 'integer', minimum: 1, maximum: 64, description: DESCRIPTIONS['model.patch'] }
  properties.device = { ...properties.device, examples: ['auto', ...DEVICES] }
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Settings of a SiamMAE training',
    description: 'Whatever is left out stays as the form or the preset has it.',
    ...root,
  }
}

function shapeOf(schema: unknown, path: string, defaults: JsonObject): JsonObject {
  const described = DESCRIPTIONS[path]
  const fallback = path === '' ? undefined : valueAt(defaults, path)
  return {
    ...bareShape(schema as AnySchema, path, defaults),
    ...(described !== undefined && { description: described }),
    ...(fallback !== undefined && !isRecord(fallback) && { default: fallback }),
  }
}

/** What is used of valibot's schemas, whichever they are. */
interface AnySchema {
  readonly type: string
  readonly entries?: Readonly<Record<string, unknown>>
  readonly items?: readonly unknown[]
  readonly options?: readonly unknown[]
  readonly wrapped?: unknown
  readonly pipe?: readonly { readonly kind: string; readonly type: string; readonly requirement?: unknown }[]
}

function bareShape(schema: AnySchema, path: string, defaults: JsonObject): JsonObject {
  switch (schema.type) {
    case 'strict_object':
      return {
        type: 'object',
        additionalProperties: false,
        properties: Object.fromEntries(
          Object.entries(schema.entries!).map(([key, inner]) => [
            key,
            shapeOf(inner, join(path, key), defaults),
          ]),
        ),
      }
    case 'custom':
      return settingShapes.get(schema) ?? {}
    case 'nullable':
    case 'optional':
      return bareShape(schema.wrapped as AnySchema, path, defaults)
    case 'picklist':
      return { enum: [...schema.options!] }
    case 'boolean':
      return { type: 'boolean' }
    case 'strict_tuple': {
      const items = schema.items!.map((item) => bareShape(item as AnySchema, path, defaults))
      return { type: 'array', items, minItems: items.length, maxItems: items.length }
    }
    case 'number': {
      const requirement = (type: string): unknown =>
        schema.pipe?.find((action) => action.type === type)?.requirement
      const [minimum, maximum] = [requirement('min_value'), requirement('max_value')]
      return {
        type: schema.pipe?.some(({ type }) => type === 'integer') ? 'integer' : 'number',
        ...(minimum !== undefined && { minimum }),
        ...(maximum !== undefined && { maximum }),
      }
    }
    default:
      throw new Error(`No JSON Schema is known for ${schema.type} at ${path}.`)
  }
}
