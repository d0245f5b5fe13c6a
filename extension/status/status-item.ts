import { basename } from 'node:path'
import * as vscode from 'vscode'
import type { ModelReady } from '../../model/process/index.ts'
import type { RunView } from '../../webview/protocol/index.ts'
import type { Services } from '../services.ts'
import { wordsOf } from '../words.ts'

/**
 * The status bar's item: the device and the model that really run, and the progress of a run. Seen while an annotator
 * is open. It also has the model loaded ahead of the first run, because only then it is known what runs.
 */
export class StatusItem implements vscode.Disposable {
  readonly #services: Services
  readonly #item: vscode.StatusBarItem
  readonly #subscriptions: { dispose(): unknown }[]
  #ready: ModelReady | undefined
  #problem: string | undefined
  /** What was asked for last: an answer to an earlier question is not shown. */
  #asked = ''

  constructor(services: Services) {
    this.#services = services
    const { editors, propagation, settings, client } = services
    this.#item = vscode.window.createStatusBarItem('siammae.device', vscode.StatusBarAlignment.Right, 100)
    this.#item.name = vscode.l10n.t('SiamMAE device')
    this.#item.command = 'siammae.doctor'
    this.#subscriptions = [
      this.#item,
      editors.onDidChangeActive(() => this.#show()),
      editors.onDidOpen((document) => void this.#prepare(document.videoPath)),
      propagation.onDidChange(() => this.#show()),
      settings.onDidChange(() => void this.#prepare()),
      client.onState(() => this.#show()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => void this.#prepare()),
    ]
    this.#show()
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose()
  }

  /**
   * Loads the model that the settings name, unless it is the one that was asked for last.
   * @param clip that the first run will likely be on
   */
  async #prepare(clip = this.#services.editors.active?.document.videoPath): Promise<void> {
    const { editors, client, log, settings } = this.#services
    if (editors.all.length === 0 || !vscode.workspace.isTrusted) return
    const choice = settings.model()
    const run = settings.run()
    const asked = JSON.stringify([choice, run])
    if (asked === this.#asked) return
    this.#asked = asked
    this.#ready = undefined
    this.#problem = undefined
    this.#show()
    try {
      const ready = await client.prepareModel(
        choice,
        clip === undefined ? undefined : { clip, settings: run },
      )
      if (asked !== this.#asked) return
      this.#ready = ready
      for (const note of ready.notes) log.info(note)
    } catch (error) {
      if (asked !== this.#asked) return
      this.#problem = wordsOf(error)
      // Asked again when the next editor opens: the reason may have gone.
      this.#asked = ''
      log.warn(this.#problem)
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
    if (this.#problem !== undefined) return { text: '$(warning) SiamMAE', tooltip: this.#problem }
    if (this.#ready === undefined)
      return { text: '$(loading~spin) SiamMAE', tooltip: vscode.l10n.t('The model is being loaded.') }
    const { device, model } = this.#ready
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
