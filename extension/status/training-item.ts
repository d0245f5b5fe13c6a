import * as vscode from 'vscode'
import type { FineTuning } from '../training/index.ts'
import { stateText } from '../trees/trainings.ts'

/** The status bar's item of a training that is going on; a click opens its dashboard. */
export class TrainingItem implements vscode.Disposable {
  readonly #tuning: FineTuning
  readonly #item: vscode.StatusBarItem
  readonly #subscription: { dispose(): void }

  constructor(tuning: FineTuning) {
    this.#tuning = tuning
    this.#item = vscode.window.createStatusBarItem('siammae.training', vscode.StatusBarAlignment.Right, 99)
    this.#item.name = vscode.l10n.t('SiamMAE training')
    this.#item.command = 'siammae.openTraining'
    this.#subscription = tuning.trainings.onDidChange(() => this.#show())
    this.#show()
  }

  dispose(): void {
    this.#subscription.dispose()
    this.#item.dispose()
  }

  #show(): void {
    const run = this.#tuning.trainings.current
    if (run === undefined) {
      this.#item.hide()
      return
    }
    const rests = run.state === 'paused' || run.state === 'waiting'
    const loss = run.loss === undefined ? '' : ` · ${run.loss.toFixed(3)}`
    this.#item.text = `$(${rests ? 'debug-pause' : 'mortar-board'}) ${run.step}/${run.steps}${loss}`
    const lines = [
      `${run.name}: ${stateText(run.state)}`,
      vscode.l10n.t('{0} of {1} steps', run.step, run.steps),
      ...(run.device === undefined ? [] : [vscode.l10n.t('Device: {0}', run.device)]),
      ...(run.secondsLeft === undefined || rests
        ? []
        : [vscode.l10n.t('About {0} min left', Math.max(1, Math.round(run.secondsLeft / 60)))]),
    ]
    this.#item.tooltip = `${lines.join('\n')}\n${vscode.l10n.t('Click for the dashboard.')}`
    this.#item.accessibilityInformation = { label: lines.join(' ') }
    this.#item.show()
  }
}
