import { isEmpty, overlap, type Rect } from '../masks/index.ts'
import type { Size, View } from './view.ts'

/**
 * Draws that part of a picture which can be seen: at high zoom the rest would be very large.
 * @param source one pixel per pixel of the video
 * @param bounds where in the video it lies
 * @param box    only this part of the video, when given
 */
export function drawVisible(
  context: CanvasRenderingContext2D,
  source: CanvasImageSource,
  bounds: Rect,
  view: View,
  canvas: Size,
  box = bounds,
): void {
  const seen = {
    left: Math.floor(-view.x / view.scale) - 1,
    top: Math.floor(-view.y / view.scale) - 1,
    right: Math.ceil((canvas.width - view.x) / view.scale) + 1,
    bottom: Math.ceil((canvas.height - view.y) / view.scale) + 1,
  }
  const part = overlap(overlap(bounds, seen), box)
  if (isEmpty(part)) return
  const width = part.right - part.left
  const height = part.bottom - part.top
  context.drawImage(
    source,
    part.left - bounds.left,
    part.top - bounds.top,
    width,
    height,
    view.x + part.left * view.scale,
    view.y + part.top * view.scale,
    width * view.scale,
    height * view.scale,
  )
}
