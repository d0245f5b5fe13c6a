import { t } from '../app/texts.ts'

/** A span of time as people say it. @param seconds 0 or more */
export function duration(seconds: number): string {
  if (seconds < 60) return t('{0} s', Math.max(1, Math.round(seconds)))
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return t('{0} min', minutes)
  return t('{0} h {1} min', Math.floor(minutes / 60), minutes % 60)
}

export function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`
}

/** A number as short as it can be without lying about its size. */
export function short(value: number): string {
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size >= 1000) return value.toLocaleString(undefined, { maximumFractionDigits: 0 })
  return size < 0.001 ? value.toExponential(1) : String(Number(value.toPrecision(3)))
}

/** A share of 1 in percent with one digit. */
export function percent(value: number | undefined): string {
  return value === undefined ? '–' : (100 * value).toFixed(1)
}
