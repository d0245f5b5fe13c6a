import type { Keypoint, Rle } from '../../../model/annotation/index.ts'
import { boundsOf, traceContours } from '../masks/index.ts'
import { isLight } from './compose.ts'
import type { Mark } from './marks.ts'
import { type Size, toCanvas, type View } from './view.ts'

/** Outlines of masks that have been drawn lately; masks never change. */
const paths = new WeakMap<Rle, Path2D>()

/** What the lines over the picture depend on besides the marks. */
export interface LinesOptions {
  readonly view: View
  readonly canvas: Size
  /** Device pixels per CSS pixel: lines look equally strong on every screen. */
  readonly density: number
  /** Without outlines only the selected object has one, so that it can still be told. */
  readonly outlines: boolean
  /** The object whose outline is out of date because somebody draws on it. */
  readonly without: number | undefined
  /** Keypoints that are being dragged or placed stand in for those of the entry. */
  readonly draft: { readonly objectId: number; readonly keypoints: readonly Keypoint[] } | undefined
}

/** A keypoint's radius in CSS pixels. */
const POINT_RADIUS = 4.5

/** Draws outlines, skeletons and keypoints over the whole canvas. */
export function drawLines(
  context: CanvasRenderingContext2D,
  marks: readonly Mark[],
  options: LinesOptions,
): void {
  context.setTransform(1, 0, 0, 1, 0, 0)
  context.clearRect(0, 0, options.canvas.width, options.canvas.height)
  for (const mark of marks) {
    const { mask } = mark.entry
    if (mask === undefined || mark.objectId === options.without) continue
    if (options.outlines || mark.selected) drawOutline(context, mark, mask, options)
  }
  for (const mark of marks) {
    const keypoints =
      options.draft?.objectId === mark.objectId ? options.draft.keypoints : mark.entry.keypoints
    if (keypoints !== undefined) drawSkeleton(context, mark, keypoints, options)
  }
}

/** What stands out against a colour: dark beside light ones, light beside dark ones. */
export function halo(colour: string): string {
  return isLight(colour) ? 'rgba(0, 0, 0, 0.75)' : 'rgba(255, 255, 255, 0.85)'
}

function drawOutline(
  context: CanvasRenderingContext2D,
  mark: Mark,
  mask: Rle,
  { view, canvas, density }: LinesOptions,
): void {
  const box = boundsOf(mask)
  const from = toCanvas(view, box.left, box.top)
  const to = toCanvas(view, box.right, box.bottom)
  if (to.x < 0 || to.y < 0 || from.x > canvas.width || from.y > canvas.height) return
  const pixel = density / view.scale
  context.save()
  context.setTransform(view.scale, 0, 0, view.scale, view.x, view.y)
  context.lineJoin = 'round'
  const path = pathOf(mask)
  const width = mark.selected ? 2.25 : 1.25
  context.strokeStyle = halo(mark.colour)
  context.lineWidth = (width + (mark.selected ? 2.5 : 1.5)) * pixel
  context.stroke(path)
  context.strokeStyle = mark.colour
  context.lineWidth = width * pixel
  // Whole lines are a person's; what a model says is broken, in dots where it is hidden as well.
  if (mark.entry.state === 'propagated') context.setLineDash([6 * pixel, 4 * pixel])
  else if (mark.entry.occluded) context.setLineDash([2 * pixel, 3 * pixel])
  context.stroke(path)
  context.restore()
}

function pathOf(mask: Rle): Path2D {
  const known = paths.get(mask)
  if (known !== undefined) return known
  const path = new Path2D()
  for (const contour of traceContours(mask)) {
    path.moveTo(contour[0]!, contour[1]!)
    for (let i = 2; i < contour.length; i += 2) path.lineTo(contour[i]!, contour[i + 1]!)
    path.closePath()
  }
  paths.set(mask, path)
  return path
}

function drawSkeleton(
  context: CanvasRenderingContext2D,
  mark: Mark,
  keypoints: readonly Keypoint[],
  { view, density }: LinesOptions,
): void {
  const contrast = halo(mark.colour)
  const places = keypoints.map(({ x, y }) => toCanvas(view, x, y))
  context.save()
  context.lineCap = 'round'
  for (const [from, to] of mark.edges) {
    const a = keypoints[from]
    const b = keypoints[to]
    if (a === undefined || b === undefined || a.visibility === 'absent' || b.visibility === 'absent') continue
    context.globalAlpha = Math.min(strength(a), strength(b))
    context.setLineDash(
      a.visibility === 'occluded' || b.visibility === 'occluded' ? [4 * density, 5 * density] : [],
    )
    context.beginPath()
    context.moveTo(places[from]!.x, places[from]!.y)
    context.lineTo(places[to]!.x, places[to]!.y)
    const width = (mark.selected ? 2.5 : 1.75) * density
    context.strokeStyle = contrast
    context.lineWidth = width + 2 * density
    context.stroke()
    context.strokeStyle = mark.colour
    context.lineWidth = width
    context.stroke()
  }
  context.setLineDash([])
  const radius = (mark.selected ? POINT_RADIUS : POINT_RADIUS - 1) * density
  for (const [i, keypoint] of keypoints.entries()) {
    if (keypoint.visibility === 'absent') continue
    const { x, y } = places[i]!
    context.globalAlpha = strength(keypoint)
    drawPoint(context, x, y, radius, density, mark.colour, keypoint.visibility === 'visible')
  }
  context.restore()
}

/** A keypoint: filled where it can be seen, a ring where something hides it. */
function drawPoint(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  density: number,
  colour: string,
  filled: boolean,
): void {
  context.beginPath()
  context.arc(x, y, radius, 0, 2 * Math.PI)
  if (filled) {
    context.fillStyle = colour
    context.fill()
    context.strokeStyle = halo(colour)
    context.lineWidth = 1.5 * density
    context.stroke()
    return
  }
  context.strokeStyle = halo(colour)
  context.lineWidth = 4.5 * density
  context.stroke()
  context.strokeStyle = colour
  context.lineWidth = 2 * density
  context.stroke()
}

/** How strongly a keypoint is drawn: the less sure the model was, the fainter. A person's are at full strength. */
function strength({ confidence }: Keypoint): number {
  return confidence === undefined ? 1 : 0.25 + 0.75 * Math.min(1, Math.max(0, confidence))
}
