/** Encoder checkpoints of our own: safetensors with the architecture and the origin in the metadata. */
import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import * as v from 'valibot'
import { UserError } from '../errors.ts'
import {
  ENCODER_SIZES,
  type EncoderConfig,
  encoderConfigSchema,
  encoderLayout,
  encoderName,
  IMAGENET_MEAN,
  IMAGENET_STD,
  type Parameters,
} from '../siammae/index.ts'
import { parseArchitecture } from './architecture.ts'
import { fromFloat32 } from './convert.ts'
import { readSafetensors, type StoredTensor, writeSafetensors } from './safetensors.ts'
import { takeParameters } from './take-parameters.ts'

/** An encoder ready to be built into a graph, and what is known about it. */
export interface EncoderModel {
  /** `ViT-S/16`, or the channels and blocks where the size has no name. */
  readonly name: string
  /** File name, for messages and reports. */
  readonly file: string
  /** `sha256:` and the hash of names, shapes and values: the same weights give the same hash in any container. */
  readonly hash: string
  readonly config: EncoderConfig
  readonly parameters: Parameters
  /** False for a network that was only initialised: its features mean nothing yet and every output says so. */
  readonly trained: boolean
  /** Free text from the file: origin, licence. */
  readonly metadata: Readonly<Record<string, string>>
}

/** Metadata keys; a file of a whole SiamMAE has them too, so that its encoder is read like any other. */
export const CONFIG_KEY = 'siammae.encoder'
export const TRAINED_KEY = 'siammae.trained'

/** Values that never vary in what people publish; a file without metadata gets them. */
const USUAL = { mlpRatio: 4, layerNormEpsilon: 1e-6, mean: IMAGENET_MEAN, std: IMAGENET_STD }

/**
 * Reads an encoder from a safetensors file. Without our metadata the architecture is read from the shapes; the
 * number of heads cannot be, so it comes from the published size with that width, or from `heads`.
 * @throws UserError naming the file: damaged, not a vision transformer, a tensor missing or of another shape
 */
export async function readEncoder(path: string, options: { heads?: number } = {}): Promise<EncoderModel> {
  const { tensors, metadata } = await readSafetensors(path)
  const config =
    metadata[CONFIG_KEY] === undefined
      ? inferConfig(tensors, path, options.heads)
      : parseArchitecture(encoderConfigSchema, metadata[CONFIG_KEY], path)
  const parameters = takeParameters(tensors, encoderLayout(config), path, `a ${encoderName(config)}`)
  return {
    name: encoderName(config),
    file: basename(path),
    hash: hashParameters(config, parameters),
    config,
    parameters,
    trained: metadata[TRAINED_KEY] !== 'false',
    metadata,
  }
}

/** Writes an encoder atomically. @throws UserError when the place is not writable or the disk is full */
export async function writeEncoder(
  path: string,
  model: {
    config: EncoderConfig
    parameters: Parameters
    trained: boolean
    metadata?: Record<string, string>
  },
): Promise<void> {
  const tensors = new Map<string, StoredTensor>()
  for (const [name, shape] of encoderLayout(model.config))
    tensors.set(name, fromFloat32(model.parameters.get(name)!, shape))
  const metadata = {
    ...model.metadata,
    [CONFIG_KEY]: JSON.stringify(model.config),
    [TRAINED_KEY]: String(model.trained),
  }
  await writeSafetensors(path, { tensors, metadata })
}

/** The architecture as far as shapes tell it. */
function inferConfig(
  tensors: ReadonlyMap<string, StoredTensor>,
  path: string,
  heads?: number,
): EncoderConfig {
  const refuse = (what: string): never => {
    throw new UserError(
      `${path} is not a vision transformer encoder that is known here: ${what}. Use another checkpoint.`,
    )
  }
  const shapeOf = (name: string): readonly number[] =>
    tensors.get(name)?.shape ?? refuse(`it has no tensor ${name}`)
  const [dim = 0, channels, patch = 0, patchWidth] = shapeOf('patch_embed.proj.weight')
  if (channels !== 3 || patch !== patchWidth || dim < 1)
    refuse(`its patch embedding has the shape [${shapeOf('patch_embed.proj.weight')}]`)
  const [, positions = 0] = shapeOf('pos_embed')
  const positionGrid = Math.sqrt(positions - 1)
  if (!Number.isInteger(positionGrid)) refuse(`its ${positions} positions are no square grid and a [CLS]`)
  let depth = 0
  while (tensors.has(`blocks.${depth}.norm1.weight`)) depth++
  const published = Object.values(ENCODER_SIZES).find((size) => size.dim === dim)?.heads
  const known =
    heads ??
    published ??
    refuse(`the number of attention heads of ${dim} channels is not known; give it with --heads`)
  const [hidden = 0] = shapeOf('blocks.0.mlp.fc1.weight')
  const config = { ...USUAL, patch, dim, depth, heads: known, mlpRatio: hidden / dim, positionGrid }
  const parsed = v.safeParse(encoderConfigSchema, config)
  return parsed.success ? parsed.output : refuse(parsed.issues[0].message)
}

/** A hash of what the network computes with, independent of the container. */
function hashParameters(config: EncoderConfig, parameters: Parameters): string {
  const hash = createHash('sha256').update(JSON.stringify(config))
  for (const [name, shape] of encoderLayout(config)) {
    const values = parameters.get(name)!
    hash
      .update(`${name} ${shape}`)
      .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  }
  return `sha256:${hash.digest('hex')}`
}
