import type { Keypoint, Visibility } from '../../../model/annotation/index.ts'

const NOWHERE: Keypoint = { x: 0, y: 0, visibility: 'absent' }

/**
 * The keypoints of one object on one frame while they are placed one after another. Never changed: every step gives a
 * new one.
 */
export interface PoseDraft {
  readonly keypoints: readonly Keypoint[]
  /** Positions that were placed or skipped, in that order. */
  readonly steps: readonly number[]
  /** The one that is placed next; undefined when none is missing. */
  readonly next: number | undefined
}

/** Begins with what is known; what is absent there counts as missing. */
export function beginPose(count: number, known: readonly Keypoint[] | undefined): PoseDraft {
  const keypoints = Array.from({ length: count }, (_, i) => known?.[i] ?? NOWHERE)
  return { keypoints, steps: [], next: nextMissing(keypoints, [], -1) }
}

/** Places the next keypoint. */
export function placeNext(draft: PoseDraft, x: number, y: number, visibility: Visibility): PoseDraft {
  if (draft.next === undefined) return draft
  return stepped(draft, draft.next, { x, y, visibility })
}

/** The next keypoint cannot be seen anywhere on the frame. */
export function skipNext(draft: PoseDraft): PoseDraft {
  if (draft.next === undefined) return draft
  return stepped(draft, draft.next, NOWHERE)
}

/** Takes the last step back. */
export function stepBack(draft: PoseDraft): PoseDraft {
  const last = draft.steps.at(-1)
  if (last === undefined) return draft
  return {
    keypoints: draft.keypoints.with(last, NOWHERE),
    steps: draft.steps.slice(0, -1),
    next: last,
  }
}

/** Changes one keypoint, whether it is its turn or not. */
export function change(draft: PoseDraft, index: number, keypoint: Keypoint): PoseDraft {
  return { ...draft, keypoints: draft.keypoints.with(index, keypoint) }
}

/** What a click on a keypoint with the right button makes of it. */
export function nextVisibility(visibility: Visibility): Visibility {
  const order = ['visible', 'occluded', 'absent'] as const
  return order[(order.indexOf(visibility) + 1) % order.length]!
}

function stepped(draft: PoseDraft, index: number, keypoint: Keypoint): PoseDraft {
  const keypoints = draft.keypoints.with(index, keypoint)
  const steps = [...draft.steps, index]
  return { keypoints, steps, next: nextMissing(keypoints, steps, index) }
}

/** The first after `after` that is absent and was not skipped, starting over at the beginning. */
function nextMissing(
  keypoints: readonly Keypoint[],
  steps: readonly number[],
  after: number,
): number | undefined {
  for (let i = 1; i <= keypoints.length; i++) {
    const index = (after + i) % keypoints.length
    if (keypoints[index]!.visibility === 'absent' && !steps.includes(index)) return index
  }
  return undefined
}
