/** Stands in for pretraining-config.ts until it is there; not to be kept. */
import * as v from 'valibot'
import { type EncoderConfig, type EncoderSize, encoderConfig, encoderConfigSchema } from './config.ts'
import { encoderLayout, initialiseEncoder, type ParameterLayout, type Parameters } from './parameters.ts'
import { sineCosinePositions } from './positions.ts'
import { seededRandom } from './random.ts'

export interface DecoderConfig {
  readonly dim: number
  readonly depth: number
  readonly heads: number
  readonly mlpRatio: number
}
export interface SiamMaeConfig {
  readonly imageSize: number
  readonly encoder: EncoderConfig
  readonly decoder: DecoderConfig
  readonly encoderMode: 'siamese' | 'joint'
  readonly decoderMode: 'cross-self' | 'cross' | 'joint'
  readonly pastRatio: number
  readonly futureRatio: number
  readonly normaliseTarget: boolean
}
const whole = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4096))
const ratio = v.pipe(v.number(), v.minValue(0), v.maxValue(0.999))
export const siamMaeConfigSchema = v.strictObject({
  imageSize: whole,
  encoder: encoderConfigSchema,
  decoder: v.strictObject({ dim: whole, depth: whole, heads: whole, mlpRatio: v.number() }),
  encoderMode: v.picklist(['siamese', 'joint']),
  decoderMode: v.picklist(['cross-self', 'cross', 'joint']),
  pastRatio: ratio,
  futureRatio: ratio,
  normaliseTarget: v.boolean(),
})
export function siamMaeConfig(
  size: EncoderSize,
  patch: number,
  overrides: Partial<SiamMaeConfig> = {},
): SiamMaeConfig {
  const imageSize = overrides.imageSize ?? 224
  return {
    imageSize,
    encoder: encoderConfig(size, patch, { positionGrid: imageSize / patch }),
    decoder:
      size === 'Ti' || size === 'S'
        ? { dim: 256, depth: 4, heads: 8, mlpRatio: 4 }
        : { dim: 512, depth: 8, heads: 16, mlpRatio: 4 },
    encoderMode: 'siamese',
    decoderMode: 'cross-self',
    pastRatio: 0,
    futureRatio: 0.95,
    normaliseTarget: true,
    ...overrides,
  }
}
export function siamMaeLayout(config: SiamMaeConfig): ParameterLayout {
  const layout = new Map(encoderLayout(config.encoder))
  const { dim } = config.decoder
  const patches = config.encoder.positionGrid ** 2
  layout.set('decoder_embed.weight', [dim, config.encoder.dim])
  layout.set('decoder_embed.bias', [dim])
  layout.set('mask_token', [1, 1, dim])
  layout.set('decoder_pos_embed', [1, 1 + patches, dim])
  layout.set('decoder_pred.weight', [3 * config.encoder.patch ** 2, dim])
  layout.set('decoder_pred.bias', [3 * config.encoder.patch ** 2])
  return layout
}
export function initialiseSiamMae(config: SiamMaeConfig, seed: number): Parameters {
  const parameters = new Map(initialiseEncoder(config.encoder, seed))
  const random = seededRandom(seed + 1)
  for (const [name, shape] of siamMaeLayout(config)) {
    if (parameters.has(name)) continue
    const size = shape.reduce((a, b) => a * b, 1)
    const values =
      name === 'decoder_pos_embed'
        ? sineCosinePositions(config.decoder.dim, config.encoder.positionGrid, config.encoder.positionGrid)
        : Float32Array.from({ length: size }, () => 0.02 * random.normal())
    parameters.set(name, values)
  }
  return parameters
}
export function streamSeed(seed: number, purpose: string, index: number): number {
  let hash = 2166136261 ^ seed
  for (const letter of `${purpose}:${index}`) hash = Math.imul(hash ^ letter.charCodeAt(0), 16777619)
  return hash >>> 0
}
