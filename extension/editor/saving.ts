import { setTimeout as sleep } from 'node:timers/promises'
import * as vscode from 'vscode'
import { messageOf } from '../../model/errors.ts'
import type { AnnotationFile } from '../document/annotation-file.ts'
import type { StackBridge } from '../document/stack-bridge.ts'
import { wordsOf } from '../words.ts'

/** How long VS Code may take to dispose of a document whose tab it closes. */
const CLOSING_MS = 100

/** How long it may take to put the tab of the new file in place of the old one, which closes the document. */
const REPLACING_MS = 1_000

/** The document that is saved. */
export interface Savable {
  readonly uri: vscode.Uri
  readonly sidecarPath: string
  /** To be asked for only where {@link isLoaded}. */
  readonly file: AnnotationFile
  readonly isLoaded: boolean
  readonly isDirty: boolean
  readonly isDisposed: boolean
  /** Resolves when what is being opened is open. */
  whenOpened(): Promise<void>
}

/**
 * Save, revert and reload of one document: what VS Code asks for, the question whether another's change is overwritten,
 * and the saves that only tell VS Code what is on disk already.
 */
export class Saving {
  readonly #document: Savable
  readonly #bridge: StackBridge
  readonly #log: vscode.LogOutputChannel
  /** The next save is one that nobody asked for: it may not write anything. */
  #telling = false
  #isReverting = false

  constructor(document: Savable, bridge: StackBridge, log: vscode.LogOutputChannel) {
    this.#document = document
    this.#bridge = bridge
    this.#log = log
  }

  /** VS Code's save. @throws Error with a sentence when it was not saved */
  async save(): Promise<void> {
    // Also where the video is missing: what was restored from a backup can be saved all the same.
    const { file, sidecarPath } = this.#document
    const telling = this.#telling
    this.#telling = false
    await this.#bridge.save(async () => {
      // Something was undone or drawn in the meantime; the bridge says so after this.
      if (telling && file.isDirty) return
      if ((await file.save()) === 'saved') return
      const overwrite = vscode.l10n.t('Overwrite')
      const choice = await vscode.window.showWarningMessage(
        vscode.l10n.t('{0} was changed on disk by somebody else.', sidecarPath),
        { modal: true, detail: vscode.l10n.t('What was written there is lost when you overwrite it.') },
        overwrite,
      )
      if (choice !== overwrite)
        throw new Error(
          vscode.l10n.t(
            'Not saved: {0} was changed on disk; revert to see what is there, or save again to overwrite it.',
            sidecarPath,
          ),
        )
      await file.save(true)
    })
  }

  /**
   * VS Code's save under another name. It takes this document for saved then, whose own file does not have what the other
   * has: where it stays open, VS Code is told.
   */
  async saveAs(path: string, videoPath: string): Promise<void> {
    const { file, sidecarPath } = this.#document
    if (path === sidecarPath) await this.save()
    else await this.#bridge.save(() => file.saveAs(path, videoPath), REPLACING_MS)
  }

  /** Whether nobody wants to have what is unsaved; also where the document is closed meanwhile. */
  get isReverting(): boolean {
    return this.#isReverting
  }

  /** VS Code's revert. It takes the document for clean whatever comes of this, so what went wrong is told here. */
  async revert(): Promise<void> {
    const document = this.#document
    this.#bridge.reverted()
    this.#isReverting = true
    try {
      await this.#bridge.whenMoved()
      // What it writes is what is on disk afterwards.
      await this.#bridge.whenSaved()
      if (document.isLoaded) await document.file.revert()
      await document.whenOpened()
    } catch (error) {
      this.#log.error(messageOf(error))
      // A tab that is closed without saving reverts, too; nobody wants to hear of it then.
      await sleep(CLOSING_MS)
      if (!document.isDisposed) void vscode.window.showErrorMessage(wordsOf(error))
    } finally {
      this.#isReverting = false
      if (!document.isDisposed) this.#bridge.check()
    }
  }

  /**
   * Reads the side-car again after a change on disk that the person wants to have.
   * @returns false when something was done meanwhile that would be lost by it
   */
  async reloadFromDisk(): Promise<boolean> {
    const document = this.#document
    await this.#bridge.whenMoved()
    const wasDirty = document.isDirty
    if (!(await document.file.follow('Reload from Disk'))) return false
    await document.whenOpened()
    if (wasDirty || document.isDirty) await this.tellClean()
    return true
  }

  /** What is in memory is what is on disk, so this writes nothing; it only lets VS Code know. */
  async tellClean(): Promise<void> {
    const { file, uri } = this.#document
    if (file.isDirty || file.state === undefined || (await file.checkDisk()) !== 'same') return
    this.#telling = true
    try {
      await vscode.workspace.save(uri)
    } finally {
      this.#telling = false
    }
  }

  /** Goes on with what is in memory; the next save overwrites what is on disk. */
  async keepMine(): Promise<void> {
    await this.#document.file.keepMine()
    this.#bridge.contentChanged()
  }
}
