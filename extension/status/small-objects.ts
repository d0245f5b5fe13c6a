import * as vscode from 'vscode'
import type { AnnotatorDocument } from '../editor/index.ts'
import type { Services } from '../services.ts'

/** One notification per object when a run carries what is small for the network, with what can be done about it. */
export function tellSmallObjects({ propagation }: Services): { dispose(): void } {
  const told = new WeakMap<AnnotatorDocument, Set<number>>()
  return propagation.onDidChange(() => {
    const { document, run } = propagation.current ?? {}
    if (document === undefined || run?.facts === undefined) return
    const before = told.get(document) ?? new Set()
    const { spots, fading } = run.facts.small
    told.set(document, new Set([...before, ...spots, ...fading]))
    const tellOfNew = (ids: readonly number[], show: Show, sentenceOf: (names: string) => string): void => {
      const names = ids
        .filter((id) => !before.has(id))
        .map((id) => document.annotations.objects.get(id)?.name ?? String(id))
      if (names.length === 0) return
      const settings = vscode.l10n.t('Change Network Size')
      void show(sentenceOf(names.join(', ')), settings).then((answer) => {
        if (answer === settings)
          void vscode.commands.executeCommand('workbench.action.openSettings', 'siammae.networkSize')
      })
    }
    tellOfNew(spots, vscode.window.showInformationMessage, (names) =>
      vscode.l10n.t(
        'Carried as a point, with the shape that was drawn last, because it is small for the network: {0}. Where shapes change, let the network see the clip larger.',
        names,
      ),
    )
    tellOfNew(fading, vscode.window.showWarningMessage, (names) =>
      vscode.l10n.t(
        'Very small for the network, and likely to be lost within a few frames: {0}. Let the network see the clip larger, or mark it by a keypoint.',
        names,
      ),
    )
  })
}

type Show = (text: string, ...buttons: string[]) => Thenable<string | undefined>
