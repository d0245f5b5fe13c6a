/** The run that has a process, and how it and the others are shown. */
import type { TrainingEnd, TrainingFacts } from '../../model/process/index.ts'
import { Deferred } from './deferred.ts'
import type { TrainingRecord } from './records.ts'
import type { TrainingConnection, TrainingState, TrainingView } from './types.ts'

/** How one life of the process ended. */
export type LifeEnd =
  | { readonly kind: 'ended'; readonly end: TrainingEnd }
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'refused'; readonly error: unknown }
  | { readonly kind: 'inUse'; readonly message: string }

/** The run that has a process. */
export interface Live {
  readonly folder: string
  connection: TrainingConnection | undefined
  facts: TrainingFacts | undefined
  stage: TrainingView['stage']
  state: 'preparing' | 'running' | 'restarting' | 'stopping'
  pace: number[]
  memoryBytes: number | undefined
  keep: boolean
  /** In an earlier life of its process too. */
  hasBegun: boolean
  /** Settles when it has begun, or cannot. */
  readonly begun: Deferred<TrainingFacts>
  /** Resolves when it has no process any more. */
  ended: Promise<void>
}

/** A run that is about to get its first process. */
export function newLive(folder: string): Live {
  return {
    folder,
    connection: undefined,
    facts: undefined,
    stage: undefined,
    state: 'preparing',
    pace: [],
    memoryBytes: undefined,
    keep: false,
    hasBegun: false,
    begun: new Deferred(),
    ended: Promise.resolve(),
  }
}

/**
 * A run as it is shown.
 * @param live its process, where it has one
 * @param isBusy whether a propagation runs, for which trainings rest
 */
export function viewOf(
  { request, wish, outcome, ...record }: TrainingRecord,
  live: Live | undefined,
  isBusy: boolean,
  notes: readonly string[],
): TrainingView {
  const pace = live && live.pace.length > 0 ? harmonicMean(live.pace) : undefined
  const pairs = live?.facts?.pairsPerStep
  return {
    ...record,
    start: request.start,
    sources: request.sources,
    state: stateOf(wish, outcome, live, isBusy),
    pairsPerSecond: pace,
    secondsLeft:
      pace === undefined || pairs === undefined
        ? undefined
        : ((record.steps - record.step) * pairs) / Math.max(1e-9, pace),
    memoryBytes: live?.memoryBytes,
    stage: live?.stage,
    notes,
  }
}

function stateOf(
  wish: TrainingRecord['wish'],
  outcome: TrainingRecord['outcome'],
  live: Live | undefined,
  isBusy: boolean,
): TrainingState {
  if (live === undefined) return outcome ?? (wish === 'pause' ? 'paused' : 'stopped')
  if (live.state !== 'running') return live.state
  if (wish === 'pause') return 'paused'
  return isBusy ? 'waiting' : 'running'
}

/** Mean pace of steps of equal work. */
function harmonicMean(values: readonly number[]): number {
  return values.length / values.reduce((sum, value) => sum + 1 / Math.max(1e-9, value), 0)
}
