import { join } from 'node:path'
import * as vscode from 'vscode'
import type { DocumentThreads } from '../document/document-thread.ts'
import { isSidecarPath, sidecarOf } from '../document/locate-video.ts'
import { Emitter } from '../emitter.ts'
import { OpenDocument, type StackEvent } from './open-document.ts'
import { type EditorServices, VIEW_TYPE } from './types.ts'
import { ViewSession } from './view-session.ts'

/**
 * A tab that shows nothing itself: its side-car is open under another name already (a video and its side-car are the same
 * document), so the tab gives way to that one.
 */
class Alias implements vscode.CustomDocument {
  readonly uri: vscode.Uri
  readonly target: vscode.Uri

  constructor(uri: vscode.Uri, target: vscode.Uri) {
    this.uri = uri
    this.target = target
  }

  dispose(): void {}
}

type Opened = OpenDocument | Alias

/** VS Code's side of the custom editor. */
export class AnnotatorProvider implements vscode.CustomEditorProvider<Opened> {
  readonly #services: EditorServices
  readonly #threads: DocumentThreads
  readonly #documents = new Set<OpenDocument>()
  readonly #stack = new vscode.EventEmitter<StackEvent>()
  readonly #sessions = new Emitter<ViewSession>()
  readonly #opened = new Emitter<OpenDocument>()
  /** Edits and content changes are both told; VS Code takes each for what it is. */
  readonly onDidChangeCustomDocument = this.#stack.event as vscode.Event<
    vscode.CustomDocumentEditEvent<Opened>
  >
  readonly onDidOpenSession = this.#sessions.event
  /** A document was made; it is not open yet. */
  readonly onDidMakeDocument = this.#opened.event

  constructor(services: EditorServices, threads: DocumentThreads) {
    this.#services = services
    this.#threads = threads
  }

  get documents(): readonly OpenDocument[] {
    return [...this.#documents]
  }

  async openCustomDocument(uri: vscode.Uri, context: vscode.CustomDocumentOpenContext): Promise<Opened> {
    if (uri.scheme !== 'file' && uri.scheme !== 'vscode-remote')
      throw new Error(
        vscode.l10n.t(
          'Annotations can only be opened from a disk, and {0} is not on one.',
          uri.toString(true),
        ),
      )
    const { backupId } = context
    const isSidecar = isSidecarPath(uri.fsPath)
    const sidecar = isSidecar ? { path: uri.fsPath, exists: true } : await sidecarOf(uri.fsPath)
    const other = this.documents.find(({ sidecarPath }) => sidecarPath === sidecar.path)
    if (other !== undefined) return new Alias(uri, other.uri)
    if (!isSidecar && sidecar.exists && backupId === undefined)
      return new Alias(uri, vscode.Uri.file(sidecar.path))
    const document = new OpenDocument(uri, this.#services, this.#threads, {
      sidecarPath: sidecar.path,
      ...(isSidecar ? {} : { videoPath: uri.fsPath }),
      backupId,
      fire: (event) => this.#stack.fire(event),
    })
    this.#documents.add(document)
    document.onDidDispose(() => this.#documents.delete(document))
    this.#opened.fire(document)
    void document.open()
    return document
  }

  resolveCustomEditor(document: Opened, panel: vscode.WebviewPanel): void {
    if (document instanceof Alias) {
      const { viewColumn } = panel
      // Only when this call has returned can the tab be closed.
      setTimeout(async () => {
        await vscode.commands.executeCommand('vscode.openWith', document.target, VIEW_TYPE, viewColumn)
        panel.dispose()
      })
      return
    }
    const session = new ViewSession(document, panel, this.#services)
    panel.onDidDispose(() => session.dispose())
    this.#sessions.fire(session)
  }

  async saveCustomDocument(document: Opened): Promise<void> {
    if (document instanceof OpenDocument) await document.save()
  }

  async saveCustomDocumentAs(document: Opened, destination: vscode.Uri): Promise<void> {
    if (!(document instanceof OpenDocument)) return
    if (!isSidecarPath(destination.fsPath))
      throw new Error(
        vscode.l10n.t(
          'Annotations are saved in files that end in .siam.json; choose such a name instead of {0}.',
          destination.fsPath,
        ),
      )
    await document.saveAs(destination)
  }

  async revertCustomDocument(document: Opened): Promise<void> {
    if (document instanceof OpenDocument) await document.revert()
  }

  async backupCustomDocument(
    document: Opened,
    context: vscode.CustomDocumentBackupContext,
  ): Promise<vscode.CustomDocumentBackup> {
    if (!(document instanceof OpenDocument)) return { id: '', delete: () => {} }
    // The suggested place is the same every time, and the last backup must stay good until this one is.
    const id = join(context.destination.fsPath, '..', `siammae-${Date.now().toString(36)}-${++this.#backups}`)
    return document.backup(id)
  }

  #backups = 0

  dispose(): void {
    this.#stack.dispose()
    this.#sessions.dispose()
    this.#opened.dispose()
  }
}
