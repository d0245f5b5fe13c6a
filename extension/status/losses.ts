import * as vscode from 'vscode'
import type { ProcessState } from '../model-client/index.ts'
import type { Services } from '../services.ts'

/** One notification when the model process is lost: that it comes back and what goes on, or that it was given up. */
export function tellLosses({ client, editors, log, propagation }: Services): { dispose(): void } {
  const showLog = vscode.l10n.t('Show Log')
  const tell = async (answer: Thenable<string | undefined>): Promise<void> => {
    if ((await answer) === showLog) log.show()
  }
  return client.onState((state) => {
    // In the next turn a run that gives up with this loss has ended, and its own message says why.
    setImmediate(() => tellOf(state))
  })
  function tellOf(state: ProcessState): void {
    if (state.kind === 'lost' && !state.wanted && editors.all.length > 0) {
      const text =
        propagation.current === undefined
          ? // An export or import that was under way is lost, and says so itself.
            vscode.l10n.t(
              'The model process ended unexpectedly and is started again. The annotations are not affected.',
            )
          : vscode.l10n.t(
              'The model process ended unexpectedly and is started again. The propagation goes on from the last finished frame.',
            )
      void tell(vscode.window.showWarningMessage(text, showLog))
    }
    // A run that fails with it says so itself.
    if (state.kind === 'stopped' && propagation.current === undefined)
      void tell(
        vscode.window.showErrorMessage(
          vscode.l10n.t(
            'The model process ended three times within a minute and is not started again; see the log for the reason.',
          ),
          showLog,
        ),
      )
  }
}
