import { basename } from 'node:path'
import * as vscode from 'vscode'
import { AnnotationError } from '../../model/annotation/index.ts'
import { messageOf } from '../../model/errors.ts'
import type { ClipFacts } from '../../model/process/index.ts'
import type {
  ClipView,
  HostMessage,
  InspectionAnswer,
  ViewCommand,
  ViewState,
} from '../../webview/protocol/index.ts'
import { type Disposable, Emitter } from '../emitter.ts'
import { Sentence } from '../sentence.ts'
import { wordsOf } from '../words.ts'
import { EntrySender } from './entry-sender.ts'
import { viewHtml, viewRoots } from './html.ts'
import { type Incoming, readMessage } from './incoming.ts'
import { inspect } from './inspection.ts'
import type { OpenDocument } from './open-document.ts'
import type { ViewChange } from './shown-state.ts'
import type { AnnotatorView, EditorServices } from './types.ts'
import { ViewMemory } from './view-memory.ts'

/** Nothing is done on a frame that a webview may have left: one that has not told where it stands after this long is lost. */
const ANSWER_MS = 10_000

let sessions = 0

/** The host's side of one webview: sends it what it shows and does what it asks. */
export class ViewSession implements AnnotatorView, vscode.Disposable {
  readonly document: OpenDocument
  readonly panel: vscode.WebviewPanel
  /** Unique in the window. */
  readonly id = `view ${++sessions}`
  readonly #services: EditorServices
  readonly #entries: EntrySender
  readonly #memory: ViewMemory
  readonly #subscriptions: Disposable[] = []
  readonly #views = new Emitter<ViewState>()
  readonly onDidChangeView = this.#views.event
  #view: ViewState
  #ready = false
  /** Whether the view was told what it starts from. */
  #opened = false
  /** Asked of a webview that is still coming up, for when it is there. */
  #asked: ViewCommand[] = []
  #lastQuestion = 0
  readonly #questions = new Map<number, (error?: Error) => void>()

  constructor(document: OpenDocument, panel: vscode.WebviewPanel, services: EditorServices) {
    this.document = document
    this.panel = panel
    this.#services = services
    this.#entries = new EntrySender({
      document,
      isOpened: () => this.#opened,
      playhead: () => this.#view.frame,
      post: (message) => this.#post(message),
    })
    this.#memory = new ViewMemory(services.context.workspaceState, document.sidecarPath)
    this.#view = {
      tool: 'select',
      objectId: undefined,
      range: undefined,
      frame: 0,
      ...this.#memory.remembered,
      playing: false,
    }
    const { webview } = panel
    webview.options = { enableScripts: true, localResourceRoots: viewRoots(services.context.extensionUri) }
    const { client } = services
    this.#subscriptions.push(
      webview.onDidReceiveMessage((message: unknown) => this.#receive(message)),
      panel.onDidChangeViewState(() => {
        if (!panel.visible) this.#hidden()
      }),
      document.onViewChange((change) => this.#changed(change)),
      services.settings.onDidChange(() => {
        if (this.#opened) this.#post({ type: 'settings', settings: services.settings.display() })
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.#post({ type: 'trusted' })),
      client.onPicture(({ view, frame, bytes, mime }) => {
        if (view === this.id) this.#post({ type: 'picture', frame, bytes: tight(bytes), mime })
      }),
      client.onPictureFailed(({ view, frame, message }) => {
        if (view === this.id) this.#post({ type: 'pictureFailed', frame, message })
      }),
    )
    document.sessions.add(this)
    webview.html = viewHtml(webview, services.context.extensionUri)
  }

  get view(): ViewState {
    return this.#view
  }

  command(command: ViewCommand): void {
    if (this.#opened) this.#post({ type: 'command', command })
    else if (this.document.isOpen) this.#asked.push(command)
  }

  refresh(): Promise<void> {
    // A webview that comes up starts from what it told last, unless something was asked of it since.
    if (!this.#opened && this.#asked.length === 0) return Promise.resolve()
    const id = ++this.#lastQuestion
    return new Promise((resolve, reject) => {
      const silent = new Sentence('The annotator did not answer, so nothing was done; try again.')
      const timer = setTimeout(() => this.#answered(id, silent), ANSWER_MS)
      this.#questions.set(id, (error) => {
        clearTimeout(timer)
        if (error === undefined) resolve()
        else reject(error)
      })
      if (this.#opened) this.#post({ type: 'tellView', id })
    })
  }

  /** The next view of the side-car at another place stands where this one does. */
  rememberAt(sidecarPath: string): void {
    this.#memory.copyTo(sidecarPath)
  }

  reveal(): void {
    this.panel.reveal()
  }

  dispose(): void {
    this.document.sessions.delete(this)
    this.#services.client.forgetView(this.id)
    this.#services.client.endInspection(this.id)
    for (const subscription of this.#subscriptions.splice(0)) subscription.dispose()
    this.#memory.dispose()
    this.#answerAll()
    this.#views.dispose()
  }

  #receive(value: unknown): void {
    const result = readMessage(value)
    if ('refused' in result) {
      this.#services.log.warn(`A message of the view was refused: ${result.refused}`)
      this.#answerRefused(value, result.refused)
      return
    }
    this.#do(result.message).catch((error) => this.#services.log.error(messageOf(error)))
  }

  async #do(message: Incoming): Promise<void> {
    const { document } = this
    switch (message.type) {
      case 'ready':
        this.#ready = true
        this.#opened = false
        this.#entries.reset()
        this.#showPhase()
        break
      case 'wantPictures':
        this.#wantPictures(message.frames, message)
        break
      case 'wantEntries':
        this.#entries.move(message.first, message.last)
        break
      case 'edit':
        await this.#edit(message)
        break
      case 'view':
        this.#setView(message.view)
        break
      case 'viewTold':
        this.#answered(message.id)
        break
      case 'changeSettings':
        await this.#services.settings.change(message.settings)
        break
      case 'inspect':
        await this.#inspect(message)
        break
      case 'dismissOffer':
        document.dismissOffer(message.offer)
        break
      case 'execute':
        try {
          await vscode.commands.executeCommand(message.command, ...message.args)
        } catch (error) {
          void vscode.window.showErrorMessage(wordsOf(error))
        }
        break
      case 'log':
        if (message.level === 'error')
          this.#services.log.error(`${basename(document.uri.fsPath)}: ${message.text.slice(0, 4_000)}`)
        else this.#services.log.info(message.text.slice(0, 4_000))
        break
      default:
        message satisfies never
    }
  }

  async #edit({ id, label, edits }: Extract<Incoming, { type: 'edit' }>): Promise<void> {
    let error: string | undefined
    try {
      await this.document.performFromView(edits, label)
    } catch (thrown) {
      error = wordsOf(thrown)
      if (!(thrown instanceof AnnotationError))
        this.#services.log.error(String((thrown as Error).stack ?? thrown))
    }
    this.#post({ type: 'edited', id, error })
  }

  async #inspect({ id, wish }: Extract<Incoming, { type: 'inspect' }>): Promise<void> {
    const { document } = this
    if (wish === undefined || !document.isOpen) {
      this.#services.client.endInspection(this.id)
      return
    }
    let answer: InspectionAnswer
    try {
      const { isTrusted } = vscode.workspace
      answer = await inspect(this.#services, document.videoPath, this.id, isTrusted, wish)
    } catch (error) {
      answer = { kind: 'refused', message: wordsOf(error) }
    }
    this.#post({ type: 'inspected', id, answer })
  }

  /** A view that waits for an answer gets one, also when its message could not be read. */
  #answerRefused(value: unknown, reason: string): void {
    if (typeof value !== 'object' || value === null) return
    const { type, id } = value as { type?: unknown; id?: unknown }
    if (type === 'edit' && typeof id === 'number')
      this.#post({ type: 'edited', id, error: vscode.l10n.t('This edit is not possible ({0}).', reason) })
    if (type === 'inspect' && typeof id === 'number')
      this.#post({
        type: 'inspected',
        id,
        answer: { kind: 'refused', message: vscode.l10n.t('This cannot be looked at ({0}).', reason) },
      })
  }

  #answered(id: number, error?: Error): void {
    const answer = this.#questions.get(id)
    this.#questions.delete(id)
    answer?.(error)
  }

  /** Nobody is there to answer any more. */
  #answerAll(): void {
    for (const id of [...this.#questions.keys()]) this.#answered(id)
  }

  #setView(view: ViewState): void {
    const { clip, annotations } = this.document.isOpen ? this.document : {}
    if (clip === undefined || annotations === undefined) return
    const last = clip.frameCount - 1
    this.#view = {
      ...view,
      frame: Math.min(view.frame, last),
      objectId:
        view.objectId !== undefined && annotations.objects.has(view.objectId) ? view.objectId : undefined,
      range: view.range && [Math.min(...view.range, last), Math.min(Math.max(...view.range), last)],
    }
    this.#views.fire(this.#view)
    this.#memory.remember(this.#view)
  }

  #wantPictures(
    frames: readonly number[],
    how: { readonly at?: number; readonly again?: boolean } = {},
  ): void {
    if (!this.document.isOpen) return
    const { clip, videoPath } = this.document
    this.#services.client.wantPictures({
      clip: videoPath,
      view: this.id,
      frames: frames.filter((frame) => frame < clip.frameCount),
      quality: this.#services.settings.pictureQuality(),
      at: how.at,
      again: how.again,
    })
  }

  #hidden(): void {
    // A hidden webview is thrown away and starts again with `ready`.
    this.#ready = false
    this.#opened = false
    this.#answerAll()
    this.#entries.reset()
    this.#wantPictures([])
    this.#services.client.endInspection(this.id)
  }

  #changed(change: ViewChange): void {
    if (change.kind === 'phase') {
      this.#showPhase()
      return
    }
    if (!this.#opened) return
    const { document } = this
    switch (change.kind) {
      case 'entries':
        if (change.lanes.length > 0) this.#post({ type: 'lanes', changes: change.lanes })
        this.#entries.sendChanged(change.frames)
        break
      case 'catalogue':
        this.#post({ type: 'catalogue', ...catalogueOf(document) })
        break
      case 'doubtful':
        this.#post({ type: 'doubtful', frames: document.doubtful })
        break
      case 'run':
        this.#post({ type: 'run', run: document.run })
        break
      case 'offer':
        this.#post({ type: 'offer', offer: document.offer })
        break
      case 'comparison':
        this.#post({ type: 'comparison', comparison: document.comparison?.view })
        if (change.changed !== undefined)
          this.#entries.sendCompared(change.changed.side, change.changed.frames)
        break
      default:
        change satisfies never
    }
  }

  #showPhase(): void {
    if (!this.#ready) return
    const { phase } = this.document
    const texts = this.#services.webviewTexts
    if (phase.kind === 'opening') {
      this.#opened = false
      this.#post({ type: 'opening', done: phase.done, total: phase.total, texts })
    } else if (phase.kind === 'failed') {
      this.#opened = false
      this.#asked = []
      this.#post({ type: 'failed', message: phase.message, actions: phase.actions, texts })
    } else this.#showOpened()
  }

  #showOpened(): void {
    const { document } = this
    this.#opened = true
    this.#entries.reset()
    this.#post({
      type: 'opened',
      clip: clipView(document.clip),
      ...catalogueOf(document),
      lanes: document.lanes,
      doubtful: document.doubtful,
      settings: this.#services.settings.display(),
      view: this.#view,
      run: document.run,
      trusted: vscode.workspace.isTrusted,
      texts: this.#services.webviewTexts,
    })
    if (document.offer !== undefined) this.#post({ type: 'offer', offer: document.offer })
    if (document.comparison !== undefined) {
      this.#post({ type: 'comparison', comparison: document.comparison.view })
      for (const side of [0, 1] as const) this.#entries.sendCompared(side)
    }
    for (const command of this.#asked.splice(0)) this.#post({ type: 'command', command })
    for (const id of this.#questions.keys()) this.#post({ type: 'tellView', id })
    void this.#entries.send()
  }

  #post(message: HostMessage): void {
    if (!this.#ready) return
    void this.panel.webview.postMessage(message)
  }
}

function catalogueOf({
  annotations,
}: OpenDocument): Pick<Extract<HostMessage, { type: 'catalogue' }>, 'labels' | 'objects'> {
  return {
    labels: [...annotations.labels.values()].sort((a, b) => a.id - b.id),
    objects: [...annotations.objects.values()].sort((a, b) => a.id - b.id),
  }
}

function clipView(clip: ClipFacts): ClipView {
  const { frameCount, width, height, times, warnings } = clip
  return { name: basename(clip.path), frameCount, width, height, times: Float64Array.from(times), warnings }
}

/** A buffer of its own: VS Code sends the whole buffer beneath a view of one, and no Node Buffer. */
function tight(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array && bytes.byteLength === bytes.buffer.byteLength
    ? bytes
    : Uint8Array.from(bytes)
}
