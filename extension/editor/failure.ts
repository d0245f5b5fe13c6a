import * as vscode from 'vscode'
import type { HostMessage } from '../../webview/protocol/index.ts'
import { SidecarProblem } from '../document/document-thread.ts'
import { VideoProblem } from '../document/locate-video.ts'
import { wordsOf } from '../words.ts'
import { OpeningCancelled } from './video-link.ts'

/**
 * Whether the last good side-car is what helps. One that reads well, and only lacks its video, is not to be replaced by what
 * was before it.
 */
export function offersBackup({
  actions,
}: Pick<Extract<HostMessage, { type: 'failed' }>, 'actions'>): boolean {
  return actions.some(({ command }) => command === 'siammae.restoreBackup')
}

/** Why a document cannot be shown, as its views say it: the sentence, and the commands that help. */
export function failureOf(error: unknown): Extract<HostMessage, { type: 'failed' }> {
  const message = wordsOf(error)
  const showLog = { title: vscode.l10n.t('Show Log'), command: 'siammae.showLog' } as const
  if (error instanceof SidecarProblem) {
    const actions = []
    if (error.backup)
      actions.push({ title: vscode.l10n.t('Restore Backup'), command: 'siammae.restoreBackup' } as const)
    if (!error.missing)
      actions.push({ title: vscode.l10n.t('Open as Text'), command: 'siammae.openAsText' } as const)
    return { type: 'failed', message, actions: actions.length > 0 ? actions : [showLog] }
  }
  if (error instanceof VideoProblem)
    return {
      type: 'failed',
      message,
      actions: [
        { title: vscode.l10n.t('Locate Video'), command: 'siammae.locateVideo' },
        { title: vscode.l10n.t('Open as Text'), command: 'siammae.openAsText' },
      ],
    }
  if (error instanceof OpeningCancelled)
    return {
      type: 'failed',
      message,
      actions: [{ title: vscode.l10n.t('Open Again'), command: 'siammae.openAgain' }],
    }
  if (/ffmpeg/i.test(message))
    return {
      type: 'failed',
      message,
      actions: [{ title: vscode.l10n.t('Install ffmpeg'), command: 'siammae.installFfmpeg' }, showLog],
    }
  return { type: 'failed', message, actions: [showLog] }
}
