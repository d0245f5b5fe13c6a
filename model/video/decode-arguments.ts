import { availableParallelism } from 'node:os'
import { quietOptions } from './ffmpeg-process.ts'
import { MAX_PIXELS } from './limits.ts'
import { type Ffmpeg, passEveryFrame } from './locate-ffmpeg.ts'
import type { FrameSize } from './types.ts'

/**
 * Containers that are opened. Playlists and scripts (hls, dash, concat, sdp, image2, lavfi, ...) are not among them:
 * a file that only calls itself .mp4 could otherwise make ffmpeg read other files.
 */
const CONTAINERS = [
  'mov,matroska,webm,avi,gif,apng,h264,hevc,av1,obu,ivf,m4v,mpegvideo,mjpeg,mpegts,mpeg,flv,ogg,asf,nut,mxf,dv',
  'yuv4mpegpipe',
].join(',')

/** How one run of the decoder reads its input. */
export interface DecodeInput {
  readonly path: string
  /** Seconds, in the file's own timestamps: decoding starts at a key frame at or before it. */
  readonly seekTo?: number
  /** One decoder thread: how damaged pictures are patched up depends on the threads otherwise. */
  readonly singleThread: boolean
}

/** Options up to and with the input: untrusted file, own timestamps, no picture above the size limit. */
export function inputArguments(input: DecodeInput): string[] {
  const args = ['-protocol_whitelist', 'file', '-format_whitelist', CONTAINERS]
  args.push('-max_pixels', String(MAX_PIXELS), '-copyts')
  if (input.singleThread) args.push('-threads', '1')
  if (input.seekTo !== undefined) {
    // Absolute time, and everything from the key frame on is decoded; the select filter does the exact cut.
    args.push('-seek_timestamp', '1', '-noaccurate_seek', '-ss', input.seekTo.toFixed(6))
  }
  // `file:` keeps names such as `-x.mp4`, `a:b.mp4` and `%03d.mp4` from being read as anything but a name.
  // `V` is the first video stream that is no cover picture.
  args.push('-i', `file:${input.path}`, '-map', '0:V:0')
  return args
}

/** Every picture through `showinfo`, no output: the run that builds the frame table. */
export function tableArguments(ffmpeg: Ffmpeg, input: DecodeInput): string[] {
  return [
    ...quietOptions('info'),
    ...inputArguments(input),
    '-vf',
    'showinfo',
    ...passEveryFrame(ffmpeg.version),
    '-f',
    'null',
    '-',
  ]
}

/** Which pictures of a run are wanted: counted from the first one decoded, or from a timestamp on. */
export type Selection = { readonly fromCount: number } | { readonly fromPts: number }

/**
 * RGB24 pictures on stdout.
 * @param selection where to begin; with `fromPts` every picture is also announced in the log by `showinfo`
 * @param count     pictures wanted
 */
export function pictureArguments(
  ffmpeg: Ffmpeg,
  input: DecodeInput,
  selection: Selection,
  count: number,
  size: FrameSize,
  shrinks: boolean,
): string[] {
  const byTime = 'fromPts' in selection
  const filters: string[] = []
  if (byTime) filters.push(`select='gte(pts,${selection.fromPts})'`, 'showinfo')
  else if (selection.fromCount > 0) filters.push(`select='gte(n,${selection.fromCount})'`)
  filters.push(scaleFilter(size, shrinks), 'format=rgb24')
  return [
    ...quietOptions(byTime ? 'info' : 'warning'),
    ...inputArguments(input),
    '-vf',
    filters.join(','),
    '-frames:v',
    String(count),
    ...passEveryFrame(ffmpeg.version),
    '-f',
    'rawvideo',
    'pipe:1',
  ]
}

/** What is fixed about a decoder that is started before its frame is known. */
export interface StandbyPlan {
  readonly size: FrameSize
  /** The timestamp in ticks that the wanted picture will have. Earlier ones are decoded and not given. */
  readonly firstPts: number
  /** It will be told where to stop. */
  readonly ends: boolean
}

/**
 * Pictures up to this size are decoded by one thread where there is no end: several give the first picture later, by as
 * many pictures. At an end they give what they hold, and the way to a picture far from its key frame is shorter. Of two
 * processors, though, one draws.
 */
const SMALL_PIXELS = 1280 * 720
const MANY_PROCESSORS = 4

/**
 * RGB24 pictures on stdout, all announced by `showinfo`, from the place that {@link standbyScript} on stdin will name.
 * Until then ffmpeg waits, started and linked.
 */
export function standbyArguments(ffmpeg: Ffmpeg, { size, firstPts, ends }: StandbyPlan): string[] {
  const small = size.width * size.height <= SMALL_PIXELS
  const alone = small && (!ends || availableParallelism() < MANY_PROCESSORS)
  return [
    ...quietOptions('info'),
    // The outer input is the script; what it names is held to the usual containers by the script itself.
    ...['-protocol_whitelist', 'file,pipe', '-format_whitelist', `concat,${CONTAINERS}`],
    ...['-max_pixels', String(MAX_PIXELS), '-copyts'],
    ...(alone ? ['-threads', '1'] : []),
    ...['-f', 'concat', '-safe', '0', '-i', 'pipe:0', '-map', '0:V:0'],
    ...(small ? ['-filter_threads', '1'] : []),
    '-vf',
    `select='gte(pts,${firstPts})',showinfo,${scaleFilter(size, false)},format=rgb24`,
    ...passEveryFrame(ffmpeg.version),
    ...['-f', 'rawvideo', 'pipe:1'],
  ]
}

/**
 * What a waiting ffmpeg is told. Its timestamps then count from `start`, and decoding begins at a key frame before.
 * @param path  absolute, without line ends
 * @param start seconds in the file's own timestamps; may be negative
 * @param end   the same: what is stored from there on is not read. Some releases decode on, as far as their queues
 *              reach, while the first picture is on its way, and that takes as long again
 */
export function standbyScript(path: string, start: number, end: number | undefined): string {
  const name = `file:${path}`.replaceAll("'", "'\\''")
  return [
    'ffconcat version 1.0',
    `file '${name}'`,
    'option protocol_whitelist file',
    `option format_whitelist ${CONTAINERS}`,
    `inpoint ${start.toFixed(6)}`,
    ...(end === undefined ? [] : [`outpoint ${end.toFixed(6)}`]),
    '',
  ].join('\n')
}

/**
 * Area averaging where both sides shrink (no aliasing, and the fastest), bicubic elsewhere, which is also how
 * subsampled colour is brought to full size. `accurate_rnd` and `full_chroma_int` take the exact path instead of
 * the one tuned for the processor at hand; it costs about 5 ms per 480p frame.
 */
function scaleFilter(size: FrameSize, shrinks: boolean): string {
  const method = shrinks ? 'area' : 'bicubic'
  return `scale=${size.width}:${size.height}:flags=${method}+accurate_rnd+full_chroma_int+bitexact`
}
