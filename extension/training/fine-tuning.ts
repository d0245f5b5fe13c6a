/** Fine-tuning in VS Code: the runs of the window, their panels, what becomes of their models. */
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import * as vscode from 'vscode'
import { explainSystemError, messageOf } from '../../model/errors.ts'
import { makeFolder, writeFileAtomic } from '../../model/files.ts'
import type { TrainingHostFunctions, TrainingProcessFunctions } from '../../model/process/index.ts'
import type { EvaluationState } from '../../webview/protocol/index.ts'
import { Emitter } from '../emitter.ts'
import { connect } from '../model-client/index.ts'
import { Sentence } from '../sentence.ts'
import type { Services } from '../services.ts'
import { wordsOf } from '../words.ts'
import { evaluationView, readEvaluation } from './evaluation-file.ts'
import { workspaceFolder } from './form.ts'
import { DashboardPanel, PANEL_TYPE } from './panel.ts'
import { Trainings } from './trainings.ts'
import type { TrainingView } from './types.ts'

const KEY = 'trainings'
const EVALUATION_FILE = 'evaluation.json'
/** A process whose window is gone writes a checkpoint first: it ends by itself. */
const NEVER_KILLED = 2 ** 31 - 1

type Needs = Pick<Services, 'context' | 'settings' | 'models' | 'log' | 'propagation'>

export class FineTuning implements vscode.Disposable {
  readonly context: Services['context']
  readonly settings: Services['settings']
  readonly models: Services['models']
  readonly log: Services['log']
  readonly trainings: Trainings
  readonly #panels = new Set<DashboardPanel>()
  readonly #evaluations = new Map<string, EvaluationState>()
  readonly #evaluating = new Map<string, AbortController>()
  readonly #evaluated = new Emitter<string>()
  readonly #busy = new Emitter<void>()
  readonly #subscriptions: { dispose(): unknown }[] = []
  readonly onDidEvaluate = this.#evaluated.event

  constructor({ context, settings, models, log, propagation }: Needs) {
    this.context = context
    this.settings = settings
    this.models = models
    this.log = log
    const { workspaceState } = context
    this.trainings = new Trainings({
      connect: (functions) =>
        connect<TrainingProcessFunctions, TrainingHostFunctions>(
          {
            module: context.asAbsolutePath(join('dist', 'training-process.js')),
            name: 'The training process',
            grace: NEVER_KILLED,
            onLine: (line) => log.warn(line),
          },
          functions,
        ),
      store: {
        read: () => workspaceState.get(KEY),
        write: (records) => workspaceState.update(KEY, records),
      },
      places: () => ({
        cacheFolder: join((context.storageUri ?? context.globalStorageUri).fsPath, 'cache'),
        ffmpeg: settings.ffmpeg(),
      }),
      isBusy: () => {
        const state = propagation.current?.run.view.state
        return (state !== undefined && state !== 'paused') || this.#evaluating.size > 0
      },
      onBusy: this.#busy.event,
      isTrusted: () => vscode.workspace.isTrusted,
      log: (level, text) =>
        level === 'error' ? log.error(text) : level === 'warning' ? log.warn(text) : log.info(text),
    })
    this.#subscriptions.push(
      propagation.onDidChange(() => this.#busy.fire()),
      vscode.window.registerWebviewPanelSerializer(PANEL_TYPE, {
        deserializeWebviewPanel: async (panel, state: unknown) => {
          const folder = (state as { folder?: unknown } | undefined)?.folder
          this.#keep(
            new DashboardPanel(
              panel,
              this,
              typeof folder === 'string' && this.trainings.find(folder) !== undefined ? folder : [],
            ),
          )
        },
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => void this.trainings.goOn()),
    )
    void this.trainings.goOn()
  }

  /** Opens the form, or brings it to the front, with this footage added. */
  openForm(footage: readonly string[]): void {
    const open = [...this.#panels].find(({ folder }) => folder === undefined)
    if (open !== undefined) {
      open.takeFootage(footage)
      open.reveal()
      return
    }
    this.#keep(new DashboardPanel(makePanel(), this, footage))
  }

  /** Opens the dashboard of a run. */
  openRun(folder: string): void {
    const open = [...this.#panels].find((panel) => panel.folder === folder)
    if (open !== undefined) open.reveal()
    else this.#keep(new DashboardPanel(makePanel(), this, folder))
  }

  forgetPanel(panel: DashboardPanel): void {
    this.#panels.delete(panel)
  }

  /**
   * Makes what a run has learned the model that this workspace works with.
   * @throws Error with a sentence when there is no model to make
   */
  async makeActive(folder: string): Promise<void> {
    const run = this.trainings.find(folder)
    if (run === undefined) return
    const model = await this.trainings.keep(folder)
    const known = this.trainings.find(folder)?.modelId
    const there = (await this.models.list()).find(({ id }) => id === known)
    if (there !== undefined) {
      await this.models.activate(there.id)
      return
    }
    // A copy of its own: the run's folder is the person's, and may be deleted.
    const file = await this.models.fileFor(run.name)
    try {
      await copyFile(model.file, file)
    } catch (error) {
      throw explainSystemError(error, 'copy the model to', file)
    }
    const [family = model.name, ...size] = model.name.split(' ')
    const entry = await this.models.add({
      name: run.name,
      family,
      size: size.join(' '),
      origin: 'trained',
      source: folder,
      licence: model.licence,
      file,
    })
    this.trainings.tellModelId(folder, entry.id)
    await this.models.activate(entry.id)
  }

  async isActive(folder: string): Promise<boolean> {
    const id = this.trainings.find(folder)?.modelId
    if (id === undefined) return false
    const entry = (await this.models.list().catch(() => [])).find((model) => model.id === id)
    return entry !== undefined && this.models.isActive(entry)
  }

  /** What a run started from, as people know it. */
  startName(start: TrainingView['start']): string {
    if (start.kind === 'file') return basename(start.file)
    return start.kind === 'starter' ? vscode.l10n.t('Starter model') : vscode.l10n.t('Random weights')
  }

  evaluationOf(folder: string): EvaluationState {
    return this.#evaluations.get(folder) ?? { kind: 'none' }
  }

  /** Brings back what was measured in an earlier window. */
  async readEvaluation(folder: string): Promise<void> {
    if (this.#evaluations.has(folder)) return
    const text = await readFile(join(folder, EVALUATION_FILE), 'utf8').catch(() => undefined)
    const evaluation = text === undefined ? undefined : readEvaluation(text)
    if (evaluation) this.#evaluations.set(folder, { kind: 'done', evaluation })
  }

  /** Measures before and after on the annotated clips of the workspace. Never throws: what goes wrong is told there. */
  async evaluate(folder: string): Promise<void> {
    const run = this.trainings.find(folder)
    if (run === undefined || this.#evaluating.has(folder)) return
    const controller = new AbortController()
    this.#evaluating.set(folder, controller)
    this.#busy.fire()
    this.#show(folder, { kind: 'running', clip: '', model: '', done: 0, total: 0 })
    try {
      const workspace = vscode.workspace.workspaceFolders?.map(({ uri }) => uri.fsPath) ?? []
      if (workspace.length === 0)
        throw new Sentence('There is no workspace with annotated clips; open a folder that has some.')
      const after = await this.trainings.keep(folder)
      const { preset, size } = this.settings.run()
      const evaluation = await this.trainings.evaluate(
        {
          folders: workspace,
          models: [
            // What started from nothing has to beat what everybody has.
            run.start.kind === 'file'
              ? { name: this.startName(run.start), file: run.start.file }
              : { name: this.startName({ kind: 'starter' }), file: undefined },
            { name: run.name, file: after.file },
          ],
          device: this.settings.model().device,
          preset,
          size,
        },
        (progress) => this.#show(folder, { kind: 'running', ...progress }),
        controller.signal,
      )
      const view = evaluationView(evaluation, after.step)
      this.#show(folder, { kind: 'done', evaluation: view })
      await writeFileAtomic(join(folder, EVALUATION_FILE), `${JSON.stringify(view, null, 2)}\n`)
    } catch (error) {
      this.#show(
        folder,
        controller.signal.aborted ? { kind: 'none' } : { kind: 'failed', message: wordsOf(error) },
      )
    } finally {
      this.#evaluating.delete(folder)
      this.#busy.fire()
    }
  }

  cancelEvaluation(folder: string): void {
    this.#evaluating.get(folder)?.abort()
  }

  /** Checkpoints are large and nobody's source: a file in the folder of all runs says so. */
  async hideFromGit(folder: string): Promise<void> {
    const parent = dirname(folder)
    if (workspaceFolder() === undefined) return
    try {
      await makeFolder(parent)
      await writeFile(join(parent, '.gitignore'), '*\n', { flag: 'wx' }).catch(() => {})
    } catch (error) {
      // The run itself says why there can be no folder.
      this.log.warn(messageOf(error))
    }
  }

  dispose(): void {
    for (const controller of this.#evaluating.values()) controller.abort()
    this.trainings.dispose()
    for (const subscription of this.#subscriptions) subscription.dispose()
    for (const emitter of [this.#evaluated, this.#busy]) emitter.dispose()
  }

  #keep(panel: DashboardPanel): void {
    this.#panels.add(panel)
  }

  #show(folder: string, state: EvaluationState): void {
    this.#evaluations.set(folder, state)
    this.#evaluated.fire(folder)
  }
}

function makePanel(): vscode.WebviewPanel {
  return vscode.window.createWebviewPanel(PANEL_TYPE, vscode.l10n.t('Fine-Tune'), vscode.ViewColumn.Active)
}
