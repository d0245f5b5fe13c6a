import { equalMasks } from './mask-measures.ts'
import type { Entry, Shape } from './types.ts'

/** Deep equality of plain values (text, numbers, lists, records); a missing key equals an undefined one. */
export function equalValues(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((value, i) => equalValues(value, b[i]))
  }
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)]))
    if (!equalValues(left[key], right[key])) return false
  return true
}

/** Whether two entries say the same; masks are compared by their pixels. */
export function equalEntries(a: Entry, b: Entry): boolean {
  if (a === b) return true
  const maskA = (a as Shape).mask
  const maskB = (b as Shape).mask
  if ((maskA === undefined) !== (maskB === undefined)) return false
  if (maskA !== undefined && maskB !== undefined && !equalMasks(maskA, maskB)) return false
  return sameBesidesMask(a, b) && sameBesidesMask(b, a)
}

/** Whether all that one entry says, but for the mask, the other says too. */
function sameBesidesMask(a: Entry, b: Entry): boolean {
  const other = b as unknown as Record<string, unknown>
  for (const key in a)
    if (key !== 'mask' && !equalValues((a as unknown as Record<string, unknown>)[key], other[key]))
      return false
  return true
}
