import type { Point } from '../masks/index.ts'
import type { PoseDraft } from './pose-draft.ts'

/** A polygon that is drawn corner by corner. It waits on its frame for its object: elsewhere it is neither seen nor filled. */
export interface Outline {
  readonly frame: number
  /** Undefined where it was begun before there was any object. */
  readonly objectId: number | undefined
  readonly corners: readonly Point[]
  readonly subtract: boolean
}

/** A skeleton that is being placed, on one frame. */
export interface Pose {
  readonly frame: number
  readonly objectId: number
  readonly draft: PoseDraft
}

/** What is drawn in several clicks and not sent yet. Plain JSON, and never changed in place: the view keeps it. */
export interface Unfinished {
  readonly outlines: readonly Outline[]
  readonly poses: readonly Pose[]
}

export const NOTHING_UNFINISHED: Unfinished = { outlines: [], poses: [] }

/** Without what belongs to objects that are gone: a new object may be given the same id. */
export function withoutOthers(unfinished: Unfinished, objectIds: ReadonlySet<number>): Unfinished {
  const stays = ({ objectId }: Outline | Pose) => objectId === undefined || objectIds.has(objectId)
  const { outlines, poses } = unfinished
  if (outlines.every(stays) && poses.every(stays)) return unfinished
  return { outlines: outlines.filter(stays), poses: poses.filter(stays) }
}
