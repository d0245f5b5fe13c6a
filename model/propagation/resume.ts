/** Where an interrupted job stood, found from what it gave: the frames are not labelled again. */
import type { SoftLabels } from './grid.ts'
import {
  decodedLabels,
  type Group,
  type GroupContext,
  gridPoints,
  type MaskMark,
  type PoseMark,
} from './groups.ts'
import { labelsFromJoints } from './keypoints.ts'
import { joinEnds } from './legs.ts'
import type { PlannedGroup } from './mask-frames.ts'
import { type Leg, labelledFrames, legWalks } from './plan.ts'
import type { PropagationSettings } from './settings.ts'
import type { EarlierSteps, WalkStep } from './walk.ts'

/**
 * What an interrupted job gave, as its reader kept it. Frames may be missing, such as those that a person has marked
 * meanwhile. Masks are asked for when they are needed, so that a long job needs no memory for them.
 */
export interface EarlierResults {
  /** Whether an object's mask (where it is absent, the empty one) or pose was given on a frame. */
  has(kind: Group['kind'], object: number, frame: number): boolean
  /** Whether that was the last word there; false for what was labelled from one end of a span alone. */
  isFinal(kind: Group['kind'], object: number, frame: number): boolean
  /** The masks that were given on a frame; several maps where they overlap. */
  masks(frame: number): readonly MaskMark['map'][]
  pose(object: number, frame: number): PoseMark['joints'] | undefined
  /**
   * The very labels that a walk had on a frame, as {@link PropagationJob.onWalked} told them, where somebody kept
   * them. Masks and poses are what was made of them: a walk goes on from those too, but a little differently.
   */
  walked?(group: number, walk: number, frame: number): SoftLabels | undefined
}

/** What a walk has labelled. */
export interface WalkedStep extends WalkStep {
  /** Place of the group among those of the job, and of the walk among those of its leg. */
  readonly group: number
  readonly walk: number
}

/** How far the walks of a leg came. */
export interface LegProgress {
  /** One per walk; undefined where it has not begun. */
  readonly walks: readonly (EarlierSteps | undefined)[]
  /** Labels of a frame from the first end of a span. */
  firstEnd(frame: number): SoftLabels | undefined
}

export const NOTHING_DONE: LegProgress = { walks: [], firstEnd: () => undefined }

/** Earlier results as soft labels on the grid, for a walk to go on from. */
export class EarlierLabels {
  readonly #results: EarlierResults
  readonly #groups: readonly Group[]
  readonly #context: GroupContext
  /** Recent frames that are context. */
  readonly recent: number

  constructor(
    results: EarlierResults,
    groups: readonly Group[],
    context: GroupContext,
    settings: Pick<PropagationSettings, 'context'>,
  ) {
    this.#results = results
    this.#groups = groups
    this.#context = context
    this.recent = settings.context
  }

  /** The labels of a walk on a frame; undefined unless all objects of the group were given there. */
  walked(group: Group, walk: number, frame: number): SoftLabels | undefined {
    const { grid } = this.#context
    const kept = this.#results.walked?.(this.#groups.indexOf(group), walk, frame)
    return kept?.grid.rows === grid.rows && kept.grid.columns === grid.columns
      ? kept
      : this.#given(group, frame)
  }

  /** The labels that a group's last result on a frame was made of. */
  final({ group, legs }: PlannedGroup, frame: number): SoftLabels | undefined {
    const leg = legs.find((each) => covers(each, frame))
    const first = this.walked(group, 0, frame)
    if (leg?.kind !== 'between' || !first) return first
    const second = this.walked(group, 1, frame)
    return second ? joinEnds(leg, frame, first, second) : first
  }

  /** The labels that a group's results mean; undefined unless all its objects were given. */
  #given(group: Group, frame: number): SoftLabels | undefined {
    if (!objectsOf(group).every((object) => this.#results.has(group.kind, object, frame))) return undefined
    if (group.kind === 'masks') return decodedLabels(group.layers, this.#results.masks(frame), this.#context)
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
  count(group: Group, frames: readonly number[], final: boolean): number {
    const objects = objectsOf(group)
    const results = this.#results
    const given = (object: number, frame: number): boolean =>
      results.has(group.kind, object, frame) && (!final || results.isFinal(group.kind, object, frame))
    return frames.findLastIndex((frame) => objects.some((object) => given(object, frame))) + 1
  }
}

function covers(leg: Leg, frame: number): boolean {
  const [a, b] = leg.kind === 'between' ? [leg.from, leg.to] : [leg.frames[0]!, leg.frames.at(-1)!]
  return frame >= Math.min(a, b) && frame <= Math.max(a, b)
}

function objectsOf(group: Group): readonly number[] {
  return group.kind === 'pose' ? [group.object] : group.layers.flatMap(({ objects }) => objects)
}

/** How many frames of each walk of a leg are done, the marked ones not counted. */
function walkedFrames(group: Group, leg: Leg, earlier: EarlierLabels): number[] {
  const walks = legWalks(leg).map((frames) => frames.slice(1))
  if (leg.kind === 'gone') return []
  if (leg.kind === 'walk') return [earlier.count(group, walks[0]!, false)]
  const down = earlier.count(group, walks[1]!, true)
  // The second end is begun once the first one is done.
  return [down > 0 ? walks[0]!.length : earlier.count(group, walks[0]!, false), down]
}

/** Where a leg goes on. */
export function legProgress(group: Group, leg: Leg, earlier: EarlierLabels): LegProgress {
  const counts = walkedFrames(group, leg, earlier)
  const walks = legWalks(leg).map((frames, i): EarlierSteps | undefined => {
    const walked = counts[i]!
    if (walked === 0) return undefined
    const recent = frames.slice(Math.max(1, walked + 1 - earlier.recent), walked + 1).flatMap((frame) => {
      const labels = earlier.walked(group, i, frame)
      return labels ? [{ frame, labels }] : []
    })
    return { walked, recent }
  })
  return { walks, firstEnd: (frame) => earlier.walked(group, 0, frame) }
}

/** How many results a group's legs will give. */
export function resultsLeft(group: Group, legs: readonly Leg[], earlier: EarlierLabels | undefined): number {
  let left = 0
  for (const leg of legs) {
    // Given anew after a loss: nothing is computed for them.
    if (leg.kind === 'gone') left += labelledFrames(leg).length
    const counts = earlier ? walkedFrames(group, leg, earlier) : [0, 0]
    const [first, last] = leg.range
    legWalks(leg).forEach((frames, i) => {
      for (const frame of frames.slice(1 + counts[i]!)) if (frame >= first && frame <= last) left++
    })
  }
  return left
}
