import { computed } from '@preact/signals'
import type { TrackedObject } from '../../../model/annotation/index.ts'
import { comparedEntries, comparedSide, comparison, isCompared } from '../comparison.ts'
import * as state from '../state.ts'
import { comparedMarks } from './compared-marks.ts'
import { type Mark, marksOf } from './marks.ts'

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
  if (compared === undefined || !isCompared(frame))
    return marksOf({ ...look, entries: state.entriesOf(frame) })
  return comparedMarks({
    ...look,
    own: state.entriesOf(frame),
    a: comparedEntries(0, frame),
    b: comparedEntries(1, frame),
    side: comparedSide.value,
    compared: new Set(compared.objects),
  })
})
