import type { LaneCode } from '../../protocol/index.ts'
import type { Scale } from './scale.ts'

// Where several frames share a pixel, the one that matters most is shown: a person's mark (keyframe, occluded, absent),
// then the propagated frame with the least confidence, then absent by a run, then nothing. Taking the least rank is
// associative, so it can be prepared for blocks of frames.
const LAST_PROPAGATED = 2 + 255 - 16 + 1
const RANK = Uint8Array.from({ length: 256 }, (_, code) => {
  if (code >= 1 && code <= 3) return code - 1
  if (code >= 16) return 3 + code - 16
  return code === 4 ? LAST_PROPAGATED + 1 : LAST_PROPAGATED + 2
})
const NOTHING = LAST_PROPAGATED + 2
const CODE = new Uint8Array(NOTHING + 1)
for (const code of [...Array(240).keys()].map((at) => at + 16).concat(1, 2, 3, 4, 0)) CODE[RANK[code]!] = code

/** The code that stands for several frames. */
export function mostImportant(codes: Iterable<LaneCode>): LaneCode {
  let rank = NOTHING
  for (const code of codes) rank = Math.min(rank, RANK[code]!)
  return CODE[rank]!
}

const BLOCK = 16

/** A lane with what its blocks of 16 frames come to, so that a column of some frames is told without looking at each. */
export class LaneSummary {
  readonly codes: Uint8Array
  readonly #blocks: Uint8Array

  /** @param codes the lane; it may change, then {@link changed} must be told */
  constructor(codes: Uint8Array) {
    this.codes = codes
    this.#blocks = new Uint8Array(Math.ceil(codes.length / BLOCK))
    this.changed(0, codes.length)
  }

  /** Codes have changed, from `first` on. */
  changed(first: number, count: number): void {
    const last = Math.min(this.codes.length, first + count) - 1
    for (let block = Math.floor(first / BLOCK); block <= Math.floor(last / BLOCK); block++)
      this.#blocks[block] = this.#scan(block * BLOCK, Math.min(this.codes.length, (block + 1) * BLOCK))
  }

  /** What stands for the frames from `first` up to `end`, not included. */
  between(first: number, end: number): LaneCode {
    const from = Math.max(0, first)
    const to = Math.min(this.codes.length, end)
    const firstBlock = Math.ceil(from / BLOCK)
    const endBlock = Math.floor(to / BLOCK)
    if (firstBlock >= endBlock) return CODE[this.#scan(from, to)]!
    let rank = Math.min(this.#scan(from, firstBlock * BLOCK), this.#scan(endBlock * BLOCK, to))
    for (let block = firstBlock; block < endBlock; block++) {
      const one = this.#blocks[block]!
      if (one < rank) rank = one
    }
    return CODE[rank]!
  }

  #scan(first: number, end: number): number {
    let rank = NOTHING
    for (let at = first; at < end; at++) {
      const one = RANK[this.codes[at]!]!
      if (one < rank) rank = one
    }
    return rank
  }
}

/** A stretch of a lane that looks the same all along. */
export interface Stretch {
  /** Pixels, whole numbers; `end` not included. */
  readonly start: number
  readonly end: number
  readonly code: LaneCode
  /** Its first frame. */
  readonly frame: number
}

/**
 * What a lane shows, from left to right, empty stretches left out. Up to one pixel per frame every frame has its cell;
 * beyond, every pixel has what matters most among its frames. Neighbours that look the same are one stretch, except
 * a person's marks, which are told one by one where each has its cell.
 * @param scale in the pixels that are wanted, CSS or device
 * @param alike two codes that are drawn the same
 */
export function stretches(
  lane: LaneSummary,
  scale: Scale,
  width: number,
  alike: (one: LaneCode, other: LaneCode) => boolean,
): Stretch[] {
  const found: Stretch[] = []
  let open: { start: number; end: number; code: LaneCode; frame: number } | undefined
  const add = (start: number, end: number, code: LaneCode, frame: number, joinable: boolean) => {
    if (open && joinable && open.end === start && alike(open.code, code)) {
      open.end = end
      return
    }
    open = undefined
    if (code === 0 || end <= start) return
    open = { start, end, code, frame }
    found.push(open)
  }
  const frames = lane.codes.length
  if (scale.perPixel <= 1) {
    const last = Math.min(frames, Math.ceil(scale.first + width * scale.perPixel))
    for (let frame = Math.max(0, Math.floor(scale.first)); frame < last; frame++) {
      const code = lane.codes[frame]!
      const start = Math.max(0, Math.round((frame - scale.first) / scale.perPixel))
      const end = Math.min(width, Math.round((frame + 1 - scale.first) / scale.perPixel))
      add(start, end, code, frame, code > 3)
    }
    return found
  }
  for (let x = 0; x < width; x++) {
    const first = Math.floor(scale.first + x * scale.perPixel)
    const end = Math.floor(scale.first + (x + 1) * scale.perPixel)
    if (first >= frames) break
    const code = lane.between(first, Math.max(first + 1, end))
    add(x, x + 1, code, first, true)
  }
  return found
}
