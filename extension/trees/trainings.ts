import * as vscode from 'vscode'
import type { FineTuning, TrainingState, TrainingView } from '../training/index.ts'
import { TreeChanges } from './changes.ts'

/** A line of the tree: the folder of a run. Commands in its menus are given it. */
export interface TrainingItem {
  readonly folder: string
}

const ICONS: Readonly<Record<TrainingState, string>> = {
  preparing: 'loading~spin',
  running: 'loading~spin',
  restarting: 'loading~spin',
  stopping: 'loading~spin',
  waiting: 'debug-pause',
  paused: 'debug-pause',
  stopped: 'debug-stop',
  failed: 'error',
  done: 'pass',
}

/** The trainings of this workspace, the latest first; a click opens the dashboard. */
export class TrainingsTree implements vscode.TreeDataProvider<TrainingItem>, vscode.Disposable {
  readonly #tuning: FineTuning
  readonly #changes = new TreeChanges()
  readonly #subscription: { dispose(): void }
  readonly onDidChangeTreeData = this.#changes.event

  constructor(tuning: FineTuning) {
    this.#tuning = tuning
    this.#subscription = tuning.trainings.onDidChange(this.#changes.soon)
  }

  getChildren(item?: TrainingItem): TrainingItem[] {
    return item === undefined ? this.#tuning.trainings.all.map(({ folder }) => ({ folder })) : []
  }

  getTreeItem({ folder }: TrainingItem): vscode.TreeItem {
    const run = this.#tuning.trainings.find(folder)
    const item = new vscode.TreeItem(run?.name ?? folder)
    item.id = folder
    if (run === undefined) return item
    const state = stateText(run.state)
    item.description = [
      state,
      `${run.step}/${run.steps}`,
      ...(run.loss === undefined ? [] : [vscode.l10n.t('loss {0}', run.loss.toFixed(3))]),
    ].join(' · ')
    item.tooltip = [
      `${run.name}: ${state}`,
      vscode.l10n.t('{0} of {1} steps', run.step, run.steps),
      ...(run.device === undefined ? [] : [vscode.l10n.t('Device: {0}', run.device)]),
      ...(run.message === undefined ? [] : [run.message]),
      run.folder,
    ].join('\n')
    item.iconPath = new vscode.ThemeIcon(ICONS[run.state])
    item.contextValue = `training.${group(run)}`
    item.accessibilityInformation = { label: `${run.name}, ${item.description}` }
    item.command = {
      command: 'siammae.openTraining',
      title: vscode.l10n.t('Open Dashboard'),
      arguments: [{ folder }],
    }
    return item
  }

  dispose(): void {
    this.#subscription.dispose()
    this.#changes.dispose()
  }
}

/** Which commands a run's menu has. */
function group({ state }: TrainingView): 'live' | 'paused' | 'ended' | 'done' {
  if (state === 'paused') return 'paused'
  if (state === 'done') return 'done'
  return state === 'stopped' || state === 'failed' ? 'ended' : 'live'
}

/** How a run stands, in the person's language. */
export function stateText(state: TrainingState): string {
  switch (state) {
    case 'preparing':
      return vscode.l10n.t('preparing')
    case 'running':
      return vscode.l10n.t('training')
    case 'waiting':
      return vscode.l10n.t('waiting for the propagation')
    case 'paused':
      return vscode.l10n.t('paused')
    case 'restarting':
      return vscode.l10n.t('restarting')
    case 'stopping':
      return vscode.l10n.t('stopping')
    case 'stopped':
      return vscode.l10n.t('stopped')
    case 'failed':
      return vscode.l10n.t('failed')
    case 'done':
      return vscode.l10n.t('done')
    default:
      state satisfies never
      return ''
  }
}
