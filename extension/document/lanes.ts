import type { AnnotationDocument } from '../../model/annotation/index.ts'
import { type LaneChange, laneCode } from '../../webview/protocol/index.ts'

/** Unchanged frames between two changed ones that are sent along rather than starting another piece. */
const GAP = 32

/** One byte per object and frame, kept up to date, so that a view can be shown at once. */
export class Lanes {
  readonly #document: AnnotationDocument
  readonly #lanes = new Map<number, Uint8Array>()

  constructor(document: AnnotationDocument) {
    this.#document = document
  }

  /** Looks at everything, in pieces. */
  *fill(): Generator<void, void, undefined> {
    for (const objectId of [...this.#document.objects.keys()]) {
      const lane = this.#lane(objectId)
      for (const frame of this.#document.frames(objectId)) {
        lane[frame] = laneCode(this.#document.entry(objectId, frame))
        yield
      }
    }
  }

  /** Objects that are gone leave, new ones get an empty lane. @returns the lanes of the new ones */
  follow(): LaneChange[] {
    const fresh: LaneChange[] = []
    for (const objectId of this.#lanes.keys())
      if (!this.#document.objects.has(objectId)) this.#lanes.delete(objectId)
    for (const objectId of this.#document.objects.keys())
      if (!this.#lanes.has(objectId)) fresh.push({ objectId, first: 0, codes: this.#lane(objectId).slice() })
    return fresh
  }

  /** @returns what a view has to be told */
  update(changed: ReadonlyMap<number, ReadonlySet<number>>): LaneChange[] {
    const changes: LaneChange[] = []
    for (const [objectId, frames] of changed) {
      if (!this.#document.objects.has(objectId)) continue
      const lane = this.#lane(objectId)
      for (const frame of frames) lane[frame] = laneCode(this.#document.entry(objectId, frame))
      for (const [first, last] of stretches(frames))
        changes.push({ objectId, first, codes: lane.slice(first, last + 1) })
    }
    return changes
  }

  /** Every lane, whole, in the order of the objects. */
  all(): LaneChange[] {
    return [...this.#document.objects.keys()]
      .sort((a, b) => a - b)
      .map((objectId) => ({ objectId, first: 0, codes: this.#lane(objectId).slice() }))
  }

  #lane(objectId: number): Uint8Array {
    let lane = this.#lanes.get(objectId)
    if (lane === undefined) {
      lane = new Uint8Array(this.#document.video.frameCount)
      this.#lanes.set(objectId, lane)
    }
    return lane
  }
}

/** Frames as stretches, near ones joined. */
function stretches(frames: ReadonlySet<number>): [first: number, last: number][] {
  const sorted = Uint32Array.from(frames).sort()
  const result: [number, number][] = []
  for (const frame of sorted) {
    const last = result.at(-1)
    if (last !== undefined && frame - last[1] <= GAP) last[1] = frame
    else result.push([frame, frame])
  }
  return result
}
