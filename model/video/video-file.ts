import { CancelledError, throwIfCancelled, UserError } from '../errors.ts'
import type { BuiltTable } from './build-table.ts'
import { type DecodeInput, pictureArguments, type Selection } from './decode-arguments.ts'
import type { ShownPicture } from './ffmpeg-log.ts'
import { type FileStamp, stampOf } from './file-stamp.ts'
import { type FrameRange, frameRange } from './frame-range.ts'
import type { Ffmpeg } from './locate-ffmpeg.ts'
import { PictureReader } from './picture-reader.ts'
import { Standby } from './standby.ts'
import type {
  FrameEntry,
  FrameOptions,
  FrameRangeOptions,
  FrameTable,
  VideoFrame,
  VideoSource,
} from './types.ts'

/** Seeks that may fail, one after the other, before this file is only counted through. */
const MOST_FAILED_SEEKS = 6
/** Seeks in a row that may take more than one time before they begin with the one that worked. */
const MOST_DETOURS = 2
/** How long before a key frame a file without an index is sought: pictures are stored that much earlier at most. */
const LEAD_SECONDS = 0.3
/** The same for decoders that were started beforehand and careful: then there are none any more. */
const MOST_FAILED_STANDBYS = 2

/** A video file behind ffmpeg. Every reading has a process of its own, which ends with the reading. */
export class VideoFile implements VideoSource {
  readonly table: FrameTable
  readonly #ffmpeg: Ffmpeg
  readonly #stamp: FileStamp
  readonly #built: BuiltTable
  readonly #readers = new Set<PictureReader>()
  #failedSeeks = 0
  /** Which of {@link #seekTimes} is the first that is worth a try. */
  #way = 0
  #detours = 0
  #standby: Standby | undefined
  /** The first one that fails makes the later ones careful. */
  #careful = false
  #failedStandbys = 0
  #closed = false

  constructor(ffmpeg: Ffmpeg, built: BuiltTable, stamp: FileStamp) {
    this.#ffmpeg = ffmpeg
    this.#built = built
    this.table = built.table
    this.#stamp = stamp
  }

  async *frames(options: FrameRangeOptions = {}): AsyncGenerator<VideoFrame, void, undefined> {
    const range = frameRange(this.table, options)
    await this.#checkUnchanged()
    let next = range.first
    const standby = options.prompt ? this.#takeStandby(range) : undefined
    if (standby) {
      const taken = standby.take(range, options.signal)
      this.#readers.add(taken.reader)
      for await (const frame of this.#provedFrames(taken.reader, range, taken.shift, options.signal)) {
        next = frame.index + 1
        this.#failedStandbys = 0
        yield frame
      }
      if (next > range.last) return
      if (this.#careful) this.#failedStandbys++
      this.#careful = true
    }
    const rest = { ...range, first: next }
    const times = this.#seekTimes(rest.first)
    for (const [way, seekTo] of times.entries()) {
      if (way < times.length - 1 && way < this.#way) continue
      for await (const frame of this.#soughtFrames(rest, seekTo, options.signal)) {
        if (next === rest.first) this.#note(way)
        next = frame.index + 1
        yield frame
      }
      if (next > range.last) return
      // Right at first and wrong later: what comes now is not worth another seek.
      if (next > rest.first) break
      this.#failedSeeks++
    }
    yield* this.#countedFrames({ ...range, first: next }, options.signal)
  }

  async frame(index: number, options: FrameOptions = {}): Promise<VideoFrame> {
    for await (const frame of this.frames({ ...options, first: index, last: index })) return frame
    throw new Error(`Frame ${index} of ${this.table.path} was not given.`)
  }

  prepare(): void {
    if (this.#standby || this.#closed || this.#failedStandbys >= MOST_FAILED_STANDBYS) return
    // Damaged pictures depend on the decoder's threads, and changing formats on all that came before.
    if (this.#built.damaged || this.#built.reconfigured) return
    this.#standby = Standby.start(this.#ffmpeg, this.table, this.#careful)
  }

  async rest(): Promise<void> {
    const standby = this.#standby
    this.#standby = undefined
    await standby?.close()
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.rest()
    await Promise.all([...this.#readers].map((reader) => reader.close()))
  }

  /** From the beginning, by counting: right for every file, and as slow as the way to the first frame is long. */
  async *#countedFrames(range: FrameRange, signal: AbortSignal | undefined): AsyncGenerator<VideoFrame> {
    // Where the filters are set up anew on the way, theirs is no count to rely on: then all is decoded and dropped here.
    const dropped = this.#built.reconfigured ? range.first : 0
    const from = { ...range, first: range.first - dropped }
    const reader = this.#open(from, { fromCount: from.first }, undefined, signal)
    try {
      for (let index = 0; index < dropped; index++) {
        const skipped = await reader.next()
        this.#throwIfStopped(signal)
        if (skipped === undefined) throw await this.#endedEarly(reader, index)
      }
      for (let index = range.first; index <= range.last; index++) {
        const data = await reader.next()
        this.#throwIfStopped(signal)
        if (data === undefined) throw await this.#endedEarly(reader, index)
        yield { index, ...range.size, data }
      }
    } finally {
      await this.#release(reader)
    }
  }

  /** The decoder that waits, if it gives what is asked for. */
  #takeStandby({ size }: FrameRange): Standby | undefined {
    if (size.width !== this.table.width || size.height !== this.table.height) return undefined
    const standby = this.#standby
    this.#standby = undefined
    return standby
  }

  /** From a key frame shortly before the first frame. */
  #soughtFrames(
    range: FrameRange,
    seekTo: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<VideoFrame> {
    const fromPts = this.table.frames[range.first]?.pts ?? 0
    return this.#provedFrames(this.#open(range, { fromPts }, seekTo, signal), range, 0, signal)
  }

  /**
   * Each picture must be announced with the timestamp (less `shift`) and the checksum that the table has for its index;
   * at the first one that is not, this ends, and the caller tries another way. Open groups of pictures, wrong container
   * indexes and lying timestamps are all caught by that.
   */
  async *#provedFrames(
    reader: PictureReader,
    range: FrameRange,
    shift: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<VideoFrame> {
    try {
      for (let index = range.first; index <= range.last; index++) {
        const data = await reader.next()
        this.#throwIfStopped(signal)
        const announced = data === undefined ? undefined : await reader.announcement()
        this.#throwIfStopped(signal)
        if (data === undefined || !isSame(this.table.frames[index], announced, shift)) return
        if (index === range.first) this.#failedSeeks = 0
        yield { index, ...range.size, data }
      }
    } finally {
      await this.#release(reader)
    }
  }

  /**
   * Times to seek to for a frame, the cheapest first; none where a seek cannot be exact or would save nothing. The time
   * of the frame itself lets the container choose the key frame. One without an index (mpeg-ts) then starts at whatever
   * is stored there, which must lie before the key frame. Where that is too late as well (open groups of pictures), the
   * second key frame before it is far enough.
   */
  #seekTimes(index: number): number[] {
    const { frames, timestamps } = this.table
    if (timestamps !== 'file' || this.#failedSeeks >= MOST_FAILED_SEEKS) return []
    const times: number[] = []
    for (let i = index, keys = 0; i > 0 && keys < 3; i--) {
      const frame = frames[i]
      if (frame?.keyFrame) keys++
      // Times before zero cannot be sought.
      if (frame === undefined || frame.time <= 0 || !frame.keyFrame) continue
      if (keys === 1) {
        times.push(frames[index]?.time ?? frame.time)
        if (frame.time > LEAD_SECONDS) times.push(frame.time - LEAD_SECONDS)
      } else if (keys === 3) times.push(frame.time)
    }
    return times
  }

  /** A seek that has worked only at its second time or later, twice in a row, begins with that from then on. */
  #note(way: number): void {
    this.#detours = way > this.#way ? this.#detours + 1 : 0
    if (this.#detours >= MOST_DETOURS) this.#way = way
  }

  #open(
    range: FrameRange,
    selection: Selection,
    seekTo: number | undefined,
    signal: AbortSignal | undefined,
  ): PictureReader {
    this.#throwIfStopped(signal)
    const { path, width, height } = this.table
    const { size } = range
    const input: DecodeInput = {
      path,
      singleThread: this.#built.damaged,
      ...(seekTo === undefined ? {} : { seekTo }),
    }
    const shrinks = size.width < width && size.height < height
    const count = range.last - range.first + 1
    const args = pictureArguments(this.#ffmpeg, input, selection, count, size, shrinks)
    const reader = new PictureReader(this.#ffmpeg.path, args, size.width * size.height * 3, { signal })
    this.#readers.add(reader)
    return reader
  }

  async #release(reader: PictureReader): Promise<void> {
    await reader.close()
    this.#readers.delete(reader)
  }

  #throwIfStopped(signal: AbortSignal | undefined): void {
    throwIfCancelled(signal)
    if (this.#closed) throw new CancelledError(`${this.table.path} was closed.`)
  }

  async #checkUnchanged(): Promise<void> {
    const { size, modified } = await stampOf(this.table.path)
    if (size !== this.#stamp.size || modified !== this.#stamp.modified) {
      throw new UserError(`${this.table.path} was changed after it was opened; open it again.`)
    }
  }

  async #endedEarly(reader: PictureReader, index: number): Promise<UserError> {
    const end = await reader.end()
    const how = end.signal === null ? `exit code ${end.code}` : end.signal
    const said = end.lastLine === '' ? 'it gave no reason' : end.lastLine
    return new UserError(
      `${this.table.path}: decoding stopped at frame ${index} of ${this.table.frames.length} (ffmpeg, ${how}: ${said}); ` +
        'run again, and if it stays, check that the file was not changed meanwhile.',
    )
  }
}

function isSame(
  expected: FrameEntry | undefined,
  announced: ShownPicture | undefined,
  shift: number,
): boolean {
  return (
    expected?.checksum !== undefined &&
    announced?.pts === expected.pts - shift &&
    expected.checksum === announced.checksum
  )
}
