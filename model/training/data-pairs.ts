import { seededRandom, streamSeed } from '../siammae/index.ts'
import { type CropPair, drawCrops } from './data-crop.ts'
import type { DataConfig } from './run-schema.ts'

/** What must be known of a clip to draw from it. */
export interface PairClip {
  /** At least 2. */
  readonly frames: number
  readonly fps: number
  /** Of every frame, in pixels. */
  readonly width: number
  readonly height: number
}

/** Two frames of a clip and the crops to take of both. */
export interface PairChoice {
  /** Index of the clip. */
  readonly clip: number
  /** Index of the earlier frame. */
  readonly past: number
  /** Index of the later frame: always above `past`. */
  readonly future: number
  /** One for each sample. */
  readonly crops: readonly CropPair[]
}

/** What decides which pairs are drawn: the run's settings of its data, and: */
export interface PairOptions
  extends Pick<DataConfig, 'repeated' | 'gap' | 'cropScale' | 'cropDrift' | 'flip'> {
  /** Whole number, the run's. */
  readonly seed: number
  /** Samples of a micro-batch; the last draw of one may give fewer than `repeated`. */
  readonly batch: number
  /** Frames per second that `gap` counts at. */
  readonly gapFps: number
}

/** Draws the pairs of every micro-batch; pure: the same clips, options and index give the same pairs. */
export class PairSampler {
  readonly #clips: readonly PairClip[]
  readonly #options: PairOptions
  /** Frames of the clips up to and including each one. */
  readonly #frames: readonly number[]

  /** @throws RangeError when there is no clip, or one with less than two frames */
  constructor(clips: readonly PairClip[], options: PairOptions) {
    if (clips.length === 0) throw new RangeError('There are no clips to draw from.')
    if (clips.some((clip) => clip.frames < 2)) throw new RangeError('A clip has less than two frames.')
    this.#clips = clips
    this.#options = options
    let sum = 0
    this.#frames = clips.map((clip) => (sum += clip.frames))
  }

  /** The pairs of micro-batch `index`: their crops add up to the batch size. */
  draw(index: number): PairChoice[] {
    const { seed, batch, repeated, gap, gapFps, cropScale: scale, cropDrift: drift, flip } = this.#options
    const random = seededRandom(streamSeed(seed, 'pairs', index))
    const choices: PairChoice[] = []
    for (let left = batch; left > 0; left -= repeated) {
      const number = this.#clipAt(random.uniform())
      const clip = this.#clips[number]!
      const wanted = gap[0] + Math.floor(random.uniform() * (gap[1] - gap[0] + 1))
      const distance = framesBetween(wanted, gapFps, clip)
      const past = Math.floor(random.uniform() * (clip.frames - distance))
      const crops = Array.from({ length: Math.min(left, repeated) }, () =>
        drawCrops(random, clip.width, clip.height, { scale, drift, flip }),
      )
      choices.push({ clip: number, past, future: past + distance, crops })
    }
    return choices
  }

  /** A clip with a probability proportional to its number of frames. @param share 0 (included) to 1 (excluded) */
  #clipAt(share: number): number {
    const target = share * this.#frames[this.#frames.length - 1]!
    let [low, high] = [0, this.#frames.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#frames[middle]! > target) high = middle
      else low = middle + 1
    }
    return low
  }
}

/**
 * The distance of two frames of a clip that lie `gap` frames apart at `gapFps`: at least 1, and at most what the
 * clip has.
 */
export function framesBetween(gap: number, gapFps: number, clip: Pick<PairClip, 'fps' | 'frames'>): number {
  return Math.min(Math.max(1, Math.round((gap * clip.fps) / gapFps)), clip.frames - 1)
}
