/** The panel in VS Code: the form for a new run, which becomes the dashboard of that run. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as vscode from 'vscode'
import { messageOf } from '../../model/errors.ts'
import type {
  DashboardAction,
  DashboardHostMessage,
  DashboardRun,
  DashboardWebviewMessage,
  PreviewView,
} from '../../webview/protocol/index.ts'
import { viewHtml } from '../editor/html.ts'
import type { Disposable } from '../emitter.ts'
import { revealFile } from '../reveal.ts'
import { wordsOf } from '../words.ts'
import type { FineTuning } from './fine-tuning.ts'
import { shortName, TrainingForm } from './form.ts'
import { readPreviews, readSteps } from './history.ts'
import { readDashboardMessage } from './incoming.ts'

export const PANEL_TYPE = 'siammae.dashboard'

/** Changes of a run are told at most this often, in milliseconds. */
const RUN_MS = 200

/** The host's side of one panel. */
export class DashboardPanel implements vscode.Disposable {
  readonly panel: vscode.WebviewPanel
  readonly #tuning: FineTuning
  readonly #subscriptions: Disposable[] = []
  #form: TrainingForm | undefined
  #folder: string | undefined
  #ready = false
  #opened = false
  #disposed = false
  #timer: NodeJS.Timeout | undefined

  /** @param subject the folder of a run, or footage for a new one */
  constructor(panel: vscode.WebviewPanel, tuning: FineTuning, subject: string | readonly string[]) {
    this.panel = panel
    this.#tuning = tuning
    const { context, trainings } = tuning
    if (typeof subject === 'string') this.#folder = subject
    else this.#makeForm(subject)
    this.#allow()
    this.#subscriptions.push(
      panel.webview.onDidReceiveMessage((message: unknown) => this.#receive(message)),
      panel.onDidChangeViewState(() => {
        // A hidden webview is thrown away and starts again with `ready`.
        if (!panel.visible) this.#ready = this.#opened = false
      }),
      panel.onDidDispose(() => this.dispose()),
      trainings.onDidChange((folder) => this.#changed(folder)),
      trainings.onSteps(({ folder, steps }) => {
        if (folder === this.#folder && this.#opened) this.#post({ type: 'steps', steps })
      }),
      trainings.onPreview(({ folder, step, path }) => {
        if (folder === this.#folder && this.#opened)
          this.#post({ type: 'preview', preview: this.#preview(step, path) })
      }),
      tuning.onDidEvaluate((folder) => {
        if (folder === this.#folder && this.#opened)
          this.#post({ type: 'evaluation', evaluation: tuning.evaluationOf(folder) })
      }),
      tuning.models.onDidChange(() => {
        if (this.#folder !== undefined) this.#changed(this.#folder)
      }),
    )
    panel.iconPath = vscode.Uri.joinPath(context.extensionUri, 'media', 'icons', 'activity.svg')
    panel.webview.html = viewHtml(panel.webview, context.extensionUri, 'dashboard')
    this.#name()
  }

  /** The run that is shown; undefined while it is the form. */
  get folder(): string | undefined {
    return this.#folder
  }

  reveal(): void {
    this.panel.reveal()
  }

  /** More footage for the form. */
  takeFootage(paths: readonly string[]): void {
    this.#form?.takeFootage(paths)
  }

  dispose(): void {
    this.#disposed = true
    this.#ready = false
    clearTimeout(this.#timer)
    this.#form?.dispose()
    for (const subscription of this.#subscriptions.splice(0)) subscription.dispose()
    this.#tuning.forgetPanel(this)
  }

  #makeForm(footage: readonly string[]): void {
    this.#form = new TrainingForm(this.#tuning, footage)
    this.#subscriptions.push(
      this.#form.onDidChange((what) => {
        if (what === 'form') void this.#showForm()
        else this.#showEstimate()
      }),
    )
    this.#form.measureSoon()
  }

  /** What the webview may load: what was built, and the pictures of its run. */
  #allow(): void {
    const { extensionUri } = this.#tuning.context
    this.panel.webview.options = {
      enableScripts: true,
      localResourceRoots: [
        vscode.Uri.joinPath(extensionUri, 'dist'),
        ...(this.#folder === undefined ? [] : [vscode.Uri.file(join(this.#folder, 'previews'))]),
      ],
    }
  }

  #name(): void {
    const run = this.#folder === undefined ? undefined : this.#tuning.trainings.find(this.#folder)
    this.panel.title = run === undefined ? vscode.l10n.t('Fine-Tune') : run.name
  }

  #receive(value: unknown): void {
    const result = readDashboardMessage(value)
    if ('refused' in result) {
      this.#tuning.log.warn(`A message of the panel was refused: ${result.refused}`)
      return
    }
    this.#do(result.message).catch((error) => {
      this.#tuning.log.error(messageOf(error))
      void vscode.window.showErrorMessage(wordsOf(error))
    })
  }

  async #do(message: DashboardWebviewMessage): Promise<void> {
    switch (message.type) {
      case 'ready':
        this.#ready = true
        this.#opened = false
        await this.#show()
        break
      case 'act':
        await this.#act(message.action)
        break
      case 'change':
        this.#form?.change(message.form)
        break
      case 'removeFootage':
        this.#form?.removeFootage(message.path)
        break
      case 'wantCurve':
        // Only runs of the list: a webview reads no other folders.
        if (this.#tuning.trainings.find(message.folder) !== undefined)
          this.#post({
            type: 'curve',
            folder: message.folder,
            steps: await readSteps(message.folder),
          })
        break
      case 'openPreview': {
        const found = (await readPreviews(this.#folder ?? '')).find(({ step }) => step === message.step)
        if (found) await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(found.path))
        break
      }
      case 'log':
        if (message.level === 'error') this.#tuning.log.error(message.text)
        else this.#tuning.log.info(message.text)
        break
      default:
        message satisfies never
    }
  }

  async #act(action: DashboardAction): Promise<void> {
    const { trainings } = this.#tuning
    const form = this.#form
    const folder = this.#folder ?? ''
    switch (action) {
      case 'addFiles':
      case 'addFolder':
        return form?.addFootage(action === 'addFolder')
      case 'openSettings':
        return form?.openSettings()
      case 'dropSettings':
        return form?.dropSettings()
      case 'estimate':
        return form?.measure()
      case 'cancelEstimate':
        return form?.cancelEstimate()
      case 'start':
        return this.#start()
      case 'pause':
        return trainings.pause(folder)
      case 'resume':
        return trainings.resume(folder)
      case 'stop':
        return trainings.stop(folder)
      case 'stopAndKeep':
        await trainings.keep(folder)
        return
      case 'makeActive':
        return this.#tuning.makeActive(folder)
      case 'evaluate':
        return this.#tuning.evaluate(folder)
      case 'cancelEvaluation':
        return this.#tuning.cancelEvaluation(folder)
      case 'reveal':
        return revealFile(vscode.Uri.file(folder))
      case 'openCard': {
        const card = join(folder, 'training-card.md')
        if (existsSync(card))
          await vscode.commands.executeCommand('markdown.showPreview', vscode.Uri.file(card))
        return
      }
      case 'trust':
        return void vscode.commands.executeCommand('workbench.trust.manage')
      case 'newRun':
        return this.#tuning.openForm(trainings.find(folder)?.sources ?? [])
      default:
        action satisfies never
    }
  }

  async #start(): Promise<void> {
    const form = this.#form
    if (form === undefined) return
    let shown: Promise<void> | undefined
    try {
      await form.start((folder) => {
        shown = this.#become(folder)
      })
      await shown
      form.dispose()
      this.#form = undefined
    } catch (error) {
      // Back to the form, which says why where somebody looks at it.
      this.#folder = undefined
      this.#opened = false
      if (!this.#disposed) this.#name()
      await this.#showForm()
      if (this.#ready) this.#post({ type: 'refused', message: wordsOf(error) })
      else void vscode.window.showErrorMessage(wordsOf(error))
    }
  }

  async #become(folder: string): Promise<void> {
    await this.#tuning.hideFromGit(folder)
    // Refused meanwhile: the form stays.
    if (this.#disposed || this.#tuning.trainings.find(folder) === undefined) return
    this.#folder = folder
    this.#allow()
    this.#name()
    await this.#showRun()
  }

  #show(): Promise<void> {
    return this.#folder === undefined ? this.#showForm() : this.#showRun()
  }

  async #showForm(): Promise<void> {
    if (this.#form === undefined || this.#folder !== undefined || !this.#ready) return
    this.#post({ type: 'form', form: await this.#form.view(), texts: texts() })
    this.#showEstimate()
  }

  #showEstimate(): void {
    if (this.#form !== undefined && this.#folder === undefined)
      this.#post({ type: 'estimate', ...this.#form.estimate })
  }

  async #showRun(): Promise<void> {
    const folder = this.#folder
    if (folder === undefined || !this.#ready) return
    const [steps, previews] = await Promise.all([
      readSteps(folder),
      readPreviews(folder),
      this.#tuning.readEvaluation(folder),
    ])
    const run = await this.#run(folder)
    if (!this.#ready || folder !== this.#folder) return
    if (run === undefined) {
      // A run that was taken off the list has nothing to show; one that was refused leads back to its form.
      if (this.#form === undefined) this.panel.dispose()
      return
    }
    this.#post({
      type: 'opened',
      run,
      steps,
      previews: previews.map(({ step, path }) => this.#preview(step, path)),
      others: this.#others(folder),
      evaluation: this.#tuning.evaluationOf(folder),
      texts: texts(),
    })
    this.#opened = true
  }

  #changed(folder: string): void {
    // Another run that came or went is one that may be compared.
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.#tellRun()
    }, RUN_MS)
    if (folder === this.#folder) this.#name()
  }

  async #tellRun(): Promise<void> {
    const folder = this.#folder
    if (folder === undefined || !this.#opened) return
    const run = await this.#run(folder)
    if (run !== undefined && this.#opened) this.#post({ type: 'run', run, others: this.#others(folder) })
  }

  #others(folder: string): { folder: string; name: string }[] {
    return this.#tuning.trainings.all
      .filter((other) => other.folder !== folder && other.step > 0)
      .map(({ folder: path, name }) => ({ folder: path, name }))
  }

  async #run(folder: string): Promise<DashboardRun | undefined> {
    const run = this.#tuning.trainings.find(folder)
    if (run === undefined) return undefined
    const { name, state, step, steps, loss, device, message, stage, notes } = run
    const { pairsPerSecond, secondsLeft, memoryBytes, model } = run
    return {
      folder,
      name,
      state,
      step,
      steps,
      loss,
      device,
      pairsPerSecond,
      secondsLeft,
      memoryBytes,
      message,
      stage,
      notes,
      footage: run.sources.map(shortName),
      start: this.#tuning.startName(run.start),
      model:
        model === undefined || model.step !== step
          ? 'none'
          : (await this.#tuning.isActive(folder))
            ? 'active'
            : 'made',
    }
  }

  #preview(step: number, path: string): PreviewView {
    return { step, uri: this.panel.webview.asWebviewUri(vscode.Uri.file(path)).toString() }
  }

  #post(message: DashboardHostMessage): void {
    if (this.#ready) void this.panel.webview.postMessage(message)
  }
}

function texts(): Readonly<Record<string, string>> {
  return vscode.l10n.bundle ?? {}
}
