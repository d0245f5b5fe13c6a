import type { DoubtfulFrame, DoubtReason } from './messages.ts'

/** Frames worth checking that follow one another: one place to look at, and mostly one thing to correct. */
export interface DoubtfulSpan {
  readonly objectId: number
  /** The first. */
  readonly frame: number
  readonly last: number
  /** Each once, in the order in which they first occur. */
  readonly reasons: readonly DoubtReason[]
}

/**
 * The spans of every object, by object and frame.
 * @param frames by frame
 */
export function spansOf(frames: readonly DoubtfulFrame[]): ReadonlyMap<number, readonly DoubtfulSpan[]> {
  const spans = new Map<number, Growing[]>()
  for (const { objectId, frame, reason } of frames) {
    const ofObject = spans.get(objectId) ?? []
    if (ofObject.length === 0) spans.set(objectId, ofObject)
    const open = ofObject.at(-1)
    if (open === undefined || open.last !== frame - 1)
      ofObject.push({ objectId, frame, last: frame, reasons: [reason] })
    else {
      open.last = frame
      if (!open.reasons.includes(reason)) open.reasons.push(reason)
    }
  }
  return new Map([...spans].sort(([a], [b]) => a - b))
}

/** A {@link DoubtfulSpan} that the next frame may still belong to. */
interface Growing {
  readonly objectId: number
  readonly frame: number
  last: number
  readonly reasons: DoubtReason[]
}
