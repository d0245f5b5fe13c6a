import * as vscode from 'vscode'
import type { AnnotatorDocument } from '../editor/index.ts'
import type { Services } from '../services.ts'

/** One notification per object when a run carries what is too small for the network, with what can be done about it. */
export function tellSmallObjects({ propagation }: Services): { dispose(): void } {
  const told = new WeakMap<AnnotatorDocument, Set<number>>()
  return propagation.onDidChange(() => {
    const { document, run } = propagation.current ?? {}
    if (document === undefined || run?.facts === undefined) return
    const before = told.get(document) ?? new Set()
    const small = run.facts.small.filter((id) => !before.has(id))
    if (small.length === 0) return
    told.set(document, new Set([...before, ...small]))
    const names = small.map((id) => document.annotations.objects.get(id)?.name ?? String(id)).join(', ')
    const settings = vscode.l10n.t('Change Network Size')
    const text = vscode.l10n.t(
      'Very small for the network, and likely to be lost within a few frames: {0}. Let the network see the clip larger, or mark it by a keypoint.',
      names,
    )
    void vscode.window.showWarningMessage(text, settings).then((answer) => {
      if (answer === settings)
        void vscode.commands.executeCommand('workbench.action.openSettings', 'siammae.networkSize')
    })
  })
}
