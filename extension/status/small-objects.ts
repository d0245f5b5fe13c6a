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
    const namesOfNew = (ids: readonly number[]): string =>
      ids
        .filter((id) => !before.has(id))
        .map((id) => document.annotations.objects.get(id)?.name ?? String(id))
        .join(', ')
    const ofSpots = namesOfNew(spots)
    if (ofSpots !== '')
      tell(
        vscode.window.showInformationMessage,
        vscode.l10n.t(
          'Carried as a point, with the shape that was drawn last, because it is small for the network: {0}. Where shapes change, let the network see the clip larger.',
          ofSpots,
        ),
      )
    const ofFading = namesOfNew(fading)
    if (ofFading !== '')
      tell(
        vscode.window.showWarningMessage,
        vscode.l10n.t(
          'Very small for the network, and likely to be lost within a few frames: {0}. Let the network see the clip larger, or mark it by a keypoint.',
          ofFading,
        ),
      )
  })
}

type Show = (text: string, ...buttons: string[]) => Thenable<string | undefined>

function tell(show: Show, text: string): void {
  const settings = vscode.l10n.t('Change Network Size')
  void show(text, settings).then((answer) => {
    if (answer === settings)
      void vscode.commands.executeCommand('workbench.action.openSettings', 'siammae.networkSize')
  })
}
