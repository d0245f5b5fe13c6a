/** Entry point of the extension. Nothing heavy is imported here: activation has 100 ms. */
import * as vscode from 'vscode'

/** Called once, when the first command, view or editor of the extension is used. */
export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('SiamMAE', { log: true })
  context.subscriptions.push(
    log,
    vscode.commands.registerCommand('siammae.showLog', () => log.show()),
  )
  log.info(`SiamMAE Video Annotator ${context.extension.packageJSON.version}`)
}
