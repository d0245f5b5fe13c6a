import type { Entry, TrackedObject } from '../../../model/annotation/index.ts'
import { t } from '../texts.ts'

/** What a person who does not see the canvas should know of the frame on it. */
export function describeFrame(
  frame: number,
  frameCount: number,
  objects: readonly TrackedObject[],
  entries: ReadonlyMap<number, Entry> | undefined,
): string {
  const parts = [t('Frame {0} of {1}', frame, frameCount - 1)]
  for (const { id, name } of objects) {
    const entry = entries?.get(id)
    if (entry !== undefined) parts.push(`${name}: ${describeEntry(entry)}`)
  }
  if (parts.length === 1) parts.push(t('nothing marked'))
  return parts.join('. ')
}

function describeEntry(entry: Entry): string {
  if (entry.state === 'absent') return t('absent')
  const parts =
    entry.state === 'propagated'
      ? [t('propagated'), t('{0} % sure', Math.round(entry.confidence * 100))]
      : [t('keyframe')]
  if (entry.occluded) parts.push(t('occluded'))
  return parts.join(', ')
}
