import { type Scale, xOfFrame } from './scale.ts'

/** A line on the ruler. */
export interface Tick {
  readonly frame: number
  /** Left edge of the frame's cell, in pixels. */
  readonly x: number
  /** Whether it has a label. */
  readonly major: boolean
}

/** 1, 2, 5, 10, 20, 50 ... frames: the smallest of them that is at least as long as asked for. */
export function niceStep(atLeast: number): number {
  if (atLeast <= 1) return 1
  const power = 10 ** Math.floor(Math.log10(atLeast))
  for (const factor of [1, 2, 5, 10]) {
    // Powers of ten are not exact below 1 and need not be here: steps are whole frames.
    const step = Math.round(factor * power)
    if (step >= atLeast) return step
  }
  return Math.round(power * 10)
}

/**
 * The ruler's lines between both edges. Labels stand right of their line, so lines with labels are `labelWidth` apart
 * at least; those between them have 5 pixels of their own.
 */
export function ruler(scale: Scale, frameCount: number, width: number, labelWidth: number): Tick[] {
  const step = niceStep(labelWidth * scale.perPixel)
  const minor = [step / 10, step / 5, step / 2].find(
    (part) => Number.isInteger(part) && part / scale.perPixel >= 5,
  )
  const every = minor ?? step
  const ticks: Tick[] = []
  const start = Math.floor(scale.first / every) * every
  for (let frame = Math.max(0, start); frame < frameCount; frame += every) {
    const x = xOfFrame(scale, frame)
    if (x > width) break
    // A line left of the edge may still have a label that reaches in.
    if (x < -labelWidth) continue
    ticks.push({ frame, x, major: frame % step === 0 })
  }
  return ticks
}
