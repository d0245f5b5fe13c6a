/** A training process for one question, gone afterwards. */
import type { TrainingHostFunctions } from '../../model/process/index.ts'
import { ProcessLostError } from '../model-client/index.ts'
import { Sentence } from '../sentence.ts'
import type { TrainingConnection, TrainingsOptions } from './types.ts'

/**
 * Starts a process, asks it, and ends it.
 * @param told what to do with what it tells meanwhile
 * @param signal gives the question up
 * @throws Sentence without trust; Error with the process's sentence
 */
export async function askProcess<T>(
  { connect, isTrusted, log }: Pick<TrainingsOptions, 'connect' | 'isTrusted' | 'log'>,
  question: (rpc: TrainingConnection['rpc']) => Promise<T>,
  told: Partial<TrainingHostFunctions>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (!isTrusted()) throw notTrusted()
  const connection = connect({ ...silent(log), ...told })
  const cancel = (): void => void connection.rpc.cancel().catch(() => {})
  signal?.addEventListener('abort', cancel)
  try {
    if (signal?.aborted) cancel()
    return await question(connection.rpc)
  } catch (error) {
    // Which of the two is told first differs; how the process ended says more.
    throw connection.rpc.$closed ? new ProcessLostError(await connection.ended) : error
  } finally {
    signal?.removeEventListener('abort', cancel)
    void connection.close()
  }
}

/** Hears everything and does nothing, except that the log is kept. */
export function silent(log: TrainingsOptions['log']): TrainingHostFunctions {
  const nothing = (): void => {}
  return {
    preparing: nothing,
    metrics: nothing,
    preview: nothing,
    checkpoint: nothing,
    note: nothing,
    resting: nothing,
    ended: nothing,
    evaluating: nothing,
    log: ({ level, text }) => log(level, text),
  }
}

/** What every training says without trust. */
export function notTrusted(): Sentence {
  return new Sentence('Models are not trained in a workspace that is not trusted; trust it first.')
}
