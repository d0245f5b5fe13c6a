import * as vscode from 'vscode'
import { NotTrusted } from '../propagation/index.ts'
import { wordsOf } from '../words.ts'

/** Says that the workspace must be trusted first, and offers to. @returns whether it is */
export async function isTrusted(refusal: NotTrusted): Promise<boolean> {
  if (vscode.workspace.isTrusted) return true
  const trust = vscode.l10n.t('Manage Workspace Trust')
  if ((await vscode.window.showWarningMessage(wordsOf(refusal), trust)) === trust)
    await vscode.commands.executeCommand('workbench.trust.manage')
  return false
}

/** What importing and everything else that reads models of others says without trust. */
export function notTrusted(): NotTrusted {
  return new NotTrusted('Models are only looked at in a workspace that is not trusted; trust it first.')
}
