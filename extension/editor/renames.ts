import { setTimeout as sleep } from 'node:timers/promises'
import * as vscode from 'vscode'
import { messageOf } from '../../model/errors.ts'
import { AnnotationFile } from '../document/annotation-file.ts'
import type { DocumentThreads } from '../document/document-thread.ts'
import { exists, isSidecarPath, pathFrom, sidecarOf } from '../document/locate-video.ts'
import { type Move, movedPath, renamedVideo, sidecarMoves, withLastGood } from '../document/sidecar-moves.ts'
import type { Event } from '../emitter.ts'
import type { OpenDocument } from './open-document.ts'
import { type AnnotatorProvider, viewTypeOf } from './provider.ts'
import { type EditorServices, VIEW_TYPES } from './types.ts'

/** How many moves are kept in mind. An undo moves videos before their side-cars, and a rename after them. */
const MOST_RECENT = 2_000
/** How long VS Code may take to open what it has renamed, and to close what was open. */
const REOPENING_MS = 10_000
/** How long it may take until an undo has moved the second file after the first. */
const UNDO_MS = 1_000

type Renamed = vscode.FileWillRenameEvent['files']

/** A video's own tab. VS Code shows a renamed file with its default editor, which for a video is not ours. */
interface LeavingTabs {
  readonly document: OpenDocument
  readonly to: string
  readonly columns: readonly {
    readonly column: vscode.ViewColumn
    readonly isActive: boolean
    /** Whether another editor shows the video there as well, which stays. */
    readonly hasOther: boolean
  }[]
}

/**
 * Renames and moves in VS Code: what is not saved is saved before, the side-car goes along with its video in the same
 * step, and open editors end where the side-car is.
 */
export class Renames implements vscode.Disposable {
  readonly #services: EditorServices
  readonly #threads: DocumentThreads
  readonly #provider: AnnotatorProvider
  readonly #subscriptions: vscode.Disposable[]
  #recent: readonly Move[] = []
  #leaving: readonly LeavingTabs[] = []
  /** Side-cars that VS Code is about to open under another name. */
  readonly #coming = new Map<string, Promise<unknown>>()
  /** What follows renames, one after the other. */
  #following: Promise<void> = Promise.resolve()

  constructor(services: EditorServices, threads: DocumentThreads, provider: AnnotatorProvider) {
    this.#services = services
    this.#threads = threads
    this.#provider = provider
    this.#subscriptions = [
      vscode.workspace.onWillRenameFiles((event) => event.waitUntil(this.#prepare(movesOf(event.files)))),
      vscode.workspace.onDidRenameFiles(({ files }) => this.#moved(movesOf(files))),
    ]
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose()
  }

  /** @returns what VS Code does in the same step as the rename, and takes back with it */
  async #prepare(moves: readonly Move[]): Promise<vscode.WorkspaceEdit | undefined> {
    // A side-car that has just moved may not name its video yet.
    await this.#following
    const documents = await this.#concerned(moves)
    const leaving = leavingTabs(documents, moves)
    // The side-car itself goes first, and is asked about then; its video's tabs still stand.
    const before = this.#leaving.filter(
      ({ document }) => !document.isDisposed && !leaving.some((tabs) => tabs.document === document),
    )
    this.#leaving = [...before, ...leaving]
    for (const document of documents) {
      const to = moved(document.uri.fsPath, moves)
      if (to !== undefined) this.#provider.handOver.give(to, document)
      await settle(document)
    }
    const isUnsaved = (path: string) =>
      documents.some(({ sidecarPath, isDirty }) => isDirty && sidecarPath === path)
    const along = (await sidecarMoves(moves)).filter(({ from }) => !isUnsaved(from))
    for (const { sidecarPath, sessions } of documents) {
      const to = moved(sidecarPath, [...along, ...moves])
      if (to !== undefined) for (const session of sessions) session.rememberAt(to)
    }
    if (along.length === 0) return undefined
    const edit = new vscode.WorkspaceEdit()
    // Without `overwrite`, not even as false: then a file that has come there meanwhile is left alone.
    for (const { from, to } of await withLastGood(along))
      edit.renameFile(vscode.Uri.file(from), vscode.Uri.file(to), { ignoreIfExists: true })
    return edit
  }

  /** Documents that VS Code opens anew, from disk, or whose side-car may go along. */
  async #concerned(moves: readonly Move[]): Promise<OpenDocument[]> {
    const { documents } = this.#provider
    if (documents.length === 0) return []
    const following = new Set<string>()
    for (const { from } of moves) following.add((await this.#provider.sidecarOf(from)).path)
    return documents.filter(
      ({ uri, sidecarPath }) =>
        following.has(sidecarPath) || (moved(uri.fsPath, moves) ?? moved(sidecarPath, moves)) !== undefined,
    )
  }

  #moved(moves: readonly Move[]): void {
    this.#recent = [...this.#recent, ...moves].slice(-MOST_RECENT)
    const gone = this.#provider.documents.filter(
      ({ uri, sidecarPath }) => (moved(uri.fsPath, moves) ?? moved(sidecarPath, moves)) !== undefined,
    )
    for (const document of gone) {
      const isLeft =
        moved(document.uri.fsPath, moves) !== undefined ||
        this.#leaving.some((tabs) => tabs.document === document)
      if (!isLeft) {
        // The side-car of a video's own tab, alone: VS Code leaves that tab as it is.
        const sidecar = moved(document.sidecarPath, moves)!
        this.#following = this.#following
          .then(() => showInstead(document, sidecar))
          .catch((error) => this.#services.log.error(messageOf(error)))
        continue
      }
      document.leave()
      const to = moved(document.uri.fsPath, moves)
      if (to === undefined || !isSidecarPath(to)) continue
      // A tab that is not seen is not filled before it is.
      if ([...document.sessions].some(({ panel }) => panel.visible)) this.#coming.set(to, this.#whenMade(to))
    }
    const known = this.#leaving.filter(({ document }) => moved(document.uri.fsPath, moves) !== undefined)
    const others = gone.filter((document) => !known.some((tabs) => tabs.document === document))
    const leaving = [...known, ...leavingTabs(others, moves)]
    this.#leaving = this.#leaving.filter((tabs) => !known.includes(tabs))
    this.#following = this.#following.then(() => this.#follow(moves, leaving))
  }

  async #follow(moves: readonly Move[], leaving: readonly LeavingTabs[]): Promise<void> {
    const failed = (error: unknown) => this.#services.log.error(messageOf(error))
    for (const tabs of leaving) await this.#reopen(tabs).catch(failed)
    for (const { to } of moves) {
      const sidecar = isSidecarPath(to) ? to : (await sidecarOf(to)).path
      const video = await renamedVideo(sidecar, this.#recent)
      if (video !== undefined) await this.#name(sidecar, video).catch(failed)
    }
    // Side-cars that stay where they are, because they are not named after the video.
    for (const document of this.#provider.documents) {
      const to = moved(document.videoPath, moves)
      if (to === undefined || document.hasLeft) continue
      // An undo moves the video first, and its side-car a moment later.
      if (this.#recent.some((move) => move.to === document.sidecarPath)) await sleep(UNDO_MS)
      if (!document.hasLeft) await document.moveVideo(to).catch(failed)
    }
  }

  /** Opens the annotations of a renamed video where its own tab was, in place of what VS Code has opened there. */
  async #reopen({ document, to, columns }: LeavingTabs): Promise<void> {
    const sidecar = await sidecarOf(to)
    const stayed = !sidecar.exists && (await exists(document.sidecarPath))
    const path = stayed ? document.sidecarPath : sidecar.exists ? sidecar.path : to
    if (columns.length > 0) this.#provider.handOver.give(path, document)
    if (!document.isDisposed) await happened(document.onDidDispose, () => true)
    for (const { column, isActive, hasOther } of columns) {
      const options = { viewColumn: column, preserveFocus: !isActive }
      await vscode.commands.executeCommand(
        'vscode.openWith',
        vscode.Uri.file(path),
        viewTypeOf(path),
        options,
      )
      if (!hasOther) await vscode.window.tabGroups.close(othersTabs(column, to))
    }
  }

  /** Has a side-car name its video where that is now. */
  async #name(sidecarPath: string, video: string): Promise<void> {
    const find = () =>
      this.#provider.documents.find((other) => other.sidecarPath === sidecarPath && !other.hasLeft)
    if (find() === undefined) await this.#coming.get(sidecarPath)
    this.#coming.delete(sidecarPath)
    const document = find()
    if (document !== undefined) {
      await document.followVideo(video)
      return
    }
    const { doubtBelow } = this.#services.settings.display()
    const file = await AnnotationFile.open(this.#threads, sidecarPath, doubtBelow)
    try {
      file.content.apply({ kind: 'moveVideo', path: pathFrom(sidecarPath, video) })
      await file.save()
    } finally {
      file.dispose()
    }
  }

  #whenMade(path: string): Promise<unknown> {
    return happened(this.#provider.onDidMakeDocument, ({ sidecarPath }) => sidecarPath === path)
  }
}

/** Puts the editor of a side-car in place of the tabs of a document that it was the side-car of. */
async function showInstead(document: OpenDocument, sidecarPath: string): Promise<void> {
  document.leave()
  for (const { panel } of [...document.sessions]) {
    const options = { viewColumn: panel.viewColumn ?? vscode.ViewColumn.Active, preserveFocus: !panel.active }
    const uri = vscode.Uri.file(sidecarPath)
    await vscode.commands.executeCommand('vscode.openWith', uri, viewTypeOf(sidecarPath), options)
    panel.dispose()
  }
}

/** Ends what still writes into a document, and saves it. */
async function settle(document: OpenDocument): Promise<void> {
  await document.whenOpened()
  if (!document.isLoaded) return
  await document.file.model.stopRun()
  if (document.isDirty) await vscode.workspace.save(document.uri)
}

function movesOf(files: Renamed): Move[] {
  return files
    .filter(({ oldUri, newUri }) => oldUri.scheme === 'file' && newUri.scheme === 'file')
    .map(({ oldUri, newUri }) => ({ from: oldUri.fsPath, to: newUri.fsPath }))
}

/** Where a path is after some moves; undefined when none concerns it. */
function moved(path: string, moves: readonly Move[]): string | undefined {
  for (const move of moves) {
    const to = movedPath(path, move)
    if (to !== undefined) return to
  }
  return undefined
}

function leavingTabs(documents: readonly OpenDocument[], moves: readonly Move[]): LeavingTabs[] {
  return documents.flatMap((document) => {
    const from = document.uri.fsPath
    const to = moved(from, moves)
    if (to === undefined || isSidecarPath(to)) return []
    const columns = [...document.sessions].flatMap(({ panel: { viewColumn, active } }) =>
      viewColumn === undefined
        ? []
        : [{ column: viewColumn, isActive: active, hasOther: othersTabs(viewColumn, from).length > 0 }],
    )
    return [{ document, to, columns }]
  })
}

/** Tabs that show a file with another editor than ours. */
function othersTabs(column: vscode.ViewColumn, path: string): vscode.Tab[] {
  const group = vscode.window.tabGroups.all.find(({ viewColumn }) => viewColumn === column)
  return (group?.tabs ?? []).filter(({ input }) => {
    if (input instanceof vscode.TabInputText) return input.uri.fsPath === path
    if (!(input instanceof vscode.TabInputCustom) || input.uri.fsPath !== path) return false
    return !(VIEW_TYPES as readonly string[]).includes(input.viewType)
  })
}

/** Resolves when an event has come that is wanted, or not in time. */
async function happened<T>(event: Event<T>, isWanted: (value: T) => boolean): Promise<void> {
  const over = new AbortController()
  const listener = event((value) => {
    if (isWanted(value)) over.abort()
  })
  await sleep(REOPENING_MS, undefined, { signal: over.signal }).catch(() => {})
  listener.dispose()
}
