import { unwatchFile, watchFile } from 'node:fs'
import { basename, dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as vscode from 'vscode'
import { messageOf } from '../../model/errors.ts'
import { wordsOf } from '../words.ts'
import type { OpenDocument } from './open-document.ts'

/** How long to wait after a sign of change, so that one save by another program is one change. */
const SETTLE_MS = 300
/**
 * How often the file is looked at where nothing tells of changes: on network drives, under `files.watcherExclude`, and
 * while the watchers of a busy machine are not up yet.
 */
const POLL_MS = 2_000
/** A rename in VS Code takes the file away so long, at most, before it closes the document. */
const RENAMING_MS = 2_000

/** Watches the side-car of a document for changes that are not our own saves. */
export class DiskWatch implements vscode.Disposable {
  readonly #document: OpenDocument
  readonly #log: vscode.LogOutputChannel
  readonly #watcher: vscode.FileSystemWatcher
  readonly #polled = () => this.#soon()
  #timer: NodeJS.Timeout | undefined
  #asking = false
  #missing = false
  #disposed = false

  constructor(document: OpenDocument, log: vscode.LogOutputChannel) {
    this.#document = document
    this.#log = log
    const { sidecarPath } = document
    this.#watcher = vscode.workspace.createFileSystemWatcher(
      new vscode.RelativePattern(vscode.Uri.file(dirname(sidecarPath)), escaped(basename(sidecarPath))),
    )
    this.#watcher.onDidChange(() => this.#soon())
    this.#watcher.onDidCreate(() => this.#soon())
    this.#watcher.onDidDelete(() => this.#soon())
    watchFile(sidecarPath, { interval: POLL_MS, persistent: false }, this.#polled)
    // Whatever has changed since the document was read and before anything watched.
    if (document.phase.kind !== 'failed') this.#soon()
  }

  dispose(): void {
    this.#disposed = true
    clearTimeout(this.#timer)
    this.#watcher.dispose()
    unwatchFile(this.#document.sidecarPath, this.#polled)
  }

  #soon(): void {
    if (this.#disposed) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#look().catch((error) => this.#log.error(messageOf(error)))
    }, SETTLE_MS)
  }

  async #look(): Promise<void> {
    const document = this.#document
    if (document.phase.kind === 'failed') {
      await document.open()
      return
    }
    await document.whenOpened()
    if (!document.isOpen) return
    // A save that is going on tells its result first.
    await document.whenSaved()
    const disk = await document.file.checkDisk()
    if (disk === 'missing') await this.#lost()
    else this.#missing = false
    if (disk !== 'changed') return
    this.#log.info(`${document.sidecarPath} was changed on disk`)
    if (!document.file.isDirty) await this.#reload()
    // A question that nobody has answered yet stands for all changes since.
    else if (!this.#asking) await this.#ask()
  }

  async #ask(): Promise<void> {
    const document = this.#document
    const reload = vscode.l10n.t('Reload from Disk')
    const keep = vscode.l10n.t('Keep Mine')
    this.#asking = true
    try {
      const choice = await vscode.window.showWarningMessage(
        vscode.l10n.t(
          '{0} was changed on disk, and you have changes that are not saved.',
          basename(document.sidecarPath),
        ),
        reload,
        keep,
      )
      // Meanwhile it may have been saved, reverted or closed.
      if (this.#disposed || (await document.file.checkDisk()) !== 'changed') return
      if (choice === reload) await this.#reload()
      if (choice === keep) await document.saving.keepMine()
    } finally {
      this.#asking = false
    }
  }

  async #reload(): Promise<void> {
    try {
      // What was done meanwhile is not saved: that is for the person to say.
      if (!(await this.#document.saving.reloadFromDisk())) this.#soon()
    } catch (error) {
      // What is in memory and nowhere else stays open.
      if (this.#document.file.isDirty) void vscode.window.showErrorMessage(wordsOf(error))
      else this.#document.fail(error)
    }
  }

  async #lost(): Promise<void> {
    if (this.#missing) return
    this.#missing = true
    await sleep(RENAMING_MS)
    const { isDisposed, hasLeft, file } = this.#document
    if (isDisposed || hasLeft || (await file.checkDisk()) !== 'missing') {
      this.#missing = false
      return
    }
    await this.#document.saving.keepMine()
    const save = vscode.l10n.t('Save')
    const choice = await vscode.window.showWarningMessage(
      vscode.l10n.t(
        '{0} was deleted on disk. The annotations are still open here; save them to write the file again.',
        basename(this.#document.sidecarPath),
      ),
      save,
    )
    if (choice === save) await vscode.workspace.save(this.#document.uri)
  }
}

/** A name as a pattern that matches only it. */
function escaped(name: string): string {
  return name.replace(/[*?{}[\]]/g, (character) => `[${character}]`)
}
