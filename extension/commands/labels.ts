import * as vscode from 'vscode'
import { type Edit, type Label, nextLabelId, type Skeleton } from '../../model/annotation/index.ts'
import type { AnnotatorDocument } from '../editor/index.ts'
import { mergedCatalogue } from '../labels.ts'
import type { Services } from '../services.ts'
import { chain, edgesFrom, edgesText, keypointsFrom } from '../skeleton-text.ts'
import { swatch } from '../trees/swatch.ts'
import { wordsOf } from '../words.ts'
import { askForColour, askForLabelName, STAYS } from './ask.ts'
import { activeView, deletedMeanwhile, type Handlers } from './command.ts'
import { newLabelOf } from './pick-label.ts'

export const labelCommands: Handlers = {
  /** Pick a label, then what to do with it; again and again, until the person gives up. */
  async editLabels(services) {
    const { document } = activeView(services)
    while (await editOne(services, document)) {
      // The list is shown anew with what has changed.
    }
  },

  async saveLabels(services) {
    const { document } = activeView(services)
    await saveToCatalogue(services, document)
  },
}

type Choice = vscode.QuickPickItem & { readonly act: () => PromiseLike<unknown> }

async function editOne(services: Services, document: AnnotatorDocument): Promise<boolean> {
  const labels = [...document.annotations.labels.values()].sort((a, b) => a.id - b.id)
  const items: Choice[] = [
    ...labels.map((label) => ({
      label: label.name,
      description: describe(document, label),
      iconPath: swatch(label.colour),
      act: () => editLabel(document, label.id),
    })),
    { label: '', kind: vscode.QuickPickItemKind.Separator, act: async () => {} },
    { label: `$(add) ${vscode.l10n.t('New label...')}`, act: () => addLabel(services, document) },
    {
      label: `$(save) ${vscode.l10n.t('Save these labels for the workspace')}`,
      act: () => saveToCatalogue(services, document),
    },
    {
      label: `$(settings-gear) ${vscode.l10n.t("Edit the workspace's labels in the settings")}`,
      act: () => vscode.commands.executeCommand('workbench.action.openSettings', 'siammae.labels'),
    },
  ]
  const item = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Labels of this video'),
    placeHolder: vscode.l10n.t('Which label?'),
  })
  if (item === undefined) return false
  await item.act()
  return !item.label.startsWith('$(save)') && !item.label.startsWith('$(settings-gear)')
}

async function editLabel(document: AnnotatorDocument, labelId: number): Promise<void> {
  const label = document.annotations.labels.get(labelId)
  if (label === undefined) return
  // It may have changed, or be gone, while a box was open.
  const put = (change: (now: Label) => Label, step: string) => {
    const now = document.annotations.labels.get(labelId)
    if (now === undefined) throw deletedMeanwhile(label.name)
    document.perform({ kind: 'putLabel', label: change(now) }, step)
  }
  const used = [...document.annotations.objects.values()].some((object) => object.labelId === labelId)
  const items: Choice[] = [
    {
      label: `$(edit) ${vscode.l10n.t('Rename...')}`,
      act: async () => {
        const name = await askForLabelName(document, label.name)
        if (name !== undefined) put((now) => ({ ...now, name }), vscode.l10n.t('Rename label'))
      },
    },
    {
      label: `$(symbol-color) ${vscode.l10n.t('Change colour...')}`,
      act: async () => {
        const colour = await askForColour(label.colour)
        if (colour !== undefined) put((now) => ({ ...now, colour }), vscode.l10n.t('Change label colour'))
      },
    },
    {
      label: `$(type-hierarchy) ${vscode.l10n.t('Change skeleton...')}`,
      description: label.skeleton === undefined ? vscode.l10n.t('none') : label.skeleton.keypoints.join(', '),
      act: async () => {
        const skeleton = await askForSkeleton(label.skeleton)
        if (skeleton === undefined) return
        put(
          ({ skeleton: _, ...rest }) => (skeleton === 'none' ? rest : { ...rest, skeleton }),
          vscode.l10n.t('Change skeleton'),
        )
      },
    },
    ...(used
      ? []
      : [
          {
            label: `$(trash) ${vscode.l10n.t('Delete label')}`,
            act: async () =>
              document.perform({ kind: 'removeLabel', labelId }, vscode.l10n.t('Delete label')),
          },
        ]),
  ]
  const item = await vscode.window.showQuickPick(items, {
    title: label.name,
    placeHolder: vscode.l10n.t('What should change?'),
    ...STAYS,
  })
  await item?.act()
}

async function addLabel(services: Services, document: AnnotatorDocument): Promise<void> {
  const name = await askForLabelName(document)
  if (name === undefined) return
  const skeleton = await askForSkeleton(undefined)
  if (skeleton === undefined) return
  const edit: Edit = {
    kind: 'putLabel',
    label: {
      ...newLabelOf(document, name),
      id: nextLabelId(document.annotations),
      ...(skeleton === 'none' ? {} : { skeleton }),
    },
  }
  document.perform(edit, vscode.l10n.t('New label'))
  services.log.info(`New label ${name}`)
}

/** @returns undefined when the person gives up */
async function askForSkeleton(current: Skeleton | undefined): Promise<Skeleton | 'none' | undefined> {
  const names = await vscode.window.showInputBox({
    title: vscode.l10n.t('Skeleton: keypoints'),
    prompt: vscode.l10n.t('Names of keypoints in the order of placing, with commas between; empty for none'),
    placeHolder: vscode.l10n.t('nose, neck, tail'),
    value: current?.keypoints.join(', ') ?? '',
    ...STAYS,
    validateInput: (text) => complaint(() => keypointsFrom(text)),
  })
  if (names === undefined) return undefined
  const keypoints = keypointsFrom(names)
  if (keypoints.length === 0) return 'none'
  const same = current?.keypoints.join() === keypoints.join()
  const edges = await vscode.window.showInputBox({
    title: vscode.l10n.t('Skeleton: edges'),
    prompt: vscode.l10n.t('Which keypoints are joined by a line, such as nose-neck, with commas between'),
    value: edgesText(same && current !== undefined ? current : { keypoints, edges: chain(keypoints) }),
    ...STAYS,
    validateInput: (text) => complaint(() => edgesFrom(text, keypoints)),
  })
  return edges === undefined ? undefined : { keypoints, edges: edgesFrom(edges, keypoints) }
}

function complaint(read: () => unknown): string | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    return wordsOf(error)
  }
}

async function saveToCatalogue({ settings }: Services, document: AnnotatorDocument): Promise<void> {
  const labels = document.annotations.labels
  await settings.saveLabels(mergedCatalogue(settings.labels(), labels.values()))
  void vscode.window.showInformationMessage(
    vscode.l10n.t('The labels are saved in the setting siammae.labels; other videos offer them too.'),
  )
}

function describe(document: AnnotatorDocument, label: Label): string {
  const users = [...document.annotations.objects.values()].filter(
    ({ labelId }) => labelId === label.id,
  ).length
  return [
    vscode.l10n.t('{0} objects', users),
    ...(label.skeleton === undefined
      ? []
      : [vscode.l10n.t('{0} keypoints', label.skeleton.keypoints.length)]),
  ].join(', ')
}
