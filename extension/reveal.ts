import * as vscode from 'vscode'

/** Shows a file or folder: in the explorer, in the file manager, or, where neither can, where it is. */
export async function revealFile(uri: vscode.Uri): Promise<void> {
  if (vscode.workspace.getWorkspaceFolder(uri) !== undefined)
    await vscode.commands.executeCommand('revealInExplorer', uri)
  else if (vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop)
    await vscode.commands.executeCommand('revealFileInOS', uri)
  else {
    // Over a remote connection, and in a browser, there is no file manager, and the explorer shows the workspace only.
    const copy = vscode.l10n.t('Copy Path')
    if ((await vscode.window.showInformationMessage(uri.fsPath, copy)) === copy)
      await vscode.env.clipboard.writeText(uri.fsPath)
  }
}
