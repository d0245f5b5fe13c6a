import type { FrameSize, VideoFrame, VideoSource } from '../video/index.ts'

/** Frames decoded at once when a clip is walked backwards: a decoder only runs forwards. As many as fit, within bounds. */
const BACKWARD_CHUNK = { bytes: 48 * 1024 ** 2, least: 4, most: 16 }

/**
 * Frames of a clip in the order a walk asks for them, decoded once each: streaming while the order is forward,
 * in short chunks while it is backward. Holds one decoder or one chunk at a time.
 */
export class FrameReader {
  readonly #source: VideoSource
  readonly #size: FrameSize
  readonly #signal: AbortSignal | undefined
  #stream: AsyncIterator<VideoFrame> | undefined
  #next = -1
  #previous = -1
  #ahead: Promise<IteratorResult<VideoFrame>> | undefined
  #chunk = new Map<number, VideoFrame>()
  #queue: Promise<unknown> = Promise.resolve()

  constructor(source: VideoSource, size: FrameSize, signal?: AbortSignal) {
    this.#source = source
    this.#size = size
    this.#signal = signal
  }

  /** One frame; calls are served one after the other, in the order they were made. */
  read(index: number): Promise<VideoFrame> {
    const result = this.#queue.then(() => this.#read(index))
    this.#queue = result.catch(() => {})
    return result
  }

  /** Ends the decoder. */
  async close(): Promise<void> {
    await this.#queue
    await this.#closeStream()
    this.#chunk.clear()
  }

  async #read(index: number): Promise<VideoFrame> {
    const buffered = this.#chunk.get(index)
    const backward = index === this.#previous - 1
    this.#previous = index
    if (buffered) {
      this.#chunk.delete(index)
      return buffered
    }
    if (backward) {
      await this.#closeStream()
      await this.#fill(Math.max(0, index - this.#backwardChunk + 1), index)
      const frame = this.#chunk.get(index)!
      this.#chunk.delete(index)
      return frame
    }
    if (!this.#stream || index !== this.#next) await this.#open(index)
    const result = await (this.#ahead ?? this.#stream!.next())
    if (result.done) throw new Error(`The decoder ended before frame ${index}.`)
    this.#next = index + 1
    // Ask for the next frame now, so that it is there when the device is done with this one.
    this.#ahead = this.#next < this.#source.table.frames.length ? this.#stream!.next() : undefined
    this.#ahead?.catch(() => {})
    return result.value
  }

  get #backwardChunk(): number {
    const { bytes, least, most } = BACKWARD_CHUNK
    return Math.max(least, Math.min(most, Math.floor(bytes / (3 * this.#size.width * this.#size.height))))
  }

  async #open(first: number): Promise<void> {
    await this.#closeStream()
    this.#chunk.clear()
    this.#stream = this.#source
      .frames({ first, size: this.#size, signal: this.#signal })
      [Symbol.asyncIterator]()
  }

  async #fill(first: number, last: number): Promise<void> {
    this.#chunk.clear()
    for await (const frame of this.#source.frames({ first, last, size: this.#size, signal: this.#signal }))
      this.#chunk.set(frame.index, frame)
  }

  async #closeStream(): Promise<void> {
    const stream = this.#stream
    const ahead = this.#ahead
    this.#stream = undefined
    this.#ahead = undefined
    this.#next = -1
    await ahead?.catch(() => {})
    await stream?.return?.()
  }
}
