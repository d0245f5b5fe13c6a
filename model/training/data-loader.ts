import { availableParallelism } from 'node:os'
import sharp from 'sharp'
import { CancelledError } from '../errors.ts'
import type { CachedClip, FrameCache } from './data-cache.ts'
import type { Crop } from './data-crop.ts'
import { type PairChoice, type PairOptions, PairSampler } from './data-pairs.ts'

/** Pairs of pictures for one micro-batch: RGB bytes, `[size, imageSize, imageSize, 3]` each. */
export interface PairBatch {
  readonly size: number
  readonly past: Uint8Array
  readonly future: Uint8Array
}

export interface PairSourceOptions extends PairOptions {
  /** Side of the square pictures in pixels. */
  readonly imageSize: number
  /** Micro-batches made before they are asked for, 3 when left out. */
  readonly ahead?: number
}

/** The thread pool of libuv, which the decoder uses, has four threads. */
const LANES = Math.min(4, availableParallelism())

interface Frame {
  readonly width: number
  readonly height: number
  /** RGB, 8 bits each, row-major. */
  readonly data: Uint8Array
}

interface Making {
  readonly batch: Promise<PairBatch>
  /** Nobody will ask for it: what is not begun yet is not done. */
  cancel(): void
}

/**
 * The micro-batches of a run. Batch n has the same bytes for the same clips and options, whatever was asked for before;
 * the next few are made while the caller computes. All decoding happens in native threads.
 */
export class PairSource {
  readonly #cache: FrameCache
  readonly #sampler: PairSampler
  readonly #options: PairSourceOptions
  readonly #ahead: number
  readonly #lanes = new Lanes(LANES)
  /** Made ahead, by number. */
  readonly #making = new Map<number, Making>()
  /** All that something is still at work for, given away or cancelled ones too. */
  readonly #unfinished = new Set<Promise<PairBatch>>()
  #closed = false

  /** @param cache stays open for as long as this is used; closing it is the caller's business */
  constructor(cache: FrameCache, options: PairSourceOptions) {
    this.#cache = cache
    this.#options = options
    this.#ahead = options.ahead ?? 3
    this.#sampler = new PairSampler(cache.clips, options)
  }

  /**
   * Micro-batch `index`, in buffers that nobody else holds.
   * @throws UserError when a frame cannot be read; CancelledError when this was closed
   */
  batch(index: number): Promise<PairBatch> {
    if (this.#closed) return Promise.reject(new CancelledError('The pairs were closed.'))
    const last = index + this.#ahead
    for (const [other, making] of this.#making) {
      if (other >= index && other <= last) continue
      making.cancel()
      this.#making.delete(other)
    }
    for (let next = index; next <= last; next++) {
      if (!this.#making.has(next)) this.#making.set(next, this.#make(next))
    }
    const { batch } = this.#making.get(index)!
    // Given away, and made again if it is asked for again: nobody else holds the buffers.
    this.#making.delete(index)
    return batch
  }

  /** Stops making batches and waits for what is at work; batches still waited for are rejected. */
  async close(): Promise<void> {
    this.#closed = true
    this.#making.clear()
    await Promise.allSettled(this.#unfinished)
  }

  #make(index: number): Making {
    let cancelled = false
    const { batch: size, imageSize } = this.#options
    const bytes = imageSize * imageSize * 3
    const past = new Uint8Array(size * bytes)
    const future = new Uint8Array(size * bytes)
    let first = 0
    const parts = this.#sampler.draw(index).map((choice) => {
      const offset = first * bytes
      first += choice.crops.length
      return this.#lanes.run(async () => {
        if (cancelled || this.#closed) throw new CancelledError('The pairs were closed.')
        await this.#makePairs(choice, past.subarray(offset), future.subarray(offset))
      })
    })
    // All of them, so that nothing is at work any more when it ends.
    const batch = Promise.allSettled(parts).then((results) => {
      for (const result of results) if (result.status === 'rejected') throw result.reason
      return { size, past, future }
    })
    this.#unfinished.add(batch)
    // A failure is told when the batch is asked for; until then it must not count as unhandled.
    const finished = () => void this.#unfinished.delete(batch)
    batch.then(finished, finished)
    return {
      batch,
      cancel: () => {
        cancelled = true
      },
    }
  }

  /** The samples of one choice, one after the other, in both targets. */
  async #makePairs(choice: PairChoice, past: Uint8Array, future: Uint8Array): Promise<void> {
    const clip = this.#cache.clips[choice.clip]!
    for (const [which, target] of [
      ['past', past],
      ['future', future],
    ] as const) {
      const frame = await this.#decode(clip, choice[which])
      let offset = 0
      for (const crop of choice.crops) {
        const picture = await cutOut(frame, crop[which], this.#options.imageSize)
        target.set(picture, offset)
        offset += picture.length
      }
    }
  }

  async #decode(clip: CachedClip, index: number): Promise<Frame> {
    const encoded = await this.#cache.read(clip, index)
    const { data, info } = await sharp(encoded).raw().toBuffer({ resolveWithObject: true })
    const { width, height, channels } = info
    if (channels !== 3 || width !== clip.width || height !== clip.height) {
      throw new Error(`${clip.path}: the cached frame ${index} has another size or kind than the others.`)
    }
    return { width, height, data }
  }
}

/** Cuts a part out of a frame, mirrors it if that is wanted, and makes it square (bicubic). */
export async function cutOut(frame: Frame, crop: Crop, side: number): Promise<Uint8Array> {
  const { left, top, width, height, flip } = crop
  const image = sharp(frame.data, { raw: { width: frame.width, height: frame.height, channels: 3 } })
    .extract({ left, top, width, height })
    .resize(side, side, { fit: 'fill', kernel: 'cubic' })
  return await (flip ? image.flop() : image).raw().toBuffer()
}

/** Lets only so many tasks be at work at once, and starts them in the order they came. */
class Lanes {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await task()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }
}
