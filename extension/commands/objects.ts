import * as vscode from 'vscode'
import {
  deleteFrom,
  deleteObject,
  deleteOnFrame,
  type Edit,
  type Label,
  nextLabelId,
  nextObjectId,
} from '../../model/annotation/index.ts'
import type { AnnotatorDocument } from '../editor/index.ts'
import { COLOURS, freeColour } from '../labels.ts'
import { Sentence } from '../sentence.ts'
import { swatch } from '../trees/swatch.ts'
import { activeView, type Handlers } from './command.ts'
import { colourOf, pickObject } from './pick-object.ts'

export const objectCommands: Handlers = {
  async newObject(services) {
    const view = activeView(services)
    const { document } = view
    const label = await askForLabel(document, { offerNew: true })
    if (label === undefined) return
    const { annotations } = document
    const id = nextObjectId(annotations)
    const name = await askForName(
      document,
      vscode.l10n.t('Name of the new object'),
      freeName(document, label.label.name),
    )
    if (name === undefined) return
    const alike = [...annotations.objects.values()].some(({ labelId }) => labelId === label.label.id)
    const used = [...annotations.objects.values()].map((object) => colourOf(annotations, object))
    // The first object of a label shows its colour; others of the kind are told apart by their own.
    const colour = alike || used.includes(label.label.colour) ? { colour: freeColour(used) } : {}
    document.perform(
      group('New object', [
        ...label.edits,
        { kind: 'putObject', object: { id, name, labelId: label.label.id, ...colour } },
      ]),
      vscode.l10n.t('New object'),
    )
    view.command({ name: 'selectObject', objectId: id })
    const drawing = view.view.tool === 'select' || view.view.tool === 'pan'
    if (label.label.skeleton !== undefined) view.command({ name: 'tool', tool: 'keypoints' })
    else if (drawing || view.view.tool === 'keypoints') view.command({ name: 'tool', tool: 'brush' })
  },

  async renameObject(services, given) {
    const view = activeView(services)
    const object = await pickObject(view, given)
    if (object === undefined) return
    const name = await askForName(view.document, vscode.l10n.t('New name of {0}', object.name), object.name)
    if (name === undefined || name === object.name) return
    view.document.perform({ kind: 'putObject', object: { ...object, name } }, vscode.l10n.t('Rename object'))
  },

  async recolourObject(services, given) {
    const view = activeView(services)
    const object = await pickObject(view, given)
    if (object === undefined) return
    const colour = await askForColour(colourOf(view.document.annotations, object))
    if (colour === undefined) return
    view.document.perform(
      { kind: 'putObject', object: { ...object, colour } },
      vscode.l10n.t('Change object colour'),
    )
  },

  async relabelObject(services, given) {
    const view = activeView(services)
    const object = await pickObject(view, given)
    if (object === undefined) return
    const label = await askForLabel(view.document, { offerNew: true, current: object.labelId })
    if (label === undefined || label.label.id === object.labelId) return
    view.document.perform(
      group('Change object label', [
        ...label.edits,
        { kind: 'putObject', object: { ...object, labelId: label.label.id } },
      ]),
      vscode.l10n.t('Change object label'),
    )
  },

  async deleteOnFrame(services, given) {
    const view = activeView(services)
    const object = await pickObject(view, given)
    if (object === undefined) return
    view.document.perform(
      deleteOnFrame(view.document.annotations, object.id, view.view.frame),
      vscode.l10n.t('Delete object on this frame'),
    )
  },

  async deleteFromHere(services, given) {
    const view = activeView(services)
    const object = await pickObject(view, given)
    if (object === undefined) return
    view.document.perform(
      deleteFrom(view.document.annotations, object.id, view.view.frame),
      vscode.l10n.t('Delete object from this frame on'),
    )
  },

  async deleteObject(services, given) {
    const view = activeView(services)
    const object = await pickObject(view, given)
    if (object === undefined) return
    // No question: it is one step to undo.
    view.document.perform(
      deleteObject(view.document.annotations, object.id),
      vscode.l10n.t('Delete object altogether'),
    )
  },
}

interface ChosenLabel {
  readonly label: Label
  /** What puts it into the document where it is new. */
  readonly edits: readonly Edit[]
}

async function askForLabel(
  document: AnnotatorDocument,
  { offerNew, current }: { readonly offerNew: boolean; readonly current?: number },
): Promise<ChosenLabel | undefined> {
  const { annotations } = document
  const labels = [...annotations.labels.values()].sort((a, b) => a.id - b.id)
  if (labels.length === 0) return newLabel(document)
  const add = { label: `$(add) ${vscode.l10n.t('New label...')}`, chosen: undefined }
  const items = labels.map((label) => ({
    label: label.name,
    description: [
      ...(label.id === current ? [vscode.l10n.t('current')] : []),
      ...(label.skeleton === undefined
        ? []
        : [vscode.l10n.t('{0} keypoints', label.skeleton.keypoints.length)]),
    ].join(', '),
    iconPath: swatch(label.colour),
    chosen: label,
  }))
  const item = await vscode.window.showQuickPick<vscode.QuickPickItem & { chosen: Label | undefined }>(
    offerNew ? [...items, add] : items,
    { placeHolder: vscode.l10n.t('What kind of thing is it?') },
  )
  if (item === undefined) return undefined
  return item.chosen === undefined ? newLabel(document) : { label: item.chosen, edits: [] }
}

async function newLabel(document: AnnotatorDocument): Promise<ChosenLabel | undefined> {
  const { labels } = document.annotations
  const name = await vscode.window.showInputBox({
    title: vscode.l10n.t('New label'),
    prompt: vscode.l10n.t('What kind of thing is it? For example: fish, hand, car.'),
    validateInput: (text) =>
      [...labels.values()].some((label) => label.name === text.trim())
        ? vscode.l10n.t('There is a label of this name already.')
        : emptyName(text),
  })
  if (name === undefined) return undefined
  const label: Label = {
    id: nextLabelId(document.annotations),
    name: name.trim(),
    colour: freeColour([...labels.values()].map(({ colour }) => colour)),
  }
  return { label, edits: [{ kind: 'putLabel', label }] }
}

async function askForName(
  document: AnnotatorDocument,
  prompt: string,
  value: string,
): Promise<string | undefined> {
  const names = new Set([...document.annotations.objects.values()].map(({ name }) => name))
  const name = await vscode.window.showInputBox({
    prompt,
    value,
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

async function askForColour(current: string): Promise<string | undefined> {
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

/** `fish`, then `fish 2`, `fish 3`. */
function freeName(document: AnnotatorDocument, base: string): string {
  const names = new Set([...document.annotations.objects.values()].map(({ name }) => name))
  if (!names.has(base)) return base
  for (let n = 2; n <= names.size + 1; n++) if (!names.has(`${base} ${n}`)) return `${base} ${n}`
  throw new Sentence('There is no free name for the object; rename one first.')
}

function group(label: string, edits: readonly Edit[]): Edit {
  return { kind: 'group', label, edits }
}
