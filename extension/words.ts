import * as vscode from 'vscode'
import { messageOf } from '../model/errors.ts'
import { Sentence } from './sentence.ts'

/** What a thrown value says, in the person's language where it is the extension's own sentence. */
export function wordsOf(error: unknown): string {
  return error instanceof Sentence ? vscode.l10n.t(error.template, ...error.values) : messageOf(error)
}
