import * as vscode from 'vscode'
import { isPersons } from '../model/annotation/index.ts'
import type { AnnotatorView } from './editor/index.ts'
import type { Services } from './services.ts'

/**
 * Keys for menus, keybindings and the walkthrough: `siammae.active` (an annotator is open), `siammae.run` (`running`,
 * `paused` or false), `siammae.hasObjects` and `siammae.hasMarks` (of the active document).
 */
export function followContext({ editors, propagation }: Services): { dispose(): void } {
  const told = new Map<string, unknown>()
  const set = (name: string, value: unknown): void => {
    if (told.get(name) === value) return
    told.set(name, value)
    void vscode.commands.executeCommand('setContext', `siammae.${name}`, value)
  }
  const showDocument = (view: AnnotatorView | undefined): void => {
    const annotations = view?.document.annotations
    set('hasObjects', annotations !== undefined && annotations.objects.size > 0)
    // Once marked, a document counts as such: counting anew with every change would be work for nothing.
    if (annotations === undefined || told.get('hasMarks') !== true)
      set('hasMarks', annotations !== undefined && hasMarks(annotations))
  }
  let changes: { dispose(): unknown } | undefined
  const follow = (view: AnnotatorView | undefined): void => {
    changes?.dispose()
    told.delete('hasMarks')
    set('active', view !== undefined)
    showDocument(view)
    changes = view?.document.onDidChange(() => showDocument(view))
  }
  const subscriptions = [
    editors.onDidChangeActive(follow),
    propagation.onDidChange((run) =>
      set('run', run === undefined ? false : run.state === 'paused' ? 'paused' : 'running'),
    ),
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
  for (const id of annotations.objects.keys())
    for (const [, entry] of annotations.entries(id)) if (isPersons(entry)) return true
  return false
}
