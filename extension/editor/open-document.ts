import { setTimeout as sleep } from 'node:timers/promises'
import * as vscode from 'vscode'
import { AnnotationError, type Edit, type Run } from '../../model/annotation/index.ts'
import { messageOf } from '../../model/errors.ts'
import type { ClipFacts } from '../../model/process/index.ts'
import type {
  DoubtfulFrame,
  HostMessage,
  LaneChange,
  RunView,
  SpanOffer,
} from '../../webview/protocol/index.ts'
import { AnnotationFile } from '../document/annotation-file.ts'
import type { OpenRun } from '../document/document-model.ts'
import type { DocumentThreads } from '../document/document-thread.ts'
import { Lanes } from '../document/lanes.ts'
import { checkVideo, locateVideo, pathFrom } from '../document/locate-video.ts'
import { inSlices } from '../document/slices.ts'
import { StackBridge, type StackEdit } from '../document/stack-bridge.ts'
import { checkViewEdits, withOwnCounts } from '../document/view-edits.ts'
import { type Disposable, Emitter } from '../emitter.ts'
import { wordsOf } from '../words.ts'
import { DiskWatch } from './disk-watch.ts'
import { failureOf } from './failure.ts'
import type {
  AnnotatorDocument,
  AnnotatorView,
  ChangedFrames,
  ComparedFrames,
  DocumentChange,
  EditorServices,
  RunWriter,
  ShownComparison,
  ViewType,
} from './types.ts'

/** How long VS Code may take to dispose of a document whose tab it closes. */
const CLOSING_MS = 100

/** How far the opening of a document is. */
export type Phase =
  | { readonly kind: 'opening'; readonly done: number; readonly total: number | undefined }
  | (Extract<HostMessage, { type: 'failed' }> & { readonly kind: 'failed' })
  | { readonly kind: 'open' }

/** What the views are told when something has changed. */
export type ViewChange =
  | { readonly kind: 'entries'; readonly frames: ChangedFrames; readonly lanes: readonly LaneChange[] }
  | { readonly kind: 'catalogue' }
  | { readonly kind: 'doubtful' }
  | { readonly kind: 'run' }
  | { readonly kind: 'offer' }
  /** `changed` says what was found since the last time. */
  | { readonly kind: 'comparison'; readonly changed?: ComparedFrames | undefined }
  | { readonly kind: 'phase' }

/** What VS Code is told: a step, or (without undo) that the content has changed. */
export type StackEvent =
  | vscode.CustomDocumentEditEvent<OpenDocument>
  | vscode.CustomDocumentContentChangeEvent<OpenDocument>

export interface OpenOptions {
  readonly sidecarPath: string
  /** The video that was opened where there is no side-car yet. */
  readonly videoPath?: string
  readonly backupId?: string | undefined
  readonly fire: (event: StackEvent) => void
}

/** One custom document of VS Code: opens side-car and clip, and joins the annotation file to VS Code's stack. */
export class OpenDocument implements vscode.CustomDocument, AnnotatorDocument {
  readonly uri: vscode.Uri
  /** Under which VS Code has opened it. */
  readonly viewType: ViewType
  readonly sidecarPath: string
  readonly #services: EditorServices
  readonly #threads: DocumentThreads
  readonly #options: OpenOptions
  readonly #bridge: StackBridge
  #phase: Phase = { kind: 'opening', done: 0, total: undefined }
  #file: AnnotationFile | undefined
  #lanes: Lanes | undefined
  #clip: ClipFacts | undefined
  #videoPath: string
  #run: RunView | undefined
  #offer: SpanOffer | undefined
  #comparison: ShownComparison | undefined
  #watch: DiskWatch | undefined
  #fileListeners: Disposable[] = []
  #opening: Promise<void> = Promise.resolve()
  #disposed = false
  /** The side-car on disk is newer than what was read last, and did not read well. */
  #isStale = false
  /** The next save is one that nobody asked for: it may not write anything. */
  #telling = false
  /** Filled by the sessions themselves. */
  readonly sessions = new Set<AnnotatorView>()

  readonly #changes = new Emitter<DocumentChange>()
  readonly #viewChanges = new Emitter<ViewChange>()
  readonly #corrections = new Emitter<ChangedFrames>()
  readonly #dismissals = new Emitter<SpanOffer>()
  readonly #disposals = new Emitter<void>()
  readonly onDidChange = this.#changes.event
  readonly onViewChange = this.#viewChanges.event
  readonly onDidCorrect = this.#corrections.event
  readonly onDidDismissOffer = this.#dismissals.event
  readonly onDidDispose = this.#disposals.event

  constructor(
    uri: vscode.Uri,
    viewType: ViewType,
    services: EditorServices,
    threads: DocumentThreads,
    options: OpenOptions,
  ) {
    this.uri = uri
    this.viewType = viewType
    this.sidecarPath = options.sidecarPath
    this.#services = services
    this.#threads = threads
    this.#options = options
    this.#videoPath = options.videoPath ?? ''
    const told = {
      changed: (edit: StackEdit | undefined) =>
        options.fire(
          edit === undefined
            ? { document: this }
            : { document: this, ...edit, label: vscode.l10n.t(edit.label) },
        ),
      clean: () => {
        this.#tellClean().catch((error) => services.log.error(messageOf(error)))
      },
      failed: (error: unknown) => {
        services.log.error(messageOf(error))
        void vscode.window.showErrorMessage(wordsOf(error))
      },
    }
    this.#bridge = new StackBridge(told, options.backupId !== undefined)
  }

  get phase(): Phase {
    return this.#phase
  }

  get isOpen(): boolean {
    return this.#phase.kind === 'open'
  }

  get clip(): ClipFacts {
    if (this.#clip === undefined) throw new Error('The clip is not open yet.')
    return this.#clip
  }

  get file(): AnnotationFile {
    if (this.#file === undefined) throw new Error('The annotations are not open yet.')
    return this.#file
  }

  get annotations() {
    return this.file.content
  }

  get videoPath(): string {
    return this.#videoPath
  }

  get doubtful(): readonly DoubtfulFrame[] {
    return this.#file?.doubtful.list ?? []
  }

  get views(): readonly AnnotatorView[] {
    return [...this.sessions]
  }

  get run(): RunView | undefined {
    return this.#run
  }

  get offer(): SpanOffer | undefined {
    return this.#offer
  }

  get comparison(): ShownComparison | undefined {
    return this.#comparison
  }

  /** Lane of every object, whole. */
  get lanes(): LaneChange[] {
    return this.#lanes?.all() ?? []
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
    this.#setPhase({ kind: 'opening', done: 0, total: undefined })
    const listening = this.#services.client.onOpening(({ clip, done, total }) => {
      if (clip === this.#videoPath && !this.isOpen) this.#setPhase({ kind: 'opening', done, total })
    })
    try {
      if (this.#file !== undefined && this.#isStale) {
        await this.#file.reload()
        this.#isStale = false
        return
      }
      this.#file ??= await this.#openFile()
      const file = this.#file
      if (this.#clip === undefined) await this.#openClip(file, videoPath)
      file.videoPath = this.#videoPath
      if (this.#disposed) return
      await this.#adopt(file)
      this.#bridge.attach(file.model)
      this.#watch ??= new DiskWatch(this, this.#services.log)
      this.#setPhase({ kind: 'open' })
      this.#bridge.check()
    } catch (error) {
      this.#services.log.error(`${this.sidecarPath}: ${messageOf(error)}`)
      if (!(error instanceof Error) || error.name === 'Error' || error instanceof TypeError)
        this.#services.log.debug(String((error as Error).stack ?? error))
      this.#watch ??= new DiskWatch(this, this.#services.log)
      this.#setPhase({ kind: 'failed', ...failureOf(error) })
    } finally {
      listening.dispose()
    }
  }

  async #openFile(): Promise<AnnotationFile> {
    const { backupId, videoPath } = this.#options
    const { doubtBelow } = this.#services.settings.display()
    const progress = (done: number, total: number) => this.#setPhase({ kind: 'opening', done, total })
    if (backupId !== undefined)
      return AnnotationFile.restore(this.#threads, backupId, this.sidecarPath, doubtBelow, progress)
    if (videoPath === undefined)
      return AnnotationFile.open(this.#threads, this.sidecarPath, doubtBelow, progress)
    this.#clip = await this.#services.client.openClip(videoPath)
    return AnnotationFile.create(this.#threads, this.sidecarPath, doubtBelow, this.#clip)
  }

  /** Opens the clip of the side-car, wherever it is now, and makes sure that it is the right one. */
  async #openClip(file: AnnotationFile, chosen: string | undefined): Promise<void> {
    const { video } = file.content
    const { client } = this.#services
    const { path, moved } =
      chosen === undefined
        ? await locateVideo(this.sidecarPath, video, {
            find: (candidates, hash) => this.#threads.find(candidates, hash),
            folderHash: async (folder) => {
              const facts = await client.openClip(folder).catch(() => undefined)
              if (facts !== undefined) client.closeClip(folder)
              return facts?.contentHash
            },
          })
        : { path: chosen, moved: true }
    this.#videoPath = path
    const clip = await client.openClip(path)
    try {
      checkVideo(path, video, clip)
    } catch (error) {
      client.closeClip(path)
      throw error
    }
    this.#clip = clip
    // Written with the next save; opening alone does not make a document dirty.
    if (moved) file.content.apply({ kind: 'moveVideo', path: pathFrom(this.sidecarPath, path) })
    if (moved && chosen === undefined)
      this.#services.log.info(`${this.sidecarPath}: its video was found again as ${path}`)
  }

  /** Follows the file's document, which is another one after a reload. */
  async #adopt(file: AnnotationFile): Promise<void> {
    for (const listener of this.#fileListeners.splice(0)) listener.dispose()
    const lanes = new Lanes(file.content)
    lanes.follow()
    await inSlices(lanes.fill())
    this.#lanes = lanes
    this.#fileListeners = [
      file.onChange(({ catalogue, frames }) => {
        if (catalogue) {
          const fresh = lanes.follow()
          this.#viewChanges.fire({ kind: 'catalogue' })
          if (fresh.length > 0) this.#viewChanges.fire({ kind: 'entries', frames: new Map(), lanes: fresh })
          this.#changes.fire({ kind: 'catalogue' })
        }
        if (frames.count === 0) return
        this.#viewChanges.fire({ kind: 'entries', frames, lanes: lanes.update(frames) })
        this.#changes.fire({ kind: 'entries', frames })
      }),
      file.onDoubtful(() => {
        this.#viewChanges.fire({ kind: 'doubtful' })
        this.#changes.fire({ kind: 'doubtful' })
      }),
      file.onReplaced(() => {
        this.#opening = this.#opening.then(() => this.#replaced(file))
      }),
      this.#services.settings.onDidChange(() =>
        file.setDoubtBelow(this.#services.settings.display().doubtBelow),
      ),
    ]
  }

  async #replaced(file: AnnotationFile): Promise<void> {
    if (this.#disposed) return
    this.#bridge.attach(file.model)
    this.#setPhase({ kind: 'opening', done: 0, total: undefined })
    try {
      checkVideo(this.#videoPath, file.content.video, this.clip)
      await this.#adopt(file)
      this.#run = undefined
      this.#offer = undefined
      this.#setPhase({ kind: 'open' })
      this.#changes.fire({ kind: 'replaced' })
    } catch (error) {
      this.#setPhase({ kind: 'failed', ...failureOf(error) })
    }
  }

  perform(edit: Edit, label: string): void {
    this.#requireOpen()
    const { model } = this.file
    model.perform(edit, label)
    // What the caller asks of a view next is about what was just done, so the view has to know of that first.
    model.flush()
  }

  /** A step of a view: checked, done, and told to every view before this returns. @throws AnnotationError */
  async performFromView(edits: unknown, label: string): Promise<void> {
    this.#requireOpen()
    const { model } = this.file
    await model.whenIdle()
    const checked = checkViewEdits(edits, model.content)
    const corrected = new Map<number, Set<number>>()
    for (const edit of checked) {
      if (edit.kind !== 'setEntry' || edit.entry?.state === 'propagated') continue
      const frames = corrected.get(edit.objectId) ?? new Set()
      corrected.set(edit.objectId, frames.add(edit.frame))
    }
    model.perform(checked.length === 1 ? checked[0]! : { kind: 'group', label, edits: checked }, label)
    model.flush()
    this.#corrections.fire(corrected)
  }

  beginRun(run: Run, stop: () => Promise<void>): RunWriter {
    this.#requireOpen()
    const open: OpenRun = this.file.model.beginRun(run, stop)
    return {
      add: (results) => open.add(results.map(withOwnCounts)),
      end: () => open.end(),
      get ended() {
        return open.ended
      },
    }
  }

  showRun(run: RunView | undefined): void {
    this.#run = run
    this.#viewChanges.fire({ kind: 'run' })
  }

  showOffer(offer: SpanOffer | undefined): void {
    this.#offer = offer
    this.#viewChanges.fire({ kind: 'offer' })
  }

  /** A view was told that the offer is not wanted. */
  dismissOffer(offer: SpanOffer): void {
    this.#dismissals.fire(offer)
  }

  showComparison(comparison: ShownComparison | undefined, changed?: ComparedFrames): void {
    this.#comparison = comparison
    this.#viewChanges.fire({ kind: 'comparison', changed })
  }

  async sidecarText(): Promise<string> {
    return this.file.text()
  }

  /** VS Code's save. @throws Error with a sentence when it was not saved */
  async save(): Promise<void> {
    // Also where the video is missing: what was restored from a backup can be saved all the same.
    const { file } = this
    const telling = this.#telling
    this.#telling = false
    await this.#bridge.save(async () => {
      // Something was undone or drawn in the meantime; the bridge says so after this.
      if (telling && file.isDirty) return
      if ((await file.save()) === 'saved') return
      const overwrite = vscode.l10n.t('Overwrite')
      const choice = await vscode.window.showWarningMessage(
        vscode.l10n.t('{0} was changed on disk by somebody else.', this.sidecarPath),
        { modal: true, detail: vscode.l10n.t('What was written there is lost when you overwrite it.') },
        overwrite,
      )
      if (choice !== overwrite)
        throw new Error(
          vscode.l10n.t(
            'Not saved: {0} was changed on disk; revert to see what is there, or save again to overwrite it.',
            this.sidecarPath,
          ),
        )
      await file.save(true)
    })
  }

  /** Resolves when no save is going on. */
  async whenSaved(): Promise<void> {
    await this.#bridge.whenSaved()
  }

  /** What is on disk cannot be shown any more; nothing unsaved is lost by that. */
  fail(error: unknown): void {
    this.#isStale = true
    this.#setPhase({ kind: 'failed', ...failureOf(error) })
  }

  async saveAs(destination: vscode.Uri): Promise<void> {
    await this.file.saveAs(destination.fsPath, this.#videoPath)
  }

  /** VS Code's revert. It takes the document for clean whatever comes of this, so what went wrong is told here. */
  async revert(): Promise<void> {
    this.#bridge.reverted()
    try {
      await this.#bridge.whenMoved()
      await this.#file?.revert()
      await this.#opening
    } catch (error) {
      this.#services.log.error(messageOf(error))
      // A tab that is closed without saving reverts, too; nobody wants to hear of it then.
      await sleep(CLOSING_MS)
      if (!this.#disposed) void vscode.window.showErrorMessage(wordsOf(error))
    } finally {
      if (!this.#disposed) this.#bridge.check()
    }
  }

  async backup(id: string): Promise<vscode.CustomDocumentBackup> {
    const { file } = this
    await file.backup(id)
    return { id, delete: () => void file.forgetBackup(id).catch(() => {}) }
  }

  /** Reads the side-car again after a change on disk that the person wants to have. */
  async reloadFromDisk(): Promise<void> {
    await this.#bridge.whenMoved()
    const wasDirty = this.isDirty
    await this.file.follow('Reload from Disk')
    await this.#opening
    if (wasDirty || this.isDirty) await this.#tellClean()
  }

  /** What is in memory is what is on disk, so this writes nothing; it only lets VS Code know. */
  async #tellClean(): Promise<void> {
    const { file } = this
    if (file.isDirty || file.state === undefined || (await file.checkDisk()) !== 'same') return
    this.#telling = true
    try {
      await vscode.workspace.save(this.uri)
    } finally {
      this.#telling = false
    }
  }

  /** Goes on with what is in memory; the next save overwrites what is on disk. */
  async keepMine(): Promise<void> {
    await this.file.keepMine()
    this.#bridge.check()
  }

  /** A rename in VS Code: the side-car follows, as a step that can be undone. */
  async moveVideo(path: string): Promise<void> {
    if (!this.isOpen || path === this.#videoPath) return
    const { client } = this.#services
    const clip = await client.openClip(path)
    checkVideo(path, this.annotations.video, clip)
    client.closeClip(this.#videoPath)
    this.#videoPath = path
    this.file.videoPath = path
    this.#clip = clip
    this.perform({ kind: 'moveVideo', path: pathFrom(this.sidecarPath, path) }, 'Move video')
    this.#setPhase({ kind: 'open' })
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
    for (const listener of this.#fileListeners.splice(0)) listener.dispose()
    this.#bridge.dispose()
    this.#file?.dispose()
    if (this.#clip !== undefined) this.#services.client.closeClip(this.#videoPath)
    this.#disposals.fire()
    for (const emitter of [
      ...[this.#changes, this.#viewChanges, this.#corrections],
      ...[this.#dismissals, this.#disposals],
    ])
      emitter.dispose()
  }

  #requireOpen(): void {
    if (!this.isOpen)
      throw new AnnotationError('The annotations are not open, so they cannot be changed or saved.')
  }

  #setPhase(phase: Phase): void {
    this.#phase = phase
    this.#viewChanges.fire({ kind: 'phase' })
  }
}
