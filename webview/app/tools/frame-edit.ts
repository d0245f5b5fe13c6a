import type { Edit, Entry, KeyframeEntry, Keypoint, Rle } from '../../../model/annotation/index.ts'
import type { MaskEditResult } from '../masks/index.ts'

/** What a person has changed is a keyframe: everything else that was known of the object comes along. */
export function withMask(entry: Entry | undefined, mask: Rle): KeyframeEntry {
  return { ...asKeyframe(entry), mask }
}

/** The same with keypoints; a person stands by all of them, so no confidence is left. */
export function withKeypoints(entry: Entry | undefined, keypoints: readonly Keypoint[]): KeyframeEntry {
  return { ...asKeyframe(entry), keypoints: keypoints.map(withoutConfidence) }
}

/**
 * The edits that a drawn mask comes to. A neighbour that lost pixels to a person's stroke stays what it was, a person's
 * or the model's: nobody has said that the rest of it is right.
 */
export function maskEdits(
  frame: number,
  objectId: number,
  entries: ReadonlyMap<number, Entry>,
  result: MaskEditResult,
): Edit[] {
  const edits: Edit[] = []
  if (result.mask !== undefined)
    edits.push({ kind: 'setEntry', objectId, frame, entry: withMask(entries.get(objectId), result.mask) })
  for (const [neighbour, mask] of result.neighbours) {
    const entry = entries.get(neighbour)
    if (entry !== undefined && entry.state !== 'absent')
      edits.push({ kind: 'setEntry', objectId: neighbour, frame, entry: { ...entry, mask } })
  }
  return edits
}

function asKeyframe(entry: Entry | undefined): KeyframeEntry {
  if (entry === undefined || entry.state === 'absent') return { state: 'keyframe', occluded: false }
  const { mask, keypoints, occluded } = entry
  return {
    state: 'keyframe',
    occluded,
    ...(mask === undefined ? {} : { mask }),
    ...(keypoints === undefined ? {} : { keypoints: keypoints.map(withoutConfidence) }),
  }
}

function withoutConfidence({ x, y, visibility }: Keypoint): Keypoint {
  return { x, y, visibility }
}
