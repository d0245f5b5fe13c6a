/** Starting a run from weights that exist: a whole SiamMAE, or an encoder alone. */
import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { UsageError, UserError } from '../errors.ts'
import {
  initialiseSiamMae,
  interpolatePositions,
  type Parameters,
  POSITION_TABLES,
  type SiamMaeConfig,
  siamMaeConfig,
  siamMaeLayout,
} from '../siammae/index.ts'
import { isSiamMae, readEncoder, readSafetensorsMetadata, readSiamMae } from '../weights/index.ts'

export interface InitialWeights {
  readonly path: string
  /** `sha256:` over names and values. */
  readonly hash: string
  /** The architecture that the file gives; for an encoder alone with the usual decoder. */
  readonly model: SiamMaeConfig
  /** Whether the decoder is in the file too. */
  readonly whole: boolean
  /** False for a network that was only initialised. */
  readonly trained: boolean
  /** As the file says; undefined where it does not. */
  readonly licence: string | undefined
  readonly parameters: Parameters
}

/**
 * Reads weights to start from.
 * @throws UserError naming the file when it is damaged or of no known kind
 */
export async function readInitialWeights(path: string): Promise<InitialWeights> {
  const absolute = resolve(path)
  if (isSiamMae(await readSafetensorsMetadata(absolute))) {
    const { config, parameters, trained, metadata } = await readSiamMae(absolute)
    const { licence } = metadata
    return {
      path: absolute,
      hash: hashOf(parameters),
      model: config,
      whole: true,
      trained,
      licence,
      parameters,
    }
  }
  const { config: encoder, parameters, trained, metadata } = await readEncoder(absolute)
  if (encoder.classToken === false || encoder.registers)
    throw new UserError(
      `${path} ${encoder.registers ? 'has register tokens' : 'has no [CLS] token'}, and such networks cannot be trained here; use it as it is, or start from another model.`,
    )
  const usual = siamMaeConfig(encoder.dim > 384 ? 'B' : 'S', encoder.patch)
  const model = { ...usual, imageSize: encoder.patch * encoder.positionGrid, encoder }
  const { licence } = metadata
  return { path: absolute, hash: hashOf(parameters), model, whole: false, trained, licence, parameters }
}

function hashOf(parameters: Parameters): string {
  const hash = createHash('sha256')
  for (const [name, values] of parameters)
    hash.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  return `sha256:${hash.digest('hex')}`
}

/**
 * The parameters that a run starts with: those of the weights, position tables stretched to the run's grid, and what
 * the weights do not have drawn by the seed.
 * @returns the parameters, and sentences about what did not come from the weights
 * @throws UsageError naming the setting where the encoder is another one
 */
export function startParameters(
  config: SiamMaeConfig,
  seed: number,
  init?: InitialWeights,
): { parameters: Parameters; notes: readonly string[] } {
  const fresh = initialiseSiamMae(config, seed)
  if (!init) return { parameters: fresh, notes: [] }
  refuseOtherEncoder(config, init)
  const sameDecoder =
    init.whole &&
    init.model.decoderMode === config.decoderMode &&
    JSON.stringify(init.model.decoder) === JSON.stringify(config.decoder)
  const parameters = new Map(fresh)
  for (const name of siamMaeLayout(config).keys()) {
    const values = init.parameters.get(name)
    if (!values || (isDecoder(name) && !sameDecoder)) continue
    parameters.set(name, POSITION_TABLES.has(name) ? stretched(values, init.model, config) : values)
  }
  const notes: string[] = []
  if (!init.trained) notes.push(`${init.path} is untrained: its weights are random.`)
  if (!init.whole) notes.push(`${init.path} is an encoder alone; the decoder starts from random weights.`)
  else if (!sameDecoder)
    notes.push(`The decoder of ${init.path} is of another shape; the decoder starts from random weights.`)
  return { parameters, notes }
}

const isDecoder = (name: string): boolean => name.startsWith('decoder_') || name === 'mask_token'

function stretched(table: Float32Array, from: SiamMaeConfig, to: SiamMaeConfig): Float32Array {
  const side = from.encoder.positionGrid
  const grid = to.encoder.positionGrid
  return interpolatePositions(table, table.length / (1 + side * side), side, grid, grid)
}

function refuseOtherEncoder({ encoder }: SiamMaeConfig, init: InitialWeights): void {
  for (const key of ['patch', 'dim', 'depth', 'heads', 'mlpRatio'] as const)
    if (encoder[key] !== init.model.encoder[key])
      throw new UsageError(
        `model.encoder.${key} is ${encoder[key]}, and ${init.path} has ${init.model.encoder[key]}; leave it out, or start from random weights.`,
        { flags: 'without --init' },
      )
}
