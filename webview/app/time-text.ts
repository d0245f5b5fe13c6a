import { t } from './texts.ts'

/**
 * A time as people read it: `0:01.234`, `12:03.500`, `1:02:03.000`.
 * @param seconds   may be negative: clips may start before zero
 * @param decimals  0 to 3
 */
export function timeText(seconds: number, decimals = 3): string {
  const unit = 10 ** decimals
  // Rounded as a whole first, so that 59.9996 becomes 1:00.000 and not 0:60.000.
  const whole = Math.round(Math.abs(seconds) * unit)
  const sign = seconds < 0 && whole > 0 ? '-' : ''
  const fraction = decimals > 0 ? `.${String(whole % unit).padStart(decimals, '0')}` : ''
  const total = Math.floor(whole / unit)
  const two = (value: number) => String(value).padStart(2, '0')
  const hours = Math.floor(total / 3600)
  const minutes = Math.floor(total / 60) % 60
  return `${sign}${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(total % 60)}${fraction}`
}

/** How long something still takes, to the unit that matters: `8 s`, `3 min`, `2 h 10 min`. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  if (whole < 90) return t('{0} s', whole)
  const minutes = Math.round(whole / 60)
  if (minutes < 60) return t('{0} min', minutes)
  return t('{0} h {1} min', Math.floor(minutes / 60), minutes % 60)
}

/** A rate with three figures at most: `0.42`, `12.3`, `180`. */
export function rateText(perSecond: number): string {
  if (perSecond >= 100) return String(Math.round(perSecond))
  return perSecond.toFixed(perSecond >= 10 ? 1 : 2)
}

/**
 * The frame that a person typed: a number, or a time (`1:02.5`, `62.5s`), which gives the last frame not after it.
 * @returns undefined for what is neither
 */
export function parseFrame(text: string, times: Float64Array): number | undefined {
  const trimmed = text.trim()
  if (/^\d+$/.test(trimmed)) return Math.min(times.length - 1, Number(trimmed))
  const time = /^(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?)\s*s?$/.exec(trimmed)
  if (!time || !/[:.s]/.test(trimmed)) return undefined
  const seconds = Number(time[1] ?? 0) * 3600 + Number(time[2] ?? 0) * 60 + Number(time[3])
  return frameAtTime(times, seconds)
}

/** The last frame that is shown at or before a time; frame 0 before the start. */
export function frameAtTime(times: Float64Array, seconds: number): number {
  let low = 0
  let high = times.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    // Times are sums of parts of seconds: a frame that is due this very moment must not be missed.
    if (times[middle]! <= seconds + 1e-6) low = middle
    else high = middle - 1
  }
  return low
}
