import { copyFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, extname } from 'node:path'
import * as vscode from 'vscode'
import { explainSystemError } from '../../model/errors.ts'
import { downloadModel } from '../models/download-model.ts'
import { type ImportWish, importFile, tellImported } from '../models/import.ts'
import { type ModelEntry, STARTER_ID } from '../models/index.ts'
import { pickModel } from '../models/pick-model.ts'
import { isTrusted, notTrusted } from '../models/trust.ts'
import { revealFile } from '../reveal.ts'
import type { Services } from '../services.ts'
import { STAYS } from './ask.ts'
import type { Handlers } from './command.ts'

const isOwn = ({ id }: ModelEntry): boolean => id !== STARTER_ID

export const modelCommands: Handlers = {
  /** @returns the entry of the registry, for tasks and tests */
  async importModel(services, given) {
    if (!(await isTrusted(notTrusted()))) return undefined
    const wish = wishOf(given) ?? (await askForFile())
    if (wish === undefined) return undefined
    const imported = await importFile(services, wish)
    if (imported === undefined) return undefined
    void tellImported(services, imported)
    return imported.model
  },

  /** @param given identifier of a model of the catalogue. @returns the entry of the registry */
  async downloadModel(services, given) {
    if (!(await isTrusted(notTrusted()))) return undefined
    const imported = await downloadModel(services, typeof given === 'string' ? given : undefined)
    if (imported === undefined) return undefined
    void tellImported(services, imported)
    return imported.model
  },

  async activateModel(services, given) {
    if (!(await isTrusted(notTrusted()))) return
    const model = await pickModel(services, given, vscode.l10n.t('Which model should this workspace use?'))
    if (model !== undefined) await services.models.activate(model.id)
  },

  async renameModel(services, given) {
    if (!(await isTrusted(notTrusted()))) return
    const model = await pickModel(services, given, vscode.l10n.t('Which model?'), isOwn)
    if (model === undefined) return
    const name = await vscode.window.showInputBox({
      prompt: vscode.l10n.t('Name of the model'),
      value: model.name,
      ...STAYS,
      validateInput: (text) => (text.trim() === '' ? vscode.l10n.t('The name is empty.') : undefined),
    })
    if (name !== undefined) await services.models.registry.rename(model.id, name)
  },

  async removeModel(services, given) {
    if (!(await isTrusted(notTrusted()))) return
    const model = await pickModel(services, given, vscode.l10n.t('Which model?'), isOwn)
    if (model === undefined || !(await confirmRemoval(services, model))) return
    if (services.models.isActive(model)) await services.models.activate(STARTER_ID)
    await services.models.registry.remove(model.id)
  },

  async revealModel(services, given) {
    const model = await pickModel(services, given, vscode.l10n.t('Which model?'))
    if (model !== undefined) await revealFile(vscode.Uri.file(model.file))
  },

  async exportModel(services, given) {
    if (!(await isTrusted(notTrusted()))) return
    const model = await pickModel(services, given, vscode.l10n.t('Which model?'))
    if (model !== undefined) await exportModel(services, model)
  },
}

async function askForFile(): Promise<ImportWish | undefined> {
  const uris = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('Import Model'),
    openLabel: vscode.l10n.t('Import'),
    filters: {
      [vscode.l10n.t('Models')]: ['safetensors', 'pth', 'pt', 'bin', 'ckpt', 'tar', 'npz', 'onnx'],
      [vscode.l10n.t('All files')]: ['*'],
    },
  })
  const [uri] = uris ?? []
  return uri && { file: uri.fsPath }
}

async function confirmRemoval({ models }: Services, model: ModelEntry): Promise<boolean> {
  const remove = vscode.l10n.t('Remove')
  const detail = models.registry.owns(model)
    ? vscode.l10n.t('Its file is deleted too. The file that it was imported from stays.')
    : vscode.l10n.t('It is taken off the list only; its file {0} stays.', model.file)
  const active = models.isActive(model)
    ? ` ${vscode.l10n.t('This workspace goes back to the starter model.')}`
    : ''
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('Remove the model {0}?', model.name),
    { modal: true, detail: detail + active },
    remove,
  )
  return answer === remove
}

async function exportModel({ client }: Services, model: ModelEntry): Promise<void> {
  const own = extname(model.file).slice(1)
  const target = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Export Model'),
    saveLabel: vscode.l10n.t('Export'),
    defaultUri: vscode.Uri.joinPath(
      vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(homedir()),
      `${safeName(model.name)}.${own}`,
    ),
    // An ONNX graph cannot be turned back into weights.
    filters: own === 'onnx' ? { ONNX: ['onnx'] } : { safetensors: ['safetensors'], ONNX: ['onnx'] },
  })
  if (target === undefined) return
  const toOnnx = extname(target.fsPath).toLowerCase() === '.onnx' && own !== 'onnx'
  if (toOnnx) {
    const size = await askForSize()
    if (size === undefined) return
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Exporting {0}', model.name) },
      () => client.exportModel({ file: model.file, out: target.fsPath, ...size }),
    )
  } else {
    try {
      await copyFile(model.file, target.fsPath)
    } catch (error) {
      throw explainSystemError(error, 'write', target.fsPath)
    }
  }
  const reveal = vscode.l10n.t('Reveal')
  void vscode.window
    .showInformationMessage(vscode.l10n.t('{0} was written.', basename(target.fsPath)), reveal)
    .then((answer) => (answer === reveal ? revealFile(target) : undefined))
}

/** The picture that an exported graph takes: its size is part of the graph. */
async function askForSize(): Promise<{ width: number; height: number } | undefined> {
  const sizes = /^\s*(\d+)(?:\s*x\s*(\d+))?\s*$/i
  const text = await vscode.window.showInputBox({
    title: vscode.l10n.t('Size of the pictures that the exported graph takes'),
    prompt: vscode.l10n.t('Width x height in pixels, multiples of the patch, such as 224 or 864x480'),
    value: '224',
    ...STAYS,
    validateInput: (value) =>
      sizes.test(value) ? undefined : vscode.l10n.t('A size has the form 224 or 864x480.'),
  })
  const found = text === undefined ? null : sizes.exec(text)
  return (found && { width: Number(found[1]), height: Number(found[2] ?? found[1]) }) || undefined
}

/** A name that every file system takes. */
function safeName(name: string): string {
  return name.replaceAll(/[^\p{L}\p{N} ._()-]+/gu, '_').trim() || 'model'
}

function wishOf(given: unknown): ImportWish | undefined {
  if (given instanceof vscode.Uri) return { file: given.fsPath }
  // The button of the view's title is handed the line that has the focus, which is no file to import.
  return typeof given === 'object' &&
    given !== null &&
    !('kind' in given) &&
    'file' in given &&
    typeof given.file === 'string'
    ? (given as ImportWish)
    : undefined
}
