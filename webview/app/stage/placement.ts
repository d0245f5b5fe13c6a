import { signal } from '@preact/signals'
import { keep } from '../state.ts'
import { fitView, type Size, toVideo, type View, zoomAt } from './view.ts'

/** Zoom and place of the picture as they outlive a hidden webview: the middle of the canvas in pixels of the video. */
const placement = keep(
  'placement',
  signal<{ readonly scale: number; readonly x: number; readonly y: number } | undefined>(undefined),
)

export function rememberView(view: View, canvas: Size): void {
  const middle = toVideo(view, canvas.width / 2, canvas.height / 2)
  placement.value = view.fitted ? undefined : { scale: view.scale, ...middle }
}

/** The view as it was remembered, else the whole picture. */
export function recallView(picture: Size, canvas: Size): View {
  const fitted = fitView(picture, canvas)
  const known = placement.peek()
  if (known === undefined) return fitted
  const { scale, x, y } = known
  const moved = { ...fitted, scale, x: canvas.width / 2 - x * scale, y: canvas.height / 2 - y * scale }
  return zoomAt(moved, scale, canvas.width / 2, canvas.height / 2, picture, canvas)
}
