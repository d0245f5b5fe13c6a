/**
 * Whole SiamMAE networks, encoder and decoder, in one safetensors file. The encoder's names and metadata are those
 * of an encoder file, so that `readEncoder` reads the same file.
 */
import { basename } from 'node:path'
import { UserError } from '../errors.ts'
import {
  encoderName,
  type Parameters,
  type SiamMaeConfig,
  siamMaeConfigSchema,
  siamMaeLayout,
} from '../siammae/index.ts'
import { parseArchitecture } from './architecture.ts'
import { fromFloat32 } from './convert.ts'
import { CONFIG_KEY, TRAINED_KEY } from './encoder-file.ts'
import { readSafetensors, type StoredTensor, type TensorFile, writeSafetensors } from './safetensors.ts'
import { takeParameters } from './take-parameters.ts'

/** A network ready to be built into a graph, and what is known about it. */
export interface SiamMaeModel {
  /** `SiamMAE ViT-S/16` */
  readonly name: string
  /** File name, for messages. */
  readonly file: string
  readonly config: SiamMaeConfig
  readonly parameters: Parameters
  /** False for a network that was only initialised. */
  readonly trained: boolean
  /** Free text from the file: origin, licence, what a run wrote. */
  readonly metadata: Readonly<Record<string, string>>
}

const MODEL_KEY = 'siammae.model'

/** How a network is called. */
export function siamMaeName(config: SiamMaeConfig): string {
  return `SiamMAE ${encoderName(config.encoder)}`
}

/** Whether a file's metadata announce a whole network rather than an encoder alone. */
export function isSiamMae(metadata: Readonly<Record<string, string>>): boolean {
  return metadata[MODEL_KEY] !== undefined
}

/**
 * Reads a whole network: a checkpoint of a run, or an exported one.
 * @throws UserError naming the file: damaged, an encoder alone, a tensor missing or of another shape
 */
export async function readSiamMae(path: string): Promise<SiamMaeModel> {
  return parseSiamMae(await readSafetensors(path), path)
}

/** As {@link readSiamMae}, from a file already read. @param path what messages call it */
export function parseSiamMae({ tensors, metadata }: TensorFile, path: string): SiamMaeModel {
  if (!isSiamMae(metadata))
    throw new UserError(
      `${path} holds no whole SiamMAE: no architecture with a decoder is in its metadata. Use a checkpoint of a training run.`,
    )
  const config = parseArchitecture(siamMaeConfigSchema, metadata[MODEL_KEY]!, path)
  return {
    name: siamMaeName(config),
    file: basename(path),
    config,
    parameters: takeParameters(tensors, siamMaeLayout(config), path, `a ${siamMaeName(config)}`),
    trained: metadata[TRAINED_KEY] !== 'false',
    metadata,
  }
}

/** Writes a whole network atomically. @throws UserError when the place is not writable or the disk is full */
export async function writeSiamMae(
  path: string,
  model: {
    config: SiamMaeConfig
    parameters: Parameters
    trained: boolean
    metadata?: Record<string, string>
    /** More tensors, after the parameters. */
    extra?: ReadonlyMap<string, StoredTensor>
  },
): Promise<void> {
  const tensors = new Map<string, StoredTensor>()
  for (const [name, shape] of siamMaeLayout(model.config))
    tensors.set(name, fromFloat32(model.parameters.get(name)!, shape))
  for (const [name, tensor] of model.extra ?? []) tensors.set(name, tensor)
  const metadata = {
    ...model.metadata,
    [MODEL_KEY]: JSON.stringify(model.config),
    [CONFIG_KEY]: JSON.stringify(model.config.encoder),
    [TRAINED_KEY]: String(model.trained),
  }
  await writeSafetensors(path, { tensors, metadata })
}
