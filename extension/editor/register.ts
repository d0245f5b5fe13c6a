import { copyFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import * as vscode from 'vscode'
import { messageOf } from '../../model/errors.ts'
import { move } from '../../model/files.ts'
import { DocumentThreads } from '../document/document-thread.ts'
import { isFile } from '../document/file-state.ts'
import { isSidecarPath, VIDEO_EXTENSIONS } from '../document/locate-video.ts'
import { Emitter } from '../emitter.ts'
import { Sentence } from '../sentence.ts'
import { wordsOf } from '../words.ts'
import { offersBackup } from './failure.ts'
import { Focus } from './focus.ts'
import { makeSidecar } from './make-sidecar.ts'
import type { OpenDocument } from './open-document.ts'
import { AnnotatorProvider, viewTypeOf } from './provider.ts'
import { Renames } from './renames.ts'
import { type AnnotatorDocument, type AnnotatorEditors, type EditorServices, VIEW_TYPES } from './types.ts'

/** Registers the custom editor and its own commands. To be disposed when the extension ends. */
export function registerEditors(services: EditorServices): AnnotatorEditors & vscode.Disposable {
  return new Editors(services)
}

class Editors implements AnnotatorEditors, vscode.Disposable {
  readonly #services: EditorServices
  readonly #threads: DocumentThreads
  readonly #provider: AnnotatorProvider
  readonly #focus = new Focus()
  readonly #opened = new Emitter<AnnotatorDocument>()
  readonly #closed = new Emitter<AnnotatorDocument>()
  readonly #subscriptions: vscode.Disposable[]
  /** Side-cars of folders that are being made, by their paths. */
  readonly #making = new Map<string, Promise<void>>()
  readonly onDidOpen = this.#opened.event
  readonly onDidClose = this.#closed.event
  readonly onDidChangeActive = this.#focus.onDidChangeActive

  constructor(services: EditorServices) {
    this.#services = services
    this.#threads = new DocumentThreads(join(services.context.extensionPath, 'dist', 'document-worker.js'))
    this.#provider = new AnnotatorProvider(services, this.#threads)
    this.#provider.onDidMakeDocument((document) => this.#follow(document))
    this.#provider.onDidOpenSession((session) => this.#focus.add(session))
    this.#subscriptions = [
      this.#provider,
      ...VIEW_TYPES.map((viewType) =>
        vscode.window.registerCustomEditorProvider(viewType, this.#provider.of(viewType), {
          supportsMultipleEditorsPerDocument: true,
          webviewOptions: { retainContextWhenHidden: false },
        }),
      ),
      new Renames(services, this.#threads, this.#provider),
      this.#command('siammae.openAsText', (document) => openAsText(document.sidecarPath)),
      this.#command('siammae.restoreBackup', (document) => this.#restoreBackup(document)),
      this.#command('siammae.cancelOpening', (document) => document.cancelOpening()),
      this.#command('siammae.openAgain', (document) => document.open()),
      this.#command('siammae.locateVideo', (document, given) => this.#locateVideo(document, given)),
    ]
  }

  get active() {
    return this.#focus.active
  }

  get recent() {
    return this.#focus.recent
  }

  get all(): readonly AnnotatorDocument[] {
    return this.#provider.documents.filter(({ isOpen }) => isOpen)
  }

  async readMarks(...[source, options]: Parameters<AnnotatorEditors['readMarks']>) {
    return (await this.#threads.load(source, options)).content
  }

  sequencesIn(...asked: Parameters<AnnotatorEditors['sequencesIn']>) {
    return this.#threads.sequences(...asked)
  }

  async annotate(uri: vscode.Uri): Promise<void> {
    const path = uri.fsPath
    const sidecar = isSidecarPath(path) ? { path, exists: true } : await this.#provider.sidecarOf(path)
    if (sidecar.exists) {
      await openEditor(vscode.Uri.file(sidecar.path))
      return
    }
    const isFolder = (await stat(path)).isDirectory()
    // A folder cannot be opened in an editor, so its side-car has to be there first.
    if (isFolder) await this.#makeSidecar(sidecar.path, path)
    await openEditor(isFolder ? vscode.Uri.file(sidecar.path) : uri)
  }

  async flush(): Promise<void> {
    await Promise.all(this.#provider.documents.map((document) => document.flushBackup()))
  }

  dispose(): void {
    for (const document of this.#provider.documents) document.dispose()
    for (const subscription of this.#subscriptions) subscription.dispose()
    this.#focus.dispose()
    this.#opened.dispose()
    this.#closed.dispose()
  }

  #follow(document: OpenDocument): void {
    let told = false
    document.onViewChange(({ kind }) => {
      if (kind !== 'phase' || told || !document.isOpen) return
      told = true
      this.#opened.fire(document)
    })
    document.onDidDispose(() => {
      if (told) this.#closed.fire(document)
    })
  }

  /** Reads a folder of images and writes its side-car, once however often it is asked for meanwhile. */
  #makeSidecar(sidecarPath: string, videoPath: string): Promise<void> {
    const making =
      this.#making.get(sidecarPath) ??
      makeSidecar(this.#services, this.#threads, sidecarPath, videoPath).finally(() =>
        this.#making.delete(sidecarPath),
      )
    this.#making.set(sidecarPath, making)
    return making
  }

  /** A command about the document of the tab that has the focus, whether it could be opened or not. */
  #command(name: string, run: (document: OpenDocument, given: unknown) => unknown): vscode.Disposable {
    return vscode.commands.registerCommand(name, async (given?: unknown) => {
      const document = this.#focus.focused?.document
      if (document === undefined) return
      try {
        await run(document, given)
      } catch (error) {
        this.#services.log.error(messageOf(error))
        void vscode.window.showErrorMessage(wordsOf(error))
      }
    })
  }

  /** Puts the backup in place of a damaged side-car, which is kept beside it. */
  async #restoreBackup(document: OpenDocument): Promise<void> {
    const { sidecarPath, phase } = document
    if (phase.kind !== 'failed' || !offersBackup(phase)) return
    const good = `${sidecarPath}.restoring`
    await copyFile(`${sidecarPath}.bak`, good)
    const kept = `${sidecarPath}.damaged-${new Date().toISOString().replace(/[:.]/g, '-')}`
    await move(sidecarPath, kept).catch((error) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    })
    await move(good, sidecarPath)
    this.#services.log.info(`${sidecarPath} was restored from its backup; what was there is now ${kept}`)
    await document.open()
  }

  /** @param given where the video is; asked for when it is no address */
  async #locateVideo(document: OpenDocument, given: unknown): Promise<void> {
    if (document.isOpen) return
    const uri = given instanceof vscode.Uri ? given : await this.#askForVideo(document)
    if (uri !== undefined) await document.open(uri.fsPath)
  }

  async #askForVideo(document: OpenDocument): Promise<vscode.Uri | undefined> {
    const folder = document.file.content.video.path.match(/\.[^./\\]+$/) === null
    const chosen = await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Locate the Video of {0}', basename(document.sidecarPath)),
      openLabel: vscode.l10n.t('Use'),
      defaultUri: vscode.Uri.file(dirname(document.sidecarPath)),
      canSelectFiles: !folder,
      canSelectFolders: folder,
      ...(folder
        ? {}
        : { filters: { [vscode.l10n.t('Videos')]: VIDEO_EXTENSIONS.map((ending) => ending.slice(1)) } }),
    })
    return chosen?.[0]
  }
}

async function openAsText(sidecarPath: string): Promise<void> {
  // VS Code would offer to make the file, empty, and an empty side-car is a damaged one.
  if (!(await isFile(sidecarPath)))
    throw new Sentence('There is no file {0} yet; save the annotations first.', basename(sidecarPath))
  await vscode.commands.executeCommand('vscode.openWith', vscode.Uri.file(sidecarPath), 'default')
}

async function openEditor(uri: vscode.Uri): Promise<void> {
  await vscode.commands.executeCommand('vscode.openWith', uri, viewTypeOf(uri.fsPath))
}
