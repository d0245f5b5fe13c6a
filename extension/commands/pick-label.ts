import * as vscode from 'vscode'
import { type Edit, type Label, nextLabelId } from '../../model/annotation/index.ts'
import type { AnnotatorDocument } from '../editor/index.ts'
import { freeColour, missingLabels } from '../labels.ts'
import type { Services } from '../services.ts'
import { swatch } from '../trees/swatch.ts'
import { askForLabelName } from './ask.ts'

/** A label that the person chose. */
export interface ChosenLabel {
  readonly label: Label
  /** What puts it into the document where it is not there yet. */
  readonly edits: readonly Edit[]
}

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
  const item = (label: Label, edits: readonly Edit[]) => ({
    label: label.name,
    description: [
      ...(label.id === current ? [vscode.l10n.t('current')] : []),
      ...(label.skeleton === undefined
        ? []
        : [vscode.l10n.t('{0} keypoints', label.skeleton.keypoints.length)]),
    ].join(', '),
    iconPath: swatch(label.colour),
    chosen: { label, edits },
  })
  const next = nextLabelId(annotations)
  const items: (vscode.QuickPickItem & { chosen?: ChosenLabel })[] = [
    ...own.map((label) => item(label, [])),
    ...(others.length > 0
      ? [{ label: vscode.l10n.t('labels of the workspace'), kind: vscode.QuickPickItemKind.Separator }]
      : []),
    ...others.map((other) => {
      const label = { ...other, id: next }
      return item(label, [{ kind: 'putLabel', label }])
    }),
    { label: '', kind: vscode.QuickPickItemKind.Separator },
    { label: `$(add) ${vscode.l10n.t('New label...')}` },
  ]
  const picked = await vscode.window.showQuickPick(items, {
    placeHolder: vscode.l10n.t('What kind of thing is it?'),
  })
  if (picked === undefined) return undefined
  return picked.chosen ?? askForNewLabel(document)
}

/** A label of this name, in a colour that no other has. */
export function newLabelOf({ annotations }: AnnotatorDocument, name: string): Label {
  return {
    id: nextLabelId(annotations),
    name,
    colour: freeColour([...annotations.labels.values()].map(({ colour }) => colour)),
  }
}

async function askForNewLabel(document: AnnotatorDocument): Promise<ChosenLabel | undefined> {
  const name = await askForLabelName(document)
  if (name === undefined) return undefined
  const label = newLabelOf(document, name)
  return { label, edits: [{ kind: 'putLabel', label }] }
}
