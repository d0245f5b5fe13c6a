/** One run of a decoder through consecutive frames, read one by one and stopped at once when nobody needs it. */
import type { FrameTable, VideoFrame, VideoSource } from '../video/index.ts'

/** Frames decoded for nothing before another run is cheaper: a seek costs about as much as this many. */
const NEAR = 12
/** The same where a seek would start at the key frame that this run has passed already. */
const NEAR_IN_GROUP = 48

export class DecoderRun {
  readonly #frames: AsyncIterator<VideoFrame>
  readonly #stop = new AbortController()
  readonly #table: FrameTable
  readonly #last: number
  readonly #goal: number
  /** The frame that the next {@link read} gives, or that the one under way will give. */
  #at: number
  #ended = false

  /**
   * Frames `first` to `last` of a clip.
   * @param goal   the frame that it was started for: the way there is worth going whatever lies between
   * @param prompt somebody waits for the first one
   */
  constructor(source: VideoSource, first: number, goal: number, last: number, prompt: boolean) {
    this.#table = source.table
    this.#at = first
    this.#last = last
    this.#goal = goal
    this.#frames = source.frames({ first, last, prompt, signal: this.#stop.signal })[Symbol.asyncIterator]()
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Whether going on with this run is the quickest way to a frame. */
  reaches(frame: number): boolean {
    if (this.#ended || frame < this.#at || frame > this.#last) return false
    if (frame <= this.#goal) return true
    const distance = frame - this.#at
    if (distance <= NEAR) return true
    if (distance > NEAR_IN_GROUP) return false
    for (let between = this.#at + 1; between <= frame; between++)
      if (this.#table.frames[between]!.keyFrame) return false
    return true
  }

  /** The next frame. @throws CancelledError after {@link abort}; UserError when decoding fails */
  async read(): Promise<VideoFrame | undefined> {
    try {
      const result = await this.#frames.next()
      if (result.done) {
        this.#ended = true
        return undefined
      }
      this.#at = result.value.index + 1
      // Nobody who waits for the picture waits for the decoder's end.
      if (this.#at > this.#last) void this.close()
      return result.value
    } catch (error) {
      this.#ended = true
      throw error
    }
  }

  /** Ends the decoder now; a {@link read} under way is rejected. */
  abort(): void {
    this.#ended = true
    this.#stop.abort()
  }

  /** Ends the decoder and waits until it is gone. No read may be under way. */
  async close(): Promise<void> {
    this.abort()
    await this.#frames.return?.().then(undefined, () => {})
  }
}
