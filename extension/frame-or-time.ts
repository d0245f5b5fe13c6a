import { Sentence } from './sentence.ts'

/**
 * The frame that a person names: by its number (`123`), by a time in seconds (`4.5s`), or as a clock shows it
 * (`0:04.5`, `1:02:03`).
 * @param times presentation time of every frame in seconds, ascending
 * @returns the frame that is on screen at that time
 * @throws Sentence when it cannot be read, or is outside the clip
 */
export function frameFrom(written: string, times: ArrayLike<number>): number {
  const text = written.trim()
  const last = times.length - 1
  if (/^\d+$/.test(text)) {
    const frame = Number(text)
    if (frame > last) throw new Sentence('The last frame is {0}; name one up to it.', last)
    return frame
  }
  const seconds = secondsFrom(text)
  if (seconds === undefined)
    throw new Sentence('Write a frame such as 120, or a time such as 4.8s or 0:04.8.')
  const end = times[last] ?? 0
  // Half a second of grace, because a clip lasts longer than its last frame's time.
  if (seconds > end + 0.5)
    throw new Sentence('The last frame is shown at {0} s; name a time up to it.', end.toFixed(2))
  let low = 0
  let high = last
  while (low < high) {
    const middle = (low + high + 1) >> 1
    // Times are written with few digits: half a millisecond early still is that frame.
    if (times[middle]! <= seconds + 5e-4) low = middle
    else high = middle - 1
  }
  return low
}

function secondsFrom(text: string): number | undefined {
  const short = /^(\d+(?:[.,]\d+)?)\s*s$/i.exec(text)
  if (short !== null) return Number(short[1]!.replace(',', '.'))
  const clock = /^(?:(\d+):)?(\d+):(\d+(?:[.,]\d+)?)$/.exec(text)
  if (clock === null) return undefined
  const [, hours = '0', minutes, seconds] = clock
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds!.replace(',', '.'))
}
