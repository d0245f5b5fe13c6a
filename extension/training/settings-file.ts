/** 'All Settings': a JSON file that a person edits, laid over what the form says. */
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import * as vscode from 'vscode'
import { Sentence } from '../sentence.ts'

/** The schema of the manifest's `jsonValidation` counts for files of this ending. */
export const SETTINGS_ENDING = '.siam-train.json'

/** What a new file starts with: settings that people change most, as the preset has them. */
const FIRST_TEXT = `{
  "optimiser": { "learningRate": 0.0005, "layerDecay": 0.75 },
  "batch": 8,
  "accumulate": 4,
  "data": { "gap": [4, 48], "cropScale": [0.5, 1] }
}
`

/** Opens the file beside the form, made where it is missing. @throws Error when it cannot be written */
export async function openSettings(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, FIRST_TEXT, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await vscode.window.showTextDocument(vscode.Uri.file(path), { viewColumn: vscode.ViewColumn.Beside })
}

/**
 * What the file says now, unsaved changes included.
 * @throws Sentence when it is not a JSON object or is gone
 */
export async function readSettings(path: string): Promise<{
  readonly name: string
  readonly settings: Readonly<Record<string, unknown>>
}> {
  const name = basename(path)
  const document = await vscode.workspace.openTextDocument(vscode.Uri.file(path)).then(
    (opened) => opened,
    () => undefined,
  )
  if (document === undefined) throw new Sentence('{0} is gone; take it off the form, or open it again.', name)
  let value: unknown
  try {
    value = JSON.parse(document.getText())
  } catch (error) {
    throw new Sentence('{0} is not JSON: {1}.', name, error instanceof Error ? error.message : String(error))
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Sentence('{0} must hold a JSON object of settings.', name)
  return { name, settings: value as Record<string, unknown> }
}
