import * as vscode from 'vscode'
import type { AnnotatorView } from './editor/index.ts'
import type { Services } from './services.ts'

/**
 * Keys for the walkthrough, the trees and the palette: `siammae.active` (an annotator is open), `siammae.hasObjects`,
 * `siammae.hasMarks` and `siammae.hasRuns` (of the active document), `siammae.propagating` (a run goes on, looked at or
 * not). The editor sets those that follow its view.
 */
export function followContext({ editors, propagation }: Pick<Services, 'editors' | 'propagation'>): {
  dispose(): void
} {
  const told = new Map<string, unknown>()
  const set = (name: string, value: unknown): void => {
    if (told.get(name) === value) return
    told.set(name, value)
    void vscode.commands.executeCommand('setContext', `siammae.${name}`, value)
  }
  const showDocument = (view: AnnotatorView | undefined): void => {
    const annotations = view?.document.annotations
    set('hasObjects', annotations !== undefined && annotations.objects.size > 0)
    set('hasMarks', annotations !== undefined && hasMarks(annotations))
    set('hasRuns', annotations !== undefined && annotations.runs.size > 0)
  }
  let changes: { dispose(): unknown } | undefined
  const follow = (view: AnnotatorView | undefined): void => {
    changes?.dispose()
    set('active', view !== undefined)
    showDocument(view)
    changes = view?.document.onDidChange(() => showDocument(view))
  }
  const subscriptions = [
    editors.onDidChangeActive(follow),
    propagation.onDidChange(() => set('propagating', propagation.current !== undefined)),
  ]
  follow(editors.active)
  return {
    dispose: () => {
      changes?.dispose()
      for (const subscription of subscriptions) subscription.dispose()
    },
  }
}

function hasMarks(annotations: AnnotatorView['document']['annotations']): boolean {
  return [...annotations.objects.keys()].some((id) => annotations.personsFrames(id).length > 0)
}
