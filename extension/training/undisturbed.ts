import { CancelledError, throwIfCancelled } from '../../model/errors.ts'
import type { TrainingsOptions } from './types.ts'

/**
 * Does work that measures time while nothing else computes: waits for its end first, and begins anew where something
 * has begun in between.
 * @param onWait told whenever it waits
 * @param work given up by its signal
 * @throws CancelledError when the signal fires while it waits; whatever the work throws
 */
export async function undisturbed<T>(
  { isBusy, onBusy }: Pick<TrainingsOptions, 'isBusy' | 'onBusy'>,
  signal: AbortSignal,
  onWait: () => void,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  for (;;) {
    if (isBusy()) onWait()
    await idle({ isBusy, onBusy }, signal)
    const disturbance = new AbortController()
    const subscription = onBusy(() => {
      if (isBusy()) disturbance.abort()
    })
    try {
      return await work(AbortSignal.any([signal, disturbance.signal]))
    } catch (error) {
      if (signal.aborted || !disturbance.signal.aborted) throw error
    } finally {
      subscription.dispose()
    }
  }
}

async function idle(
  { isBusy, onBusy }: Pick<TrainingsOptions, 'isBusy' | 'onBusy'>,
  signal: AbortSignal,
): Promise<void> {
  throwIfCancelled(signal)
  if (!isBusy()) return
  await new Promise<void>((resolve, reject) => {
    const done = (settle: () => void): void => {
      subscription.dispose()
      signal.removeEventListener('abort', cancel)
      settle()
    }
    const cancel = (): void => done(() => reject(new CancelledError()))
    const subscription = onBusy(() => {
      if (!isBusy()) done(resolve)
    })
    signal.addEventListener('abort', cancel)
  })
}
