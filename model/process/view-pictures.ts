/** The pictures of one view of a clip: what it wants, most urgent first, what it will want next, then all others. */
import { setTimeout as sleep } from 'node:timers/promises'
import { CancelledError } from '../errors.ts'
import type { VideoFrame, VideoSource } from '../video/index.ts'
import { DecoderRun } from './decoder-run.ts'
import { type EncodedPicture, encodePicture, type PictureCache } from './picture-cache.ts'
import { Reserve } from './reserve.ts'

/** Frames kept ready in the direction of travel, and a few behind, for a person who turns round. */
const AHEAD = 32
const BEHIND = 8
/** Who moves further than this at once is scrubbing, and will hardly want the frames before this one. */
const STEP = 12
/** Decoders run forwards only: frames before one that is waited for, and before one that nobody waits for yet. */
const BACKWARD_CHUNK = 6
const BACKWARD_CHUNK_AHEAD = 16
/** Decoded pictures that may wait for their encoding. */
const RAW_BYTES = 96 * 1024 ** 2
/** One is encoded while the next is decoded; more would only wait for the processor. */
const ENCODERS = 2
/** Killed decoders that may still be ending while the next one works. */
const ENDING = 3
/** A decoder that nobody has asked for this long is ended; until then it waits without working. */
const IDLE_MS = 20_000
/** Who has jumped and stays this long is not jumping on; until then frames around would take the processor from that. */
const SETTLING_MS = 1200
/** Who has asked for nothing this long is looking at a frame: time for the frames that a jump may lead to. */
const RESTING_MS = 2000
/** Part of the cache that may be full of them. */
const RESERVE_PART = 0.8

export interface PictureSink {
  picture(frame: number, picture: EncodedPicture): void
  failed(frame: number, error: unknown): void
  /** Resolves when more can be sent. */
  room(): Promise<void>
  /** Whether the processor is needed for more than pictures that nobody has asked for. */
  isBusy(): boolean
}

/**
 * Decodes and encodes for one view, one frame after the other, always the most urgent one that is missing. A new list
 * of wanted frames replaces the old one; work for the old one is dropped at once, decoders included, unless it helps.
 */
export class ViewPictures {
  readonly #clip: string
  readonly #source: VideoSource
  readonly #cache: PictureCache
  readonly #sink: PictureSink
  #quality = 92
  #direction: 1 | -1 = 1
  #stepping = true
  /** When the person came to stay at the frame of a jump; Infinity until the view has it. */
  #landedAt = Number.NEGATIVE_INFINITY
  #settling: NodeJS.Timeout | undefined
  #playhead: number | undefined
  /** Wanted and not sent yet, most urgent first. */
  #waiting = new Set<number>()
  /** Wanted and sent: on its way as long as it stays among the wanted ones. */
  #sent = new Set<number>()
  /** Encoded for {@link #waiting}, whatever the cache drops meanwhile. */
  readonly #ready = new Map<number, EncodedPicture>()
  #ahead: readonly number[] = []
  /** Frames ahead that were tried since the last change: none is tried twice. */
  readonly #tried = new Set<number>()
  readonly #raw = new Map<number, VideoFrame>()
  readonly #encoding = new Map<number, Promise<void>>()
  #forward: DecoderRun | undefined
  #chunk: DecoderRun | undefined
  #filling: DecoderRun | undefined
  #reading: DecoderRun | undefined
  readonly #reserve: Reserve
  #wantedAt = performance.now()
  /** How long the last picture of the reserve took: as long again the processor is others'. */
  #fillMs = 0
  readonly #ending = new Set<Promise<void>>()
  readonly #wishers: (() => void)[] = []
  #sending = false
  #closed = false
  readonly #working: Promise<void>

  constructor(clip: string, source: VideoSource, cache: PictureCache, sink: PictureSink) {
    this.#clip = clip
    this.#source = source
    this.#cache = cache
    this.#sink = sink
    this.#reserve = new Reserve({
      frameCount: source.table.frames.length,
      has: (frame) => this.#cached(frame),
      hasRoom: () => cache.bytes < RESERVE_PART * cache.maxBytes,
    })
    this.#working = this.#work()
  }

  /**
   * Replaces what the view wants.
   * @param quality 1 to 100
   * @param how     `again`: what was sent did not arrive. `at`: the frame that the person is on, the first when left out;
   *                without either the view rests
   */
  want(
    frames: readonly number[],
    quality: number,
    { again, at }: { again?: boolean | undefined; at?: number | undefined } = {},
  ): void {
    const count = this.#source.table.frames.length
    const valid = frames.filter((frame) => Number.isInteger(frame) && frame >= 0 && frame < count)
    const first = at !== undefined && at < count ? at : valid[0]
    let jumped = false
    clearTimeout(this.#settling)
    if (first !== undefined && this.#playhead !== undefined && first !== this.#playhead) {
      this.#direction = first > this.#playhead ? 1 : -1
      this.#stepping = Math.abs(first - this.#playhead) <= STEP
      jumped = !this.#stepping
      this.#landedAt = jumped ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
    }
    this.#playhead = first
    if (quality !== this.#quality) this.#ready.clear()
    if (again || quality !== this.#quality) this.#sent.clear()
    this.#quality = quality
    this.#sent = new Set(valid.filter((frame) => this.#sent.has(frame)))
    this.#waiting = new Set(valid.filter((frame) => !this.#sent.has(frame)))
    for (const frame of [...this.#ready.keys()]) if (!this.#waiting.has(frame)) this.#ready.delete(frame)
    this.#wantedAt = performance.now()
    this.#tried.clear()
    this.#lookAround(jumped ? undefined : first)
    // A view that asks for no more has its frame on screen: now is the time to get ready for the next jump.
    if (first !== undefined && this.#waiting.size === 0) this.#source.prepare?.()
    this.#reserve.startAt(first ?? 0)
    const target = this.#next()
    if (this.#reading && (first === undefined || (target !== undefined && !this.#reading.reaches(target))))
      this.#reading.abort()
    void this.#send()
    this.#wake()
  }

  /** Ends all work. */
  async close(): Promise<void> {
    this.#closed = true
    this.#waiting.clear()
    this.#ahead = []
    clearTimeout(this.#settling)
    this.#reading?.abort()
    this.#wake()
    await this.#working
  }

  /** Fetches frames around one ahead of time; somebody who has just jumped there gets that frame alone at first. */
  #lookAround(at: number | undefined): void {
    this.#ahead = []
    if (at === undefined) return
    const now = performance.now()
    this.#landedAt = Math.min(this.#landedAt, now)
    const moving = SETTLING_MS - (now - this.#landedAt)
    if (moving <= 0) {
      this.#ahead = this.#around(at)
      return
    }
    this.#settling = setTimeout(() => {
      this.#ahead = this.#around(at)
      this.#wake()
    }, moving).unref()
  }

  /** Frames around the playhead that are worth having before they are asked for. */
  #around(first: number): number[] {
    const count = this.#source.table.frames.length
    const { width, height } = this.#source.table
    // A tenth of the raw size is more than most pictures take; they must not push each other out of the cache.
    const room = Math.floor(this.#cache.maxBytes / 4 / ((width * height * 3) / 10))
    const frames: number[] = []
    for (let i = 1; i <= Math.min(AHEAD, room); i++) frames.push(first + i * this.#direction)
    for (let i = 1; i <= Math.min(BEHIND, room); i++) frames.push(first - i * this.#direction)
    return frames.filter((frame) => frame >= 0 && frame < count)
  }

  /** The most urgent frame that is neither there nor being encoded. */
  #next(): number | undefined {
    for (const frame of this.#waiting)
      if (!this.#ready.has(frame) && !this.#encoding.has(frame) && !this.#cached(frame)) return frame
    return this.#ahead.find(
      (frame) => !this.#tried.has(frame) && !this.#encoding.has(frame) && !this.#cached(frame),
    )
  }

  #cached(frame: number): boolean {
    return this.#cache.has(this.#clip, this.#quality, frame)
  }

  async #work(): Promise<void> {
    while (!this.#closed) {
      const target = this.#next()
      if (target === undefined) await this.#rest()
      else
        try {
          await this.#approach(target)
        } catch (error) {
          // Not an error: the view has moved on.
          if (error instanceof CancelledError) continue
          this.#fail(target, error)
        }
    }
    await Promise.allSettled(this.#encoding.values())
    const runs = [this.#forward, this.#chunk, this.#filling]
    await Promise.all([...runs.map((run) => run?.close()), this.#source.rest?.(), ...this.#ending])
  }

  /**
   * Waits for new wants. Meanwhile the other frames of the clip are made ready one by one, so that a far jump finds its
   * frame, too; decoders end when nobody has asked for long.
   */
  async #rest(): Promise<void> {
    const wish = this.#nextWish()
    let wished = false
    void wish.then(() => {
      wished = true
    })
    while (!wished) {
      const quiet = performance.now() - this.#wantedAt
      const target = this.#reserve.next()
      if (quiet >= IDLE_MS) this.#endIdle(target === undefined)
      if (target === undefined && quiet >= IDLE_MS) await wish
      else {
        const pause = target === undefined ? IDLE_MS - quiet : Math.max(RESTING_MS - quiet, this.#fillMs)
        await Promise.race([wish, sleep(this.#sink.isBusy() ? RESTING_MS : pause, undefined, { ref: false })])
        if (!wished && target !== undefined && !this.#sink.isBusy()) await this.#fill(target)
      }
    }
  }

  /** Makes a frame of the reserve ready. */
  async #fill(target: number): Promise<void> {
    const start = performance.now()
    try {
      if (!this.#filling?.reaches(target)) {
        await this.#end(this.#filling)
        const last = this.#source.table.frames.length - 1
        this.#filling = new DecoderRun(this.#source, target, target, last, false)
      }
      this.#reading = this.#filling
      const frame = await this.#filling.read()
      this.#reading = undefined
      if (!frame) throw new Error(`The decoder ended before frame ${target}.`)
      if (this.#cached(frame.index)) return
      await this.#encode(frame)
      await this.#encoding.get(frame.index)
    } catch (error) {
      // A frame that nobody waits for is reported when somebody does.
      if (!(error instanceof CancelledError)) this.#reserve.giveUp(target)
    } finally {
      this.#reading = undefined
      this.#fillMs = performance.now() - start
    }
  }

  #endIdle(all: boolean): void {
    void this.#forward?.close()
    void this.#chunk?.close()
    this.#forward = undefined
    this.#chunk = undefined
    this.#raw.clear()
    if (!all) return
    void this.#filling?.close()
    this.#filling = undefined
  }

  #nextWish(): Promise<void> {
    return new Promise((resolve) => this.#wishers.push(resolve))
  }

  #wake(): void {
    for (const resolve of this.#wishers.splice(0)) resolve()
  }

  /** One step towards a frame: reads the next one of a decoder, or encodes what was read. */
  async #approach(target: number): Promise<void> {
    const raw = this.#raw.get(target)
    if (raw) {
      this.#raw.delete(target)
      await this.#encode(raw)
      return
    }
    const run = await this.#runTo(target)
    this.#reading = run
    try {
      const frame = await run.read()
      if (frame) this.#keep(frame)
      else throw new Error(`The decoder ended before frame ${target}.`)
    } finally {
      this.#reading = undefined
    }
  }

  /** A decoder on its way to a frame. */
  async #runTo(target: number): Promise<DecoderRun> {
    for (const run of [this.#chunk, this.#forward, this.#filling]) if (run?.reaches(target)) return run
    const last = this.#source.table.frames.length - 1
    const prompt = target === this.#playhead
    if (this.#isElsewhere(target)) {
      await this.#end(this.#chunk)
      this.#chunk = new DecoderRun(this.#source, target, target, target, false)
      return this.#chunk
    }
    const behind = this.#playhead !== undefined && target < this.#playhead
    if (behind || (prompt && this.#direction < 0)) {
      await this.#end(this.#chunk)
      this.#chunk = new DecoderRun(this.#source, this.#chunkStart(target), target, target, prompt)
      return this.#chunk
    }
    await this.#end(this.#forward)
    // One that went on would take the processor from showing the frame, and from the next jump.
    const alone = prompt && !this.#stepping
    this.#forward = new DecoderRun(this.#source, target, target, alone ? target : last, prompt)
    return this.#forward
  }

  /** A frame that the person may jump to: it comes alone, and decoders around the playhead stay where they are. */
  #isElsewhere(target: number): boolean {
    return this.#playhead !== undefined && Math.abs(target - this.#playhead) > AHEAD
  }

  /** Ends a decoder, and waits for that only where many are ending already. */
  async #end(run: DecoderRun | undefined): Promise<void> {
    if (!run) return
    const ending = run.close().finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
    if (this.#ending.size > ENDING) await Promise.race(this.#ending)
  }

  /** Where to start decoding so that the frames before `target` come along. */
  #chunkStart(target: number): number {
    const { width, height } = this.#source.table
    const most = Math.max(2, Math.floor(RAW_BYTES / (width * height * 3)))
    let length = BACKWARD_CHUNK_AHEAD
    // The frame after a jump comes alone, those behind it as they are wanted; the next ones of a way back a few at a time.
    if (target === this.#playhead && !this.#stepping) length = 1
    else if (this.#waiting.has(target)) length = this.#stepping ? BACKWARD_CHUNK : this.#wantedUpTo(target)
    length = Math.min(most, length)
    let first = target
    while (first > 0 && target - first + 1 < length && !this.#cached(first - 1)) first--
    return first
  }

  /** How many frames in a row are waited for, the last of them `target`; no more than a chunk has. */
  #wantedUpTo(target: number): number {
    let length = 1
    while (length < BACKWARD_CHUNK_AHEAD && this.#waiting.has(target - length)) length++
    return length
  }

  /** Keeps a decoded frame if somebody may want it, and drops those that nobody wants any more. */
  #keep(frame: VideoFrame): void {
    this.#raw.set(frame.index, frame)
    const useful = new Set([...this.#waiting, ...this.#ahead])
    for (const index of [...this.#raw.keys()])
      if (!useful.has(index) || this.#cached(index)) this.#raw.delete(index)
  }

  /** Starts an encoding, and waits where enough are under way. */
  async #encode(frame: VideoFrame): Promise<void> {
    const { index } = frame
    const quality = this.#quality
    this.#tried.add(index)
    const encoding = encodePicture(frame, quality)
      .then((picture) => {
        this.#cache.put(this.#clip, quality, index, picture)
        if (quality === this.#quality && this.#waiting.has(index)) this.#ready.set(index, picture)
      })
      .catch((error) => this.#fail(index, error))
      .finally(() => {
        this.#encoding.delete(index)
        void this.#send()
      })
    this.#encoding.set(index, encoding)
    // A new wish does not wait for pictures of the old one.
    if (this.#encoding.size >= ENCODERS) await Promise.race([...this.#encoding.values(), this.#nextWish()])
  }

  #fail(frame: number, error: unknown): void {
    this.#tried.add(frame)
    if (this.#waiting.delete(frame)) this.#sink.failed(frame, error)
  }

  /** Sends what is there, most urgent first, as fast as the other side takes it. */
  async #send(): Promise<void> {
    if (this.#sending) return
    this.#sending = true
    try {
      for (;;) {
        await this.#sink.room()
        const frame = [...this.#waiting].find((at) => this.#ready.has(at) || this.#cached(at))
        if (frame === undefined) return
        const picture = this.#ready.get(frame) ?? this.#cache.get(this.#clip, this.#quality, frame)!
        this.#waiting.delete(frame)
        this.#sent.add(frame)
        this.#ready.delete(frame)
        this.#sink.picture(frame, picture)
        // Whoever waited is served; now is the time to get ready for the next jump.
        if (this.#waiting.size === 0) this.#source.prepare?.()
      }
    } finally {
      this.#sending = false
    }
  }
}
