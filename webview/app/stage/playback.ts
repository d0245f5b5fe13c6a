import { effect } from '@preact/signals'
import * as state from '../state.ts'
import { type Course, Pace } from './pace.ts'

export interface PlaybackOptions {
  /** Whether there is nothing to wait for on a frame: its picture is there, or never will be. */
  readonly has: (frame: number) => boolean
  /** Pictures are needed from this frame on. */
  readonly follow: (frame: number) => void
}

/** Moves the frame on while the clip plays. Returns what stops listening. */
export function followPlaying({ has, follow }: PlaybackOptions): () => void {
  return effect(() => {
    if (!state.playing.value || state.clip.value === undefined) return undefined
    const at = state.frame.peek()
    // Another range or loop while playing starts a new course from where the clip is.
    const course = courseFrom(at, state.range.value, state.loop.value)
    const start = at < course.first || at >= course.last ? course.first : at
    state.frame.value = start
    const pace = new Pace(course, start, performance.now())
    let request = requestAnimationFrame(function step(now) {
      const { frame, ended } = pace.at(now, course, has)
      state.frame.value = frame
      follow(pace.due)
      if (ended) state.playing.value = false
      else request = requestAnimationFrame(step)
    })
    return () => {
      cancelAnimationFrame(request)
      // Where it stops need not be where the clock was: after a long pause it goes to the last frame at once.
      follow(state.frame.peek())
    }
  })
}

/** The chosen range where it can be played from here, else the whole clip. */
function courseFrom(frame: number, range: typeof state.range.value, loop: boolean): Course {
  const { times, frameCount } = state.clip.peek()!
  if (range !== undefined && range[1] > range[0] && (loop || (frame >= range[0] && frame < range[1])))
    return { times, first: range[0], last: range[1], loop }
  return { times, first: 0, last: frameCount - 1, loop }
}
