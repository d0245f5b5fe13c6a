import { basename } from 'node:path'
import * as vscode from 'vscode'
import { VIDEO_EXTENSIONS } from '../document/locate-video.ts'
import { Sentence } from '../sentence.ts'
import type { Services } from '../services.ts'
import { type Handlers, showError } from './command.ts'

export const annotateCommands: Handlers = {
  /** From the explorer with what is selected there; from the palette it asks for files. */
  async annotateVideo(services, given, selected) {
    const chosen = urisOf(given, selected)
    await annotate(services, chosen.length > 0 ? chosen : await askForVideos())
  },

  async annotateFolder(services, given, selected) {
    const chosen = urisOf(given, selected)
    await annotate(services, chosen.length > 0 ? chosen : await askForFolder())
  },

  /** The sample is copied, because the annotations are written beside it. */
  async openSample(services, given) {
    const folder = given instanceof vscode.Uri ? given : await askForSampleFolder(services)
    if (folder === undefined) return
    const target = vscode.Uri.joinPath(folder, 'sample.mp4')
    await vscode.workspace.fs.createDirectory(folder)
    const source = vscode.Uri.joinPath(services.context.extensionUri, 'media', 'sample.mp4')
    if (!(await exists(target))) await vscode.workspace.fs.copy(source, target)
    await services.editors.annotate(target)
  },
}

async function annotate(services: Services, uris: readonly vscode.Uri[]): Promise<void> {
  for (const uri of uris) {
    try {
      if (uri.scheme !== 'file')
        throw new Sentence('{0} is not a file on a disk; copy it to one and open that.', basename(uri.path))
      await services.editors.annotate(uri)
    } catch (error) {
      // Not waited for: the others open beside the message.
      void showError(services, error)
    }
  }
}

function urisOf(given: unknown, selected: unknown): vscode.Uri[] {
  const several = Array.isArray(selected) ? selected.filter((uri) => uri instanceof vscode.Uri) : []
  if (several.length > 0) return several
  return given instanceof vscode.Uri ? [given] : []
}

async function askForVideos(): Promise<readonly vscode.Uri[]> {
  const uris = await vscode.window.showOpenDialog({
    canSelectMany: true,
    defaultUri: vscode.workspace.workspaceFolders?.[0]?.uri,
    openLabel: vscode.l10n.t('Annotate'),
    title: vscode.l10n.t('Which video?'),
    filters: {
      [vscode.l10n.t('Videos and annotations')]: [
        ...VIDEO_EXTENSIONS.map((ending) => ending.slice(1)),
        'json',
      ],
      [vscode.l10n.t('All files')]: ['*'],
    },
  })
  return uris ?? []
}

async function askForFolder(): Promise<readonly vscode.Uri[]> {
  const uris = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    defaultUri: vscode.workspace.workspaceFolders?.[0]?.uri,
    openLabel: vscode.l10n.t('Annotate'),
    title: vscode.l10n.t('Which folder of images?'),
  })
  return uris ?? []
}

async function askForSampleFolder({ context }: Services): Promise<vscode.Uri | undefined> {
  const open = vscode.workspace.workspaceFolders?.[0]
  const own = vscode.Uri.joinPath(context.globalStorageUri, 'sample')
  const other = vscode.l10n.t('Another folder...')
  const items = [
    ...(open === undefined
      ? []
      : [
          {
            label: vscode.l10n.t('In the folder {0}', open.name),
            description: open.uri.fsPath,
            uri: open.uri,
          },
        ]),
    { label: vscode.l10n.t("In the extension's own storage"), description: own.fsPath, uri: own },
    { label: other, description: '', uri: undefined },
  ]
  const item = await vscode.window.showQuickPick<(typeof items)[number]>(items, {
    placeHolder: vscode.l10n.t('Where should the copy of the sample clip lie?'),
  })
  if (item === undefined || item.uri !== undefined) return item?.uri
  const uris = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    openLabel: vscode.l10n.t('Copy Here'),
  })
  return uris?.[0]
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri)
    return true
  } catch {
    return false
  }
}
