import * as vscode from 'vscode'
import { colourOf } from '../commands/pick-object.ts'
import type { AnnotatorEditors, AnnotatorView } from '../editor/index.ts'
import { TreeChanges } from './changes.ts'
import { swatch } from './swatch.ts'

/** A line of the tree; commands in its menus are given it. */
export interface ObjectItem {
  readonly objectId: number
}

/** The objects of the editor that has the focus, with how much of the clip is known about each. */
export class ObjectsTree implements vscode.TreeDataProvider<ObjectItem>, vscode.Disposable {
  readonly #editors: AnnotatorEditors
  readonly #changes = new TreeChanges()
  readonly #subscriptions: { dispose(): unknown }[]
  readonly onDidChangeTreeData = this.#changes.event
  #document: { dispose(): unknown } | undefined

  constructor(editors: AnnotatorEditors) {
    this.#editors = editors
    this.#subscriptions = [editors.onDidChangeActive((view) => this.#follow(view))]
    this.#follow(editors.active)
  }

  getChildren(item?: ObjectItem): ObjectItem[] {
    if (item !== undefined) return []
    const document = this.#editors.active?.document
    if (document === undefined) return []
    return [...document.annotations.objects.keys()].sort((a, b) => a - b).map((objectId) => ({ objectId }))
  }

  getTreeItem({ objectId }: ObjectItem): vscode.TreeItem {
    const item = new vscode.TreeItem('')
    item.id = `object ${objectId}`
    item.contextValue = 'object'
    const document = this.#editors.active?.document
    const object = document?.annotations.objects.get(objectId)
    if (document === undefined || object === undefined) return item
    const keyframes = document.annotations.personsFrames(objectId).length
    const propagated = document.annotations.entryCount(objectId) - keyframes
    const label = document.annotations.labels.get(object.labelId)?.name ?? ''
    item.label = object.name
    item.description =
      keyframes === 1
        ? vscode.l10n.t('{0} · 1 keyframe + {1}', label, propagated)
        : vscode.l10n.t('{0} · {1} keyframes + {2}', label, keyframes, propagated)
    item.tooltip = vscode.l10n.t(
      '{0} ({1}): {2} keyframes by a person and {3} propagated frames, of {4} frames',
      object.name,
      label,
      keyframes,
      propagated,
      document.annotations.video.frameCount,
    )
    item.iconPath = swatch(colourOf(document.annotations, object))
    item.command = {
      command: 'siammae.selectObject',
      title: vscode.l10n.t('Select object'),
      arguments: [objectId],
    }
    return item
  }

  dispose(): void {
    this.#document?.dispose()
    for (const subscription of this.#subscriptions) subscription.dispose()
    this.#changes.dispose()
  }

  #follow(view: AnnotatorView | undefined): void {
    this.#document?.dispose()
    this.#document = view?.document.onDidChange(({ kind }) => {
      if (kind !== 'doubtful') this.#changes.soon()
    })
    this.#changes.now()
  }
}
