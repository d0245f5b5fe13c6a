import * as vscode from 'vscode'
import type { AnnotatorView } from './editor/index.ts'
import type { Services } from './services.ts'

/**
 * Keys for the walkthrough and the trees: `siammae.active` (an annotator is open), `siammae.hasObjects` and
 * `siammae.hasMarks` (of the active document). The editor sets those that follow its view.
 */
export function followContext({ editors }: Services): { dispose(): void } {
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
  }
  let changes: { dispose(): unknown } | undefined
  const follow = (view: AnnotatorView | undefined): void => {
    changes?.dispose()
    set('active', view !== undefined)
    showDocument(view)
    changes = view?.document.onDidChange(() => showDocument(view))
  }
  const subscription = editors.onDidChangeActive(follow)
  follow(editors.active)
  return {
    dispose: () => {
      changes?.dispose()
      subscription.dispose()
    },
  }
}

function hasMarks(annotations: AnnotatorView['document']['annotations']): boolean {
  return [...annotations.objects.keys()].some((id) => annotations.personsFrames(id).length > 0)
}
