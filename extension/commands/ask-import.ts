/** What 'Import Marks' has to ask. Each returns undefined when the person gives up. */
import { basename, join } from 'node:path'
import * as vscode from 'vscode'
import type { VideoReference } from '../../model/annotation/index.ts'
import type { DatasetSequence, Numbering } from '../../model/formats/index.ts'
import type { AnnotatorDocument } from '../editor/index.ts'
import { STAYS } from './ask.ts'

/** @param frame that masks without a frame of their own are for */
export async function askForMarks(document: AnnotatorDocument, frame: number): Promise<string | undefined> {
  const items: (vscode.QuickPickItem & Pick<vscode.OpenDialogOptions, 'filters'>)[] = [
    {
      label: vscode.l10n.t('Masks of Frame {0}', frame),
      detail: vscode.l10n.t(
        'A PNG whose values are object numbers, or black and white for the selected object',
      ),
      filters: { PNG: ['png'] },
    },
    {
      label: vscode.l10n.t('Annotations of Another Side-Car'),
      detail: vscode.l10n.t('A *.siam.json of the same video'),
      filters: { 'siam.json': ['json'] },
    },
    {
      label: vscode.l10n.t('COCO or YouTube-VIS File'),
      detail: vscode.l10n.t('A JSON file, also one that was changed in another tool'),
      filters: { JSON: ['json'] },
    },
    {
      label: vscode.l10n.t('Dataset Folder'),
      detail: vscode.l10n.t('DAVIS, or what Export Dataset has written'),
    },
  ]
  const item = await vscode.window.showQuickPick(items, {
    placeHolder: vscode.l10n.t('What should be imported?'),
    ...STAYS,
  })
  if (item === undefined) return undefined
  // Windows and Linux have no dialog for both files and folders.
  const uris = await vscode.window.showOpenDialog({
    canSelectFiles: item.filters !== undefined,
    canSelectFolders: item.filters === undefined,
    ...(item.filters && { filters: item.filters }),
    defaultUri: vscode.Uri.file(join(document.videoPath, '..')),
    openLabel: vscode.l10n.t('Import'),
    title: item.label,
  })
  return uris?.[0]?.fsPath
}

/** Which video of a dataset; not asked where it has one only. */
export async function askForSequence(
  sequences: readonly DatasetSequence[],
): Promise<DatasetSequence | undefined> {
  if (sequences.length === 1) return sequences[0]
  const items = sequences.map((sequence) => ({
    label: sequence.name,
    description: sequence.title,
    sequence,
  }))
  const item = await vscode.window.showQuickPick(items, {
    placeHolder: vscode.l10n.t('Which of the videos in it is this one?'),
    ...STAYS,
  })
  return item?.sequence
}

/**
 * Which frames the files of a dataset are, where only their names tell and they leave a doubt: a mark on the wrong frame is
 * worse than a question.
 */
export async function askForNumbering({
  file,
  choices,
}: NonNullable<DatasetSequence['unclear']>): Promise<Numbering | undefined> {
  const why = {
    0: vscode.l10n.t('The numbers in the names count frames from 0'),
    1: vscode.l10n.t('The numbers in the names count frames from 1'),
    order: vscode.l10n.t('The files are the first frames of the video, in their order'),
  }
  const items = choices.map(({ numbering, first, last }) => ({
    label: vscode.l10n.t('Frame {0}', first),
    description: vscode.l10n.t('and the last file frame {0}', last),
    detail: why[numbering],
    numbering,
  }))
  const item = await vscode.window.showQuickPick(items, {
    placeHolder: vscode.l10n.t('Which frame of the video is {0}?', basename(file)),
    ...STAYS,
  })
  return item?.numbering
}

/** Frames of another file are others, unless it is the same recording: converted, or cut at its end. */
export async function askOtherVideo({ path }: VideoReference): Promise<boolean | undefined> {
  const items = [
    {
      label: vscode.l10n.t('Do Not Import'),
      detail: vscode.l10n.t('Frame numbers mean other pictures there'),
      take: false,
    },
    {
      label: vscode.l10n.t('Import All the Same'),
      detail: vscode.l10n.t('It is the same recording, frame by frame'),
      take: true,
    },
  ]
  const item = await vscode.window.showQuickPick(items, {
    placeHolder: vscode.l10n.t('These marks are of another file, {0}', basename(path)),
    ...STAYS,
  })
  return item?.take
}

/** Whose marks count where two people said different things. @returns whether the imported ones replace */
export async function askWhose(conflicts: number): Promise<boolean | undefined> {
  const items = [
    {
      label: vscode.l10n.t('Keep Mine'),
      detail: vscode.l10n.t('The rest is imported'),
      replace: false,
    },
    {
      label: vscode.l10n.t('Take the Imported Ones'),
      detail: vscode.l10n.t('One step, which can be undone'),
      replace: true,
    },
  ]
  const placeHolder =
    conflicts === 1
      ? vscode.l10n.t('One of your marks differs from the imported one')
      : vscode.l10n.t('{0} of your marks differ from the imported ones', conflicts)
  const item = await vscode.window.showQuickPick(items, { placeHolder, ...STAYS })
  return item?.replace
}
