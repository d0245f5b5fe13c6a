import { CancelledError, UserError } from '../errors.ts'
import { hashFile } from './content-hash.ts'
import { cutShort, cutShortError, outOfMemoryError } from './cut-short.ts'
import { damageWarnings } from './damage.ts'
import { tableArguments } from './decode-arguments.ts'
import {
  Complaints,
  InputLog,
  readFinalCount,
  readPicture,
  readStopSignal,
  readTimeBase,
  type ShownPicture,
} from './ffmpeg-log.ts'
import { type FfmpegEnd, startFfmpeg } from './ffmpeg-process.ts'
import { frameTableOf } from './frame-table.ts'
import { checkPictureSize, pictureTooLarge } from './limits.ts'
import type { Ffmpeg } from './locate-ffmpeg.ts'
import type { FrameTable, Rational } from './types.ts'

export interface BuildOptions {
  readonly signal?: AbortSignal | undefined
  /** Pictures decoded so far, and about how many there will be where the header tells. */
  readonly onProgress?: ((done: number, total?: number) => void) | undefined
}

/** A built table, and what decoding this file again must heed. */
export interface BuiltTable {
  readonly table: FrameTable
  /** Decoding complained: only one thread patches up damaged pictures the same way every time, or has the memory. */
  readonly damaged: boolean
  /** The format of the pictures changes on the way, at which ffmpeg sets up its filters, and their counts, anew. */
  readonly reconfigured: boolean
}

/**
 * Decodes every picture of a video file once and writes down what came out. Nothing is derived from the container's
 * own index, so the table cannot disagree with what decoding gives: B-frames, edit lists and broken indexes included.
 * @param path absolute path of an existing file
 * @throws UserError when ffmpeg finds no picture, or did not come to its end for want of memory or whatever else is not
 *   the file's fault; CancelledError
 */
export async function buildTable(
  ffmpeg: Ffmpeg,
  path: string,
  options: BuildOptions = {},
): Promise<BuiltTable> {
  const stop = new AbortController()
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal])
  const hashing = hashFile(path, signal)
  hashing.catch(() => {})
  try {
    let pass = await decodeAll(ffmpeg, path, false, options)
    // How a damaged picture is patched up depends on the number of threads; one thread gives the same every time. It
    // also needs the least memory.
    const { damaged } = pass
    let { memory } = pass.complaints
    if (damaged && (pass.pictures.length > 0 || memory !== undefined)) {
      pass = await decodeAll(ffmpeg, path, true, options)
      memory ??= pass.complaints.memory
    }
    if (pass.damaged && memory !== undefined) throw outOfMemoryError(path, memory, pass.pictures.length)
    const { pictures, timeBase, log, complaints, end } = pass
    const head = pictures[0]
    if (head === undefined) throw nothingDecoded(path, log, complaints, end)
    const input = log.describe()
    const warnings = await damageWarnings(path, { ...pass, input })
    const contentHash = `sha256:${await hashing}`
    const table = frameTableOf({ path, pictures, timeBase, input, contentHash, warnings })
    checkPictureSize(path, table.width, table.height)
    return { table, damaged, reconfigured: pass.configurations > 1 }
  } finally {
    stop.abort()
  }
}

interface DecodePass {
  readonly pictures: ShownPicture[]
  readonly timeBase: Rational | undefined
  readonly log: InputLog
  readonly complaints: Complaints
  readonly end: FfmpegEnd
  readonly damaged: boolean
  /** How often the filters were set up. */
  readonly configurations: number
}

async function decodeAll(
  ffmpeg: Ffmpeg,
  path: string,
  singleThread: boolean,
  options: BuildOptions,
): Promise<DecodePass> {
  const pictures: ShownPicture[] = []
  const log = new InputLog()
  const complaints = new Complaints()
  let timeBase: Rational | undefined
  let configurations = 0
  let finalCount: number | undefined
  let stopSignal: number | undefined
  let expected: number | undefined
  const run = startFfmpeg(ffmpeg.path, tableArguments(ffmpeg, { path, singleThread }), {}, (line) => {
    const picture = log.decoding ? readPicture(line) : undefined
    if (picture !== undefined) {
      if (pictures.length === 0) {
        const { duration, fps } = log.describe()
        expected = duration === undefined || fps === undefined ? undefined : Math.round(duration * fps)
      }
      pictures.push(picture)
      options.onProgress?.(
        pictures.length,
        expected === undefined ? undefined : Math.max(expected, pictures.length),
      )
    } else {
      log.add(line)
      const announced = readTimeBase(line)
      if (announced !== undefined) configurations++
      timeBase ??= announced
      finalCount = readFinalCount(line) ?? finalCount
      stopSignal = readStopSignal(line) ?? stopSignal
    }
    complaints.add(line)
  })
  const cancel = () => void run.kill()
  options.signal?.addEventListener('abort', cancel, { once: true })
  if (options.signal?.aborted) cancel()
  let end: FfmpegEnd
  try {
    end = await run.end
  } finally {
    options.signal?.removeEventListener('abort', cancel)
  }
  if (options.signal?.aborted) throw new CancelledError()
  const how = cutShort({ end, complaints, stopSignal, finalCount })
  if (how !== undefined) throw cutShortError(path, how, pictures.length)
  if (finalCount !== undefined && pictures.length > 0) matchCount(pictures, finalCount)
  const damaged = complaints.count > 0 || end.code !== 0
  return { pictures, timeBase, log, complaints, end, damaged, configurations }
}

/**
 * On damaged files a decoder thread's message can garble the line that announces a picture. The final report knows
 * how many there were; an entry without timestamp makes the whole table count-based, where only the number matters.
 */
function matchCount(pictures: ShownPicture[], count: number): void {
  const last = pictures[pictures.length - 1]
  while (last !== undefined && pictures.length < count) {
    pictures.push({ ...last, pts: undefined, keyFrame: false, checksum: undefined })
  }
  pictures.length = Math.min(pictures.length, Math.max(count, 1))
}

function nothingDecoded(path: string, log: InputLog, complaints: Complaints, end: FfmpegEnd): UserError {
  if (/\.(png|jpe?g|webp|tiff?|bmp)$/i.test(path)) {
    return new UserError(`${path} is a single image; give a video file, or the folder of an image sequence.`)
  }
  const reason = complaints.first || end.lastLine || 'no reason given'
  const size = /Picture size (\d+x\d+) (?:exceeds|is invalid)/.exec(reason)?.[1]
  if (size !== undefined) return pictureTooLarge(path, size)
  if (!log.opened) {
    const what = /not on whitelist/i.test(reason)
      ? 'is a playlist or another kind of file that is not opened'
      : `is not a video that can be read, or its beginning is damaged (ffmpeg: ${reason})`
    return new UserError(
      `${path} ${what}; give a video file (mp4, mov, mkv, webm, avi, gif, h264) or a folder of images.`,
    )
  }
  if (!log.hasVideo || /matches no streams/.test(`${reason} ${end.lastLine}`)) {
    return new UserError(
      `${path} has no video frames, only sound, text or a cover picture; give another file.`,
    )
  }
  return new UserError(
    `${path}: no frame of it can be decoded (ffmpeg: ${reason}); ` +
      'the file is damaged or empty, so copy or export it again.',
  )
}
