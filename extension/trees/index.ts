import * as vscode from 'vscode'
import type { Services } from '../services.ts'
import { DoubtfulTree } from './doubtful.ts'
import { ModelsTree } from './models.ts'
import { ObjectsTree } from './objects.ts'
import { TrainingsTree } from './trainings.ts'

/** The views of the Activity Bar container: objects, places worth checking with their number as a badge, models, trainings. */
export function registerTrees({ editors, models, tuning }: Services): vscode.Disposable {
  const objects = new ObjectsTree(editors)
  const doubtful = new DoubtfulTree(editors)
  const objectsView = vscode.window.createTreeView('siammae.objects', { treeDataProvider: objects })
  const doubtfulView = vscode.window.createTreeView('siammae.doubtful', {
    treeDataProvider: doubtful,
    showCollapseAll: true,
  })
  const modelsTree = new ModelsTree(models)
  const modelsView = vscode.window.createTreeView('siammae.models', { treeDataProvider: modelsTree })
  const trainings = new TrainingsTree(tuning)
  const trainingsView = vscode.window.createTreeView('siammae.trainings', { treeDataProvider: trainings })
  const count = doubtful.onDidCount((number) => {
    doubtfulView.badge =
      number === 0
        ? undefined
        : {
            value: number,
            tooltip:
              number === 1
                ? vscode.l10n.t('1 place worth checking')
                : vscode.l10n.t('{0} places worth checking', number),
          }
  })
  return vscode.Disposable.from(
    objects,
    doubtful,
    objectsView,
    doubtfulView,
    modelsTree,
    modelsView,
    trainings,
    trainingsView,
    count,
  )
}
