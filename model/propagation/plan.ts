/** Which walks label which frames, given the marked frames, a range and a direction. */
import { UserError } from '../errors.ts'

export type Direction = 'forward' | 'backward' | 'both'

export type Leg =
  /** From the marked frame `frames[0]` outwards. */
  | { readonly kind: 'walk'; readonly frames: readonly number[] }
  /** Between two marked frames: walked from both ends and blended. */
  | { readonly kind: 'between'; readonly from: number; readonly to: number }

/** Frames from `from` to `to`, both included, in walking order. */
export function frameRun(from: number, to: number): number[] {
  const step = to >= from ? 1 : -1
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, i) => from + i * step)
}

/**
 * Plans the labelling of [first, last]. Forward: every mark is carried up to the next one. Backward: down to the
 * one before. Both: spans between marks from both ends, the rest outwards. Marked frames are never labelled.
 * @param marks marked frames in any order
 * @throws UserError when a marked frame is outside the range, or there is none
 */
export function planLegs(
  marks: readonly number[],
  [first, last]: readonly [number, number],
  direction: Direction,
): Leg[] {
  const sorted = [...new Set(marks)].sort((a, b) => a - b)
  const outside = sorted.find((mark) => mark < first || mark > last)
  if (outside !== undefined)
    throw new UserError(
      `The marked frame ${outside} is outside the frames ${first} to ${last}; choose a range that contains it.`,
      { exitCode: 2 },
    )
  const lowest = sorted[0]
  const highest = sorted.at(-1)
  if (lowest === undefined || highest === undefined)
    throw new UserError('Nothing is marked; mark at least one frame first.', { exitCode: 2 })

  const legs: Leg[] = []
  const add = (leg: Leg): void => {
    const empty = leg.kind === 'walk' ? leg.frames.length < 2 : leg.to - leg.from < 2
    if (!empty) legs.push(leg)
  }
  if (direction === 'forward')
    sorted.forEach((mark, i) => {
      add({ kind: 'walk', frames: frameRun(mark, (sorted[i + 1] ?? last + 1) - 1) })
    })
  else if (direction === 'backward')
    sorted
      .map((mark, i) => frameRun(mark, (sorted[i - 1] ?? first - 1) + 1))
      .reverse()
      .forEach((frames) => {
        add({ kind: 'walk', frames })
      })
  else {
    sorted.slice(1).forEach((mark, i) => {
      add({ kind: 'between', from: sorted[i]!, to: mark })
    })
    add({ kind: 'walk', frames: frameRun(highest, last) })
    add({ kind: 'walk', frames: frameRun(lowest, first) })
  }
  return legs
}

/** The frames that a leg labels. */
export function labelledFrames(leg: Leg): readonly number[] {
  return leg.kind === 'walk' ? leg.frames.slice(1) : frameRun(leg.from, leg.to).slice(1, -1)
}

/** How many results a plan gives: one per frame and walk, so two for a frame between two marks. */
export function plannedResults(legs: readonly Leg[]): number {
  return legs.reduce((total, leg) => total + labelledFrames(leg).length * (leg.kind === 'walk' ? 1 : 2), 0)
}
