import type { DoubtfulSpan } from '../protocol/index.ts'
import { nextDoubtful, nextKeyframe } from './navigation.ts'
import * as state from './state.ts'

/** Where the keys for keyframes and for frames worth checking lead from where the view stands. */

/** Of the chosen object; of all where none is chosen. */
export function keyframeFrom(direction: 1 | -1): number | undefined {
  const id = state.objectId.value
  const lane = id === undefined ? undefined : state.lanes.get(id)
  return nextKeyframe(lane ? [lane] : state.lanes.values(), state.frame.value, direction)
}

export function doubtfulFrom(direction: 1 | -1): DoubtfulSpan | undefined {
  const from = { frame: state.frame.value, objectId: state.objectId.value }
  return nextDoubtful(state.doubtful.value, from, direction)
}

/** The frames that one of these keys leads to, the likelier ones first. */
export function likelyJumps(): number[] {
  const frames = [keyframeFrom(1), doubtfulFrom(1)?.frame, keyframeFrom(-1), doubtfulFrom(-1)?.frame]
  return [
    ...new Set(frames.filter((frame) => frame !== undefined && frame !== state.frame.value)),
  ] as number[]
}
