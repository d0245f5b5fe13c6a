import type { Readable } from 'node:stream'
import { readPicture, type ShownPicture } from './ffmpeg-log.ts'
import { type FfmpegEnd, type FfmpegProcess, startFfmpeg } from './ffmpeg-process.ts'

/** Bytes that may wait decoded, and pictures: enough to hide decoding behind the consumer's work. */
const READ_AHEAD_BYTES = 32 * 2 ** 20
const READ_AHEAD_PICTURES = 8

/**
 * Cuts the raw output of a decoder into pictures. Reads a few ahead, then stops reading, and the full pipe stops the
 * decoder: that is all the back-pressure there is.
 */
export class PictureReader {
  readonly #run: FfmpegProcess
  readonly #stdout: Readable
  readonly #bytes: number
  readonly #most: number
  /** Pictures that are read ahead now: one more with each that was taken. Who wants one only does not pay for others. */
  #capacity = 1
  readonly #ready: Uint8Array[] = []
  readonly #announced: ShownPicture[] = []
  #filling: Uint8Array | undefined
  #filled = 0
  #outputEnded = false
  #ended = false
  #wake: () => void = () => {}
  #signal: AbortSignal | undefined
  readonly #cancel = () => void this.#run.kill()

  /**
   * @param bytes   size of one picture
   * @param options `signal` as for {@link stopOn}; `input` opens stdin for {@link input}
   */
  constructor(
    program: string,
    args: readonly string[],
    bytes: number,
    options: { signal?: AbortSignal | undefined; input?: boolean } = {},
  ) {
    this.#bytes = bytes
    this.#most = Math.max(1, Math.min(READ_AHEAD_PICTURES, Math.floor(READ_AHEAD_BYTES / bytes)))
    this.#run = startFfmpeg(program, args, { stdin: options.input === true, stdout: true }, (line) => {
      const picture = readPicture(line)
      if (picture === undefined) return
      this.#announced.push(picture)
      this.#wake()
    })
    const stdout = this.#run.stdout
    if (stdout === undefined) throw new Error('The decoder was started without its output.')
    this.#stdout = stdout
    stdout.on('data', (chunk: Buffer) => this.#take(chunk))
    const outputEnded = () => {
      this.#outputEnded = true
      this.#wake()
    }
    stdout.on('end', outputEnded).on('close', outputEnded).on('error', outputEnded)
    const ended = () => {
      this.#ended = true
      this.#wake()
    }
    this.#run.end.then(ended, ended)
    // A decoder that ended by itself is noticed by its output.
    this.#run.stdin?.on('error', () => {})
    if (options.signal) this.stopOn(options.signal)
  }

  /** Kills the decoder when the signal fires; {@link next} then gives undefined. To be called once at most. */
  stopOn(signal: AbortSignal): void {
    this.#signal = signal
    if (signal.aborted) this.#cancel()
    else signal.addEventListener('abort', this.#cancel, { once: true })
  }

  /** All that the decoder is to read from stdin. */
  input(text: string): void {
    this.#run.stdin?.end(text)
  }

  /** The next picture, or undefined when the decoder gives no more. */
  async next(): Promise<Uint8Array | undefined> {
    while (this.#ready.length === 0 && !this.#outputEnded) await this.#change()
    const picture = this.#ready.shift()
    this.#capacity = Math.min(this.#most, this.#capacity + 1)
    if (this.#ready.length < this.#capacity && this.#stdout.isPaused()) this.#stdout.resume()
    return picture
  }

  /** The next line that announces a picture, in the order of {@link next}; undefined when there is none. */
  async announcement(): Promise<ShownPicture | undefined> {
    while (this.#announced.length === 0 && !this.#ended) await this.#change()
    return this.#announced.shift()
  }

  /** How the decoder ended; waits for it. @throws UserError when it could not be started */
  end(): Promise<FfmpegEnd> {
    return this.#run.end
  }

  /** Stops the decoder, waits until it is gone, and forgets what was read ahead. */
  async close(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#cancel)
    await this.#run.kill()
    this.#ready.length = 0
    this.#filling = undefined
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #take(chunk: Buffer): void {
    let from = 0
    while (from < chunk.length) {
      // A buffer of its own for every picture: the consumer may keep it.
      this.#filling ??= new Uint8Array(this.#bytes)
      const count = Math.min(chunk.length - from, this.#bytes - this.#filled)
      this.#filling.set(chunk.subarray(from, from + count), this.#filled)
      this.#filled += count
      from += count
      if (this.#filled < this.#bytes) continue
      this.#ready.push(this.#filling)
      this.#filling = undefined
      this.#filled = 0
    }
    if (this.#ready.length >= this.#capacity) this.#stdout.pause()
    if (this.#ready.length > 0) this.#wake()
  }
}
