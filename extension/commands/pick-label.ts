import * as vscode from 'vscode'
import { type Edit, type Label, nextLabelId } from '../../model/annotation/index.ts'
import type { AnnotatorDocument } from '../editor/index.ts'
import { freeColour, missingLabels } from '../labels.ts'
import type { Services } from '../services.ts'
import { swatch } from '../trees/swatch.ts'
import { askForLabelName, STAYS } from './ask.ts'

/** A label that the person chose: one of the document, or one without an id that is not there yet. */
export type ChosenLabel = Label | NewLabel

type NewLabel = Omit<Label, 'id'>

/**
 * Lets the person choose a label of the document or of the workspace's catalogue, or make one.
 * @param current the id of the one that is in use
 * @returns undefined when the person gives up
 */
export async function askForLabel(
  { settings }: Services,
  document: AnnotatorDocument,
  current?: number,
): Promise<ChosenLabel | undefined> {
  const { annotations } = document
  const own = [...annotations.labels.values()].sort((a, b) => a.id - b.id)
  const others = missingLabels(annotations, settings.labels())
  if (own.length + others.length === 0) return askForNewLabel(document)
  const item = (label: ChosenLabel) => ({
    label: label.name,
    description: [
      ...('id' in label && label.id === current ? [vscode.l10n.t('current')] : []),
      ...(label.skeleton === undefined
        ? []
        : [vscode.l10n.t('{0} keypoints', label.skeleton.keypoints.length)]),
    ].join(', '),
    iconPath: swatch(label.colour),
    chosen: label,
  })
  const items: (vscode.QuickPickItem & { chosen?: ChosenLabel })[] = [
    ...own.map(item),
    ...(others.length > 0
      ? [{ label: vscode.l10n.t('labels of the workspace'), kind: vscode.QuickPickItemKind.Separator }]
      : []),
    ...others.map(({ id: _, ...label }) => item(label)),
    { label: '', kind: vscode.QuickPickItemKind.Separator },
    { label: `$(add) ${vscode.l10n.t('New label...')}` },
  ]
  const picked = await vscode.window.showQuickPick(items, {
    placeHolder: vscode.l10n.t('What kind of thing is it?'),
    ...STAYS,
  })
  if (picked === undefined) return undefined
  return picked.chosen ?? askForNewLabel(document)
}

/**
 * The chosen label as it is now, and what puts it into the document where it is not there. For after the last question:
 * boxes stay open while a document changes, so a label may have come or gone meanwhile.
 */
export function labelNow(
  { annotations }: AnnotatorDocument,
  chosen: ChosenLabel,
): { readonly label: Label; readonly edits: readonly Edit[] } {
  const { labels } = annotations
  const known =
    ('id' in chosen ? labels.get(chosen.id) : undefined) ??
    [...labels.values()].find(({ name }) => name === chosen.name)
  if (known !== undefined) return { label: known, edits: [] }
  const label = { ...chosen, id: nextLabelId(annotations) }
  return { label, edits: [{ kind: 'putLabel', label }] }
}

/** A label of this name, in a colour that no other has. */
export function newLabelOf({ annotations }: AnnotatorDocument, name: string): NewLabel {
  return { name, colour: freeColour([...annotations.labels.values()].map(({ colour }) => colour)) }
}

async function askForNewLabel(document: AnnotatorDocument): Promise<ChosenLabel | undefined> {
  const name = await askForLabelName(document)
  return name === undefined ? undefined : newLabelOf(document, name)
}
