import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { CancelledError, explainSystemError, throwIfCancelled, UsageError, UserError } from '../errors.ts'
import { move } from '../files.ts'
import { type FfmpegProcess, quietOptions, startFfmpeg } from './ffmpeg-process.ts'
import { checkPictureSize } from './limits.ts'
import { locateFfmpeg } from './locate-ffmpeg.ts'
import type { Rational } from './types.ts'

export interface VideoWriterOptions {
  readonly width: number
  readonly height: number
  /** Constant frame rate; a number such as 29.97 is taken as the broadcast rate 30000/1001 that it stands for. */
  readonly fps: number | Rational
  readonly signal?: AbortSignal
  /** Path of ffmpeg; looked for as {@link locateFfmpeg} does when left out. */
  readonly ffmpeg?: string
}

/** Frames in, a video file out. */
export interface VideoWriter {
  /** `libx264`, or what was found in its place. */
  readonly encoder: string
  /** A sentence for the person when the file is not H.264. */
  readonly notice: string | undefined
  /**
   * Adds a frame; resolves when the encoder has room for the next one.
   * @param frame RGB24, `width * height * 3` bytes, row-major; may be reused after the promise resolved
   */
  write(frame: Uint8Array): Promise<void>
  /** Waits for the encoder and puts the finished file in place. @throws UserError when no frame was written */
  finish(): Promise<void>
  /** Stops and leaves nothing behind. Safe after {@link finish} and more than once. */
  abort(): Promise<void>
}

/** In order of preference. All H.264 but the last, which every ffmpeg has. */
const ENCODERS: readonly { name: string; args: readonly string[] }[] = [
  { name: 'libx264', args: ['-preset', 'veryfast', '-crf', '20'] },
  { name: 'libopenh264', args: ['-b:v', '6M'] },
  { name: 'h264_videotoolbox', args: ['-b:v', '6M'] },
  { name: 'h264_mf', args: ['-b:v', '6M'] },
  { name: 'mpeg4', args: ['-q:v', '3'] },
]

/**
 * Starts writing an mp4 that plays everywhere: H.264, yuv420p, BT.709, index at the front. H.264 with yuv420p needs
 * even sides: an odd side gets one more row or column, a copy of the last. The file appears under its name only when
 * it is complete.
 * @throws UsageError for a size or rate that is none; UserError when the folder cannot be written to or ffmpeg is missing
 */
export async function createVideoWriter(path: string, options: VideoWriterOptions): Promise<VideoWriter> {
  const { width, height, signal } = options
  const rate = frameRate(options.fps)
  if (!Number.isInteger(width) || !Number.isInteger(height)) {
    throw new UsageError(`The video size ${width}x${height} is not in whole pixels.`)
  }
  checkPictureSize(path, width, height)
  throwIfCancelled(signal)
  const ffmpeg = await locateFfmpeg(options.ffmpeg)
  const encoder = await chooseEncoder(ffmpeg.path)
  const target = resolve(path)
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`)
  // Made here first: what the system says about a folder is clearer than what ffmpeg says.
  try {
    await (await open(temporary, 'wx')).close()
  } catch (error) {
    throw explainSystemError(error, 'write', path)
  }
  const args = [
    ...quietOptions('warning'),
    ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-r', `${rate.num}/${rate.den}`],
    ...['-i', 'pipe:0', '-vf', evenFilter(width, height), '-c:v', encoder.name, ...encoder.args],
    ...['-pix_fmt', 'yuv420p', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'],
    ...['-color_range', 'tv', '-movflags', '+faststart', '-f', 'mp4', '-y', `file:${temporary}`],
  ]
  const run = startFfmpeg(ffmpeg.path, args, { stdin: true })
  return new PipeWriter(run, path, target, temporary, encoder.name, width * height * 3, signal)
}

class PipeWriter implements VideoWriter {
  readonly encoder: string
  readonly notice: string | undefined
  readonly #run: FfmpegProcess
  readonly #path: string
  readonly #target: string
  readonly #temporary: string
  readonly #bytes: number
  readonly #signal: AbortSignal | undefined
  readonly #cancel = () => void this.abort()
  #written = 0
  #state: 'open' | 'finished' | 'aborted' = 'open'

  constructor(
    run: FfmpegProcess,
    path: string,
    target: string,
    temporary: string,
    encoder: string,
    bytes: number,
    signal: AbortSignal | undefined,
  ) {
    this.#run = run
    this.#path = path
    this.#target = target
    this.#temporary = temporary
    this.#bytes = bytes
    this.encoder = encoder
    this.notice =
      encoder === 'mpeg4'
        ? `This ffmpeg has no H.264 encoder, so ${path} is MPEG-4 part 2, which browsers and VS Code do not play; install a full ffmpeg for H.264.`
        : undefined
    // A broken pipe is told by the end of the process, with its reason.
    run.stdin?.on('error', () => {})
    this.#signal = signal
    signal?.addEventListener('abort', this.#cancel, { once: true })
    if (signal?.aborted) this.#cancel()
  }

  async write(frame: Uint8Array): Promise<void> {
    await this.#throwIfCancelled()
    if (this.#state !== 'open') throw new Error(`${this.#path}: a frame was written after the end.`)
    if (frame.byteLength !== this.#bytes) {
      throw new RangeError(`${this.#path}: a frame has ${frame.byteLength} bytes instead of ${this.#bytes}.`)
    }
    const stdin = this.#run.stdin
    // The callback comes when the bytes were handed over: at most one frame ever waits.
    const failed = await new Promise<boolean>((resolve) => {
      if (stdin === undefined || !stdin.writable) resolve(true)
      else stdin.write(frame, (error) => resolve(error !== null && error !== undefined))
    })
    await this.#throwIfCancelled()
    if (failed) throw await this.#failure()
    this.#written++
  }

  async finish(): Promise<void> {
    await this.#throwIfCancelled()
    if (this.#state !== 'open') throw new Error(`${this.#path}: finished twice.`)
    if (this.#written === 0) {
      await this.abort()
      throw new UserError(`${this.#path} was not written: there were no frames.`)
    }
    this.#run.stdin?.end()
    const end = await this.#run.end
    await this.#throwIfCancelled()
    if (end.code !== 0) throw await this.#failure()
    this.#stop('finished')
    try {
      const handle = await open(this.#temporary, 'r+')
      await handle.sync().finally(() => handle.close())
      await move(this.#temporary, this.#target)
    } catch (error) {
      await rm(this.#temporary, { force: true }).catch(() => {})
      throw explainSystemError(error, 'write', this.#path)
    }
  }

  async abort(): Promise<void> {
    if (this.#state === 'finished') return
    this.#stop('aborted')
    await this.#run.kill()
    await rm(this.#temporary, { force: true }).catch(() => {})
  }

  /** Nothing is left behind by the time the caller learns of it. */
  async #throwIfCancelled(): Promise<void> {
    if (!this.#signal?.aborted) return
    await this.abort()
    throw new CancelledError()
  }

  #stop(state: 'finished' | 'aborted'): void {
    this.#state = state
    this.#signal?.removeEventListener('abort', this.#cancel)
  }

  /** Why the encoder ended; removes what it left. */
  async #failure(): Promise<Error> {
    if (this.#state === 'aborted') return new CancelledError()
    const end = await this.#run.end
    await this.abort()
    const reason = /no space left/i.test(end.lastLine)
      ? 'the disk is full; free some space and run again'
      : end.lastLine
    return new UserError(
      `${this.#path} cannot be written after frame ${this.#written - 1} (${this.encoder}): ${reason || 'no reason given'}.`,
    )
  }
}

/** Even sides, then BT.709 in limited range, as players expect. */
function evenFilter(width: number, height: number): string {
  const [right, bottom] = [width % 2, height % 2]
  const filters: string[] = []
  if (right + bottom > 0) {
    filters.push(
      'format=gbrp',
      `pad=${width + right}:${height + bottom}`,
      `fillborders=right=${right}:bottom=${bottom}:mode=smear`,
    )
  }
  filters.push(
    'scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int',
    'format=yuv420p',
  )
  return filters.join(',')
}

/** @throws UsageError unless the rate is above 0 and at most 1000 */
function frameRate(fps: number | Rational): Rational {
  const value = typeof fps === 'number' ? fps : fps.num / fps.den
  if (!(value > 0 && value <= 1000))
    throw new UsageError(`The frame rate ${value} is not between 0 and 1000.`)
  if (typeof fps !== 'number') return fps
  const whole = Math.round(fps)
  if (Math.abs(fps - whole) < 1e-6) return { num: whole, den: 1 }
  const broadcast = (whole * 1000) / 1001
  if (Math.abs(fps - broadcast) < 5e-3) return { num: whole * 1000, den: 1001 }
  return { num: Math.max(1, Math.round(fps * 1000)), den: 1000 }
}

const chosen = new Map<string, Promise<(typeof ENCODERS)[number]>>()

/** The first encoder that this ffmpeg was built with and that really encodes a picture here. */
function chooseEncoder(program: string): Promise<(typeof ENCODERS)[number]> {
  const known = chosen.get(program)
  if (known !== undefined) return known
  const choice = tryEncoders(program)
  chosen.set(program, choice)
  choice.catch(() => chosen.delete(program))
  return choice
}

async function tryEncoders(program: string): Promise<(typeof ENCODERS)[number]> {
  for (const encoder of ENCODERS) if (await encodes(program, encoder.name)) return encoder
  throw new UserError(`${program} can encode neither H.264 nor MPEG-4; install a full build of ffmpeg.`)
}

function encodes(program: string, name: string): Promise<boolean> {
  return new Promise((done) => {
    const args = ['-v', 'quiet', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', '128x128', '-i', 'pipe:0']
    const child = spawn(program, [...args, '-c:v', name, '-f', 'null', '-'], {
      stdio: ['pipe', 'ignore', 'ignore'],
      windowsHide: true,
    })
    child.on('error', () => done(false)).on('close', (code) => done(code === 0))
    child.stdin.on('error', () => {})
    child.stdin.end(new Uint8Array((128 * 128 * 3) / 2))
  })
}
