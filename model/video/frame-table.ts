import type { InputDescription, ShownPicture } from './ffmpeg-log.ts'
import type { FrameEntry, FrameSize, FrameTable, Rational } from './types.ts'

/** What a full decode of a video file found. */
export interface DecodedClip {
  readonly path: string
  readonly pictures: readonly ShownPicture[]
  readonly timeBase: Rational | undefined
  readonly input: InputDescription
  readonly contentHash: string
  readonly warnings: readonly string[]
}

/** Rate that is assumed where nothing says one: the time base of made-up timestamps. */
const ASSUMED_FPS = 25

/** A pixel that is more than this many times as wide as high (or the other way round) is taken for a mistake. */
const MOST_STRETCH = 8

/** Containers without timestamps: ffmpeg counts at an assumed rate, and a seek would not know where it is. */
const NO_TIMESTAMPS = new Set(['h264', 'hevc', 'm4v', 'mpegvideo', 'mjpeg', 'obu', 'av1'])

/** Turns the pictures of a full decode into the frame table. @param clip at least one picture */
export function frameTableOf(clip: DecodedClip): FrameTable {
  const [head] = clip.pictures
  if (head === undefined) throw new RangeError('A frame table needs at least one picture.')
  const warnings = [...clip.warnings]
  const aspect = pixelAspect(head.sampleAspect)
  if (aspect === undefined) {
    const { num, den } = head.sampleAspect
    warnings.push(`The pixel aspect ${num}:${den} makes no sense and was taken for 1:1.`)
  }
  const size = squarePixelSize(head, aspect ?? { num: 1, den: 1 })
  if (clip.pictures.some((picture) => picture.width !== head.width || picture.height !== head.height)) {
    warnings.push(
      `The picture size changes within the clip; every frame is scaled to ${size.width}x${size.height}.`,
    )
  }
  const turned = clip.input.rotation === 90 || clip.input.rotation === 270
  const { frames, timeBase, timestamps } = timedFrames(clip)
  return {
    kind: 'video',
    path: clip.path,
    frames,
    timeBase,
    timestamps,
    width: size.width,
    height: size.height,
    codedWidth: clip.input.codedWidth || (turned ? head.height : head.width),
    codedHeight: clip.input.codedHeight || (turned ? head.width : head.height),
    rotation: clip.input.rotation,
    sampleAspect: storedAspect(aspect ?? { num: 1, den: 1 }, turned),
    ...rateOf(frames, timeBase, clip.input.fps),
    codec: clip.input.codec,
    container: clip.input.container,
    contentHash: clip.contentHash,
    warnings,
  }
}

/** 1/1 when unknown, undefined when absurd. */
function pixelAspect({ num, den }: Rational): Rational | undefined {
  if (num === 0 || den === 0) return { num: 1, den: 1 }
  const ratio = num / den
  return ratio > MOST_STRETCH || ratio < 1 / MOST_STRETCH ? undefined : { num, den }
}

/** The picture is turned after it was stored, and its pixels with it. */
function storedAspect(aspect: Rational, turned: boolean): Rational {
  return turned ? { num: aspect.den, den: aspect.num } : aspect
}

/**
 * Size in square pixels: the side that is too short is stretched, rounded to the nearest whole pixel, the other
 * stays. So no stored pixel is lost: 720x576 with 16:11 becomes 1047x576, 576x720 with 11:16 becomes 576x1047.
 */
export function squarePixelSize(stored: FrameSize, { num, den }: Rational): FrameSize {
  if (num > den) return { width: Math.round((stored.width * num) / den), height: stored.height }
  if (num < den) return { width: stored.width, height: Math.round((stored.height * den) / num) }
  return { width: stored.width, height: stored.height }
}

function timedFrames(clip: DecodedClip): Pick<FrameTable, 'frames' | 'timeBase' | 'timestamps'> {
  const { pictures, timeBase } = clip
  let last = Number.NEGATIVE_INFINITY
  let complete = timeBase !== undefined
  for (const { pts } of pictures) {
    if (pts === undefined || pts <= last) complete = false
    last = pts ?? last
  }
  const trusted = complete && !NO_TIMESTAMPS.has(clip.input.container)
  const base = complete && timeBase !== undefined ? timeBase : madeUpTimeBase(clip.input.fps)
  const frames = pictures.map((picture, index): FrameEntry => {
    const pts = complete && picture.pts !== undefined ? picture.pts : index
    const { keyFrame, checksum } = picture
    const time = (pts * base.num) / base.den
    return { index, pts, time, keyFrame, ...(checksum === undefined ? {} : { checksum }) }
  })
  return { frames, timeBase: base, timestamps: trusted ? 'file' : 'synthetic' }
}

function madeUpTimeBase(fps: number | undefined): Rational {
  return fps !== undefined && fps > 0
    ? { num: 1000, den: Math.round(fps * 1000) }
    : { num: 1, den: ASSUMED_FPS }
}

/**
 * The mean rate, and whether frames are unevenly spaced. Spacing may differ from its median by one tick (containers
 * round to their ticks: 33, 34, 33 ms) or by 2 %, whichever is more, and still count as even.
 */
export function rateOf(
  frames: readonly FrameEntry[],
  timeBase: Rational,
  headerFps: number | undefined,
): { variableFrameRate: boolean; averageFps: number } {
  const first = frames[0]
  const last = frames[frames.length - 1]
  if (first === undefined || last === undefined || last.pts <= first.pts) {
    return { variableFrameRate: false, averageFps: headerFps && headerFps > 0 ? headerFps : ASSUMED_FPS }
  }
  const gaps: number[] = []
  for (let i = 1; i < frames.length; i++) gaps.push((frames[i]?.pts ?? 0) - (frames[i - 1]?.pts ?? 0))
  const sorted = gaps.toSorted((a, b) => a - b)
  const median = sorted[sorted.length >> 1] ?? 0
  const tolerance = Math.max(1, 0.02 * median)
  const uneven =
    median - (sorted[0] ?? median) > tolerance || (sorted[sorted.length - 1] ?? median) - median > tolerance
  const seconds = ((last.pts - first.pts) * timeBase.num) / timeBase.den
  return { variableFrameRate: uneven, averageFps: (frames.length - 1) / seconds }
}
