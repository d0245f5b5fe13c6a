import { computed } from '@preact/signals'
import type { Entry, TrackedObject } from '../../../model/annotation/index.ts'
import { comparedEntries, comparedSide, comparison, isCompared } from '../comparison.ts'
import * as state from '../state.ts'
import { comparedMarks } from './compared-marks.ts'
import { type Mark, marksOf } from './marks.ts'

const NOTHING: ReadonlyMap<number, Entry> = new Map()

/**
 * What is known about a frame, with what is on its way to the host; undefined while the host has not told. A frame on
 * which no lane has anything needs no telling.
 */
export function knownEntries(frame: number): ReturnType<typeof state.entriesOf> {
  const told = state.entriesOf(frame)
  if (told !== undefined) return told
  state.lanesVersion.value
  for (const lane of state.lanes.values()) if (lane[frame] !== 0) return undefined
  return NOTHING
}

/** What is drawn on the frame on screen. */
export const shownMarks = computed<readonly Mark[]>(() => {
  const frame = state.shownFrame.value
  if (frame === undefined || !state.overlayShown.value) return []
  const look = {
    objects: state.objects.value,
    selected: state.objectId.value,
    isShown: state.isShown,
    colourOf: state.colourOf,
    skeletonOf: (object: TrackedObject) => state.labelOf(object)?.skeleton,
  }
  const compared = comparison.value
  if (compared === undefined || !isCompared(frame)) return marksOf({ ...look, entries: knownEntries(frame) })
  return comparedMarks({
    ...look,
    own: knownEntries(frame),
    a: comparedEntries(0, frame),
    b: comparedEntries(1, frame),
    side: comparedSide.value,
    compared: new Set(compared.objects),
  })
})
