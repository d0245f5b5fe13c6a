import * as vscode from 'vscode'
import type { AnnotatorView } from '../editor/index.ts'
import { Sentence } from '../sentence.ts'
import type { Services } from '../services.ts'
import { wordsOf } from '../words.ts'

/** What a command does. Whatever it throws is shown to the person as one sentence. */
export type Handler = (services: Services, ...args: readonly unknown[]) => unknown

/** Handlers by the part of their command's name after `siammae.`. */
export type Handlers = Readonly<Record<string, Handler>>

/**
 * The annotator that a command is about: the active one. Where something covers it, such as the walkthrough whose buttons
 * run commands, it is brought to the front, so that one sees what is done.
 * @throws Sentence when there is none
 */
export function activeView({ editors }: Services): AnnotatorView {
  const view = editors.active ?? editors.recent
  if (view === undefined) throw new Sentence('No annotator is open; open a video with Annotate Video first.')
  if (editors.active === undefined) view.reveal()
  return view
}

/**
 * The same, as it stands now: keys that were pressed just before have their effect first.
 * @throws Sentence when there is none
 */
export async function freshView(services: Services): Promise<AnnotatorView> {
  const view = activeView(services)
  await view.refresh()
  return view
}

/** What a person named in a box that stayed open was deleted before they answered. */
export function deletedMeanwhile(name: string): Sentence {
  return new Sentence('{0} was deleted meanwhile, so nothing is changed.', name)
}

/** Shows an error as one sentence; anything that is not a sentence for people also goes to the log with its stack. */
export async function showError(services: Services, error: unknown): Promise<void> {
  if (error instanceof vscode.CancellationError) return
  services.log.error(error instanceof Error && error.stack !== undefined ? error.stack : String(error))
  const showLog = vscode.l10n.t('Show Log')
  const answer = await (error instanceof Sentence
    ? vscode.window.showErrorMessage(wordsOf(error))
    : vscode.window.showErrorMessage(wordsOf(error), showLog))
  if (answer === showLog) services.log.show()
}
