import * as vscode from 'vscode'
import { isTrusted } from '../models/trust.ts'
import { NotTrusted } from '../propagation/index.ts'
import { revealFile } from '../reveal.ts'
import type { Services } from '../services.ts'
import type { TrainingView } from '../training/index.ts'
import { stateText } from '../trees/trainings.ts'
import type { Handler, Handlers } from './command.ts'

/** Commands about runs of training. Menus of the tree give the run; from the palette it is asked for. */
export const trainingCommands: Handlers = {
  fineTune: async ({ tuning }, one, many) => {
    const refusal = new NotTrusted(
      'Models are not trained in a workspace that is not trusted; trust it first.',
    )
    if (!(await isTrusted(refusal))) return
    tuning.openForm(footageOf(one, many))
  },
  openTraining: (services, item) => {
    const folder = folderOf(item) ?? services.tuning.trainings.current?.folder
    if (folder !== undefined) services.tuning.openRun(folder)
    else
      return withRun(
        services,
        undefined,
        () => true,
        ({ folder: chosen }) => services.tuning.openRun(chosen),
      )
  },
  pauseTraining: on(isGoing, ({ tuning }, folder) => tuning.trainings.pause(folder)),
  resumeTraining: on(canGoOn, ({ tuning }, folder) => tuning.trainings.resume(folder)),
  stopTraining: on(isGoing, ({ tuning }, folder) => tuning.trainings.stop(folder)),
  keepTraining: on(
    ({ step }) => step > 0,
    async ({ tuning }, folder) => {
      await tuning.trainings.keep(folder)
    },
  ),
  useTraining: on(
    // Making a model of one that goes on would end it; 'Stop and Keep the Model' says that it does.
    (run) => run.step > 0 && !isGoing(run),
    ({ tuning }, folder) => tuning.makeActive(folder),
  ),
  revealTraining: on(
    () => true,
    (_, folder) => revealFile(vscode.Uri.file(folder)),
  ),
  forgetTraining: on(
    (run) => !isGoing(run),
    ({ tuning }, folder) => tuning.trainings.forget(folder),
  ),
}

function isGoing({ state }: TrainingView): boolean {
  return !['stopped', 'failed', 'done'].includes(state)
}

function canGoOn({ state }: TrainingView): boolean {
  return ['paused', 'stopped', 'failed'].includes(state)
}

function on(
  fits: (run: TrainingView) => boolean,
  act: (services: Services, folder: string) => unknown,
): Handler {
  return (services, item) => withRun(services, folderOf(item), fits, ({ folder }) => act(services, folder))
}

async function withRun(
  { tuning: { trainings } }: Services,
  folder: string | undefined,
  fits: (run: TrainingView) => boolean,
  act: (run: TrainingView) => unknown,
): Promise<unknown> {
  const named = folder === undefined ? undefined : trainings.find(folder)
  if (named !== undefined) return act(named)
  const runs = trainings.all.filter(fits)
  if (runs.length === 0) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('There is no training for which this can be done.'),
    )
    return undefined
  }
  if (runs.length === 1) return act(runs[0]!)
  const item = await vscode.window.showQuickPick(
    runs.map((run) => ({
      label: run.name,
      description: `${stateText(run.state)} · ${run.step}/${run.steps}`,
      run,
    })),
    { placeHolder: vscode.l10n.t('Which training?') },
  )
  return item && act(item.run)
}

function folderOf(item: unknown): string | undefined {
  const folder = (item as { folder?: unknown } | undefined)?.folder
  return typeof folder === 'string' ? folder : undefined
}

/** What the Explorer gives: the entry under the pointer, and all that are selected. */
function footageOf(one: unknown, many: unknown): string[] {
  const given = Array.isArray(many) && many.length > 0 ? many : [one]
  return given.flatMap((entry) =>
    entry instanceof vscode.Uri && ['file', 'vscode-remote'].includes(entry.scheme) ? [entry.fsPath] : [],
  )
}
