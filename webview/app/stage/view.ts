/** A size in device pixels of the canvas, or in pixels of the video. */
export interface Size {
  readonly width: number
  readonly height: number
}

/** Where the picture lies on the canvas. */
export interface View {
  /** Device pixels per pixel of the video; 1 is 100 %. */
  readonly scale: number
  /** Device pixels from the canvas's left and top edge to the picture's. */
  readonly x: number
  readonly y: number
  /** Whether it fits itself to the canvas whenever that changes its size. */
  readonly fitted: boolean
}

const LARGEST = 64
/** Part of the canvas that stays free around a fitted picture. */
const MARGIN = 0.02
/** Device pixels of the picture that always stay on the canvas, so that it cannot get lost. */
const ALWAYS_SEEN = 48
/** Steps that the zoom keys take. */
const STEPS = [
  0.05, 0.0667, 0.1, 0.125, 0.1667, 0.25, 0.3333, 0.5, 0.6667, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32,
  48, 64,
]

/** The whole picture as large as it can be, in the middle. */
export function fitView(picture: Size, canvas: Size): View {
  const free = 1 - 2 * MARGIN
  const scale = Math.min(
    LARGEST,
    Math.max(1e-3, Math.min((canvas.width * free) / picture.width, (canvas.height * free) / picture.height)),
  )
  return settle(
    {
      scale,
      x: (canvas.width - picture.width * scale) / 2,
      y: (canvas.height - picture.height * scale) / 2,
      fitted: true,
    },
    picture,
    canvas,
  )
}

/** Another scale while the place of the picture under (x, y), device pixels, stays there. */
export function zoomAt(view: View, scale: number, x: number, y: number, picture: Size, canvas: Size): View {
  const smallest = Math.min(STEPS[0]!, fitView(picture, canvas).scale)
  const next = Math.min(LARGEST, Math.max(smallest, scale))
  const ratio = next / view.scale
  return settle(
    { scale: next, x: x - (x - view.x) * ratio, y: y - (y - view.y) * ratio, fitted: false },
    picture,
    canvas,
  )
}

/** The next step of the zoom keys, in or out. */
export function stepZoom(scale: number, direction: 1 | -1): number {
  const near = 1.01
  if (direction > 0) return STEPS.find((step) => step > scale * near) ?? LARGEST
  return STEPS.findLast((step) => step < scale / near) ?? STEPS[0]!
}

/** Moves the picture by device pixels. */
export function pan(view: View, dx: number, dy: number, picture: Size, canvas: Size): View {
  return settle({ ...view, x: view.x + dx, y: view.y + dy, fitted: false }, picture, canvas)
}

/** Moves the picture just far enough for one of its places to be on the canvas, as far from the edge as when it fits. */
export function reveal(view: View, x: number, y: number, picture: Size, canvas: Size): View {
  const place = toCanvas(view, x, y)
  const way = (at: number, room: number) => {
    // The corner of a picture is rounded to a whole pixel.
    const margin = Math.max(0, room * MARGIN - 1)
    return Math.max(0, margin - at) + Math.min(0, room - margin - at)
  }
  const dx = way(place.x, canvas.width)
  const dy = way(place.y, canvas.height)
  return dx === 0 && dy === 0 ? view : pan(view, dx, dy, picture, canvas)
}

/** After a resize of the canvas: fits again, or keeps scale and middle. */
export function resize(view: View, picture: Size, before: Size, after: Size): View {
  if (view.fitted) return fitView(picture, after)
  const dx = (after.width - before.width) / 2
  const dy = (after.height - before.height) / 2
  return settle({ ...view, x: view.x + dx, y: view.y + dy }, picture, after)
}

/** From device pixels of the canvas to pixels of the video, with parts of pixels. */
export function toVideo(view: View, x: number, y: number): { x: number; y: number } {
  return { x: (x - view.x) / view.scale, y: (y - view.y) / view.scale }
}

/** From pixels of the video to device pixels of the canvas. */
export function toCanvas(view: View, x: number, y: number): { x: number; y: number } {
  return { x: view.x + x * view.scale, y: view.y + y * view.scale }
}

/** Whether pixels of the video are shown as blocks: where smoothing would only blur them. */
export function isBlocky(view: View): boolean {
  return view.scale >= 2 || Math.abs(view.scale - 1) < 1e-6
}

/** Keeps some of the picture on the canvas, and its corner on a whole device pixel, without which 100 % is not sharp. */
function settle(view: View, picture: Size, canvas: Size): View {
  const clamp = (position: number, size: number, room: number) => {
    const seen = Math.min(ALWAYS_SEEN, size / 2, room / 2)
    return Math.round(Math.min(room - seen, Math.max(seen - size, position)))
  }
  return {
    ...view,
    x: clamp(view.x, picture.width * view.scale, canvas.width),
    y: clamp(view.y, picture.height * view.scale, canvas.height),
  }
}
