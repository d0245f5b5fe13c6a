/** What of an object on a frame a dataset layout can hold, and what of that there is to see. */
import { area, type Entry, type Keypoint, type Shape } from '../annotation/index.ts'

/** A property of a layout; the plan, its warnings, the record and the comparison of what was written follow it. */
export interface Holdings {
  readonly masks: boolean
  readonly keypoints: boolean
}

/** Whether a layout can hold something of the entry: a part of its shape, or the statement that the object is absent. */
export function isHeld(entry: Entry | undefined, holds: Holdings): entry is Entry {
  if (entry === undefined) return false
  if (entry.state === 'absent') return true
  const { mask, keypoints } = heldOf(entry, holds)
  return mask !== undefined || keypoints !== undefined
}

/** The parts of a shape that a layout can hold. */
export function heldOf({ mask, keypoints }: Shape, holds: Holdings): Shape {
  return {
    ...(holds.masks && mask !== undefined && { mask }),
    ...(holds.keypoints && keypoints !== undefined && { keypoints }),
  }
}

/** Whether there is anything to see: an empty mask and a pose whose points are all absent are nothing. */
export function isSeen({ mask, keypoints }: Shape): boolean {
  return (mask !== undefined && area(mask) > 0) || (keypoints?.some(isThere) ?? false)
}

/** A keypoint that is not there, as datasets with keypoints have it. */
export const ABSENT: Keypoint = { x: 0, y: 0, visibility: 'absent' }

/** Whether a keypoint has a place. */
export function isThere({ visibility }: Keypoint): boolean {
  return visibility !== 'absent'
}

/** "mask", "mask or keypoint": what a person can mark for a layout. */
export function heldNames({ masks, keypoints }: Holdings): string {
  return [...(masks ? ['mask'] : []), ...(keypoints ? ['keypoint'] : [])].join(' or ')
}
