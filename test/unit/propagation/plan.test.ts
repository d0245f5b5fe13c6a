/** Whatever is marked, every frame of the range is labelled at most once, marks never, and only from a mark. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Direction, type Leg, planLegs, plannedResults } from '../../../model/propagation/plan.ts'

const labelled = (leg: Leg): readonly number[] =>
  leg.kind === 'walk'
    ? leg.frames.slice(1)
    : leg.kind === 'gone'
      ? leg.frames
      : Array.from({ length: leg.to - leg.from - 1 }, (_, i) => leg.from + 1 + i)

const situation = fc
  .record({
    first: fc.nat(20),
    length: fc.integer({ min: 1, max: 60 }),
    picks: fc.array(fc.nat(59), { minLength: 1, maxLength: 6 }),
    direction: fc.constantFrom<Direction>('forward', 'backward', 'both'),
  })
  .map(({ first, length, picks, direction }) => ({
    range: [first, first + length - 1] as const,
    marks: [...new Set(picks.map((pick) => first + (pick % length)))],
    direction,
  }))

describe('planning', () => {
  it('labels each reachable frame exactly once and no marked frame', () => {
    fc.assert(
      fc.property(situation, ({ range, marks, direction }) => {
        const legs = planLegs(marks, range, direction)
        const frames = legs.flatMap(labelled).sort((a, b) => a - b)
        const [low, high] = [Math.min(...marks), Math.max(...marks)]
        const reachable = Array.from({ length: range[1] - range[0] + 1 }, (_, i) => range[0] + i).filter(
          (frame) =>
            !marks.includes(frame) &&
            (direction === 'both' || (direction === 'forward' ? frame > low : frame < high)),
        )
        expect(frames).toEqual(reachable)
        // Between two marks a frame is labelled from both ends.
        const twice = legs.flatMap((leg) => (leg.kind === 'between' ? labelled(leg) : []))
        expect(plannedResults(legs)).toBe(frames.length + twice.length)
      }),
      { seed: 4, numRuns: 500 },
    )
  })

  it('walks frame by frame from a mark, and never across another mark', () => {
    fc.assert(
      fc.property(situation, ({ range, marks, direction }) => {
        for (const leg of planLegs(marks, range, direction)) {
          if (leg.kind === 'between') expect(marks).toEqual(expect.arrayContaining([leg.from, leg.to]))
          else {
            expect(marks).toContain(leg.frames[0])
            leg.frames.slice(1).forEach((frame, i) => {
              expect(Math.abs(frame - leg.frames[i]!)).toBe(1)
            })
          }
          expect(labelled(leg).some((frame) => marks.includes(frame))).toBe(false)
        }
      }),
      { seed: 5, numRuns: 300 },
    )
  })

  it('carries nothing behind a frame on which the object is gone, up to the next mark', () => {
    const gone = fc.array(fc.nat(80), { maxLength: 4 })
    fc.assert(
      fc.property(situation, gone, ({ range, marks, direction }, picks) => {
        const away = picks.filter((frame) => !marks.includes(frame))
        const known = [...marks, ...away].sort((a, b) => a - b)
        const legs = planLegs(marks, range, direction, 'refuse', away)
        const labels = legs.flatMap(labelled).filter((frame) => frame >= range[0] && frame <= range[1])
        const side = (frame: number, step: 1 | -1) =>
          known.filter((other) => (frame - other) * step > 0).at(step > 0 ? -1 : 0)
        const reachable = Array.from({ length: range[1] - range[0] + 1 }, (_, i) => range[0] + i).filter(
          (frame) =>
            !known.includes(frame) &&
            (direction === 'both' || side(frame, direction === 'forward' ? 1 : -1) !== undefined),
        )
        expect(labels.sort((a, b) => a - b)).toEqual(reachable)
        for (const leg of legs) {
          if (leg.kind !== 'gone') {
            // No walk starts at, or crosses, a frame where it is gone.
            const frames = leg.kind === 'walk' ? leg.frames : [leg.from, ...labelled(leg), leg.to]
            expect(frames.some((frame) => away.includes(frame))).toBe(false)
            continue
          }
          for (const frame of leg.frames) {
            const [before, behind] = [side(frame, 1), side(frame, -1)]
            const from =
              direction === 'forward' ? [before] : direction === 'backward' ? [behind] : [before, behind]
            expect(from.some((other) => other !== undefined && marks.includes(other))).toBe(false)
          }
        }
      }),
      { seed: 6, numRuns: 500 },
    )
  })

  it('refuses a mark outside the range, and no mark at all', () => {
    expect(() => planLegs([3], [5, 9], 'forward')).toThrow(/frame 3 is outside the frames 5 to 9/)
    expect(() => planLegs([], [0, 9], 'both')).toThrow(/Nothing is marked/)
  })
})
