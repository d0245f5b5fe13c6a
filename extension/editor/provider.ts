import { basename, join } from 'node:path'
import * as vscode from 'vscode'
import { isBackup } from '../document/backup.ts'
import type { DocumentThreads } from '../document/document-thread.ts'
import { isSidecarPath, sidecarOf } from '../document/locate-video.ts'
import { Emitter } from '../emitter.ts'
import { HandOver } from './hand-over.ts'
import { OpenDocument, type StackEvent } from './open-document.ts'
import type { EditorServices, ViewType } from './types.ts'
import { ViewSession } from './view-session.ts'

/**
 * A tab that shows nothing itself: its side-car is open under another name already (a video and its side-car are the same
 * document), so the tab gives way to that one.
 */
class Alias implements vscode.CustomDocument {
  readonly uri: vscode.Uri
  readonly target: { readonly uri: vscode.Uri; readonly viewType: ViewType }

  constructor(uri: vscode.Uri, target: Alias['target']) {
    this.uri = uri
    this.target = target
  }

  dispose(): void {}
}

type Opened = OpenDocument | Alias

/** VS Code's side of the custom editor, of which VS Code is given one part per view type. */
export class AnnotatorProvider {
  readonly #services: EditorServices
  readonly #threads: DocumentThreads
  readonly #documents = new Set<OpenDocument>()
  readonly #stack = new vscode.EventEmitter<StackEvent>()
  readonly #sessions = new Emitter<ViewSession>()
  readonly #opened = new Emitter<OpenDocument>()
  readonly #subscriptions: vscode.Disposable[] = []
  #backups = 0
  /** What was not saved when files were renamed. */
  readonly handOver: HandOver
  readonly onDidOpenSession = this.#sessions.event
  /** A document was made; it is not open yet. */
  readonly onDidMakeDocument = this.#opened.event

  constructor(services: EditorServices, threads: DocumentThreads) {
    this.#services = services
    this.#threads = threads
    this.handOver = new HandOver(services, this.#documents)
  }

  get documents(): readonly OpenDocument[] {
    return [...this.#documents]
  }

  /** The side-car of a video, also where another video's of the same name is open and not on disk yet. */
  sidecarOf(videoPath: string): ReturnType<typeof sidecarOf> {
    return sidecarOf(videoPath, undefined, (path) => this.#openOn(path)?.videoPath)
  }

  #openOn(sidecarPath: string): OpenDocument | undefined {
    return this.documents.find((open) => open.sidecarPath === sidecarPath && !open.hasLeft)
  }

  /** What is registered for a view type: its own documents' events, because VS Code knows no others there. */
  of(viewType: ViewType): vscode.CustomEditorProvider<vscode.CustomDocument> {
    const changes = new vscode.EventEmitter<StackEvent>()
    this.#subscriptions.push(
      changes,
      this.#stack.event((event) => {
        if (event.document.viewType === viewType) changes.fire(event)
      }),
    )
    return {
      // Edits and content changes are both told; VS Code takes each for what it is.
      onDidChangeCustomDocument: changes.event as vscode.Event<
        vscode.CustomDocumentEditEvent<vscode.CustomDocument>
      >,
      openCustomDocument: (uri, context) => this.#openDocument(uri, context, viewType),
      resolveCustomEditor: (document, panel) => this.#resolve(document as Opened, panel),
      saveCustomDocument: async (document) => {
        if (document instanceof OpenDocument) await document.save()
      },
      saveCustomDocumentAs: (document, destination) => saveAs(document, destination),
      revertCustomDocument: async (document) => {
        if (document instanceof OpenDocument) await document.revert()
      },
      backupCustomDocument: (document, context) => this.#backup(document, context),
    }
  }

  async #openDocument(
    uri: vscode.Uri,
    context: vscode.CustomDocumentOpenContext,
    viewType: ViewType,
  ): Promise<Opened> {
    if (uri.scheme !== 'file' && uri.scheme !== 'vscode-remote')
      throw new Error(
        vscode.l10n.t(
          'Annotations can only be opened from a disk, and {0} is not on one.',
          uri.toString(true),
        ),
      )
    const backupId = await this.#backupOf(uri, context)
    const isSidecar = isSidecarPath(uri.fsPath)
    const sidecar = isSidecar ? { path: uri.fsPath, exists: true } : await this.sidecarOf(uri.fsPath)
    const other = this.#openOn(sidecar.path)
    if (other !== undefined) return new Alias(uri, other)
    if (!isSidecar && sidecar.exists && backupId === undefined)
      return new Alias(uri, { uri: vscode.Uri.file(sidecar.path), viewType: 'siammae.annotator' })
    const handedOn = backupId === undefined ? this.handOver.take(uri.fsPath) : undefined
    const document = new OpenDocument(uri, viewType, this.#services, this.#threads, {
      sidecarPath: sidecar.path,
      ...(isSidecar ? {} : { videoPath: uri.fsPath }),
      backupId,
      fromBackup: context.backupId !== undefined,
      handedOn,
      fire: (event) => this.#stack.fire(event),
    })
    this.#documents.add(document)
    document.onDidDispose(() => {
      this.#documents.delete(document)
      void this.handOver.departed(document)
      void this.handOver.remove(handedOn)
    })
    this.#opened.fire(document)
    void document.open()
    return document
  }

  /** The backup that VS Code has noted down; a window that is lost in the middle of a save may leave a note of none. */
  async #backupOf(
    uri: vscode.Uri,
    { backupId }: vscode.CustomDocumentOpenContext,
  ): Promise<string | undefined> {
    if (backupId === undefined || (await isBackup(backupId))) return backupId
    this.#services.log.warn(`${uri.fsPath}: there is no backup ${backupId}`)
    void vscode.window.showWarningMessage(
      vscode.l10n.t(
        '{0}: the backup of what was not saved when the window closed is not there any more; what was saved last is shown.',
        basename(uri.fsPath),
      ),
    )
    return undefined
  }

  #resolve(document: Opened, panel: vscode.WebviewPanel): void {
    if (document instanceof Alias) {
      const { viewColumn } = panel
      const { uri, viewType } = document.target
      // Only when this call has returned can the tab be closed.
      setTimeout(async () => {
        await vscode.commands.executeCommand('vscode.openWith', uri, viewType, viewColumn)
        panel.dispose()
      })
      return
    }
    const session = new ViewSession(document, panel, this.#services)
    panel.onDidDispose(() => session.dispose())
    this.#sessions.fire(session)
  }

  async #backup(
    document: vscode.CustomDocument,
    context: vscode.CustomDocumentBackupContext,
  ): Promise<vscode.CustomDocumentBackup> {
    if (!(document instanceof OpenDocument)) return { id: '', delete: () => {} }
    // The suggested place is the same every time, and the last backup must stay good until this one is.
    const id = join(context.destination.fsPath, '..', `siammae-${Date.now().toString(36)}-${++this.#backups}`)
    return document.backup(id)
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose()
    this.handOver.dispose()
    this.#stack.dispose()
    this.#sessions.dispose()
    this.#opened.dispose()
  }
}

/** The view type under which a video or side-car is opened. */
export function viewTypeOf(path: string): ViewType {
  return isSidecarPath(path) ? 'siammae.annotator' : 'siammae.video'
}

async function saveAs(document: vscode.CustomDocument, destination: vscode.Uri): Promise<void> {
  if (!(document instanceof OpenDocument)) return
  if (!isSidecarPath(destination.fsPath))
    throw new Error(
      vscode.l10n.t(
        'Annotations are saved in files that end in .siam.json; choose such a name instead of {0}.',
        destination.fsPath,
      ),
    )
  await document.saveAs(destination.fsPath)
}
