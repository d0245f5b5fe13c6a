import * as vscode from 'vscode'
import type { Services } from '../services.ts'

/** The step at work ends first, and takes seconds for a large network on a processor: so long is longer. */
const RUN_PATIENCE_MS = 20_000
/** A training ends its batch, of a large network half a minute and more, and writes a checkpoint. */
const TRAINING_PATIENCE_MS = 120_000

/** One notification each when a propagation or a training that is to stop does not, with what helps where a device hangs. */
export function tellHangs({ client, propagation, tuning }: Services): { dispose(): void } {
  const stoppingTraining = () => {
    const { current } = tuning.trainings
    return current?.state === 'stopping' ? current.folder : undefined
  }
  const run = new Watch(RUN_PATIENCE_MS, {
    ask: askToRestart,
    isThere: (stopping) => propagation.current?.run === stopping,
    end: () => client.restart(),
  })
  const training = new Watch(TRAINING_PATIENCE_MS, {
    ask: () => askToEnd(tuning.trainings.current?.name ?? ''),
    isThere: (folder) => stoppingTraining() === folder,
    end: (folder) => tuning.trainings.endProcess(String(folder)),
  })
  const subscriptions = [
    propagation.onDidChange((view) =>
      run.see(view?.state === 'stopping' ? propagation.current?.run : undefined),
    ),
    tuning.trainings.onDidChange(() => training.see(stoppingTraining())),
    run,
    training,
  ]
  return {
    dispose: () => {
      for (const each of subscriptions) each.dispose()
    },
  }
}

async function askToRestart(): Promise<boolean> {
  const restart = vscode.l10n.t('Restart Model Process')
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t(
      'The propagation has not stopped for {0} seconds. Where the device or its driver hangs, restart the model process; what is done stays.',
      RUN_PATIENCE_MS / 1000,
    ),
    restart,
  )
  return answer === restart
}

async function askToEnd(name: string): Promise<boolean> {
  const end = vscode.l10n.t('End Training Process')
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t(
      'The training {0} has not stopped for {1} seconds. Where the device or its driver hangs, end its process; that costs the steps since its last checkpoint.',
      name,
      TRAINING_PATIENCE_MS / 1000,
    ),
    end,
  )
  return answer === end
}

/** What to do about something that is to stop and does not. */
interface Remedy {
  readonly ask: () => Promise<boolean>
  /** Whether it is still there when the answer comes. */
  readonly isThere: (stopping: unknown) => boolean
  readonly end: (stopping: unknown) => Promise<void>
}

/** Asks once about each thing that is to stop and does not. */
class Watch {
  readonly #patience: number
  readonly #remedy: Remedy
  #stopping: unknown
  #timer: NodeJS.Timeout | undefined

  constructor(patience: number, remedy: Remedy) {
    this.#patience = patience
    this.#remedy = remedy
  }

  /** @param stopping what is to stop now; undefined when there is nothing, or it has stopped */
  see(stopping: unknown): void {
    if (stopping === this.#stopping) return
    this.#stopping = stopping
    clearTimeout(this.#timer)
    if (stopping !== undefined) this.#timer = setTimeout(() => void this.#ask(stopping), this.#patience)
  }

  async #ask(stopping: unknown): Promise<void> {
    const { ask, isThere, end } = this.#remedy
    if (isThere(stopping) && (await ask()) && isThere(stopping)) await end(stopping)
  }

  dispose(): void {
    clearTimeout(this.#timer)
  }
}
