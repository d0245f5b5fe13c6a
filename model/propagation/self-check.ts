/** Whether a network makes sense of a picture: a first look at an imported model, not a measure of its quality. */
import type { Engine } from '../runtime/index.ts'
import type { ImageSize } from '../siammae/index.ts'
import { extractToHost } from './features.ts'
import type { EncoderNetwork } from './network.ts'

export interface SelfCheck {
  /** Of the picture in pixels. */
  readonly width: number
  readonly height: number
  /** Whether every feature is a finite number. */
  readonly finite: boolean
  /** Mean cosine between different patches, -1..1; near 1 the network does not tell places apart. */
  readonly similarity: number
  /** Share of patches that find themselves, as the nearest of all, in the picture moved by {@link SHIFT} patches; 0..1. */
  readonly found: number
}

/** Patches to the right and down. */
const SHIFT = { columns: 2, rows: 1 } as const
/** Enough places to tell apart, and quick on a CPU. */
const MAX_PATCHES = 24
/** Where a network does not tell: 14 rows of 14 are what most are trained with. */
const USUAL_PATCHES = 14
/** Above this, features are the same everywhere and no label can be carried. */
const ALIKE = 0.9999

/** The size of the check's picture: a square, or the only one that the model takes; and with the margin around it. */
export function selfCheckSize({ config }: EncoderNetwork): { size: ImageSize; whole: ImageSize } {
  const { patch } = config
  const grid = 'positionGrid' in config ? config.positionGrid : USUAL_PATCHES
  const side = patch * Math.max(4, Math.min(MAX_PATCHES, grid))
  const size = ('size' in config ? config.size : undefined) ?? { width: side, height: side }
  return {
    size,
    whole: { width: size.width + SHIFT.columns * patch, height: size.height + SHIFT.rows * patch },
  }
}

/** @param pixels RGB of the whole of {@link selfCheckSize}, [height, width, 3] */
export async function selfCheck(
  engine: Engine,
  model: EncoderNetwork,
  pixels: Uint8Array,
): Promise<SelfCheck> {
  const { size, whole } = selfCheckSize(model)
  const { patch, dim } = model.config
  const rows = size.height / patch
  const columns = size.width / patch
  const still = await extractToHost(engine, model, size, crop(pixels, whole.width, size, 0, 0))
  const moved = await extractToHost(
    engine,
    model,
    size,
    crop(pixels, whole.width, size, SHIFT.columns * patch, SHIFT.rows * patch),
  )
  const finite = [still.unit, moved.unit].every((tokens) => tokens.every((value) => Number.isFinite(value)))
  let found = 0
  let looked = 0
  for (let row = 0; row < rows - SHIFT.rows; row++)
    for (let column = 0; column < columns - SHIFT.columns; column++) {
      const own = (row + SHIFT.rows) * columns + column + SHIFT.columns
      looked++
      if (nearest(moved.unit, row * columns + column, still.unit, dim) === own) found++
    }
  return { ...size, finite, similarity: meanSimilarity(still.unit, dim), found: found / looked }
}

/** Why a model cannot be used, by its check; undefined for one that can. */
export function faultOf({ finite, similarity }: SelfCheck): string | undefined {
  if (!finite) return 'its features of a picture are not finite numbers'
  if (similarity > ALIKE) return 'its features are the same in all places of a picture'
  return undefined
}

function crop(
  pixels: Uint8Array,
  stride: number,
  { width, height }: ImageSize,
  left: number,
  top: number,
): Uint8Array {
  const result = new Uint8Array(width * height * 3)
  for (let row = 0; row < height; row++) {
    const start = ((top + row) * stride + left) * 3
    result.set(pixels.subarray(start, start + width * 3), row * width * 3)
  }
  return result
}

/** The row of `among` with the largest cosine to a row of `tokens`; all of unit length. */
function nearest(tokens: Float32Array, row: number, among: Float32Array, dim: number): number {
  let best = Number.NEGATIVE_INFINITY
  let place = -1
  for (let candidate = 0; candidate * dim < among.length; candidate++) {
    let cosine = 0
    for (let i = 0; i < dim; i++) cosine += tokens[row * dim + i]! * among[candidate * dim + i]!
    if (cosine > best) {
      best = cosine
      place = candidate
    }
  }
  return place
}

/** Mean cosine of all pairs of different rows: from the length of their sum. */
function meanSimilarity(tokens: Float32Array, dim: number): number {
  const count = tokens.length / dim
  const sum = new Float64Array(dim)
  for (let i = 0; i < tokens.length; i++) sum[i % dim]! += tokens[i]!
  const length = sum.reduce((total, value) => total + value * value, 0)
  return (length - count) / (count * (count - 1))
}
