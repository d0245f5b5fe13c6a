import * as vscode from 'vscode'
import type { AnnotatorDocument } from '../editor/index.ts'
import { COLOURS } from '../labels.ts'
import { swatch } from '../trees/swatch.ts'

/**
 * For a question that is one of several: the end of the one before gives the focus back to the canvas a moment later, and
 * a view that is coming up takes it too. A box that goes with the focus would be gone before it is answered.
 */
export const STAYS = { ignoreFocusOut: true }

/** @returns undefined when the person gives up */
export async function askForObjectName(
  document: AnnotatorDocument,
  prompt: string,
  value: string,
): Promise<string | undefined> {
  const names = new Set([...document.annotations.objects.values()].map(({ name }) => name))
  const name = await vscode.window.showInputBox({
    prompt,
    value,
    ...STAYS,
    validateInput: (text) => {
      const empty = emptyName(text)
      if (empty !== undefined) return empty
      // Allowed, because files of others have such names; two of a name are only hard to tell apart.
      return text.trim() !== value && names.has(text.trim())
        ? {
            message: vscode.l10n.t('There is an object of this name already.'),
            severity: vscode.InputBoxValidationSeverity.Warning,
          }
        : undefined
    },
  })
  return name?.trim()
}

/** @returns undefined when the person gives up */
export async function askForLabelName(
  document: AnnotatorDocument,
  value?: string,
): Promise<string | undefined> {
  const { labels } = document.annotations
  const name = await vscode.window.showInputBox({
    title: value === undefined ? vscode.l10n.t('New label') : vscode.l10n.t('Rename label'),
    prompt: vscode.l10n.t('What kind of thing is it? For example: fish, hand, car.'),
    value,
    ...STAYS,
    validateInput: (text) =>
      text.trim() !== value && [...labels.values()].some((label) => label.name === text.trim())
        ? vscode.l10n.t('There is a label of this name already.')
        : emptyName(text),
  })
  return name?.trim()
}

/** @returns `#rrggbb`; undefined when the person gives up */
export async function askForColour(current: string): Promise<string | undefined> {
  const own = { label: `$(edit) ${vscode.l10n.t('Another colour...')}`, colour: undefined }
  const items = COLOURS.map(({ name, colour }) => ({
    label: vscode.l10n.t(name),
    description: colour === current ? vscode.l10n.t('current') : colour,
    iconPath: swatch(colour),
    colour,
  }))
  const item = await vscode.window.showQuickPick<vscode.QuickPickItem & { colour: string | undefined }>(
    [...items, own],
    { placeHolder: vscode.l10n.t('Which colour?'), matchOnDescription: true },
  )
  if (item === undefined || item.colour !== undefined) return item?.colour
  const written = await vscode.window.showInputBox({
    prompt: vscode.l10n.t('Colour as #rrggbb'),
    value: current,
    ...STAYS,
    validateInput: (text) =>
      /^#[0-9a-f]{6}$/i.test(text.trim())
        ? undefined
        : vscode.l10n.t('A colour has the form #rrggbb, such as #56b4e9.'),
  })
  return written?.trim().toLowerCase()
}

function emptyName(text: string): string | undefined {
  return text.trim() === '' ? vscode.l10n.t('The name is empty.') : undefined
}
