/** What it means for a run that it has no process any more. */
import { messageOf } from '../../model/errors.ts'
import { ProcessLostError } from '../model-client/index.ts'
import { Sentence } from '../sentence.ts'
import type { LifeEnd, Live } from './live.ts'
import type { TrainingRecord } from './records.ts'
import type { TrainingNews } from './types.ts'

/** Another window has the run open. */
export class InUseError extends Error {}

export interface Consequence {
  readonly changes: Partial<TrainingRecord>
  /** What a person should hear of it; undefined where they know, or whoever waits for the start tells them. */
  readonly news: TrainingNews['kind'] | undefined
  /** For whoever still waits for the start. */
  readonly error: Error
}

export function consequenceOf(
  end: LifeEnd,
  { hasBegun, state }: Pick<Live, 'hasBegun' | 'state'>,
): Consequence {
  const stopped = new Sentence('The training was stopped before it began.')
  // Stopped, or paused and making room for another one: why it did not begin does not matter any more.
  if (state === 'stopping' && (end.kind === 'refused' || end.kind === 'inUse'))
    return { changes: {}, news: undefined, error: stopped }
  switch (end.kind) {
    case 'ended': {
      const { reason, message, step, steps, model } = end.end
      const changes = { step, steps, ...(model && { model }) }
      if (reason === 'done') return { changes: { ...changes, outcome: 'done' }, news: 'done', error: stopped }
      if (reason === 'failed')
        return { changes: { ...changes, outcome: 'failed', message }, news: 'failed', error: stopped }
      return { changes, news: undefined, error: stopped }
    }
    case 'lost':
      // One that was to end is not missed; how it ended says what may be lost with it.
      if (state === 'stopping') return { changes: { message: end.reason }, news: undefined, error: stopped }
      return {
        changes: { outcome: 'failed', message: end.reason },
        news: hasBegun ? 'gaveUp' : undefined,
        error: new ProcessLostError(end.reason),
      }
    case 'refused': {
      const error = end.error instanceof Error ? end.error : new Error(messageOf(end.error))
      return {
        changes: { outcome: 'failed', message: error.message },
        // Whoever launched it hears that it cannot begin; later nobody waits for it any more.
        news: hasBegun ? 'failed' : undefined,
        error,
      }
    }
    case 'inUse':
      return {
        changes: { message: end.message },
        news: hasBegun ? 'inUse' : undefined,
        error: new InUseError(end.message),
      }
    default:
      return end satisfies never
  }
}
