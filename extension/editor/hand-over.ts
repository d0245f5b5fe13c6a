import { join } from 'node:path'
import type * as vscode from 'vscode'
import { messageOf } from '../../model/errors.ts'
import type { AnnotationFile } from '../document/annotation-file.ts'
import { deleteBackup } from '../document/backup.ts'
import { isUnchanged } from '../document/file-state.ts'
import { exists, isSidecarPath } from '../document/locate-video.ts'
import type { OpenDocument } from './open-document.ts'
import type { EditorServices } from './types.ts'

/**
 * What is not saved when files are renamed, from the document that VS Code closes to the one that it opens under the new
 * name. VS Code makes a backup for that before it moves files, and in 1.139 does not hand it on. It tells of a rename
 * after it has opened the new name, so a document is known again by its side-car.
 */
export class HandOver implements vscode.Disposable {
  readonly #services: EditorServices
  readonly #documents: ReadonlySet<OpenDocument>
  /** Closed with unsaved work although nobody has reverted it, and their side-car is not where it was. */
  readonly #departed = new Set<OpenDocument>()
  readonly #given = new Map<string, OpenDocument>()
  readonly #taken = new WeakSet<OpenDocument>()
  #count = 0

  /** @param documents those that are open */
  constructor(services: EditorServices, documents: ReadonlySet<OpenDocument>) {
    this.#services = services
    this.#documents = documents
  }

  /** A document was closed. */
  async departed(document: OpenDocument): Promise<void> {
    if (!this.#hasUnsaved(document)) {
      this.#forget(document)
      return
    }
    this.#departed.add(document)
    if (await exists(document.sidecarPath)) this.#departed.delete(document)
  }

  /** What is opened next under a path takes the place of a document, unless its files stay where they are. */
  give(path: string, document: OpenDocument): void {
    this.#given.set(path, document)
  }

  /** @returns a backup of what the document was not saved with whose place this path takes */
  async take(path: string): Promise<string | undefined> {
    const before = await this.#predecessorOf(path)
    if (before === undefined) return undefined
    this.#forget(before)
    this.#taken.add(before)
    const { storageUri, globalStorageUri } = this.#services.context
    const name = `siammae-moved-${Date.now().toString(36)}-${++this.#count}`
    const id = join((storageUri ?? globalStorageUri).fsPath, name)
    try {
      await before.file.backupApart(id)
      return id
    } catch (error) {
      this.#services.log.error(messageOf(error))
      return undefined
    }
  }

  /** What {@link take} gave is not needed any more. */
  async remove(taken: Promise<string | undefined> | undefined): Promise<void> {
    const backup = await taken
    if (backup !== undefined) await deleteBackup(backup)
  }

  dispose(): void {
    this.#departed.clear()
    this.#given.clear()
  }

  async #predecessorOf(path: string): Promise<OpenDocument | undefined> {
    const given = this.#given.get(path)
    this.#given.delete(path)
    const isGone = given?.isDisposed || (given !== undefined && !(await exists(given.sidecarPath)))
    if (isGone && this.#hasUnsaved(given)) return given
    if (!isSidecarPath(path)) return undefined
    for (const document of [...this.#documents, ...this.#departed])
      if (this.#hasUnsaved(document) && (await hasMoved(document.file, path))) return document
    return undefined
  }

  #forget(document: OpenDocument): void {
    this.#departed.delete(document)
    for (const [path, given] of this.#given) if (given === document) this.#given.delete(path)
  }

  #hasUnsaved(document: OpenDocument): boolean {
    const { isLoaded, saving } = document
    return isLoaded && document.file.isDirty && !saving.isReverting && !this.#taken.has(document)
  }
}

/** Whether a side-car as it was last read or written lies at another place now, and none where it was. */
async function hasMoved({ state, path: before }: AnnotationFile, path: string): Promise<boolean> {
  return state !== undefined && path !== before && !(await exists(before)) && isUnchanged(path, state)
}
