import { computed, signal } from '@preact/signals'
import { area, type Entry, intersection, type Rle, union } from '../../model/annotation/index.ts'
import type { ComparisonView, FrameEntries } from '../protocol/index.ts'
import { keep } from './state.ts'

/** Two models' results, looked at in place of the document's. The document knows nothing of them. */

export const SIDES = ['a', 'b', 'difference'] as const
/** What is drawn: one of the models, or where they differ. */
export type ComparedSide = (typeof SIDES)[number]

/** A and B wherever both are seen: told apart with every kind of colour blindness. */
export const SIDE_COLOURS = { a: '#e69f00', b: '#56b4e9' } as const

export const comparison = signal<ComparisonView | undefined>(undefined)
export const comparedSide = keep('comparedSide', signal<ComparedSide>('difference'))

const results: readonly [Map<number, ReadonlyMap<number, Entry>>, Map<number, ReadonlyMap<number, Entry>>] = [
  new Map(),
  new Map(),
]
const version = signal(0)

/** Begins, follows or ends a comparison. */
export function putComparison(view: ComparisonView | undefined): void {
  comparison.value = view
  if (view !== undefined) return
  for (const side of results) side.clear()
  measured.clear()
  version.value++
}

/** Takes results of a model over. */
export function putCompared(side: 0 | 1, frames: readonly FrameEntries[]): void {
  for (const { frame, entries } of frames) results[side].set(frame, new Map(entries))
  version.value++
}

/** Whether a frame shows results of a comparison and not the document's. */
export function isCompared(frame: number): boolean {
  const view = comparison.value
  return view !== undefined && frame >= view.range[0] && frame <= view.range[1]
}

/** What a model has found on a frame; undefined where it has not come there yet. */
export function comparedEntries(side: 0 | 1, frame: number): ReadonlyMap<number, Entry> | undefined {
  version.value
  return results[side].get(frame)
}

/**
 * How far the models agree on a frame: intersection over union of their masks, all objects taken together.
 * @returns 0 to 1; undefined while one of them has not come there, and for results without masks
 */
export function agreement(frame: number): number | undefined {
  const [a, b] = [comparedEntries(0, frame), comparedEntries(1, frame)]
  if (a === undefined || b === undefined) return undefined
  let shared = 0
  let all = 0
  for (const id of new Set([...a.keys(), ...b.keys()])) {
    const [one, other] = [maskOf(a.get(id)), maskOf(b.get(id))]
    if (one !== undefined && other !== undefined) {
      shared += area(intersection(one, other))
      all += area(union(one, other))
    } else {
      const only = one ?? other
      if (only !== undefined) all += area(only)
    }
  }
  return all === 0 ? undefined : shared / all
}

/** The frame on which the models differ most, among those that both have labelled. */
export const farthest = computed<{ readonly frame: number; readonly agreement: number } | undefined>(() => {
  version.value
  let found: { frame: number; agreement: number } | undefined
  for (const frame of results[0].keys()) {
    const value = agreementOf(frame)
    if (value !== undefined && (found === undefined || value < found.agreement))
      found = { frame, agreement: value }
  }
  return found
})

/** Measured once per pair of results: there are as many as frames, and each result comes alone. */
const measured = new Map<
  number,
  { readonly a: unknown; readonly b: unknown; readonly value: number | undefined }
>()

function agreementOf(frame: number): number | undefined {
  const [a, b] = [results[0].get(frame), results[1].get(frame)]
  const known = measured.get(frame)
  if (known !== undefined && known.a === a && known.b === b) return known.value
  const value = agreement(frame)
  measured.set(frame, { a, b, value })
  return value
}

/** The mask of an entry, where it has one. */
export function maskOf(entry: Entry | undefined): Rle | undefined {
  return entry === undefined || entry.state === 'absent' ? undefined : entry.mask
}
