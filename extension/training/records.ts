/** The trainings of a workspace, as they are remembered between windows. */
import * as v from 'valibot'
import type { TrainedModel, TrainingRequest } from '../../model/process/index.ts'

/** What a person wants of a run: whether it goes on by itself after a reload. */
export type TrainingWish = 'run' | 'pause' | 'stop'

/** A run that was started from here. What it did is in its folder; this is where that is and how it stands. */
export interface TrainingRecord {
  /** Absolute; its key. */
  readonly folder: string
  readonly name: string
  /** Milliseconds since 1970. */
  readonly created: number
  readonly wish: TrainingWish
  /** How it ended; undefined while there is something to go on with. */
  readonly outcome: 'done' | 'failed' | undefined
  /** Why it failed. */
  readonly message: string | undefined
  /** Asked again where the process was lost before the folder held a run. */
  readonly request: TrainingRequest
  readonly step: number
  readonly steps: number
  /** Running mean. */
  readonly loss: number | undefined
  /** The device that really ran. */
  readonly device: string | undefined
  /** The model that was made of it. */
  readonly model: TrainedModel | undefined
  /** Id in the registry of models, once it was put there. */
  readonly modelId: string | undefined
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const text = v.pipe(v.string(), v.minLength(1))

const Request = v.object({
  sources: v.array(text),
  start: v.variant('kind', [
    v.object({ kind: v.picklist(['starter', 'random']) }),
    v.object({ kind: v.literal('file'), file: text }),
  ]),
  layers: v.array(v.object({ name: v.string(), settings: v.record(v.string(), v.unknown()) })),
})

const Record = v.object({
  folder: text,
  name: text,
  created: v.number(),
  wish: v.picklist(['run', 'pause', 'stop']),
  outcome: v.optional(v.picklist(['done', 'failed'])),
  message: v.optional(v.string()),
  request: Request,
  step: count,
  steps: count,
  loss: v.optional(v.number()),
  device: v.optional(v.string()),
  model: v.optional(v.object({ file: text, name: v.string(), step: count, licence: v.optional(text) })),
  modelId: v.optional(text),
})

/** Reads what was kept; what does not read well, such as from another version, is left out: its folder stays. */
export function readRecords(kept: unknown): TrainingRecord[] {
  if (!Array.isArray(kept)) return []
  return kept.flatMap((value) => {
    const result = v.safeParse(Record, value)
    return result.success ? [result.output as TrainingRecord] : []
  })
}
