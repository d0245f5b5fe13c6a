/** Where an interrupted job stood, found from what it gave: the frames are not labelled again. */
import type { SoftLabels } from './grid.ts'
import {
  type Group,
  type GroupContext,
  gridPoints,
  type MaskMark,
  maskLabels,
  type PoseMark,
} from './groups.ts'
import { labelsFromJoints } from './keypoints.ts'
import { type Leg, legWalks } from './plan.ts'
import type { EarlierSteps } from './walk.ts'

/**
 * What an interrupted job gave, as its reader kept it. Frames may be missing, such as those that a person has marked
 * meanwhile. Masks are asked for when they are needed, so that a long job needs no memory for them.
 */
export interface EarlierResults {
  /** Whether an object's mask (where it is absent, the empty one) or pose was given on a frame. */
  has(kind: Group['kind'], object: number, frame: number): boolean
  /** Whether it was the last word there; false for what was labelled from one end of a span alone. */
  isFinal(object: number, frame: number): boolean
  /** The masks that were given on a frame; several maps where they overlap. */
  masks(frame: number): readonly MaskMark['map'][]
  pose(object: number, frame: number): PoseMark['joints'] | undefined
}

/** How far the walks of a leg came. */
export interface LegProgress {
  /** One per walk; undefined where it has not begun. */
  readonly walks: readonly (EarlierSteps | undefined)[]
  /** The labels that an earlier job gave on a frame. */
  labels(frame: number): SoftLabels | undefined
}

export const NOTHING_DONE: LegProgress = { walks: [], labels: () => undefined }

/** Earlier results as soft labels on the grid, made like those of marks. */
export class EarlierLabels {
  readonly #results: EarlierResults
  readonly #context: GroupContext
  /** Recent frames that are context. */
  readonly recent: number

  constructor(results: EarlierResults, context: GroupContext, recent: number) {
    this.#results = results
    this.#context = context
    this.recent = recent
  }

  /** The labels of a group on a frame; undefined unless all its objects were given there. */
  labels(group: Group, frame: number): SoftLabels | undefined {
    if (!objectsOf(group).every((object) => this.#results.has(group.kind, object, frame))) return undefined
    if (group.kind === 'masks') return maskLabels(group.layers, this.#results.masks(frame), this.#context)
    const joints = this.#results.pose(group.object, frame)
    return (
      joints &&
      labelsFromJoints(gridPoints({ frame, object: group.object, joints }, this.#context), this.#context.grid)
    )
  }

  /**
   * How many of `frames` were walked. Results come in walking order, so the last one there tells; before it, frames
   * without a result were taken over by a person.
   * @param final whether results from one end of a span do not count
   */
  walked(group: Group, frames: readonly number[], final: boolean): number {
    const objects = objectsOf(group)
    const results = this.#results
    const given = (object: number, frame: number): boolean =>
      results.has(group.kind, object, frame) && (!final || results.isFinal(object, frame))
    return frames.findLastIndex((frame) => objects.some((object) => given(object, frame))) + 1
  }
}

function objectsOf(group: Group): readonly number[] {
  return group.kind === 'pose' ? [group.object] : group.layers.flatMap(({ objects }) => objects)
}

/** How many frames of each walk of a leg are done, the marked ones not counted. */
function walkedFrames(group: Group, leg: Leg, earlier: EarlierLabels): number[] {
  const walks = legWalks(leg).map((frames) => frames.slice(1))
  if (leg.kind === 'walk') return [earlier.walked(group, walks[0]!, false)]
  const down = earlier.walked(group, walks[1]!, true)
  // The second end is begun once the first one is done.
  return [down > 0 ? walks[0]!.length : earlier.walked(group, walks[0]!, false), down]
}

/** Where a leg goes on. */
export function legProgress(group: Group, leg: Leg, earlier: EarlierLabels): LegProgress {
  const counts = walkedFrames(group, leg, earlier)
  const walks = legWalks(leg).map((frames, i): EarlierSteps | undefined => {
    const walked = counts[i]!
    if (walked === 0) return undefined
    const recent = frames.slice(Math.max(1, walked + 1 - earlier.recent), walked + 1).flatMap((frame) => {
      const labels = earlier.labels(group, frame)
      return labels ? [{ frame, labels }] : []
    })
    return { walked, recent }
  })
  return { walks, labels: (frame) => earlier.labels(group, frame) }
}

/** How many results a group's legs will give. */
export function resultsLeft(group: Group, legs: readonly Leg[], earlier: EarlierLabels | undefined): number {
  let left = 0
  for (const leg of legs) {
    const counts = earlier ? walkedFrames(group, leg, earlier) : [0, 0]
    const [first, last] = leg.range
    legWalks(leg).forEach((frames, i) => {
      for (const frame of frames.slice(1 + counts[i]!)) if (frame >= first && frame <= last) left++
    })
  }
  return left
}
