/** The results of one run as entries of a document, and those that the run gave before the process was lost. */
import type { ModelEntry } from '../annotation/index.ts'
import { besideMask, besidePose, labelMaps, resultEntries } from '../marks/index.ts'
import type { EarlierResults, FrameResult, MaskMark, PoseMark, SoftLabels } from '../propagation/index.ts'
import type { EarlierResult } from './surface.ts'
import type { Trail } from './trail.ts'

/** In the order in which a run gives them. */
const KINDS: readonly FrameResult['kind'][] = ['masks', 'pose']

interface KnownEntry {
  readonly entry: ModelEntry
  /** Confidence of its mask alone, where the run gave one. */
  readonly mask: number | undefined
}

/** Turns results into entries: a mask and a pose of one object make one entry. */
export class RunEntries {
  readonly #run: number
  /** Entries of the objects that have masks and keypoints, which come in separate results. */
  readonly #known = new Map<number, Map<number, KnownEntry>>()
  /**
   * Which masks and poses are the run's last word; see {@link keyOf}. An object's masks are all final before the first
   * of its poses, which may be provisional.
   */
  readonly #final = { masks: new Set<number>(), pose: new Set<number>() }

  /** @param twofold objects that are followed by mask and by keypoints */
  constructor(run: number, twofold: Iterable<number>, earlier: Iterable<EarlierResult>) {
    this.#run = run
    for (const object of twofold) this.#known.set(object, new Map())
    for (const { objectId, frame, entry, final } of earlier) {
      this.#known.get(objectId)?.set(frame, { entry, mask: undefined })
      for (const kind of final ?? []) this.#final[kind].add(keyOf(objectId, frame))
    }
  }

  /** The entries that a result means. */
  add(result: FrameResult): EarlierResult[] {
    return resultEntries(result, this.#run).map(({ objectId, frame, entry }) => {
      const key = keyOf(objectId, frame)
      if (!result.provisional) this.#final[result.kind].add(key)
      const final = KINDS.filter((kind) => this.#final[kind].has(key))
      return { objectId, frame, entry: this.#join(result.kind, objectId, frame, entry), final }
    })
  }

  #join(kind: FrameResult['kind'], object: number, frame: number, entry: ModelEntry): ModelEntry {
    const entries = this.#known.get(object)
    if (!entries) return entry
    const before = entries.get(frame)
    const joined =
      kind === 'pose' ? besideMask(before?.entry, entry, before?.mask) : besidePose(before?.entry, entry)
    entries.set(frame, { entry: joined, mask: kind === 'pose' ? before?.mask : entry.confidence })
    return joined
  }
}

/** One number for an object (1 to 255) on a frame. */
function keyOf(objectId: number, frame: number): number {
  return frame * 256 + objectId
}

/** What a run gave before the process was lost, as propagation goes on from it. */
export class EarlierEntries implements EarlierResults {
  readonly #size: { readonly width: number; readonly height: number }
  readonly #trail: Trail
  readonly #byFrame = new Map<number, Map<number, EarlierResult>>()

  /** @param size of the video. @param trail soft labels that the lost process left */
  constructor(
    results: readonly EarlierResult[],
    size: { readonly width: number; readonly height: number },
    trail: Trail,
  ) {
    this.#size = size
    this.#trail = trail
    for (const result of results) {
      const frame = this.#byFrame.get(result.frame) ?? new Map<number, EarlierResult>()
      this.#byFrame.set(result.frame, frame.set(result.objectId, result))
    }
  }

  has(kind: FrameResult['kind'], object: number, frame: number): boolean {
    const entry = this.#entry(object, frame)
    // Masks come before poses: an object without a mask beside its pose was found absent.
    return kind === 'masks' ? entry !== undefined : entry?.state === 'propagated' && !!entry.keypoints
  }

  isFinal(kind: FrameResult['kind'], object: number, frame: number): boolean {
    return this.#byFrame.get(frame)?.get(object)?.final?.includes(kind) === true
  }

  masks(frame: number): readonly MaskMark['map'][] {
    const results = [...(this.#byFrame.get(frame)?.values() ?? [])]
    return labelMaps(
      results.map(({ objectId, entry }) => [objectId, entry.state === 'propagated' ? entry.mask : undefined]),
      this.#size,
    ).map(({ map }) => map)
  }

  pose(object: number, frame: number): PoseMark['joints'] | undefined {
    const entry = this.#entry(object, frame)
    if (entry?.state !== 'propagated') return undefined
    return entry.keypoints?.map((joint) => (joint.visibility === 'absent' ? undefined : joint))
  }

  walked(group: number, walk: number, frame: number): SoftLabels | undefined {
    return this.#trail.labels(group, walk, frame)
  }

  #entry(object: number, frame: number): ModelEntry | undefined {
    return this.#byFrame.get(frame)?.get(object)?.entry
  }
}
