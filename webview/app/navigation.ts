import { type DoubtfulFrame, type DoubtfulSpan, readLaneCode, spansOf } from '../protocol/index.ts'

/** A whole frame number inside the clip. */
export function clampFrame(frame: number, frameCount: number): number {
  if (frameCount <= 0 || Number.isNaN(frame)) return 0
  return Math.min(frameCount - 1, Math.max(0, Math.round(frame)))
}

/** Whether a person has said something about the frame of this code. */
export function isPersonsCode(code: number): boolean {
  const { kind } = readLaneCode(code)
  return kind === 'keyframe' || kind === 'occluded' || (kind === 'absent' && code === 3)
}

/**
 * The nearest frame that a person has marked, in one of some lanes.
 * @param direction 1 later, -1 earlier; the frame itself never counts
 */
export function nextKeyframe(
  lanes: Iterable<Uint8Array>,
  frame: number,
  direction: 1 | -1,
): number | undefined {
  let best: number | undefined
  for (const lane of lanes)
    for (let at = frame + direction; at >= 0 && at < lane.length; at += direction) {
      if (best !== undefined && (at - best) * direction >= 0) break
      if (isPersonsCode(lane[at]!)) {
        best = at
        break
      }
    }
  return best
}

/** A frame and the object that is worked on there. */
interface Place {
  readonly frame: number
  readonly objectId: number | undefined
}

/**
 * The nearest place worth checking, by frame and on the same frame by object; starts over at the other end. Its first
 * frame is where it is mended: from there the rest is propagated again.
 * @param doubtful by frame
 * @param from     never the answer, unless there is no other place
 */
export function nextDoubtful(
  doubtful: readonly DoubtfulFrame[],
  from: Place,
  direction: 1 | -1,
): DoubtfulSpan | undefined {
  const beyond = (one: Place, other: Place) =>
    (one.frame - other.frame || (one.objectId ?? 0) - (other.objectId ?? 0)) * direction
  let best: DoubtfulSpan | undefined
  let wrapped: DoubtfulSpan | undefined
  for (const one of [...spansOf(doubtful).values()].flat()) {
    if (beyond(one, from) > 0) {
      if (!best || beyond(one, best) < 0) best = one
    } else if (!wrapped || beyond(one, wrapped) < 0) wrapped = one
  }
  return best ?? wrapped
}

/** The range that has `frame` as its first or last frame; the other end follows when it would be on the wrong side. */
export function withRangeEnd(
  range: readonly [number, number] | undefined,
  end: 'first' | 'last',
  frame: number,
  frameCount: number,
): readonly [number, number] {
  const at = clampFrame(frame, frameCount)
  if (end === 'first') return [at, Math.max(at, range?.[1] ?? frameCount - 1)]
  return [Math.min(at, range?.[0] ?? 0), at]
}

/** The range between two frames in either order. */
export function rangeBetween(one: number, other: number, frameCount: number): readonly [number, number] {
  const a = clampFrame(one, frameCount)
  const b = clampFrame(other, frameCount)
  return a < b ? [a, b] : [b, a]
}
