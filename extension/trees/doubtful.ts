import * as vscode from 'vscode'
import { type DoubtfulSpan, type DoubtReason, spansOf } from '../../webview/protocol/index.ts'
import { colourOf } from '../commands/pick-object.ts'
import type { AnnotatorDocument, AnnotatorEditors, AnnotatorView } from '../editor/index.ts'
import { TreeChanges } from './changes.ts'
import { swatch } from './swatch.ts'

/** A line of the tree: an object, or frames of it that follow one another. Commands in its menus are given it. */
export type DoubtfulItem =
  | { readonly kind: 'object'; readonly objectId: number; readonly spans: readonly DoubtfulSpan[] }
  | ({ readonly kind: 'span' } & DoubtfulSpan)

/**
 * Frames that a person should look at, by object; a click goes there. What follows one another is one line: a drift of
 * 200 frames is one place to look at, not 200.
 */
export class DoubtfulTree implements vscode.TreeDataProvider<DoubtfulItem>, vscode.Disposable {
  readonly #editors: AnnotatorEditors
  readonly #changes = new TreeChanges(() => this.#count())
  readonly #counted = new vscode.EventEmitter<number>()
  readonly #subscription: { dispose(): unknown }
  readonly onDidChangeTreeData = this.#changes.event
  /** How many places are worth checking: the lines below all objects. */
  readonly onDidCount = this.#counted.event
  #document: { dispose(): unknown } | undefined
  #spans: ReturnType<typeof spansOf> = new Map()

  constructor(editors: AnnotatorEditors) {
    this.#editors = editors
    this.#subscription = editors.onDidChangeActive((view) => this.#follow(view))
    this.#follow(editors.active)
  }

  getChildren(item?: DoubtfulItem): DoubtfulItem[] {
    if (item?.kind === 'object') return item.spans.map((span) => ({ kind: 'span', ...span }))
    if (item !== undefined) return []
    return [...this.#spans].map(([objectId, spans]) => ({ kind: 'object', objectId, spans }))
  }

  getTreeItem(item: DoubtfulItem): vscode.TreeItem {
    const document = this.#editors.active?.document
    return item.kind === 'object' ? objectItem(document, item) : spanItem(document, item)
  }

  dispose(): void {
    this.#document?.dispose()
    this.#subscription.dispose()
    this.#changes.dispose()
    this.#counted.dispose()
  }

  #follow(view: AnnotatorView | undefined): void {
    this.#document?.dispose()
    this.#document = view?.document.onDidChange(({ kind }) => {
      if (kind !== 'entries') this.#changes.soon()
    })
    this.#changes.now()
  }

  #count(): void {
    this.#spans = spansOf(this.#editors.active?.document.doubtful ?? [])
    this.#counted.fire([...this.#spans.values()].reduce((sum, { length }) => sum + length, 0))
  }
}

function objectItem(
  document: AnnotatorDocument | undefined,
  { objectId, spans }: Extract<DoubtfulItem, { kind: 'object' }>,
): vscode.TreeItem {
  const object = document?.annotations.objects.get(objectId)
  const item = new vscode.TreeItem(object?.name ?? String(objectId), vscode.TreeItemCollapsibleState.Expanded)
  item.id = `object ${objectId}`
  item.description = String(spans.length)
  if (document !== undefined && object !== undefined)
    item.iconPath = swatch(colourOf(document.annotations, object))
  return item
}

function spanItem(document: AnnotatorDocument | undefined, span: DoubtfulSpan): vscode.TreeItem {
  const { objectId, frame, last, reasons } = span
  const seconds = document?.clip.times[frame]
  const item = new vscode.TreeItem(
    frame === last ? vscode.l10n.t('Frame {0}', frame) : vscode.l10n.t('Frames {0} to {1}', frame, last),
  )
  item.id = `frame ${objectId} ${frame}`
  item.contextValue = 'frame'
  item.description = [
    reasons.map((reason) => reasonText(document, span, reason)).join(', '),
    ...(seconds === undefined ? [] : [`${seconds.toFixed(2)} s`]),
  ].join(' · ')
  item.iconPath = new vscode.ThemeIcon(ICONS[reasons[0] ?? 'confidence'])
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
  span: DoubtfulSpan,
  reason: DoubtReason,
): string {
  switch (reason) {
    case 'confidence': {
      const lowest = lowestConfidence(document, span)
      if (lowest === undefined) return vscode.l10n.t('low confidence')
      const percent = Math.round(lowest * 100)
      return span.frame === span.last
        ? vscode.l10n.t('confidence {0} %', percent)
        : vscode.l10n.t('confidence down to {0} %', percent)
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

function lowestConfidence(
  document: AnnotatorDocument | undefined,
  { objectId, frame, last }: DoubtfulSpan,
): number | undefined {
  let lowest: number | undefined
  for (let at = frame; at <= last; at++) {
    const entry = document?.annotations.entry(objectId, at)
    if (entry !== undefined && 'confidence' in entry) lowest = Math.min(lowest ?? 1, entry.confidence)
  }
  return lowest
}
