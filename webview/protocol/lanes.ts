import type { Entry } from '../../model/annotation/index.ts'

/**
 * One byte per object and frame is all that the timeline needs: 100,000 frames of 20 objects are 2 MB.
 * 0 nothing, 1 keyframe, 2 keyframe that is occluded, 3 absent (a person), 4 absent (a run),
 * 16 to 255 propagated: 16 + confidence x 239.
 */
export type LaneCode = number

const PROPAGATED = 16
const STEPS = 255 - PROPAGATED

/** The byte for what is known about an object on a frame. */
export function laneCode(entry: Entry | undefined): LaneCode {
  if (entry === undefined) return 0
  switch (entry.state) {
    case 'keyframe':
      return entry.occluded ? 2 : 1
    case 'absent':
      return entry.by === 'person' ? 3 : 4
    case 'propagated':
      return PROPAGATED + Math.round(Math.min(1, Math.max(0, entry.confidence)) * STEPS)
    default:
      entry satisfies never
      return 0
  }
}

/** What a byte says; the confidence only of propagated frames, 0 to 1. */
export function readLaneCode(
  code: LaneCode,
):
  | { readonly kind: 'none' | 'keyframe' | 'occluded' | 'absent' | 'absentByRun' }
  | { readonly kind: 'propagated'; readonly confidence: number } {
  if (code >= PROPAGATED) return { kind: 'propagated', confidence: (code - PROPAGATED) / STEPS }
  return { kind: (['none', 'keyframe', 'occluded', 'absent', 'absentByRun'] as const)[code] ?? 'none' }
}
