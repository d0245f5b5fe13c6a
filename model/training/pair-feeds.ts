/** What a graph that looks at pairs is fed: pictures and masks. */
import type { HostTensor } from '../runtime/index.ts'
import {
  type BatchMask,
  drawMask,
  maskFeeds,
  type SiamMaeConfig,
  seededRandom,
  streamSeed,
} from '../siammae/index.ts'
import type { PairBatch } from './data-loader.ts'

/** The pictures of a batch as the inputs `past` and `future` of a graph. */
export function pairFeeds(
  { size, past, future }: PairBatch,
  { imageSize }: SiamMaeConfig,
): Record<string, HostTensor> {
  const pictures = (data: Uint8Array): HostTensor => ({
    dtype: 'uint8',
    shape: [size, imageSize, imageSize, 3],
    data,
  })
  return { past: pictures(past), future: pictures(future) }
}

/**
 * The masks of one batch, and the inputs that carry them; those of the past only where it is masked.
 * @param purpose and `index` name the stream that they are drawn from
 */
export function drawMasks(
  { encoder, pastRatio, futureRatio }: SiamMaeConfig,
  size: number,
  seed: number,
  index: number,
  purpose: string,
): { future: BatchMask; feeds: Record<string, HostTensor> } {
  const random = seededRandom(streamSeed(seed, purpose, index))
  const tokens = encoder.positionGrid ** 2
  const past = pastRatio > 0 ? maskFeeds('past', drawMask(size, tokens, pastRatio, random)) : {}
  const future = drawMask(size, tokens, futureRatio, random)
  return { future, feeds: { ...past, ...maskFeeds('future', future) } }
}
