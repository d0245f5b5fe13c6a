/** The form for a new run: what a person has chosen, and what that would cost. */
import { existsSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import * as vscode from 'vscode'
import { messageOf } from '../../model/errors.ts'
import type { TrainingEstimate } from '../../model/process/index.ts'
import type { EstimateView, FormView, StageView, StartChoice } from '../../webview/protocol/index.ts'
import { type Disposable, Emitter } from '../emitter.ts'
import { STARTER_ID } from '../models/index.ts'
import type { Services } from '../services.ts'
import { wordsOf } from '../words.ts'
import { estimateView } from './estimate-view.ts'
import {
  type FormChoices,
  ownSteps,
  RUNS_FOLDER,
  requestOf,
  runName,
  runsFolder,
  stepsOf,
} from './request.ts'
import { openSettings, readSettings, SETTINGS_ENDING } from './settings-file.ts'
import type { Trainings } from './trainings.ts'

const DEVICES = ['auto', 'cpu', 'webgpu', 'cuda', 'dml', 'coreml']
const KEY = 'training.form'
/** After the last change, before it is measured again. */
const SETTLE_MS = 800

export interface FormServices extends Pick<Services, 'context' | 'settings' | 'models' | 'log'> {
  readonly trainings: Trainings
}

/** What the estimate says: being made, made, or why there is none. */
export interface EstimateState {
  readonly stage: StageView | undefined
  readonly estimate: EstimateView | undefined
  readonly problem: string | undefined
}

const NONE: EstimateState = { stage: undefined, estimate: undefined, problem: undefined }

export class TrainingForm implements Disposable {
  readonly #services: FormServices
  readonly #changed = new Emitter<'form' | 'estimate'>()
  readonly onDidChange = this.#changed.event
  readonly #subscriptions: Disposable[]
  #choices: FormChoices
  /** What the person has chosen, here or before. */
  #kept: Partial<FormChoices>
  #settingsPath: string | undefined
  #estimate: EstimateState = NONE
  #measured: TrainingEstimate | undefined
  #measuring: AbortController | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(services: FormServices, footage: readonly string[]) {
    this.#services = services
    const kept = services.context.workspaceState.get<Partial<FormChoices>>(KEY, {})
    this.#kept = kept
    const { file, device } = services.settings.model()
    this.#choices = {
      length: 'short',
      device,
      ...kept,
      // What the workspace works with is what should become better.
      start: file ?? 'starter',
      footage: footage.length > 0 ? footage : (kept.footage ?? []).filter((path) => existsSync(path)),
    }
    const settings = this.#settingsFile
    if (existsSync(settings)) this.#settingsPath = settings
    this.#subscriptions = [
      services.models.onDidChange(() => this.#changed.fire('form')),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (document.uri.fsPath === this.#settingsPath) this.#edited()
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.#edited()),
    ]
  }

  get estimate(): EstimateState {
    return this.#estimate
  }

  async view(): Promise<FormView> {
    const { footage, ...choices } = this.#choices
    return {
      ...choices,
      footage: footage.map((path) => ({ path, name: shortName(path), isFolder: isFolder(path) })),
      starts: await this.#starts(),
      devices: DEVICES,
      settings: this.#settingsPath === undefined ? undefined : await this.#settingsView(this.#settingsPath),
      trusted: vscode.workspace.isTrusted,
    }
  }

  change(changes: Partial<FormChoices>): void {
    const before = this.#choices
    this.#choices = { ...before, ...changes }
    // What the settings say counts until the person chooses something else here.
    this.#kept = { ...this.#kept, ...changes }
    void this.#services.context.workspaceState.update(KEY, this.#kept)
    this.#changed.fire('form')
    const { footage, start, device } = this.#choices
    // How long is arithmetic; everything else is measured anew.
    if (footage !== before.footage || start !== before.start || device !== before.device) this.measureSoon()
  }

  async addFootage(folders: boolean): Promise<void> {
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri
    const chosen = await vscode.window.showOpenDialog({
      canSelectFiles: !folders,
      canSelectFolders: folders,
      canSelectMany: true,
      ...(folder && { defaultUri: folder }),
      openLabel: vscode.l10n.t('Learn from This'),
    })
    if (chosen !== undefined) this.takeFootage(chosen.map(({ fsPath }) => fsPath))
  }

  takeFootage(paths: readonly string[]): void {
    this.change({ footage: [...new Set([...this.#choices.footage, ...paths])] })
  }

  removeFootage(path: string): void {
    this.change({ footage: this.#choices.footage.filter((other) => other !== path) })
  }

  async openSettings(): Promise<void> {
    const path = this.#settingsFile
    await openSettings(path)
    this.#settingsPath = path
    this.#edited()
  }

  /** The file stays; it is not asked any more. */
  dropSettings(): void {
    this.#settingsPath = undefined
    this.#edited()
  }

  /** Measures a while after the last change, unless there is nothing to measure. */
  measureSoon(): void {
    clearTimeout(this.#timer)
    this.cancelEstimate()
    this.#measured = undefined
    this.#show(NONE)
    if (this.#choices.footage.length > 0 && vscode.workspace.isTrusted)
      this.#timer = setTimeout(() => void this.measure(), SETTLE_MS)
  }

  /** Never throws: why there is no estimate is what it says. */
  async measure(): Promise<void> {
    this.cancelEstimate()
    const controller = new AbortController()
    this.#measuring = controller
    const { trainings } = this.#services
    this.#show({ ...NONE, stage: { stage: 'device', name: '', done: 0, total: 1 } })
    try {
      const settings = await this.#settings()
      const request = requestOf(this.#choices, settings)
      const before = nameOfRunning(trainings)
      const measured = await trainings.estimate(
        request,
        (stage) => {
          if (this.#measuring === controller) this.#show({ ...NONE, stage })
        },
        controller.signal,
      )
      if (this.#measuring !== controller) return
      this.#measured = measured
      const steps = ownSteps(settings?.settings)
      const beside = before ?? nameOfRunning(trainings)
      this.#show({ ...NONE, estimate: estimateView(measured, { steps, beside }) })
    } catch (error) {
      if (this.#measuring === controller) this.#show({ ...NONE, problem: wordsOf(error) })
    } finally {
      if (this.#measuring === controller) this.#measuring = undefined
    }
  }

  cancelEstimate(): void {
    clearTimeout(this.#timer)
    if (this.#measuring === undefined) return
    this.#measuring.abort()
    this.#measuring = undefined
    this.#show(NONE)
  }

  /**
   * Begins the run.
   * @param onFolder told its folder while it is prepared, unless it is refused before
   * @throws Error with a sentence when it cannot begin
   */
  async start(onFolder: (folder: string) => void): Promise<void> {
    this.cancelEstimate()
    const { trainings, context } = this.#services
    const settings = await this.#settings()
    const parent = runsFolder(workspaceFolder(), (context.storageUri ?? context.globalStorageUri).fsPath)
    const name = runName(this.#choices.footage, new Date(), (taken) => existsSync(join(parent, taken)))
    const folder = join(parent, name)
    const request = requestOf(this.#choices, settings, this.#measured?.secondsPerStep)
    const steps = stepsOf(this.#choices.length, settings?.settings)
    await trainings.start(folder, request, steps, () => onFolder(folder))
  }

  dispose(): void {
    this.cancelEstimate()
    clearTimeout(this.#timer)
    for (const subscription of this.#subscriptions) subscription.dispose()
    this.#changed.dispose()
  }

  #edited(): void {
    this.#changed.fire('form')
    this.measureSoon()
  }

  #show(state: EstimateState): void {
    if (this.#estimate === NONE && state === NONE) return
    this.#estimate = state
    this.#changed.fire('estimate')
  }

  get #settingsFile(): string {
    const { context } = this.#services
    const folder = runsFolder(workspaceFolder(), (context.storageUri ?? context.globalStorageUri).fsPath)
    return join(folder, `settings${SETTINGS_ENDING}`)
  }

  async #settings(): Promise<Awaited<ReturnType<typeof readSettings>> | undefined> {
    return this.#settingsPath === undefined ? undefined : readSettings(this.#settingsPath)
  }

  async #settingsView(path: string): Promise<NonNullable<FormView['settings']>> {
    const name = `${RUNS_FOLDER}/${basename(path)}`
    try {
      await readSettings(path)
      return { name, problem: undefined }
    } catch (error) {
      return { name, problem: wordsOf(error) }
    }
  }

  async #starts(): Promise<StartChoice[]> {
    const { models, log } = this.#services
    const known = await models.list().catch((error: unknown) => {
      log.warn(messageOf(error))
      return []
    })
    const starts = known
      // An ONNX encoder runs as it is and has no weights that could be trained.
      .filter(({ file }) => !/\.onnx$/i.test(file))
      .map(({ id, name, family, size, file }) => ({
        value: id === STARTER_ID ? 'starter' : file,
        name,
        detail: `${family} ${size}`,
      }))
    const { start } = this.#choices
    if (start !== 'random' && !starts.some(({ value }) => value === start))
      starts.push({ value: start, name: basename(start), detail: start })
    return [
      ...starts,
      { value: 'random', name: vscode.l10n.t('Random weights'), detail: vscode.l10n.t('from scratch') },
    ]
  }
}

function nameOfRunning({ current }: Trainings): string | undefined {
  return current?.state === 'running' ? current.name : undefined
}

export function workspaceFolder(): string | undefined {
  return vscode.workspace.workspaceFolders?.[0]?.uri.fsPath
}

/** A path from the workspace, where it lies in there. */
export function shortName(path: string): string {
  return vscode.workspace.asRelativePath(path, false)
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
