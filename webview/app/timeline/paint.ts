import { type LaneCode, type RunView, readLaneCode } from '../../protocol/index.ts'
import { timeText } from '../time-text.ts'
import { type LaneSummary, stretches } from './aggregate.ts'
import { LANE_HEIGHT, lowerBound, RULER_HEIGHT, visibleLanes } from './geometry.ts'
import { CONFIDENCE_STEPS, type Palette } from './palette.ts'
import { type Scale, xOfFrame } from './scale.ts'
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
  const { scale, palette } = picture
  const band = (first: number, last: number, alpha: number) => {
    const start = xOfFrame(scale, first)
    context.globalAlpha = alpha
    context.fillRect(start, RULER_HEIGHT - 4, Math.max(2, xOfFrame(scale, last + 1) - start), 3)
    context.globalAlpha = 1
  }
  context.fillStyle = palette.progress
  band(run.range[0], run.range[1], 0.35)
  if (run.frame === undefined) return
  if (run.direction === 'forward') band(run.range[0], run.frame, 1)
  else if (run.direction === 'backward') band(run.frame, run.range[1], 1)
  else band(run.frame, run.frame, 1)
}

const FOOT = LANE_HEIGHT - 4
const TALLEST = 16
const SHORTEST = 4

function heightOf(confidence: number): number {
  return SHORTEST + Math.round((TALLEST - SHORTEST) * confidence)
}

function stepOf(confidence: number): number {
  return Math.round(confidence * (CONFIDENCE_STEPS - 1))
}

function alike(one: LaneCode, other: LaneCode): boolean {
  if (one === other) return true
  return one >= 16 && other >= 16 && lookOf(one) === lookOf(other)
}

const LOOKS = Uint16Array.from({ length: 256 }, (_, code) => {
  const meaning = readLaneCode(code)
  if (meaning.kind !== 'propagated') return 0
  return stepOf(meaning.confidence) * 32 + heightOf(meaning.confidence)
})

function lookOf(code: LaneCode): number {
  return LOOKS[code]!
}

function paintLanes(context: CanvasRenderingContext2D, picture: TimelinePicture): void {
  const { width, height, scroll, lanes, palette } = picture
  const [first, end] = visibleLanes(scroll, height - RULER_HEIGHT, lanes.length)
  for (let at = first; at < end; at++) {
    const lane = lanes[at]!
    const top = RULER_HEIGHT + at * LANE_HEIGHT - scroll
    if (lane.selected) {
      context.fillStyle = palette.selectedLane
      context.fillRect(0, top, width, LANE_HEIGHT)
    }
    context.globalAlpha = lane.faint ? 0.35 : 1
    paintLane(context, picture, lane, top)
    context.globalAlpha = 1
    context.fillStyle = palette.line
    context.globalAlpha = palette.highContrast ? 1 : 0.5
    context.fillRect(0, top + LANE_HEIGHT - 1, width, 1)
    context.globalAlpha = 1
  }
}

function paintLane(
  context: CanvasRenderingContext2D,
  picture: TimelinePicture,
  lane: LanePicture,
  top: number,
): void {
  const { scale, width, palette, pixelRatio: ratio, doubtBelow } = picture
  const pixels = { first: scale.first, perPixel: scale.perPixel / ratio }
  const marks: Mark[] = []
  for (const { start, end, code, frame } of stretches(
    lane.summary,
    pixels,
    Math.round(width * ratio),
    alike,
  )) {
    const x = start / ratio
    const wide = (end - start) / ratio
    if (code >= 16) {
      const { confidence } = readLaneCode(code) as { confidence: number }
      const tall = heightOf(confidence)
      context.fillStyle = palette.confidence[stepOf(confidence)]!
      if (palette.highContrast && confidence < doubtBelow) hatch(context, x, top + FOOT - tall, wide, tall)
      else context.fillRect(x, top + FOOT - tall, wide, tall)
    } else if (code === 4) {
      context.fillStyle = palette.absent
      dashes(context, x, top + FOOT - 2, wide)
    } else marks.push({ x, width: wide, code, frame })
  }
  paintMarks(context, marks, lane, picture, top)
  paintDoubtful(context, picture, lane, top)
}

/** Upright stripes of one pixel on, two off, at fixed places so that they stand still when the lane is scrolled. */
function hatch(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number): void {
  context.fillRect(x, y, width, 1)
  for (let at = Math.ceil(x / 3) * 3; at < x + width; at += 3) context.fillRect(at, y, 1, height)
}

function dashes(context: CanvasRenderingContext2D, x: number, y: number, width: number): void {
  for (let at = Math.floor(x / 6) * 6; at < x + width; at += 6) {
    const start = Math.max(x, at)
    const end = Math.min(x + width, at + 3)
    if (end > start) context.fillRect(start, y, end - start, 2)
  }
}

interface Mark {
  readonly x: number
  readonly width: number
  readonly code: LaneCode
  readonly frame: number
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
  { palette, scale, width, frameCount }: TimelinePicture,
  top: number,
): void {
  const cells = scale.perPixel <= 1
  let free = Number.NEGATIVE_INFINITY
  const middle = top + LANE_HEIGHT / 2 - 0.5
  for (const mark of marks) {
    let centre = Math.round(cells ? mark.x + mark.width / 2 - 0.5 : mark.x) + 0.5
    // The clip's first and last mark are shown whole.
    if (mark.frame === 0) centre = Math.max(centre, DIAMOND + 1.5)
    if (mark.frame + Math.max(1, scale.perPixel) >= frameCount)
      centre = Math.min(centre, width - DIAMOND - 1.5)
    if (centre - DIAMOND < free) {
      context.fillStyle = palette.text
      context.fillRect(mark.x, middle - 3, Math.max(1, Math.min(mark.width, cells ? 1 : mark.width)), 6)
      continue
    }
    free = centre + DIAMOND
    if (!cells && mark.width > 1) {
      context.fillStyle = palette.text
      context.fillRect(mark.x, middle - 3, mark.width, 6)
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

/** A wedge above every frame worth checking; those that would touch are told once. */
function paintDoubtful(
  context: CanvasRenderingContext2D,
  picture: TimelinePicture,
  lane: LanePicture,
  top: number,
): void {
  const { scale, width, palette } = picture
  const { doubtful } = lane
  context.fillStyle = palette.warning
  context.beginPath()
  let free = Number.NEGATIVE_INFINITY
  for (let at = lowerBound(doubtful, Math.floor(scale.first) - 1); at < doubtful.length; at++) {
    const x = Math.round(xOfFrame(scale, doubtful[at]! + 0.5))
    if (x > width + 4) break
    if (x < free) continue
    free = x + 3
    context.moveTo(x - 3, top + 1)
    context.lineTo(x + 3, top + 1)
    context.lineTo(x, top + 5)
    context.closePath()
  }
  context.fill()
}
