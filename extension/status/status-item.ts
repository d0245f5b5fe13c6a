import { basename } from 'node:path'
import * as vscode from 'vscode'
import type { RunView } from '../../webview/protocol/index.ts'
import { Readiness } from '../propagation/readiness.ts'
import type { Services } from '../services.ts'
import { wordsOf } from '../words.ts'

/**
 * The status bar's item: the device and the model that really run, and the progress of a run. Seen while an annotator
 * is open.
 */
export class StatusItem implements vscode.Disposable {
  readonly #services: Services
  readonly #readiness: Readiness
  readonly #item: vscode.StatusBarItem
  readonly #subscriptions: { dispose(): unknown }[]
  readonly #told = new Set<string>()

  constructor(services: Services) {
    this.#services = services
    const { editors, propagation, settings, client } = services
    this.#readiness = new Readiness({
      client,
      editors,
      propagation,
      choice: () => ({ model: settings.model(), settings: settings.run() }),
      isTrusted: () => vscode.workspace.isTrusted,
    })
    this.#item = vscode.window.createStatusBarItem('siammae.device', vscode.StatusBarAlignment.Right, 100)
    this.#item.name = vscode.l10n.t('SiamMAE device')
    this.#item.command = 'siammae.doctor'
    this.#subscriptions = [
      this.#item,
      editors.onDidChangeActive(() => this.#show()),
      this.#readiness,
      this.#readiness.onDidChange(() => this.#tell()),
      propagation.onDidChange(() => this.#show()),
      settings.onDidChange(() => this.#readiness.refresh()),
      client.onState(() => this.#show()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.#readiness.refresh()),
    ]
    this.#show()
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose()
  }

  #tell(): void {
    const { log } = this.#services
    const { ready, problem } = this.#readiness
    if (problem !== undefined) log.warn(wordsOf(problem))
    for (const note of ready?.notes ?? []) {
      // Said once: every further frame that is made ready brings the same.
      if (!this.#told.has(note)) log.info(note)
      this.#told.add(note)
    }
    this.#show()
  }

  #show(): void {
    const { editors, propagation, client } = this.#services
    const run = propagation.current?.run
    if (editors.active === undefined && run === undefined) {
      this.#item.hide()
      return
    }
    const { text, tooltip } =
      run === undefined
        ? this.#resting(client.state.kind === 'stopped')
        : running(run.view, propagation.current?.document.videoPath ?? '')
    this.#item.text = text
    this.#item.tooltip = `${tooltip}\n${vscode.l10n.t('Click for what works on this machine.')}`
    this.#item.accessibilityInformation = { label: tooltip.replaceAll('\n', ' ') }
    this.#item.show()
  }

  #resting(stopped: boolean): { text: string; tooltip: string } {
    if (!vscode.workspace.isTrusted)
      return {
        text: '$(shield) SiamMAE',
        tooltip: vscode.l10n.t('Models do not run in a workspace that is not trusted.'),
      }
    if (stopped)
      return {
        text: '$(error) SiamMAE',
        tooltip: vscode.l10n.t('The model process ended too often and is not running.'),
      }
    const { ready, problem } = this.#readiness
    if (problem !== undefined) return { text: '$(warning) SiamMAE', tooltip: wordsOf(problem) }
    if (ready === undefined)
      return { text: '$(loading~spin) SiamMAE', tooltip: vscode.l10n.t('The model is being loaded.') }
    const { device, model } = ready
    return {
      text: `$(chip) ${device} · ${model.name}`,
      tooltip: [
        vscode.l10n.t('Device: {0}', device),
        vscode.l10n.t('Model: {0} ({1})', model.name, basename(model.file)),
        ...(model.trained ? [] : [vscode.l10n.t('This model is untrained: marks will drift.')]),
      ].join('\n'),
    }
  }
}

function running(run: RunView, videoPath: string): { text: string; tooltip: string } {
  const progress = `${run.done}/${run.total}`
  const pace = run.framesPerSecond === undefined ? '' : ` · ${run.framesPerSecond.toFixed(1)} fps`
  const device = run.device === undefined ? '' : ` · ${run.device}`
  const icon = run.state === 'paused' ? '$(debug-pause)' : '$(loading~spin)'
  const state = stateText(run)
  return {
    text:
      run.state === 'running' || run.state === 'paused'
        ? `${icon} ${progress}${pace}${device}`
        : `${icon} ${state}`,
    tooltip: [
      `${basename(videoPath)}: ${state}`,
      ...(run.secondsLeft === undefined
        ? []
        : [vscode.l10n.t('About {0} s left', Math.ceil(run.secondsLeft))]),
      ...(run.model === undefined ? [] : [vscode.l10n.t('Model: {0}', run.model)]),
    ].join('\n'),
  }
}

function stateText({ state, done, total }: RunView): string {
  switch (state) {
    case 'starting':
      return vscode.l10n.t('Starting the propagation')
    case 'running':
      return vscode.l10n.t('Propagating, {0} of {1}', done, total)
    case 'paused':
      return vscode.l10n.t('Propagation paused, {0} of {1}', done, total)
    case 'restarting':
      return vscode.l10n.t('Restarting the model process')
    case 'stopping':
      return vscode.l10n.t('Stopping the propagation')
    default:
      state satisfies never
      return ''
  }
}
