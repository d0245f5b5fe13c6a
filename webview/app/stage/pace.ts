import { frameAtTime } from '../time-text.ts'

/** Milliseconds without any picture after which the clock stands still until one comes. */
const PATIENCE = 250

export interface Course {
  /** Presentation time of every frame in seconds, ascending. */
  readonly times: Float64Array
  /** First and last frame that are played, both included. */
  readonly first: number
  readonly last: number
  readonly loop: boolean
}

/**
 * Which frame is due when a clip is played: by the presentation times, so that the pace is right for a variable frame
 * rate too. A frame whose picture is late is left out; when none comes at all the clock waits.
 */
export class Pace {
  #frame: number
  #due: number
  /** The time of the clip, in seconds, that was due at #wall, in milliseconds. */
  #time: number
  #wall: number
  #lastShown: number

  constructor(course: Course, frame: number, now: number) {
    this.#frame = frame
    this.#due = frame
    this.#time = course.times[frame] ?? 0
    this.#wall = now
    this.#lastShown = now
  }

  /**
   * @param now milliseconds, of the same clock every time
   * @param has whether a picture could be shown at once
   * @returns the frame to show now, and whether that was the last one
   */
  at(now: number, course: Course, has: (frame: number) => boolean): { frame: number; ended: boolean } {
    const { times, first, last, loop } = course
    let time = this.#time + (now - this.#wall) / 1000
    if (time >= times[last]! + lastDuration(course)) {
      if (!loop) {
        if (has(last) || now - this.#lastShown > PATIENCE) return { frame: last, ended: true }
        return { frame: this.#frame, ended: false }
      }
      this.#time = times[first]!
      this.#wall = now
      this.#frame = first
      this.#due = first
      this.#lastShown = now
      time = this.#time
      return { frame: first, ended: false }
    }
    const due = Math.min(last, frameAtTime(times, time))
    this.#due = due
    for (let frame = due; frame > this.#frame; frame--)
      if (has(frame)) {
        this.#frame = frame
        this.#lastShown = now
        return { frame, ended: false }
      }
    if (due <= this.#frame && has(this.#frame)) this.#lastShown = now
    if (now - this.#lastShown > PATIENCE) {
      // Goes on from the next frame as soon as there is something to show.
      this.#time = times[Math.min(last, this.#frame + 1)]!
      this.#wall = now
    }
    return { frame: this.#frame, ended: false }
  }

  /** Where the clock stands: pictures before it would come too late. */
  get due(): number {
    return this.#due
  }
}

/** How long the last frame stays: as long as the one before it. */
function lastDuration({ times, first, last }: Course): number {
  return last > first ? times[last]! - times[last - 1]! : 0.04
}
