import type { EarlierResult } from '../../model/process/index.ts'
import type { RunLane } from '../../webview/protocol/index.ts'
import type { RunPlan } from './plan.ts'

type Kind = NonNullable<EarlierResult['final']>[number]

const KINDS: readonly Kind[] = ['masks', 'pose']

/** How far a run is with every object: which of its results are its last word. */
export class RunLanes {
  readonly #final: Record<Kind, Set<number>> = { masks: new Set(), pose: new Set() }
  readonly #lanes: ReadonlyMap<number, Lane>

  constructor({ objects, marks, range: [first, last] }: Pick<RunPlan, 'objects' | 'marks' | 'range'>) {
    this.#lanes = new Map(objects.map(({ id }) => [id, new Lane()]))
    for (const { objectId, frame, entry } of marks) {
      const lane = this.#lanes.get(objectId)
      if (lane === undefined) continue
      if (frame >= first && frame <= last) lane.marked.add(frame)
      if (entry.state === 'absent') continue
      if (entry.mask !== undefined) lane.kinds.add('masks')
      if (entry.keypoints !== undefined) lane.kinds.add('pose')
    }
  }

  add(results: readonly EarlierResult[]): void {
    for (const { objectId, frame, final } of results) {
      const key = keyOf(objectId, frame)
      for (const kind of final ?? []) this.#final[kind].add(key)
      const lane = this.#lanes.get(objectId)
      if (lane !== undefined && [...lane.kinds].every((kind) => this.#final[kind].has(key)))
        lane.finish(frame)
    }
  }

  /** What of an object's frame is the run's last word. */
  finalOf(objectId: number, frame: number): Kind[] {
    const key = keyOf(objectId, frame)
    return KINDS.filter((kind) => this.#final[kind].has(key))
  }

  /** As they stand now, in the order of the plan's objects. */
  view(): RunLane[] {
    return [...this.#lanes].map(([objectId, lane]) => ({ objectId, done: lane.done }))
  }
}

/** The finished frames of one object as stretches, because a view is sent them after every frame. */
class Lane {
  /** Frames that no result comes for, because they are marked: a stretch goes on over them. */
  readonly marked = new Set<number>()
  /** What the run gives of this object. */
  readonly kinds = new Set<Kind>()
  /** Ascending, never touching. */
  done: readonly (readonly [first: number, last: number])[] = []

  finish(frame: number): void {
    let first = frame
    let last = frame
    while (this.marked.has(first - 1)) first--
    while (this.marked.has(last + 1)) last++
    const before = this.done.filter((stretch) => stretch[1] < first - 1)
    const after = this.done.filter((stretch) => stretch[0] > last + 1)
    const touched = this.done.slice(before.length, this.done.length - after.length)
    first = Math.min(first, ...touched.map((stretch) => stretch[0]))
    last = Math.max(last, ...touched.map((stretch) => stretch[1]))
    this.done = [...before, [first, last], ...after]
  }
}

/** One number for an object (1 to 255) on a frame. */
function keyOf(objectId: number, frame: number): number {
  return frame * 256 + objectId
}
