/** One walk through a clip: from a marked frame, frame after frame, each labelled by those before it. */
import { throwIfCancelled } from '../errors.ts'
import type { Affinity, Candidates } from './affinity.ts'
import { coherentCandidates } from './coherence.ts'
import type { TokenSource } from './features.ts'
import type { SoftLabels } from './grid.ts'
import { neighbourhoodAt, type PropagationSettings } from './settings.ts'
import { type Ballot, castVotes } from './vote.ts'

export interface WalkOptions {
  /** Frames in the order of the walk; the first one is marked. Without those that an earlier walk has done. */
  readonly frames: readonly number[]
  /** What an earlier walk from the same marked frame has done; this one goes on behind it. */
  readonly before?: EarlierSteps
  /** Every frame that a person marked, with its labels. Includes the first of `frames`. */
  readonly marks: ReadonlyMap<number, SoftLabels>
  readonly tokens: TokenSource
  readonly affinity: Pick<Affinity, 'compare'>
  readonly settings: PropagationSettings
  /** What becomes of a frame's votes before they label later frames; `before` are the labels of the frame before. */
  readonly settle?:
    | ((labels: SoftLabels, before: SoftLabels, frame: number) => SoftLabels | Promise<SoftLabels>)
    | undefined
  readonly signal?: AbortSignal
}

/** The end of a walk that was interrupted. */
export interface EarlierSteps {
  /** Frames that it had walked, the marked one not counted. */
  readonly walked: number
  /** The last of them in walking order, as far as their labels are known. */
  readonly recent: readonly WalkStep[]
}

export interface WalkStep {
  readonly frame: number
  readonly labels: SoftLabels
}

/** A frame in the queue of recent context; its labels are known once its own votes are counted. */
interface Recent {
  readonly frame: number
  copies: number
  labels: SoftLabels | undefined
}

interface Scheduled {
  readonly frame: number
  readonly query: Promise<unknown>
  /** Candidates are under way at the engine; labels are read when the votes are counted. */
  readonly ballots: readonly { candidates: Promise<Candidates>; source: Recent; copies: number }[]
  readonly result: Recent
}

/**
 * Steps scheduled ahead of the one whose votes are counted. Affinity needs no labels, so the engine works on the
 * next frame while this thread counts, decodes and writes.
 */
const AHEAD = 1

/** The `count` frames nearest to `frame`, in the order in which they were given. */
function nearestFrames(frames: readonly number[], frame: number, count: number): readonly number[] {
  if (frames.length <= count) return frames
  const distance = (other: number): number => Math.abs(other - frame)
  const nearest = new Set([...frames].sort((a, b) => distance(a) - distance(b)).slice(0, count))
  return frames.filter((other) => nearest.has(other))
}

/**
 * Labels `frames` after the first one by one; the first keeps its mark. Context of a frame: the first and the nearest
 * other marked frames, `settings.marks` in all, then the most recent `settings.context` frames of the walk.
 * @throws CancelledError when the signal fires; everything yielded before stays valid
 */
export async function* walk(options: WalkOptions): AsyncGenerator<WalkStep> {
  const { frames, marks, tokens, affinity, settings, settle, signal, before } = options
  const [start, ...rest] = frames
  const startLabels = start === undefined ? undefined : marks.get(start)
  if (start === undefined || !startLabels) throw new RangeError('A walk starts at a marked frame.')

  const { grid } = startLabels
  const { coherence } = settings
  const others = [...marks.keys()].filter((frame) => frame !== start)
  let marked: Recent[] = []
  const queue: Recent[] = []
  const held = new Map<number, number>()
  const hold = (frame: number) => {
    held.set(frame, (held.get(frame) ?? 0) + 1)
    return tokens.acquire(frame)
  }
  const letGo = (frame: number): void => {
    held.set(frame, held.get(frame)! - 1)
    tokens.release(frame)
  }

  const push = (entry: Recent): void => {
    void hold(entry.frame).catch(() => {})
    queue.push(entry)
    let size = queue.reduce((total, { copies }) => total + copies, 0)
    for (; size > settings.context; size--) {
      const oldest = queue[0]!
      oldest.copies--
      if (oldest.copies > 0) continue
      queue.shift()
      letGo(oldest.frame)
    }
  }

  /** Holds the marked frames that are context of `frame`, and lets go of those that are no longer. */
  const chooseMarked = (frame: number): void => {
    const nearest = nearestFrames(others, frame, settings.marks - 1)
    const before = marked
    marked = [start, ...nearest].map((at) => ({ frame: at, copies: 1, labels: marks.get(at)! }))
    for (const { frame: at } of marked) void hold(at).catch(() => {})
    for (const { frame: at } of before) letGo(at)
  }

  const schedule = (frame: number): Scheduled => {
    chooseMarked(frame)
    const query = hold(frame)
    const pairs = new Map<string, Promise<Candidates>>()
    const compare = (context: number, marked: boolean): Promise<Candidates> => {
      const neighbourhood = neighbourhoodAt(settings, Math.abs(frame - context), marked)
      // The same frame may be in the context several times; it is compared once.
      const key = `${context} ${neighbourhood?.radius}`
      let pair = pairs.get(key)
      if (!pair) {
        pair = Promise.all([query, tokens.acquire(context)])
          .then(([q, c]) => {
            // What the engine has not been given yet, it need not do.
            throwIfCancelled(signal)
            return affinity.compare(q, c, neighbourhood)
          })
          .then((candidates) => (coherence ? coherentCandidates(candidates, grid, coherence) : candidates))
          .finally(() => tokens.release(context))
        pair.catch(() => {})
        pairs.set(key, pair)
      }
      return pair
    }
    const ballots = [
      ...marked.map((source) => ({
        source,
        copies: 1,
        candidates: compare(source.frame, true),
      })),
      ...queue.map((source) => ({ source, copies: source.copies, candidates: compare(source.frame, false) })),
    ]
    const result: Recent = { frame, copies: 1, labels: undefined }
    push(result)
    void Promise.allSettled(ballots.map(({ candidates }) => candidates)).then(() => letGo(frame))
    return { frame, query, ballots, result }
  }

  const finish = async (step: Scheduled): Promise<WalkStep> => {
    const ballots: Ballot[] = []
    for (const { candidates, source, copies } of step.ballots)
      ballots.push({ candidates: await candidates, labels: source.labels!, copies })
    const votes = castVotes(ballots, settings.topK, settings.temperature)
    const labels = settle ? await settle(votes, last, step.frame) : votes
    last = labels
    step.result.labels = labels
    return { frame: step.frame, labels }
  }

  let last = before?.recent.at(-1)?.labels ?? startLabels
  const ahead: Scheduled[] = []
  try {
    const copies = settings.queueStart === 'copies' ? settings.context - (before?.walked ?? 0) : 0
    if (copies > 0) push({ frame: start, copies, labels: startLabels })
    for (const { frame, labels } of before?.recent.slice(-settings.context) ?? [])
      push({ frame, copies: 1, labels })
    for (const frame of rest) {
      throwIfCancelled(signal)
      // Once its tokens are there, a frame's comparisons stand in the engine's queue before the next frame's
      // encoding: results come evenly, not in bunches.
      await ahead.at(-1)?.query
      ahead.push(schedule(frame))
      if (ahead.length > AHEAD) yield await finish(ahead.shift()!)
    }
    while (ahead.length > 0) {
      throwIfCancelled(signal)
      yield await finish(ahead.shift()!)
    }
  } finally {
    await Promise.allSettled(ahead.flatMap(({ ballots }) => ballots.map(({ candidates }) => candidates)))
    for (const [frame, count] of held) for (let i = 0; i < count; i++) tokens.release(frame)
  }
}
