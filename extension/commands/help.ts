import * as vscode from 'vscode'
import type { Handlers } from './command.ts'

export const helpCommands: Handlers = {
  showLog({ log }) {
    log.show()
  },

  async restartModelProcess({ client }) {
    await client.restart()
  },

  async openWalkthrough({ context }) {
    await vscode.commands.executeCommand(
      'workbench.action.openWalkthrough',
      `${context.extension.id}#first`,
      false,
    )
  },

  /** The command for this system, to copy or to put into a terminal; nothing is run for the person. */
  async installFfmpeg(services) {
    const { installCommand } = await import('../../model/video/index.ts')
    const command = installCommand()
    const terminal = vscode.l10n.t('Put into a Terminal')
    const copy = vscode.l10n.t('Copy')
    const setting = vscode.l10n.t('Choose a Program')
    const answer = await vscode.window.showInformationMessage(
      vscode.l10n.t('Videos are decoded by ffmpeg. Install it with: {0}', command),
      terminal,
      copy,
      setting,
    )
    if (answer === copy) await vscode.env.clipboard.writeText(command)
    if (answer === setting)
      await vscode.commands.executeCommand('workbench.action.openSettings', 'siammae.ffmpegPath')
    if (answer === terminal) {
      const opened = vscode.window.createTerminal('ffmpeg')
      opened.show()
      opened.sendText(command, false)
    }
    services.log.info(`ffmpeg: ${command}`)
  },
}
