import { area } from '../../../model/annotation/index.ts'
import { maskAt } from '../masks/index.ts'
import type { Mark } from '../stage/marks.ts'

/** The object whose mask lies under a place; where several do, the smallest, which could not be reached otherwise. */
export function objectAt(marks: readonly Mark[], x: number, y: number): Mark | undefined {
  let best: { mark: Mark; size: number } | undefined
  for (const mark of marks) {
    const { mask } = mark.entry
    if (mask === undefined || !maskAt(mask, x, y)) continue
    const size = area(mask)
    if (best === undefined || size < best.size) best = { mark, size }
  }
  return best?.mark
}

export interface PickedKeypoint {
  readonly mark: Mark
  readonly index: number
}

/**
 * The keypoint nearest to a place, at most `reach` pixels of the video away; one of the selected object goes before
 * those of others.
 */
export function keypointAt(
  marks: readonly Mark[],
  x: number,
  y: number,
  reach: number,
): PickedKeypoint | undefined {
  let best: (PickedKeypoint & { distance: number }) | undefined
  for (const mark of marks)
    for (const [index, keypoint] of (mark.entry.keypoints ?? []).entries()) {
      if (keypoint.visibility === 'absent') continue
      const distance = Math.hypot(keypoint.x - x, keypoint.y - y)
      if (distance > reach) continue
      const closer = best === undefined || distance < best.distance
      const before = mark.selected && best?.mark.selected !== true
      if (before || (closer && mark.selected === (best?.mark.selected ?? mark.selected)))
        best = { mark, index, distance }
    }
  return best
}
