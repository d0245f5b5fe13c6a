import * as vscode from 'vscode'
import { wordsOf } from '../words.ts'
import type { FineTuning } from './fine-tuning.ts'
import type { TrainingNews } from './types.ts'

/** Notifications about trainings: rare, each with the one thing that helps. */
export function tellTrainings(tuning: FineTuning): { dispose(): void } {
  return tuning.trainings.onNews((news) => {
    tell(tuning, news).catch((error: unknown) => {
      tuning.log.error(String(error))
      void vscode.window.showErrorMessage(wordsOf(error))
    })
  })
}

async function tell(tuning: FineTuning, news: TrainingNews): Promise<void> {
  const { folder, name, step, steps } = news.run
  const open = vscode.l10n.t('Open Dashboard')
  const showLog = vscode.l10n.t('Show Log')
  const use = vscode.l10n.t('Use This Model')
  const resume = vscode.l10n.t('Resume')
  const answer = await ask()
  if (answer === open) tuning.openRun(folder)
  else if (answer === showLog) tuning.log.show()
  else if (answer === use) await tuning.makeActive(folder)
  else if (answer === resume) await tuning.trainings.resume(folder)

  function ask(): Thenable<string | undefined> {
    switch (news.kind) {
      case 'wentOn':
        return vscode.window.showInformationMessage(
          vscode.l10n.t('The training {0} goes on from step {1} of {2}.', name, step, steps),
          open,
        )
      case 'lost':
        return vscode.window.showWarningMessage(
          vscode.l10n.t(
            'The training process ended unexpectedly and is started again. The training {0} goes on from its last checkpoint.',
            name,
          ),
          showLog,
        )
      case 'gaveUp':
        return vscode.window.showErrorMessage(
          vscode.l10n.t(
            'The training process ended three times within a minute and is not started again; the training {0} is kept.',
            name,
          ),
          showLog,
          resume,
        )
      case 'done':
        return vscode.window.showInformationMessage(
          vscode.l10n.t('The training {0} has done all its {1} steps.', name, steps),
          open,
          use,
        )
      case 'failed':
        return vscode.window.showErrorMessage(
          vscode.l10n.t('The training {0} has stopped: {1}', name, news.message),
          open,
          showLog,
        )
      case 'inUse':
        return vscode.window.showWarningMessage(news.message)
      default:
        news.kind satisfies never
        return Promise.resolve(undefined)
    }
  }
}
