import type { Random } from '../siammae/index.ts'

/** A part of a frame in whole pixels, and whether it is mirrored left to right after it was cut out. */
export interface Crop {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  readonly flip: boolean
}

/** The parts of the two frames of a sample. */
export interface CropPair {
  readonly past: Crop
  readonly future: Crop
}

export interface CropOptions {
  /** Share of the frame's area, lowest and highest: 0 < low <= high <= 1. */
  readonly scale: readonly [number, number]
  /** Whether half of the crops are mirrored. */
  readonly flip: boolean
}

/** Width over height of a crop before it is made square. */
const LOWEST_RATIO = 3 / 4
const HIGHEST_RATIO = 4 / 3
const ATTEMPTS = 10

/**
 * A random crop as `RandomResizedCrop` of torchvision draws it: area uniform in `scale`, ratio of the sides log-uniform
 * in 3/4 to 4/3, place uniform; where ten attempts do not fit, the largest centred part with a ratio in that range.
 * @param width  of the frame in pixels, at least 1
 * @param height of the frame in pixels, at least 1
 */
export function drawCrop(random: Random, width: number, height: number, options: CropOptions): Crop {
  const part = drawPart(random, width, height, options.scale)
  return { ...part, flip: options.flip && random.uniform() < 0.5 }
}

/**
 * The crop of the past as {@link drawCrop} draws it, and that of the future: the same one with `drift` 0, else one
 * whose centre lies up to `drift` of the sides away in each direction, uniform, and whose sides are longer or shorter
 * by up to 1 + `drift`, log-uniform, moved back and cut where it would leave the frame. Mirrored alike. Content then
 * moves even where the camera and the scene stand still, so that a patch is not found by its place (the crops of
 * CropMAE, Eymaël et al., ECCV 2024, drawn near one another and on two frames).
 * @param drift at least 0
 */
export function drawCrops(
  random: Random,
  width: number,
  height: number,
  options: CropOptions & { readonly drift: number },
): CropPair {
  const past = drawCrop(random, width, height, options)
  if (options.drift === 0) return { past, future: past }
  const zoom = (1 + options.drift) ** between(random, -1, 1)
  const across = drifted(random, past.left, past.width, { zoom, drift: options.drift, limit: width })
  const down = drifted(random, past.top, past.height, { zoom, drift: options.drift, limit: height })
  const future = { left: across.start, top: down.start, width: across.length, height: down.length }
  return { past, future: { ...future, flip: past.flip } }
}

/** One direction of a crop that drifted: where it starts and how long it is, inside 0 to `limit`. */
function drifted(
  random: Random,
  start: number,
  length: number,
  { zoom, drift, limit }: { zoom: number; drift: number; limit: number },
): { start: number; length: number } {
  const size = Math.min(limit, Math.max(1, Math.round(length * zoom)))
  const centre = start + length / 2 + between(random, -drift, drift) * length
  return { start: Math.round(Math.min(limit - size, Math.max(0, centre - size / 2))), length: size }
}

function drawPart(random: Random, width: number, height: number, [low, high]: readonly [number, number]) {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = width * height * between(random, low, high)
    const ratio = Math.exp(between(random, Math.log(LOWEST_RATIO), Math.log(HIGHEST_RATIO)))
    const w = Math.round(Math.sqrt(area * ratio))
    const h = Math.round(Math.sqrt(area / ratio))
    if (w < 1 || h < 1 || w > width || h > height) continue
    const top = Math.floor(random.uniform() * (height - h + 1))
    const left = Math.floor(random.uniform() * (width - w + 1))
    return { left, top, width: w, height: h }
  }
  const w = Math.min(width, Math.max(1, Math.round(height * HIGHEST_RATIO)))
  const h = Math.min(height, Math.max(1, Math.round(width / LOWEST_RATIO)))
  return { left: Math.floor((width - w) / 2), top: Math.floor((height - h) / 2), width: w, height: h }
}

function between(random: Random, low: number, high: number): number {
  return low + (high - low) * random.uniform()
}
