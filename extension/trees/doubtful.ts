import * as vscode from 'vscode'
import type { DoubtfulFrame, DoubtReason } from '../../webview/protocol/index.ts'
import { colourOf } from '../commands/pick-object.ts'
import type { AnnotatorDocument, AnnotatorEditors, AnnotatorView } from '../editor/index.ts'
import { swatch } from './swatch.ts'

/** A line of the tree: an object, or one of its frames. Commands in its menus are given it. */
export type DoubtfulItem =
  | { readonly kind: 'object'; readonly objectId: number; readonly frames: readonly DoubtfulFrame[] }
  | ({ readonly kind: 'frame' } & DoubtfulFrame)

const PAUSE = 250

/** Frames that a person should look at, by object; a click goes there. */
export class DoubtfulTree implements vscode.TreeDataProvider<DoubtfulItem>, vscode.Disposable {
  readonly #editors: AnnotatorEditors
  readonly #changed = new vscode.EventEmitter<undefined>()
  readonly #counted = new vscode.EventEmitter<number>()
  readonly #subscription: { dispose(): unknown }
  readonly onDidChangeTreeData = this.#changed.event
  /** How many frames are worth checking. */
  readonly onDidCount = this.#counted.event
  #document: { dispose(): unknown } | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(editors: AnnotatorEditors) {
    this.#editors = editors
    this.#subscription = editors.onDidChangeActive((view) => this.#follow(view))
    this.#follow(editors.active)
  }

  getChildren(item?: DoubtfulItem): DoubtfulItem[] {
    if (item?.kind === 'object') return item.frames.map((frame) => ({ kind: 'frame', ...frame }))
    const document = this.#editors.active?.document
    if (item !== undefined || document === undefined) return []
    const byObject = new Map<number, DoubtfulFrame[]>()
    for (const frame of document.doubtful) {
      const frames = byObject.get(frame.objectId)
      if (frames === undefined) byObject.set(frame.objectId, [frame])
      else frames.push(frame)
    }
    return [...byObject]
      .sort(([a], [b]) => a - b)
      .map(([objectId, frames]) => ({ kind: 'object', objectId, frames }))
  }

  getTreeItem(item: DoubtfulItem): vscode.TreeItem {
    const document = this.#editors.active?.document
    return item.kind === 'object' ? objectItem(document, item) : frameItem(document, item)
  }

  dispose(): void {
    clearTimeout(this.#timer)
    this.#document?.dispose()
    this.#subscription.dispose()
    this.#changed.dispose()
    this.#counted.dispose()
  }

  #follow(view: AnnotatorView | undefined): void {
    this.#document?.dispose()
    this.#document = view?.document.onDidChange(({ kind }) => {
      if (kind === 'entries') return
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined
        this.#refresh()
      }, PAUSE)
    })
    this.#refresh()
  }

  #refresh(): void {
    this.#counted.fire(this.#editors.active?.document.doubtful.length ?? 0)
    this.#changed.fire(undefined)
  }
}

function objectItem(
  document: AnnotatorDocument | undefined,
  { objectId, frames }: Extract<DoubtfulItem, { kind: 'object' }>,
): vscode.TreeItem {
  const object = document?.annotations.objects.get(objectId)
  const item = new vscode.TreeItem(object?.name ?? String(objectId), vscode.TreeItemCollapsibleState.Expanded)
  item.id = `object ${objectId}`
  item.description = String(frames.length)
  if (document !== undefined && object !== undefined)
    item.iconPath = swatch(colourOf(document.annotations, object))
  return item
}

function frameItem(
  document: AnnotatorDocument | undefined,
  { objectId, frame, reason }: DoubtfulFrame,
): vscode.TreeItem {
  const seconds = document?.clip.times[frame]
  const item = new vscode.TreeItem(vscode.l10n.t('Frame {0}', frame))
  item.id = `frame ${objectId} ${frame} ${reason}`
  item.contextValue = 'frame'
  item.description = [
    reasonText(document, { objectId, frame, reason }),
    ...(seconds === undefined ? [] : [`${seconds.toFixed(2)} s`]),
  ].join(' · ')
  item.iconPath = new vscode.ThemeIcon(ICONS[reason])
  item.command = {
    command: 'siammae.goToFrame',
    title: vscode.l10n.t('Go to frame'),
    arguments: [frame, objectId],
  }
  return item
}

const ICONS: Record<DoubtReason, string> = {
  confidence: 'question',
  area: 'arrow-both',
  position: 'move',
  split: 'split-horizontal',
  lost: 'circle-slash',
}

function reasonText(
  document: AnnotatorDocument | undefined,
  { objectId, frame, reason }: DoubtfulFrame,
): string {
  switch (reason) {
    case 'confidence': {
      const entry = document?.annotations.entry(objectId, frame)
      return entry !== undefined && 'confidence' in entry
        ? vscode.l10n.t('confidence {0} %', Math.round(entry.confidence * 100))
        : vscode.l10n.t('low confidence')
    }
    case 'area':
      return vscode.l10n.t('sudden change of size')
    case 'position':
      return vscode.l10n.t('sudden change of place')
    case 'split':
      return vscode.l10n.t('fell into parts')
    case 'lost':
      return vscode.l10n.t('object lost')
    default:
      reason satisfies never
      return ''
  }
}
