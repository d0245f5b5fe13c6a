/**
 * How frames lie along the timeline. Frame n fills the cell from n to n + 1; positions are in frames and may lie between
 * two of them.
 */
export interface Scale {
  /** Position at the left edge. */
  readonly first: number
  /** Frames per CSS pixel: below 1 a frame is wider than a pixel. */
  readonly perPixel: number
}

/** Width of a frame, in pixels, beyond which zooming in stops. */
export const WIDEST_FRAME = 48

/** The whole clip across the width. */
export function fitScale(frameCount: number, width: number): Scale {
  return { first: 0, perPixel: Math.max(1, frameCount) / Math.max(1, width) }
}

/** The scale nearest to the one given that shows the clip and nothing beside it. */
export function clampScale(scale: Scale, frameCount: number, width: number): Scale {
  const fit = fitScale(frameCount, width).perPixel
  const perPixel = Math.min(fit, Math.max(Math.min(fit, 1 / WIDEST_FRAME), scale.perPixel))
  const first = Math.max(0, Math.min(frameCount - width * perPixel, scale.first))
  return { first, perPixel }
}

/** Zooms by a factor (above 1 is closer) so that what is under `x` stays there as far as the clip's ends allow. */
export function zoomAt(scale: Scale, x: number, factor: number, frameCount: number, width: number): Scale {
  const perPixel = clampScale({ first: 0, perPixel: scale.perPixel / factor }, frameCount, width).perPixel
  return clampScale({ first: scale.first + x * (scale.perPixel - perPixel), perPixel }, frameCount, width)
}

/** Moves the window by pixels; positive shows later frames. */
export function panBy(scale: Scale, pixels: number, frameCount: number, width: number): Scale {
  return clampScale({ ...scale, first: scale.first + pixels * scale.perPixel }, frameCount, width)
}

/** Left edge of a frame's cell, in pixels. */
export function xOfFrame(scale: Scale, frame: number): number {
  return (frame - scale.first) / scale.perPixel
}

/** Middle of a frame's cell, in pixels: where its marks and the playhead stand. */
export function middleOfFrame(scale: Scale, frame: number): number {
  return xOfFrame(scale, frame + 0.5)
}

/** The frame under a pixel. */
export function frameAt(scale: Scale, x: number, frameCount: number): number {
  return Math.min(frameCount - 1, Math.max(0, Math.floor(scale.first + x * scale.perPixel)))
}

/** The scale moved as little as shows the frame with some room beside it; the same object when it is in view. */
export function reveal(scale: Scale, frame: number, frameCount: number, width: number): Scale {
  const x = middleOfFrame(scale, frame)
  const room = Math.min(24, width / 4)
  if (x < room) return settle(scale, panBy(scale, x - width / 8, frameCount, width))
  if (x > width - room) return settle(scale, panBy(scale, x - (width * 7) / 8, frameCount, width))
  return scale
}

/** The scale before, where moving changes nothing that can be seen. */
function settle(before: Scale, after: Scale): Scale {
  return Math.abs(before.first - after.first) < 0.01 * before.perPixel ? before : after
}
