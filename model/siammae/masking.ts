/** Which patches a frame keeps: MAE's random masking, drawn on the host and given to the graph as index lists. */

import { keptTokens } from './pretraining-config.ts'
import type { Random } from './random.ts'

/** The masks of one batch for one of the two frames. Rows count over the batch: picture b, patch n is b * tokens + n. */
export interface BatchMask {
  readonly batch: number
  readonly tokens: number
  readonly kept: number
  /** int32 [batch * kept]: rows of the kept patches, picture by picture, in shuffled order. */
  readonly keep: Int32Array
  /** int32 [batch * tokens]: the place of each patch among the kept ones, batch * kept for a removed one. */
  readonly restore: Int32Array
  /** int32 [batch * kept]: the kept patches within their picture, 0 to tokens - 1. */
  readonly positions: Int32Array
  /** [batch * tokens], 1 where a patch was removed. */
  readonly removed: Float32Array
}

/**
 * Noise per patch, sorted; the first int(tokens (1 - ratio)) stay (He et al. 2022, random_masking).
 * A ratio of 0 keeps all patches in their own order.
 */
export function drawMask(batch: number, tokens: number, ratio: number, random: Random): BatchMask {
  const orders = Array.from({ length: batch }, () => {
    const order = Array.from({ length: tokens }, (_, i) => i)
    if (ratio === 0) return order
    const noise = Float64Array.from({ length: tokens }, () => random.uniform())
    return order.sort((a, b) => noise[a]! - noise[b]! || a - b)
  })
  return maskFromKept(
    orders.map((order) => order.slice(0, keptTokens(tokens, ratio))),
    tokens,
  )
}

/** The mask that keeps the given patches, one list of equal length per picture, in the order given. */
export function maskFromKept(lists: readonly (readonly number[])[], tokens: number): BatchMask {
  const batch = lists.length
  const kept = lists[0]!.length
  const keep = new Int32Array(batch * kept)
  const positions = new Int32Array(batch * kept)
  const restore = new Int32Array(batch * tokens).fill(batch * kept)
  const removed = new Float32Array(batch * tokens).fill(1)
  lists.forEach((list, picture) => {
    if (list.length !== kept)
      throw new RangeError('Every picture of a batch keeps the same number of patches.')
    list.forEach((patch, place) => {
      const row = picture * tokens + patch
      keep[picture * kept + place] = row
      positions[picture * kept + place] = patch
      restore[row] = picture * kept + place
      removed[row] = 0
    })
  })
  return { batch, tokens, kept, keep, restore, positions, removed }
}
