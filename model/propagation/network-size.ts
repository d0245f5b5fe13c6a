/** The size at which the network sees a picture, and how large it may be. */
import { UsageError } from '../errors.ts'
import type { FrameSize } from '../video/index.ts'

/**
 * Full HD in patches of 8, 240 x 135 = 32,400, fits. Attention compares every token with every other one: here it
 * takes 25 times the time of 480p, and where a device keeps its scores, 25 GB with 6 heads.
 */
export const MAX_TOKENS = 32_768

/**
 * Short side `short`, both sides the nearest multiple of the patch.
 * @throws UsageError when that makes more than {@link MAX_TOKENS} tokens
 */
export function networkSize(picture: FrameSize, short: number, patch: number): FrameSize {
  const size = wholePatches(picture, short, patch)
  const tokens = tokenCount(size, patch)
  if (tokens <= MAX_TOKENS) return size
  let most = Math.floor(short / patch) * patch
  while (most > patch && tokenCount(wholePatches(picture, most, patch), patch) > MAX_TOKENS) most -= patch
  const counted = (count: number): string => count.toLocaleString('en')
  throw new UsageError(
    `At ${size.width}x${size.height} the network would see ${counted(tokens)} patches of ${patch} pixels; at most ${counted(MAX_TOKENS)} are supported, so choose a size of ${most} or less, or a model with larger patches.`,
    { flags: '--size' },
  )
}

/**
 * The size at which a model sees a picture: as {@link networkSize}, unless it takes pictures of one size only, to which
 * they are then stretched.
 */
export function modelSize(
  picture: FrameSize,
  short: number,
  { config }: { readonly config: { readonly patch: number; readonly size?: FrameSize | undefined } },
): FrameSize {
  return config.size ?? networkSize(picture, short, config.patch)
}

function wholePatches({ width, height }: FrameSize, short: number, patch: number): FrameSize {
  const scale = short / Math.min(width, height)
  const toPatches = (side: number): number => Math.max(1, Math.round((side * scale) / patch)) * patch
  return { width: toPatches(width), height: toPatches(height) }
}

function tokenCount({ width, height }: FrameSize, patch: number): number {
  return (width / patch) * (height / patch)
}
