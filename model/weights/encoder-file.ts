/** Encoder checkpoints of our own: safetensors with the architecture and the origin in the metadata. */
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { explainSystemError, UserError } from '../errors.ts'
import {
  type EncoderConfig,
  encoderConfigSchema,
  encoderLayout,
  encoderName,
  type Parameters,
} from '../siammae/index.ts'
import { parseArchitecture } from './architecture.ts'
import { fromFloat32 } from './convert.ts'
import { isOnnxPath } from './onnx-file.ts'
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

/**
 * Reads an encoder that this program wrote: one that was trained here, exported, or imported. The file says itself
 * what it is.
 * @throws UserError naming the file: damaged, of another program, a tensor missing or of another shape
 */
export async function readEncoder(path: string): Promise<EncoderModel> {
  await refuseForeign(path)
  const { tensors, metadata } = await readSafetensors(path)
  if (metadata[CONFIG_KEY] === undefined) throw foreign(path)
  const config = parseArchitecture(encoderConfigSchema, metadata[CONFIG_KEY], path)
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

/** Checkpoints of PyTorch and NumPy are no damaged safetensors files. */
async function refuseForeign(path: string): Promise<void> {
  if (isOnnxPath(path))
    throw new UserError(
      `${path} is a graph without weights of its own names: it can be used as it is, but not trained or exported. Take the checkpoint that it was made from.`,
    )
  if (/\.(pth?|npz|bin|ckpt|tar)$/i.test(path)) {
    await stat(path).catch((error: unknown) => {
      throw explainSystemError(error, 'read', path)
    })
    throw foreign(path)
  }
}

function foreign(path: string): UserError {
  return new UserError(`${path} is no model that this program wrote. Import it first.`, {
    flags: `siammae import-model ${basename(path)} --out model.safetensors`,
  })
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

/** A hash of what the network computes with, independent of the container. */
export function hashParameters(config: EncoderConfig, parameters: Parameters): string {
  const hash = createHash('sha256').update(JSON.stringify(config))
  for (const [name, shape] of encoderLayout(config)) {
    const values = parameters.get(name)!
    hash
      .update(`${name} ${shape}`)
      .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  }
  return `sha256:${hash.digest('hex')}`
}
