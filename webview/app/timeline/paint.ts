import type { RunLane, RunView } from '../../protocol/index.ts'
import { timeText } from '../time-text.ts'
import type { LaneSummary } from './aggregate.ts'
import { LANE_HEIGHT, RULER_HEIGHT, visibleLanes } from './geometry.ts'
import { clusters, type Mark, paintSpans } from './lane-pixels.ts'
import type { Palette } from './palette.ts'
import { middleOfFrame, type Scale, xOfFrame } from './scale.ts'
import { ruler } from './ticks.ts'

/** One lane as it is drawn. */
export interface LanePicture {
  readonly summary: LaneSummary
  readonly colour: string
  /** Frames worth checking, ascending. */
  readonly doubtful: ArrayLike<number>
  readonly selected: boolean
  /** Hidden objects are drawn faint. */
  readonly faint: boolean
  /** How far a run is with it; undefined where none carries it. */
  readonly progress: RunLane | undefined
}

/** All that a picture of the timeline depends on, in CSS pixels. */
export interface TimelinePicture {
  readonly scale: Scale
  readonly width: number
  /** Height of ruler and lanes together. */
  readonly height: number
  readonly pixelRatio: number
  readonly scroll: number
  readonly frameCount: number
  readonly times: Float64Array
  readonly lanes: readonly LanePicture[]
  readonly run: RunView | undefined
  readonly doubtBelow: number
  readonly palette: Palette
}

/** Draws ruler and lanes; playhead and range lie above as elements of their own, so that scrubbing draws nothing. */
export function paintTimeline(context: CanvasRenderingContext2D, picture: TimelinePicture): void {
  const { width, height, pixelRatio: ratio, palette } = picture
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  paintLanes(context, picture)
  context.clearRect(0, 0, width, RULER_HEIGHT)
  paintRuler(context, picture)
  context.fillStyle = palette.line
  context.fillRect(0, RULER_HEIGHT - 1, width, 1)
}

function paintRuler(context: CanvasRenderingContext2D, picture: TimelinePicture): void {
  const { scale, width, frameCount, times, palette } = picture
  context.font = palette.font
  context.textBaseline = 'alphabetic'
  const longest = times[times.length - 1] ?? 0
  const decimals = tickDecimals(scale, longest / Math.max(1, frameCount))
  const widest = Math.max(
    context.measureText(String(Math.max(0, frameCount - 1))).width,
    context.measureText(timeText(longest, decimals)).width,
  )
  const room = Math.ceil(widest) + 14
  for (const tick of ruler(scale, frameCount, width, room)) {
    const x = Math.round(tick.x)
    context.fillStyle = palette.line
    if (!tick.major) {
      context.fillRect(x, RULER_HEIGHT - 5, 1, 4)
      continue
    }
    context.fillRect(x, 4, 1, RULER_HEIGHT - 5)
    context.fillStyle = palette.text
    context.fillText(String(tick.frame), x + 4, 13)
    context.fillStyle = palette.dimText
    context.fillText(timeText(times[tick.frame] ?? 0, decimals), x + 4, 25)
  }
  if (picture.run) paintRun(context, picture, picture.run)
}

/** Decimals that tell neighbouring labels apart, which are some 70 pixels from each other. */
function tickDecimals(scale: Scale, secondsPerFrame: number): number {
  const seconds = 70 * scale.perPixel * secondsPerFrame
  return seconds >= 20 ? 0 : seconds >= 2 ? 1 : seconds >= 0.2 ? 2 : 3
}

/** The run's range as a faint band along the ruler's foot, what is done of it strong. */
function paintRun(context: CanvasRenderingContext2D, picture: TimelinePicture, run: RunView): void {
  const band = bandPainter(context, picture, RULER_HEIGHT - 4, 3)
  band(run.range, TO_DO)
  if (run.frame === undefined) return
  if (run.direction === 'forward') band([run.range[0], run.frame], 1)
  else if (run.direction === 'backward') band([run.frame, run.range[1]], 1)
  else band([run.frame, run.frame], 1)
}

/** The same for one object, along its lane's foot beneath the spans. */
function paintProgress(
  context: CanvasRenderingContext2D,
  picture: TimelinePicture,
  lane: LanePicture,
  top: number,
): void {
  if (lane.progress?.range === undefined) return
  const band = bandPainter(context, picture, top + LANE_HEIGHT - 3, 2)
  band(lane.progress.range, TO_DO)
  for (const stretch of lane.progress.done) band(stretch, 1)
}

/** Opacity of what a run has still before it. */
const TO_DO = 0.35

/** Draws stretches of frames as bands of the colour of progress. */
function bandPainter(
  context: CanvasRenderingContext2D,
  { scale, palette }: TimelinePicture,
  top: number,
  height: number,
): (stretch: readonly [first: number, last: number], opacity: number) => void {
  return ([first, last], opacity) => {
    const start = xOfFrame(scale, first)
    context.fillStyle = palette.progress
    context.globalAlpha = opacity
    context.fillRect(start, top, Math.max(2, xOfFrame(scale, last + 1) - start), height)
    context.globalAlpha = 1
  }
}

let kept: ImageData | undefined

/** An image without anything on it; the one before where its size fits, because it is drawn sixty times a second. */
function blankImage(width: number, height: number): ImageData {
  if (kept?.width === width && kept.height === height) kept.data.fill(0)
  else kept = new ImageData(width, height)
  return kept
}

function paintLanes(context: CanvasRenderingContext2D, picture: TimelinePicture): void {
  const { width, height, scroll, lanes, palette, scale, pixelRatio: ratio } = picture
  const [first, end] = visibleLanes(scroll, height - RULER_HEIGHT, lanes.length)
  if (end <= first) return
  const deviceTop = Math.round(RULER_HEIGHT * ratio)
  const image = blankImage(Math.round(width * ratio), Math.max(1, Math.round(height * ratio) - deviceTop))
  const pixels = new Uint32Array(image.data.buffer)
  const marks: Mark[][] = []
  for (let at = first; at < end; at++)
    marks.push(
      paintSpans(
        { pixels, width: image.width, height: image.height },
        { top: (at * LANE_HEIGHT - scroll) * ratio, height: LANE_HEIGHT * ratio, ratio },
        lanes[at]!.summary,
        { first: scale.first, perPixel: scale.perPixel / ratio },
        {
          confidence: palette.confidence,
          absent: palette.absent,
          alpha: lanes[at]!.faint ? 0.35 : 1,
          stripedBelow: palette.highContrast ? picture.doubtBelow : 0,
        },
      ),
    )
  context.putImageData(image, 0, deviceTop)
  for (let at = first; at < end; at++) {
    const lane = lanes[at]!
    const top = RULER_HEIGHT + at * LANE_HEIGHT - scroll
    if (lane.selected) {
      // Beneath the spans, which are there already.
      context.globalCompositeOperation = 'destination-over'
      context.fillStyle = palette.selectedLane
      context.fillRect(0, top, width, LANE_HEIGHT)
      context.globalCompositeOperation = 'source-over'
    }
    context.globalAlpha = lane.faint ? 0.35 : 1
    paintMarks(context, marks[at - first]!, lane, picture, top)
    paintDoubtful(context, picture, lane, top)
    paintProgress(context, picture, lane, top)
    context.fillStyle = palette.line
    context.globalAlpha = palette.highContrast ? 1 : 0.5
    context.fillRect(0, top + LANE_HEIGHT - 1, width, 1)
    context.globalAlpha = 1
  }
}

const DIAMOND = 5

/**
 * A person's marks: keyframes as diamonds in the object's colour, hollow where the object is occluded, a cross where a
 * person says that it is absent. Where they come closer than they are wide, thin lines stand between.
 */
function paintMarks(
  context: CanvasRenderingContext2D,
  marks: readonly Mark[],
  { colour }: LanePicture,
  { palette, scale, width, frameCount, pixelRatio }: TimelinePicture,
  top: number,
): void {
  const cells = scale.perPixel <= 1
  let free = Number.NEGATIVE_INFINITY
  const middle = top + LANE_HEIGHT / 2 - 0.5
  for (const mark of marks) {
    const x = mark.start / pixelRatio
    const wide = (mark.end - mark.start) / pixelRatio
    let centre = Math.round(cells ? x + wide / 2 - 0.5 : x) + 0.5
    // The clip's first and last mark are shown whole.
    if (mark.frame === 0) centre = Math.max(centre, DIAMOND + 1.5)
    if (mark.frame + Math.max(1, scale.perPixel) >= frameCount)
      centre = Math.min(centre, width - DIAMOND - 1.5)
    if (centre - DIAMOND < free) {
      context.fillStyle = palette.text
      context.fillRect(cells ? centre - 0.5 : x, middle - 3, cells ? 1 : Math.max(1, wide), 6)
      continue
    }
    free = centre + DIAMOND
    if (!cells && wide > 1) {
      context.fillStyle = palette.text
      context.fillRect(x, middle - 3, wide, 6)
    }
    context.lineWidth = 1
    context.strokeStyle = palette.text
    context.beginPath()
    if (mark.code === 3) {
      // A halo in the background's colour keeps the cross readable on anything.
      context.moveTo(centre - 3.5, middle - 3.5)
      context.lineTo(centre + 3.5, middle + 3.5)
      context.moveTo(centre + 3.5, middle - 3.5)
      context.lineTo(centre - 3.5, middle + 3.5)
      context.lineWidth = 4
      context.strokeStyle = palette.background
      context.stroke()
      context.lineWidth = 2
      context.strokeStyle = palette.text
      context.stroke()
      continue
    }
    context.moveTo(centre, middle - DIAMOND)
    context.lineTo(centre + DIAMOND, middle)
    context.lineTo(centre, middle + DIAMOND)
    context.lineTo(centre - DIAMOND, middle)
    context.closePath()
    context.fillStyle = mark.code === 2 ? palette.background : colour
    context.fill()
    context.stroke()
    if (mark.code === 2) {
      context.fillStyle = colour
      context.fillRect(centre - 1.5, middle - 1.5, 3, 3)
    }
  }
}

/** A wedge above every frame worth checking; where they would touch, a bar from the first to the last. */
function paintDoubtful(
  context: CanvasRenderingContext2D,
  { scale, width, palette }: TimelinePicture,
  lane: LanePicture,
  top: number,
): void {
  const gap = 7 * scale.perPixel
  const last = scale.first + width * scale.perPixel
  context.fillStyle = palette.warning
  context.beginPath()
  for (const cluster of clusters(lane.doubtful, scale.first - gap, last + gap, gap)) {
    const start = Math.round(middleOfFrame(scale, cluster.first)) - 3
    const end = Math.round(middleOfFrame(scale, cluster.last)) + 3
    if (end - start > 6) {
      context.rect(start, top + 1, end - start, 3)
      continue
    }
    context.moveTo(start, top + 1)
    context.lineTo(end, top + 1)
    context.lineTo(start + 3, top + 5)
    context.closePath()
  }
  context.fill()
}
