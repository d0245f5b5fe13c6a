import { basename, join } from 'node:path'
import * as vscode from 'vscode'
import type { ExportResult } from '../../model/process/index.ts'
import type { AnnotatorDocument } from '../editor/index.ts'
import { EXPORT_FORMATS } from '../export-formats.ts'
import { inPercent } from '../progress.ts'
import { revealFile } from '../reveal.ts'
import type { Services } from '../services.ts'
import { STAYS } from './ask.ts'
import { activeView, type Handlers } from './command.ts'

/** What may be known beforehand, for tasks and tests; what is not is asked. */
interface ExportWish {
  readonly format?: string
  readonly folder?: vscode.Uri
  readonly pictures?: boolean
}

export const exportCommands: Handlers = {
  async exportDataset(services, given) {
    const { document } = activeView(services)
    const wish = wishOf(given)
    const format = wish.format ?? (await askForFormat())
    if (format === undefined) return undefined
    const pictures = wish.pictures ?? (await askForPictures())
    if (pictures === undefined) return undefined
    const folder = wish.folder ?? (await askForFolder(document))
    if (folder === undefined) return undefined
    const result = await write(services, document, { format, pictures, folder: folder.fsPath })
    if (result === undefined) return undefined
    await vscode.commands.executeCommand('setContext', 'siammae.exported', true)
    void tellResult(services, folder, result)
    return result
  },
}

async function write(
  { client }: Services,
  document: AnnotatorDocument,
  target: { readonly format: string; readonly pictures: boolean; readonly folder: string },
): Promise<ExportResult | undefined> {
  const job = `export ${Date.now()}`
  return vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      cancellable: true,
      title: vscode.l10n.t('Exporting {0}', basename(document.videoPath)),
    },
    async (progress, token) => {
      const tell = inPercent(progress)
      const listener = client.onExporting(({ job: other, done, total }) => {
        if (other !== job || total === 0) return
        tell((100 * done) / total, vscode.l10n.t('{0} of {1} files', done, total))
      })
      const cancel = token.onCancellationRequested(() => void client.cancelExport(job).catch(() => {}))
      try {
        const sidecar = await document.sidecarText()
        // The process knows nothing of an export that was not asked for yet, so it cannot be told to stop it.
        if (token.isCancellationRequested) return undefined
        return await client.exportDataset(job, {
          ...target,
          clip: document.videoPath,
          sidecar,
        })
      } catch (error) {
        if (token.isCancellationRequested) return undefined
        throw error
      } finally {
        listener.dispose()
        cancel.dispose()
      }
    },
  )
}

async function tellResult({ log }: Services, folder: vscode.Uri, result: ExportResult): Promise<void> {
  for (const warning of result.warnings) log.warn(warning)
  const reveal = vscode.l10n.t('Reveal')
  const showLog = vscode.l10n.t('Show Log')
  const [first, ...rest] = result.warnings
  const written = vscode.l10n.t('{0} files were written to {1} and read back.', result.files, folder.fsPath)
  const answer =
    first === undefined
      ? await vscode.window.showInformationMessage(written, reveal)
      : await vscode.window.showWarningMessage(
          `${written} ${first}${rest.length > 0 ? ` ${vscode.l10n.t('{0} more remarks are in the log.', rest.length)}` : ''}`,
          reveal,
          showLog,
        )
  if (answer === showLog) log.show()
  if (answer === reveal) await revealFile(folder)
}

async function askForFormat(): Promise<string | undefined> {
  const items = EXPORT_FORMATS.map(({ id, title, detail }) => ({
    label: title,
    detail: vscode.l10n.t(detail),
    id,
  }))
  return (await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t('Which format?'), ...STAYS }))
    ?.id
}

async function askForPictures(): Promise<boolean | undefined> {
  const items = [
    {
      label: vscode.l10n.t('Annotations only'),
      detail: vscode.l10n.t('For where the frames are at hand already'),
      pictures: false,
    },
    {
      label: vscode.l10n.t('Annotations and frames'),
      detail: vscode.l10n.t('Every exported frame is written as JPEG too'),
      pictures: true,
    },
  ]
  return (
    await vscode.window.showQuickPick(items, {
      placeHolder: vscode.l10n.t('What should be written?'),
      ...STAYS,
    })
  )?.pictures
}

async function askForFolder(document: AnnotatorDocument): Promise<vscode.Uri | undefined> {
  const uris = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    defaultUri: vscode.Uri.file(join(document.videoPath, '..')),
    openLabel: vscode.l10n.t('Export Here'),
    title: vscode.l10n.t('Which folder should hold the dataset?'),
  })
  return uris?.[0]
}

function wishOf(given: unknown): ExportWish {
  // A menu of the editor's title hands over the address of the document.
  return typeof given === 'object' && given !== null && !(given instanceof vscode.Uri) ? given : {}
}
