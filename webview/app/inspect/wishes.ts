import type { InspectionWish } from '../../protocol/index.ts'
import { nextKeyframe } from '../navigation.ts'
import type { Size } from '../stage/view.ts'
import { middleOf, type Patches, patchAt } from './geometry.ts'

/** A point of a frame, in pixels of the video. */
export interface FramePoint {
  readonly frame: number
  readonly x: number
  readonly y: number
}

/** Where an inspection stands. */
export interface Standing {
  readonly what: InspectionWish['kind']
  /** The frame on screen. */
  readonly frame: number
  /** The patch that stays while the person goes through frames. */
  readonly pinned: FramePoint | undefined
  /** The pointer, on the frame that it was moved on. */
  readonly pointer: FramePoint | undefined
  /** The frame to look in while nothing is pinned. */
  readonly other: number | undefined
  readonly topK: number
  /** As far as known: points within a patch are the same wish. */
  readonly patches: Patches | undefined
  readonly picture: Size
}

/** What a person wants to see of the model now; undefined when there is nothing to ask. */
export function wishOf(standing: Standing): InspectionWish | undefined {
  const { what, frame, pinned, pointer, other, topK, patches, picture } = standing
  if (what === 'attention') return { kind: 'attention', frame }
  const point = pinned ?? (pointer?.frame === frame ? pointer : undefined)
  const lookIn = pinned ? frame : other
  if (point === undefined || lookIn === undefined) return undefined
  const { x, y } = patches ? middleOf(patchAt(point, patches, picture), patches, picture) : point
  return { kind: 'correspondence', reference: point.frame, x, y, frame: lookIn, topK }
}

/** Whether two wishes need the same frames: then the answer to the first is not long in coming. */
export function sameFrames(one: InspectionWish, other: InspectionWish): boolean {
  if (one.kind !== other.kind || one.frame !== other.frame) return false
  return one.kind !== 'correspondence' || other.kind !== 'correspondence' || one.reference === other.reference
}

/**
 * The frame to look in: the one that the person chose, else the one that the person came from, else the nearest
 * keyframe, else a neighbour. Undefined in a clip of one frame.
 */
export function otherFrameOf(
  frame: number,
  frameCount: number,
  chosen: number | undefined,
  cameFrom: number | undefined,
  lanes: readonly Uint8Array[],
): number | undefined {
  if (frameCount < 2) return undefined
  const inside = (at: number | undefined): at is number => at !== undefined && at < frameCount
  if (inside(chosen)) return chosen
  if (inside(cameFrom) && cameFrom !== frame) return cameFrom
  return (
    nextKeyframe(lanes, frame, 1) ??
    nextKeyframe(lanes, frame, -1) ??
    (frame + 1 < frameCount ? frame + 1 : frame - 1)
  )
}
