import * as vscode from 'vscode'
import { messageOf } from '../model/errors.ts'
import { partsOf } from './sentence.ts'

/** What a thrown value says, in the person's language where it is a sentence that can be translated. */
export function wordsOf(error: unknown): string {
  const parts = partsOf(error)
  return parts === undefined ? messageOf(error) : vscode.l10n.t(parts.template, ...parts.values)
}
