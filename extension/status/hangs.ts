import * as vscode from 'vscode'
import type { Services } from '../services.ts'

/** The step at work ends first, and takes seconds for a large network on a processor: so long is longer. */
const PATIENCE_MS = 20_000

/** One notification when a propagation that was cancelled does not stop, with what helps where a device hangs. */
export function tellHangs({ client, propagation }: Services): { dispose(): void } {
  let timer: NodeJS.Timeout | undefined
  const ask = async (): Promise<void> => {
    const run = propagation.current?.run
    if (run === undefined) return
    const restart = vscode.l10n.t('Restart Model Process')
    const answer = await vscode.window.showWarningMessage(
      vscode.l10n.t(
        'The propagation has not stopped for {0} seconds. Where the device or its driver hangs, restart the model process; what is done stays.',
        PATIENCE_MS / 1000,
      ),
      restart,
    )
    if (answer === restart && propagation.current?.run === run) await client.restart()
  }
  const subscription = propagation.onDidChange((view) => {
    if (view?.state === 'stopping') timer ??= setTimeout(() => void ask(), PATIENCE_MS)
    else {
      clearTimeout(timer)
      timer = undefined
    }
  })
  return {
    dispose: () => {
      clearTimeout(timer)
      subscription.dispose()
    },
  }
}
