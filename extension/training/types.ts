/** What the rest of the extension sees of trainings. */
import type {
  TrainingHostFunctions,
  TrainingPlaces,
  TrainingProcessFunctions,
  TrainingRequest,
} from '../../model/process/index.ts'
import type { Disposable } from '../emitter.ts'
import type { Connection } from '../model-client/index.ts'
import type { TrainingRecord } from './records.ts'

/** How a run stands, as it is shown. */
export type TrainingState =
  | 'preparing'
  | 'running'
  /** A person has paused it. */
  | 'paused'
  /** It rests while a propagation runs. */
  | 'waiting'
  | 'restarting'
  | 'stopping'
  | 'stopped'
  | 'failed'
  | 'done'

/** What goes on before there is an estimate: what a run does too, and waiting for whatever else computes. */
export type EstimateStage =
  | Parameters<TrainingHostFunctions['preparing']>[0]
  | { readonly stage: 'waiting'; readonly name: string; readonly done: number; readonly total: number }

/** A run as trees, the status bar and dashboards show it. */
export interface TrainingView extends Omit<TrainingRecord, 'request' | 'wish' | 'outcome'> {
  readonly state: TrainingState
  readonly start: TrainingRequest['start']
  readonly sources: readonly string[]
  /** Of the steps that were done last; undefined while none was. */
  readonly pairsPerSecond: number | undefined
  readonly secondsLeft: number | undefined
  readonly memoryBytes: number | undefined
  /** While it is prepared. */
  readonly stage: Parameters<TrainingHostFunctions['preparing']>[0] | undefined
  /** Sentences of the process about this run, since the window is open. */
  readonly notes: readonly string[]
}

/** What a person should hear of, wherever they are. */
export interface TrainingNews {
  readonly kind: 'wentOn' | 'lost' | 'gaveUp' | 'done' | 'failed' | 'inUse'
  readonly run: TrainingView
  /** Why it failed or cannot go on; empty otherwise. */
  readonly message: string
}

export type TrainingConnection = Connection<TrainingProcessFunctions, TrainingHostFunctions>

export interface TrainingsOptions {
  readonly connect: (functions: TrainingHostFunctions) => TrainingConnection
  readonly store: { read(): unknown; write(records: readonly TrainingRecord[]): unknown }
  readonly places: () => TrainingPlaces
  /** Whether a propagation, which goes first, is running; told of by {@link TrainingsOptions.onBusy}. */
  readonly isBusy: () => boolean
  readonly onBusy: (listener: () => void) => Disposable
  readonly isTrusted: () => boolean
  readonly log: (level: 'info' | 'warning' | 'error', text: string) => void
  /** How often the folder is tried again that an old window is still writing to: pause in ms, and tries. */
  readonly patience?: { readonly pause: number; readonly tries: number }
}
