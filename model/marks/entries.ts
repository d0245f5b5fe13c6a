/** From propagation results to entries of a document. */
import { type Entry, encodeAllLabels, type ModelEntry, type RunResult } from '../annotation/index.ts'
import type { FrameResult } from '../propagation/index.ts'

/** A joint whose strongest cell has less weight than this is called occluded. */
const OCCLUDED_BELOW = 0.25

/** A number as it is written: digits that say nothing are cut. */
export function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}

/** The entries that one result means: per object propagated, or absent where nothing is left of it. */
export function resultEntries(result: FrameResult, run: number): RunResult[] {
  const { frame } = result
  if (result.kind === 'pose') {
    if (result.isGone)
      return [{ objectId: result.object, frame, entry: { state: 'absent', by: 'run', run, confidence: 1 } }]
    const keypoints = result.joints.map((joint) =>
      joint
        ? {
            x: rounded(joint.x, 2),
            y: rounded(joint.y, 2),
            visibility: joint.confidence < OCCLUDED_BELOW ? ('occluded' as const) : ('visible' as const),
            confidence: rounded(joint.confidence, 4),
          }
        : { x: 0, y: 0, visibility: 'absent' as const },
    )
    const confidence = rounded(result.confidence, 4)
    return [
      {
        objectId: result.object,
        frame,
        entry: { state: 'propagated', run, confidence, occluded: false, keypoints },
      },
    ]
  }
  return result.layers.flatMap(({ map, objects }) => {
    const masks = encodeAllLabels(map.data, map.width, map.height)
    return objects.map(({ id, confidence: exact, area }): RunResult => {
      const confidence = rounded(exact, 4)
      if (area === 0) return { objectId: id, frame, entry: { state: 'absent', by: 'run', run, confidence } }
      const mask = masks.get(id)!
      return { objectId: id, frame, entry: { state: 'propagated', run, confidence, occluded: false, mask } }
    })
  })
}

/**
 * A pose, or that there is none, beside the mask that is there, of this run or an earlier one.
 * @param sureOfMask confidence of the mask, where this run gave it
 */
export function besideMask(
  before: Entry | undefined,
  entry: ModelEntry,
  sureOfMask: number | undefined,
): ModelEntry {
  if (before?.state !== 'propagated' || !before.mask) return entry
  if (entry.state === 'absent') {
    const { mask, confidence, occluded } = before
    return { state: 'propagated', run: entry.run, confidence: sureOfMask ?? confidence, occluded, mask }
  }
  const confidence = Math.min(entry.confidence, sureOfMask ?? before.confidence)
  return { ...entry, mask: before.mask, confidence }
}

/** A mask, or that there is none, beside the keypoints that are there, of this run or an earlier one. */
export function besidePose(before: Entry | undefined, entry: ModelEntry): ModelEntry {
  if (before?.state !== 'propagated' || !before.keypoints) return entry
  const { keypoints } = before
  const each = keypoints.flatMap(({ visibility, confidence }) =>
    visibility === 'absent' || confidence === undefined ? [] : [confidence],
  )
  const sure = each.length > 0 ? each.reduce((sum, value) => sum + value, 0) / each.length : before.confidence
  if (entry.state === 'absent')
    return {
      state: 'propagated',
      run: entry.run,
      confidence: rounded(sure, 4),
      occluded: before.occluded,
      keypoints,
    }
  return { ...entry, keypoints, confidence: Math.min(entry.confidence, rounded(sure, 4)) }
}
