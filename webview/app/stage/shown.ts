import { computed } from '@preact/signals'
import type { Entry } from '../../../model/annotation/index.ts'
import * as state from '../state.ts'
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
  return marksOf({
    entries: knownEntries(frame),
    objects: state.objects.value,
    selected: state.objectId.value,
    isShown: state.isShown,
    colourOf: state.colourOf,
    skeletonOf: (object) => state.labelOf(object)?.skeleton,
  })
})
