import * as v from 'valibot'
import { type EncoderConfig, type EncoderSize, encoderConfig, encoderConfigSchema } from './config.ts'

/** The part that predicts pixels; thrown away when features are wanted. */
export interface DecoderConfig {
  readonly dim: number
  readonly depth: number
  readonly heads: number
  readonly mlpRatio: number
}

/**
 * A whole SiamMAE (Gupta et al. 2023) and the variants that its ablations compare.
 *
 * `encoderMode`: `siamese` runs one encoder over each frame by itself, `joint` over both as one sequence.
 * `decoderMode`: `cross-self` attends to the past and then within the future, `cross` to the past only, `joint`
 * runs plain blocks over both as one sequence.
 */
export interface SiamMaeConfig {
  /** Side of the square training pictures, a multiple of the encoder's patch. */
  readonly imageSize: number
  readonly encoder: EncoderConfig
  readonly decoder: DecoderConfig
  readonly encoderMode: 'siamese' | 'joint'
  readonly decoderMode: 'cross-self' | 'cross' | 'joint'
  /** Share of the past frame's tokens that are removed; 0 shows it whole. */
  readonly pastRatio: number
  /** Share of the future frame's tokens that are removed. */
  readonly futureRatio: number
  /** Whether every patch to predict is brought to mean 0 and deviation 1 first. */
  readonly normaliseTarget: boolean
}

const whole = (max: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(max))
const ratio = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(0.999))

/** Bounds for untrusted files, and the rules that hold between the parts. */
export const siamMaeConfigSchema = v.pipe(
  v.strictObject({
    imageSize: whole(4096),
    encoder: encoderConfigSchema,
    decoder: v.pipe(
      v.strictObject({
        dim: whole(4096),
        depth: whole(64),
        heads: whole(64),
        mlpRatio: v.pipe(v.number(), v.finite(), v.minValue(0.25), v.maxValue(16)),
      }),
      v.check(({ dim, heads }) => dim % heads === 0, 'heads must divide dim'),
      v.check(({ dim }) => dim % 4 === 0, 'dim must be a multiple of 4, for sine-cosine positions'),
    ),
    encoderMode: v.picklist(['siamese', 'joint']),
    decoderMode: v.picklist(['cross-self', 'cross', 'joint']),
    pastRatio: ratio,
    futureRatio: ratio,
    normaliseTarget: v.boolean(),
  }),
  v.check(
    ({ imageSize, encoder }) => imageSize === encoder.patch * encoder.positionGrid,
    'imageSize must be encoder.patch times encoder.positionGrid',
  ),
  v.check(
    ({ encoder }) => encoder.classToken !== false && !encoder.registers,
    'encoder must have a [CLS] token and no registers, or it cannot be trained here',
  ),
  v.check(({ futureRatio }) => futureRatio > 0, 'futureRatio must be above 0, or nothing is left to predict'),
  v.check(
    ({ encoder, pastRatio, futureRatio }) =>
      [pastRatio, futureRatio].every((share) => keptTokens(encoder.positionGrid ** 2, share) >= 1),
    'the mask ratios must leave at least one patch of each frame; use a larger imageSize or a smaller ratio',
  ),
  v.check(
    ({ encoder, futureRatio }) =>
      keptTokens(encoder.positionGrid ** 2, futureRatio) < encoder.positionGrid ** 2,
    'futureRatio must remove at least one patch',
  ),
)

/** Tokens that stay of `count` when a share is removed; MAE's truncation, in double precision as there. */
export function keptTokens(count: number, ratio: number): number {
  return Math.trunc(count * (1 - ratio))
}

/** The paper gives no decoder sizes; these are what public code of this family uses. */
const DECODERS: Record<EncoderSize, Pick<DecoderConfig, 'dim' | 'depth' | 'heads'>> = {
  Ti: { dim: 256, depth: 4, heads: 8 },
  S: { dim: 256, depth: 4, heads: 8 },
  B: { dim: 512, depth: 8, heads: 16 },
  L: { dim: 512, depth: 8, heads: 16 },
}

/** The published recipe for one of the published sizes; `imageSize` 224 unless overridden. */
export function siamMaeConfig(
  size: EncoderSize,
  patch: number,
  overrides: Partial<SiamMaeConfig> = {},
): SiamMaeConfig {
  const imageSize = overrides.imageSize ?? 224
  return {
    imageSize,
    encoder: encoderConfig(size, patch, { positionGrid: Math.floor(imageSize / patch) }),
    decoder: { ...DECODERS[size], mlpRatio: 4 },
    encoderMode: 'siamese',
    decoderMode: 'cross-self',
    pastRatio: 0,
    futureRatio: 0.95,
    normaliseTarget: true,
    ...overrides,
  }
}
