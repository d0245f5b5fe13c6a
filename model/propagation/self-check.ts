/** Whether a network makes sense of a picture: a first look at an imported model, not a measure of its quality. */
import type { Engine } from '../runtime/index.ts'
import type { EncoderConfig, ImageSize, Parameters } from '../siammae/index.ts'
import { extractToHost } from './features.ts'

export interface SelfCheck {
  /** Side of the square picture in pixels, and patches in a row. */
  readonly side: number
  readonly patches: number
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
/** Above this, features are the same everywhere and no label can be carried. */
const ALIKE = 0.9999

/** The picture that the check needs: a square and the margin that it is moved by. */
export function selfCheckSize({ patch, positionGrid }: EncoderConfig): ImageSize & { side: number } {
  const side = patch * Math.max(4, Math.min(MAX_PATCHES, positionGrid))
  return { side, width: side + SHIFT.columns * patch, height: side + SHIFT.rows * patch }
}

/** @param pixels RGB of {@link selfCheckSize}, [height, width, 3] */
export async function selfCheck(
  engine: Engine,
  model: { config: EncoderConfig; parameters: Parameters },
  pixels: Uint8Array,
): Promise<SelfCheck> {
  const { side, width } = selfCheckSize(model.config)
  const { patch, dim } = model.config
  const patches = side / patch
  const size = { width: side, height: side }
  const still = await extractToHost(engine, model, size, crop(pixels, width, side, 0, 0))
  const moved = await extractToHost(
    engine,
    model,
    size,
    crop(pixels, width, side, SHIFT.columns * patch, SHIFT.rows * patch),
  )
  const finite = [still.unit, moved.unit].every((tokens) => tokens.every((value) => Number.isFinite(value)))
  let found = 0
  let looked = 0
  for (let row = 0; row < patches - SHIFT.rows; row++)
    for (let column = 0; column < patches - SHIFT.columns; column++) {
      const own = (row + SHIFT.rows) * patches + column + SHIFT.columns
      looked++
      if (nearest(moved.unit, row * patches + column, still.unit, dim) === own) found++
    }
  return { side, patches, finite, similarity: meanSimilarity(still.unit, dim), found: found / looked }
}

/** Why a model cannot be used, by its check; undefined for one that can. */
export function faultOf({ finite, similarity }: SelfCheck): string | undefined {
  if (!finite) return 'its features of a picture are not finite numbers'
  if (similarity > ALIKE) return 'its features are the same in all places of a picture'
  return undefined
}

function crop(pixels: Uint8Array, width: number, side: number, left: number, top: number): Uint8Array {
  const result = new Uint8Array(side * side * 3)
  for (let row = 0; row < side; row++) {
    const start = ((top + row) * width + left) * 3
    result.set(pixels.subarray(start, start + side * 3), row * side * 3)
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
