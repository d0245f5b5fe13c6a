import * as v from 'valibot'

/** What shapes a vision transformer encoder. Names and defaults as in the MAE and DINO code bases. */
export interface EncoderConfig {
  /** Side of a square patch in pixels. */
  readonly patch: number
  /** Channels of a token. */
  readonly dim: number
  /** Number of blocks. */
  readonly depth: number
  readonly heads: number
  /** Hidden width of the MLP, as a multiple of `dim`. */
  readonly mlpRatio: number
  readonly layerNormEpsilon: number
  /** Patches per side of the stored position table. */
  readonly positionGrid: number
  /** Per channel of an image in 0..1: subtracted, then divided by. */
  readonly mean: readonly [number, number, number]
  readonly std: readonly [number, number, number]
  /** False for networks without a [CLS] token (VideoMAE); the first row of their position table is not used. */
  readonly classToken?: boolean | undefined
  /** Learned tokens without a place between [CLS] and the patches (Darcet et al. 2024); none when left out. */
  readonly registers?: number | undefined
  /**
   * Where features are read: behind this many blocks and the final norm, every channel brought to mean 0 and
   * deviation 1 over the picture. Left out: behind all blocks and the final norm, as they are, which is as published.
   */
  readonly featureBlocks?: number | undefined
  /** How the position table is stretched to another grid: as DINO does, or as DINOv2 with registers does. */
  readonly positionResize?: 'dino' | 'antialiased' | undefined
}

/** Tokens in front of the patches: [CLS] and registers. */
export function prefixTokens({ classToken, registers }: EncoderConfig): number {
  return (classToken === false ? 0 : 1) + (registers ?? 0)
}

/** ImageNet statistics, which MAE, DINO and SiamMAE all train with. */
export const IMAGENET_MEAN = [0.485, 0.456, 0.406] as const
export const IMAGENET_STD = [0.229, 0.224, 0.225] as const

/** The published sizes: channels, blocks, heads (Touvron et al. 2021; Dosovitskiy et al. 2021). */
export const ENCODER_SIZES = {
  Ti: { dim: 192, depth: 12, heads: 3 },
  S: { dim: 384, depth: 12, heads: 6 },
  B: { dim: 768, depth: 12, heads: 12 },
  L: { dim: 1024, depth: 24, heads: 16 },
} as const

export type EncoderSize = keyof typeof ENCODER_SIZES

/** The configuration of a published size, trained at 224 x 224 pixels. */
export function encoderConfig(
  size: EncoderSize,
  patch: number,
  overrides: Partial<EncoderConfig> = {},
): EncoderConfig {
  return {
    ...ENCODER_SIZES[size],
    patch,
    mlpRatio: 4,
    layerNormEpsilon: 1e-6,
    positionGrid: Math.floor(224 / patch),
    mean: IMAGENET_MEAN,
    std: IMAGENET_STD,
    ...overrides,
  }
}

/** `ViT-S/16` where the size is a published one, else `ViT 48x3/8` (channels x blocks / patch). */
export function encoderName(config: EncoderConfig): string {
  const known = Object.entries(ENCODER_SIZES).find(
    ([, s]) => s.dim === config.dim && s.depth === config.depth,
  )
  return known ? `ViT-${known[0]}/${config.patch}` : `ViT ${config.dim}x${config.depth}/${config.patch}`
}

const whole = (max: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(max))
const finite = v.pipe(v.number(), v.finite())

/** Limits far above any published model, so that a hostile file cannot ask for absurd memory. */
export const encoderConfigSchema = v.pipe(
  v.strictObject({
    patch: whole(64),
    dim: whole(4096),
    depth: whole(64),
    heads: whole(64),
    mlpRatio: v.pipe(finite, v.minValue(0.25), v.maxValue(16)),
    layerNormEpsilon: v.pipe(finite, v.minValue(0), v.maxValue(1)),
    positionGrid: whole(512),
    mean: v.strictTuple([finite, finite, finite]),
    std: v.strictTuple([
      v.pipe(finite, v.minValue(1e-6)),
      v.pipe(finite, v.minValue(1e-6)),
      v.pipe(finite, v.minValue(1e-6)),
    ]),
    classToken: v.optional(v.boolean()),
    registers: v.optional(whole(64)),
    featureBlocks: v.optional(whole(64)),
    positionResize: v.optional(v.picklist(['dino', 'antialiased'])),
  }),
  v.check((config) => config.dim % config.heads === 0, 'heads must divide dim'),
  v.check((config) => (config.featureBlocks ?? 1) <= config.depth, 'featureBlocks must not exceed depth'),
)
