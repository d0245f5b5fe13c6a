import { dirname, resolve } from 'node:path'
import * as vscode from 'vscode'
import { AnnotationError, type Edit } from '../../model/annotation/index.ts'
import { messageOf } from '../../model/errors.ts'
import type { ClipFacts } from '../../model/process/index.ts'
import type { DoubtfulFrame, LaneChange, RunView, SpanOffer } from '../../webview/protocol/index.ts'
import type { AnnotationFile } from '../document/annotation-file.ts'
import type { DocumentThreads } from '../document/document-thread.ts'
import type { OpenRun } from '../document/open-run.ts'
import { StackBridge, type StackEdit } from '../document/stack-bridge.ts'
import { type Corrections, checkViewEdits, correctionsOf, withOwnCounts } from '../document/view-edits.ts'
import { type Disposable, Emitter } from '../emitter.ts'
import { wordsOf } from '../words.ts'
import { DiskWatch } from './disk-watch.ts'
import { failureOf } from './failure.ts'
import { type OpenOptions, openFile } from './open-file.ts'
import { Saving } from './saving.ts'
import { type Phase, ShownState } from './shown-state.ts'
import type {
  AnnotatorDocument,
  AnnotatorView,
  ComparedFrames,
  EditorServices,
  RunWriter,
  ShownComparison,
  ViewType,
} from './types.ts'
import { OpeningCancelled, VideoLink } from './video-link.ts'
import type { ViewSession } from './view-session.ts'

/** What VS Code is told: a step, or (without undo) that the content has changed. */
export type StackEvent =
  | vscode.CustomDocumentEditEvent<OpenDocument>
  | vscode.CustomDocumentContentChangeEvent<OpenDocument>

/** One custom document of VS Code: opens side-car and clip, and joins the annotation file to VS Code's stack. */
export class OpenDocument implements vscode.CustomDocument, AnnotatorDocument {
  readonly uri: vscode.Uri
  /** Under which VS Code has opened it. */
  readonly viewType: ViewType
  readonly sidecarPath: string
  readonly saving: Saving
  readonly #services: EditorServices
  readonly #threads: DocumentThreads
  readonly #options: OpenOptions
  readonly #bridge: StackBridge
  readonly #video: VideoLink
  readonly #shown = new ShownState()
  #file: AnnotationFile | undefined
  #watch: DiskWatch | undefined
  #replacing: Disposable | undefined
  #opening: Promise<void> = Promise.resolve()
  #disposed = false
  #hasLeft = false
  /** The side-car on disk is newer than what was read last, and did not read well. */
  #isStale = false
  /** Filled by the sessions themselves. */
  readonly sessions = new Set<ViewSession>()

  readonly #corrections = new Emitter<Corrections>()
  readonly #dismissals = new Emitter<SpanOffer>()
  readonly #disposals = new Emitter<void>()
  readonly onDidChange = this.#shown.onDidChange
  readonly onViewChange = this.#shown.onViewChange
  readonly onDidCorrect = this.#corrections.event
  readonly onDidDismissOffer = this.#dismissals.event
  readonly onDidDispose = this.#disposals.event

  constructor(
    uri: vscode.Uri,
    viewType: ViewType,
    services: EditorServices,
    threads: DocumentThreads,
    options: OpenOptions & { readonly fire: (event: StackEvent) => void },
  ) {
    this.uri = uri
    this.viewType = viewType
    this.sidecarPath = options.sidecarPath
    this.#services = services
    this.#threads = threads
    this.#options = options
    this.#video = new VideoLink(options.sidecarPath, services, threads, options.videoPath)
    const told = {
      changed: (edit: StackEdit | undefined) =>
        options.fire(
          edit === undefined
            ? { document: this }
            : { document: this, ...edit, label: vscode.l10n.t(edit.label) },
        ),
      clean: () => {
        this.saving.tellClean().catch((error) => services.log.error(messageOf(error)))
      },
      failed: (error: unknown) => {
        services.log.error(messageOf(error))
        void vscode.window.showErrorMessage(wordsOf(error))
      },
    }
    this.#bridge = new StackBridge(told, options.fromBackup)
    this.saving = new Saving(this, this.#bridge, services.log)
  }

  get phase(): Phase {
    return this.#shown.phase
  }

  get isOpen(): boolean {
    return this.phase.kind === 'open'
  }

  get clip(): ClipFacts {
    return this.#video.clip
  }

  get file(): AnnotationFile {
    if (this.#file === undefined) throw new Error('The annotations are not open yet.')
    return this.#file
  }

  get annotations() {
    return this.file.content
  }

  get videoPath(): string {
    return this.#video.path
  }

  /** Whether there is a {@link file}, also where it cannot be shown. */
  get isLoaded(): boolean {
    return this.#file !== undefined
  }

  get isDisposed(): boolean {
    return this.#disposed
  }

  /** Whether it is about to be disposed of because its files have moved. */
  get hasLeft(): boolean {
    return this.#hasLeft
  }

  get doubtful(): readonly DoubtfulFrame[] {
    return this.#file?.doubtful.list ?? []
  }

  get views(): readonly AnnotatorView[] {
    return [...this.sessions]
  }

  get run(): RunView | undefined {
    return this.#shown.run
  }

  get offer(): SpanOffer | undefined {
    return this.#shown.offer
  }

  get comparison(): ShownComparison | undefined {
    return this.#shown.comparison
  }

  /** Lane of every object, whole. */
  get lanes(): LaneChange[] {
    return this.#shown.lanes
  }

  /** Whether VS Code shows the document as changed. */
  get isDirty(): boolean {
    return this.#bridge.isDirty
  }

  /** Opens side-car and clip; what goes wrong is a phase. Again after a failure, for example with another video. */
  open(videoPath?: string): Promise<void> {
    this.#opening = this.#opening.then(() => this.#open(videoPath))
    return this.#opening
  }

  /** Resolves when the opening has ended, well or not. */
  whenOpened(): Promise<void> {
    return this.#opening
  }

  async #open(videoPath: string | undefined): Promise<void> {
    if (this.#disposed || this.isOpen) return
    this.#shown.setPhase({ kind: 'opening', done: 0, total: undefined })
    this.#video.begin()
    const listening = this.#services.client.onOpening(({ clip, done, total }) => {
      if (clip === this.videoPath && !this.isOpen) this.#shown.setPhase({ kind: 'opening', done, total })
    })
    try {
      if (this.#file !== undefined && this.#isStale) {
        await this.#file.reload()
        this.#isStale = false
        return
      }
      await this.#followCorrection()
      this.#file ??= await openFile(this.#options, this.#threads, this.#video, {
        doubtBelow: this.#services.settings.display().doubtBelow,
        progress: (done, total) => this.#shown.setPhase({ kind: 'opening', done, total }),
      })
      const file = this.#file
      if (this.#disposed) return file.dispose()
      await this.#video.open(file.content, videoPath)
      if (this.#disposed) return
      file.videoPath = this.videoPath
      await this.#adopt(file)
      if (this.#disposed) return
      this.#bridge.attach(file.model)
      this.#watch ??= new DiskWatch(this, this.#services.log)
      this.#shown.setPhase({ kind: 'open' })
      this.#bridge.check()
    } catch (error) {
      if (this.#disposed) return
      this.#services.log.error(`${this.sidecarPath}: ${messageOf(error)}`)
      if (!(error instanceof Error) || error.name === 'Error' || error instanceof TypeError)
        this.#services.log.debug(String((error as Error).stack ?? error))
      // A change on disk may help, but not against what the person has stopped.
      if (!(error instanceof OpeningCancelled)) this.#watch ??= new DiskWatch(this, this.#services.log)
      this.#shown.setPhase({ kind: 'failed', ...failureOf(error) })
    } finally {
      listening.dispose()
    }
  }

  /** A side-car that could not be shown and was changed since, for example to name the right video, is read again. */
  async #followCorrection(): Promise<void> {
    const file = this.#file
    if (file === undefined || this.#video.isOpen || file.isDirty) return
    if ((await file.checkDisk()) === 'changed') await file.reload()
  }

  /** Stops reading the clip, which may take long the first time. */
  cancelOpening(): void {
    if (this.phase.kind === 'opening') this.#video.cancel()
  }

  async #adopt(file: AnnotationFile): Promise<void> {
    await this.#shown.follow(file, this.#services.settings)
    this.#replacing ??= file.onReplaced(() => {
      this.#opening = this.#opening.then(() => this.#replaced(file))
    })
  }

  async #replaced(file: AnnotationFile): Promise<void> {
    if (this.#disposed) return
    this.#bridge.attach(file.model)
    this.#shown.setPhase({ kind: 'opening', done: 0, total: undefined })
    try {
      this.#video.check(file.content)
      await this.#adopt(file)
      if (!this.#disposed) this.#shown.replaced()
    } catch (error) {
      this.#shown.setPhase({ kind: 'failed', ...failureOf(error) })
    }
  }

  perform(edit: Edit, label: string): void {
    this.#requireOpen()
    const { model } = this.file
    model.perform(edit, label)
    // What the caller asks of a view next is about what was just done, so the view has to know of that first.
    model.flush()
  }

  correct(edit: Edit, label: string): void {
    this.#requireOpen()
    const corrected = correctionsOf(edit, this.annotations)
    this.perform(edit, label)
    this.#corrections.fire(corrected)
  }

  /** A step of a view: checked, done, and told to every view before this returns. @throws AnnotationError */
  async performFromView(edits: unknown, label: string): Promise<void> {
    this.#requireOpen()
    await this.file.model.whenIdle()
    const checked = checkViewEdits(edits, this.annotations)
    this.correct(checked.length === 1 ? checked[0]! : { kind: 'group', label, edits: checked }, label)
  }

  beginRun(stop: () => Promise<void>): RunWriter {
    this.#requireOpen()
    const open: OpenRun = this.file.model.beginRun(stop)
    return {
      add: (run, results) => open.add(run, results.map(withOwnCounts)),
      end: () => open.end(),
      get ended() {
        return open.ended
      },
    }
  }

  showRun(run: RunView | undefined): void {
    this.#shown.showRun(run)
  }

  showOffer(offer: SpanOffer | undefined): void {
    this.#shown.showOffer(offer)
  }

  /** A view was told that the offer is not wanted. */
  dismissOffer(offer: SpanOffer): void {
    this.#dismissals.fire(offer)
  }

  showComparison(comparison: ShownComparison | undefined, changed?: ComparedFrames): void {
    this.#shown.showComparison(comparison, changed)
  }

  async sidecarText(): Promise<string> {
    return this.file.text()
  }

  /** VS Code's save. @throws Error with a sentence when it was not saved */
  async save(): Promise<void> {
    await this.saving.save()
  }

  /** Resolves when no save is going on. */
  async whenSaved(): Promise<void> {
    await this.#bridge.whenSaved()
  }

  /** What is on disk cannot be shown any more; nothing unsaved is lost by that. */
  fail(error: unknown): void {
    this.#isStale = true
    this.#shown.setPhase({ kind: 'failed', ...failureOf(error) })
  }

  /** VS Code's save under another name. */
  async saveAs(path: string): Promise<void> {
    // As long as the video is not found, it is where the side-car says.
    const video = this.#video.isOpen
      ? this.videoPath
      : resolve(dirname(this.sidecarPath), this.file.content.video.path)
    await this.saving.saveAs(path, video)
  }

  /** VS Code's revert; what went wrong is told. */
  async revert(): Promise<void> {
    await this.saving.revert()
  }

  async backup(id: string): Promise<vscode.CustomDocumentBackup> {
    const { file } = this
    const at = await file.backup(id)
    return { id: at, delete: () => void file.forgetBackup(at).catch(() => {}) }
  }

  /** The video alone was renamed in VS Code: the side-car names it then, as a step that can be undone. */
  async moveVideo(path: string): Promise<void> {
    if (!this.isOpen || path === this.videoPath) return
    await this.#showMoved(path)
    if (this.#disposed || this.#hasLeft) return
    this.perform({ kind: 'moveVideo', path: this.#video.pathInSidecar }, 'Move video')
  }

  /**
   * The side-car has come along with its renamed video and names it from now on, on disk as well. It is no step: an undo
   * of the rename itself would have to pass it.
   */
  async followVideo(path: string): Promise<void> {
    await this.#opening
    // It was looked for while its side-car was renamed already and it was not.
    if (!this.isOpen) await this.open(path)
    else if (path !== this.videoPath) await this.#showMoved(path)
    if (!this.isOpen) return
    this.#video.name(this.annotations)
    if (!this.isDirty) await vscode.workspace.save(this.uri)
  }

  /** Its files have moved and are opened anew there: that none is left here means nothing. */
  leave(): void {
    this.#hasLeft = true
    this.#watch?.dispose()
  }

  async #showMoved(path: string): Promise<void> {
    await this.#video.move(this.annotations, path)
    this.file.videoPath = path
    this.#shown.setPhase({ kind: 'open' })
  }

  /** Before the window closes. */
  async flushBackup(): Promise<void> {
    await this.#file?.flushBackup().catch(() => {})
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    void this.#file?.model.run?.stop().catch(() => {})
    this.#watch?.dispose()
    this.#replacing?.dispose()
    this.#shown.dispose()
    this.#bridge.dispose()
    this.#file?.dispose()
    this.#video.close()
    this.#disposals.fire()
    for (const emitter of [this.#corrections, this.#dismissals, this.#disposals]) emitter.dispose()
  }

  #requireOpen(): void {
    if (!this.isOpen)
      throw new AnnotationError('The annotations are not open, so they cannot be changed or saved.')
  }
}
