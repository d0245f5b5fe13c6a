import type { EarlierResult, Mark } from '../../model/process/index.ts'
import type { RunLane } from '../../webview/protocol/index.ts'
import { showsMask, showsPose } from './marks.ts'
import type { RunPlan } from './plan.ts'

type Kind = NonNullable<EarlierResult['final']>[number]
type Stretch = readonly [first: number, last: number]

const KINDS: readonly Kind[] = ['masks', 'pose']

/** How far a run is with every object: which of its results are its last word. */
export class RunLanes {
  readonly #final: Record<Kind, Set<number>> = { masks: new Set(), pose: new Set() }
  readonly #lanes: ReadonlyMap<number, Lane>

  constructor(plan: Omit<RunPlan, 'objects'> & { readonly objects: readonly { readonly id: number }[] }) {
    this.#lanes = new Map(plan.objects.map(({ id }) => [id, new Lane(id, plan)]))
  }

  add(results: readonly EarlierResult[]): void {
    for (const { objectId, frame, final } of results) {
      const key = keyOf(objectId, frame)
      for (const kind of final ?? []) this.#final[kind].add(key)
      this.#lanes.get(objectId)?.given(frame, (kind) => this.#final[kind].has(key))
    }
  }

  /** What of an object's frame is the run's last word. */
  finalOf(objectId: number, frame: number): Kind[] {
    const key = keyOf(objectId, frame)
    return KINDS.filter((kind) => this.#final[kind].has(key))
  }

  /** As they stand now, in the order of the plan's objects. */
  view(): RunLane[] {
    return [...this.#lanes].map(([objectId, { range, done }]) => ({ objectId, range, done }))
  }
}

/** The frames of one object as stretches, because a view is sent them after every frame. */
class Lane {
  /** Frames that no result comes for, because they are marked: a stretch goes on over them. */
  readonly #marked: ReadonlySet<number>
  /** The frames that masks and keypoints are given for: both need a mark of their own to start from. */
  readonly #reach: ReadonlyMap<Kind, Stretch>
  /** All frames that something is given for. */
  readonly range: Stretch | undefined
  /** Ascending, never touching. */
  done: readonly Stretch[] = []

  constructor(id: number, { marks, range, direction }: Omit<RunPlan, 'objects'>) {
    const own = marks.filter(({ objectId }) => objectId === id)
    this.#marked = new Set(
      own.map(({ frame }) => frame).filter((frame) => frame >= range[0] && frame <= range[1]),
    )
    this.#reach = new Map(
      KINDS.flatMap((kind) => {
        if (!own.some(({ entry }) => shows(kind, entry))) return []
        const frames = own.filter(({ entry }) => says(kind, entry)).map(({ frame }) => frame)
        const first = direction === 'forward' ? Math.max(range[0], Math.min(...frames)) : range[0]
        const last = direction === 'backward' ? Math.min(range[1], Math.max(...frames)) : range[1]
        return first <= last ? [[kind, [first, last] as const]] : []
      }),
    )
    const reaches = [...this.#reach.values()]
    this.range =
      reaches.length === 0
        ? undefined
        : [Math.min(...reaches.map(([first]) => first)), Math.max(...reaches.map(([, last]) => last))]
  }

  /** A result came. @param isFinal whether the last word about masks or keypoints of its frame was said */
  given(frame: number, isFinal: (kind: Kind) => boolean): void {
    for (const [kind, [first, last]] of this.#reach)
      if (frame >= first && frame <= last && !isFinal(kind)) return
    let [first, last] = [frame, frame]
    while (this.#marked.has(first - 1)) first--
    while (this.#marked.has(last + 1)) last++
    const before = this.done.filter((stretch) => stretch[1] < first - 1)
    const after = this.done.filter((stretch) => stretch[0] > last + 1)
    const touched = this.done.slice(before.length, this.done.length - after.length)
    first = Math.min(first, ...touched.map((stretch) => stretch[0]))
    last = Math.max(last, ...touched.map((stretch) => stretch[1]))
    this.done = [...before, [first, last], ...after]
  }
}

/** Whether a mark has something to carry. */
function shows(kind: Kind, entry: Mark['entry']): boolean {
  return entry.state !== 'absent' && (kind === 'masks' ? showsMask(entry) : showsPose(entry))
}

/** Whether a mark ends or starts a walk: absence and an emptied mask do, too. */
function says(kind: Kind, entry: Mark['entry']): boolean {
  return entry.state === 'absent' || (kind === 'masks' ? entry.mask !== undefined : shows(kind, entry))
}

/** One number for an object (1 to 255) on a frame. */
function keyOf(objectId: number, frame: number): number {
  return frame * 256 + objectId
}
