import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Course, Pace } from '../../../../webview/app/stage/pace.ts'
import { frameAtTime } from '../../../../webview/app/time-text.ts'

/** 25 frames per second for two seconds, a pause of one second, then 10 frames per second. */
const times = Float64Array.from({ length: 80 }, (_, i) => (i < 50 ? i / 25 : 3 + (i - 50) / 10))
const whole: Course = { times, first: 0, last: 79, loop: false }
const always = () => true

/** Plays with a screen of 60 pictures per second; what was shown when, in milliseconds. */
function play(course: Course, start: number, seconds: number, has: (frame: number, now: number) => boolean) {
  const pace = new Pace(course, start, 0)
  const shown: { frame: number; now: number; ended: boolean }[] = []
  for (let now = 0; now <= seconds * 1000; now += 1000 / 60) {
    const { frame, ended } = pace.at(now, course, (wanted) => has(wanted, now))
    shown.push({ frame, now, ended })
    if (ended) break
  }
  return shown
}

describe('playing', () => {
  it('shows every frame at its own time, with a variable frame rate too', () => {
    for (const { frame, now, ended } of play(whole, 0, 5.9, always))
      if (!ended) expect(frame).toBe(frameAtTime(times, now / 1000))
  })

  it('leaves frames out rather than falling behind when every second picture never comes', () => {
    const shown = play(whole, 0, 1.9, (frame) => frame % 2 === 0)
    for (const { frame, now } of shown) {
      expect(frame % 2).toBe(0)
      expect(frameAtTime(times, now / 1000) - frame).toBeLessThanOrEqual(1)
    }
  })

  it('does not drift when pictures come late: what arrives is shown at the time that is due', () => {
    // Each picture is there 180 milliseconds after its time.
    const shown = play(whole, 0, 1.9, (frame, now) => now >= times[frame]! * 1000 + 180)
    const last = shown.at(-1)!
    expect(frameAtTime(times, last.now / 1000) - last.frame).toBeLessThanOrEqual(6)
  })

  it('stands still while no picture comes at all, and goes on from there', () => {
    const shown = play(whole, 0, 3, (frame, now) => frame < 5 || now > 1500)
    const at = (now: number) => shown.findLast((one) => one.now <= now)!.frame
    expect(at(1450)).toBe(4)
    expect(at(1540)).toBeLessThanOrEqual(6)
    expect(at(2500)).toBeGreaterThan(20)
  })

  it('never shows a frame without a picture, and never goes back', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 80, maxLength: 80 }), (there) => {
        there[0] = true
        let before = 0
        for (const { frame, ended } of play(whole, 0, 6.2, (wanted) => there[wanted]!)) {
          if (!ended) expect(there[frame]).toBe(true)
          expect(frame).toBeGreaterThanOrEqual(before)
          before = frame
        }
      }),
      { numRuns: 30 },
    )
  })

  it('ends on the last frame, once that has had its time', () => {
    const end = play(whole, 60, 5, always).at(-1)!
    expect(end).toMatchObject({ frame: 79, ended: true })
    // From frame 60 at 4.0 s to frame 79 at 5.9 s, and a tenth for that one.
    expect(end.now).toBeGreaterThan(1990)
    expect(end.now).toBeLessThan(2030)
  })

  it('goes round in a range, and stays inside it', () => {
    const shown = play({ times, first: 10, last: 19, loop: true }, 10, 2, always)
    expect(shown.every(({ frame, ended }) => frame >= 10 && frame <= 19 && !ended)).toBe(true)
    const starts = shown.filter(({ frame }, i) => frame === 10 && shown[i - 1]?.frame !== 10)
    expect(starts.length).toBe(5)
  })

  it('of a single frame ends', () => {
    const course = { times: Float64Array.of(0), first: 0, last: 0, loop: false }
    expect(play(course, 0, 1, always).at(-1)).toMatchObject({ frame: 0, ended: true })
  })
})
