import * as vscode from 'vscode'

/** Shows a file or folder: in the file manager, or in the explorer where there is none to show it in. */
export async function revealFile(uri: vscode.Uri): Promise<void> {
  // Over a remote connection there is no file manager; the explorer can where the file is in the workspace.
  const inside = vscode.workspace.getWorkspaceFolder(uri) !== undefined
  const command =
    inside || vscode.env.remoteName !== undefined || vscode.env.uiKind === vscode.UIKind.Web
      ? 'revealInExplorer'
      : 'revealFileInOS'
  await vscode.commands.executeCommand(command, uri)
}
