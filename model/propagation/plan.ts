/** Which walks label which frames, given the marked frames, a range and a direction. */
import { UserError } from '../errors.ts'

export type Direction = 'forward' | 'backward' | 'both'

export type Leg =
  /** From the marked frame `frames[0]` outwards. */
  (
    | { readonly kind: 'walk'; readonly frames: readonly number[] }
    /** Between two marked frames: walked from both ends and blended. */
    | { readonly kind: 'between'; readonly from: number; readonly to: number }
    /** Behind a frame on which the object is gone: nothing is carried, and it is absent. */
    | { readonly kind: 'gone'; readonly frames: readonly number[] }
  ) & {
    /** The first and the last frame that may be given; those before are walked through on the way from a mark. */
    readonly range: readonly [number, number]
  }

/** Frames from `from` to `to`, both included, in walking order. */
export function frameRun(from: number, to: number): number[] {
  const step = to >= from ? 1 : -1
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, i) => from + i * step)
}

/**
 * Plans the labelling of [first, last]. Forward: every mark is carried up to the next one. Backward: down to the
 * one before. Both: spans between marks from both ends, the rest outwards. Marked frames are never labelled.
 * @param marks marked frames in any order
 * @param beyond what a mark outside the range is: a mistake, or context, and the start of a walk that leads into it
 * @param gone   frames on which the object is not there: walks end before them, and behind them it is gone up to the next
 *   mark
 * @throws UserError when a marked frame is outside the range and may not be, or there is none
 */
export function planLegs(
  marks: readonly number[],
  range: readonly [number, number],
  direction: Direction,
  beyond: 'refuse' | 'context' = 'refuse',
  gone: readonly number[] = [],
): Leg[] {
  const [first, last] = range
  const sorted = [...new Set(marks)].sort((a, b) => a - b)
  const outside = sorted.find((mark) => mark < first || mark > last)
  if (outside !== undefined && beyond === 'refuse')
    throw new UserError(
      `The marked frame ${outside} is outside the frames ${first} to ${last}; choose a range that contains it.`,
      { exitCode: 2 },
    )
  if (sorted.length === 0)
    throw new UserError('Nothing is marked; mark at least one frame first.', { exitCode: 2 })

  const legs: Leg[] = []
  const add = (leg: Leg): void => {
    if (labelledFrames(leg).length > 0) legs.push(leg)
  }
  const isMark = new Set(sorted)
  const known = [...new Set([...sorted, ...gone])].sort((a, b) => a - b)
  /** From a known frame to the last one before the next, or to none where there is nothing between. */
  const outwards = (from: number, to: number, step: 1 | -1): void => {
    const frames = (to - from) * step > 0 ? frameRun(from, to) : []
    add(isMark.has(from) ? { kind: 'walk', frames, range } : { kind: 'gone', frames: frames.slice(1), range })
  }
  const up = (from: number, to: number): void => outwards(from, Math.min(last, to), 1)
  const down = (from: number, to: number): void => outwards(from, Math.max(first, to), -1)
  if (direction === 'forward')
    known.forEach((frame, i) => {
      up(frame, (known[i + 1] ?? last + 1) - 1)
    })
  else if (direction === 'backward')
    known.toReversed().forEach((frame, i, reversed) => {
      down(frame, (reversed[i + 1] ?? first - 1) + 1)
    })
  else {
    known.slice(1).forEach((to, i) => {
      const from = known[i]!
      if (isMark.has(from) && isMark.has(to)) add({ kind: 'between', from, to, range })
      else if (isMark.has(to)) down(to, from + 1)
      else up(from, to - 1)
    })
    up(known.at(-1)!, last)
    down(known[0]!, first)
  }
  return legs
}

/**
 * The walks of a leg, each from its marked frame on: one, or one from each end of a span. None goes further than the
 * range needs.
 */
export function legWalks(leg: Leg): readonly (readonly number[])[] {
  if (leg.kind === 'walk') return [leg.frames]
  if (leg.kind === 'gone') return []
  const [first, last] = leg.range
  return [frameRun(leg.from, Math.min(last, leg.to - 1)), frameRun(leg.to, Math.max(first, leg.from + 1))]
}

/** The frames that a leg labels. */
export function labelledFrames({ range: [first, last], ...leg }: Leg): readonly number[] {
  const frames =
    leg.kind === 'walk'
      ? leg.frames.slice(1)
      : leg.kind === 'gone'
        ? leg.frames
        : frameRun(leg.from, leg.to).slice(1, -1)
  return frames.filter((frame) => frame >= first && frame <= last)
}

/** How many results a plan gives: one per frame and walk, so two for a frame between two marks. */
export function plannedResults(legs: readonly Leg[]): number {
  return legs.reduce((total, leg) => total + labelledFrames(leg).length * (leg.kind === 'between' ? 2 : 1), 0)
}
