import { basename, join } from 'node:path'
import * as vscode from 'vscode'
import { type AnnotationDocument, type Merge, mergeDocuments } from '../../model/annotation/index.ts'
import type { DatasetSequence, Numbering, NumberingChoice } from '../../model/formats/index.ts'
import { isSidecarPath } from '../document/locate-video.ts'
import { inSlices } from '../document/slices.ts'
import { catalogueOf } from '../document/snapshot.ts'
import type { MarkSource } from '../document/worker-messages.ts'
import type { AnnotatorDocument, AnnotatorView } from '../editor/index.ts'
import type { Services } from '../services.ts'
import { STAYS } from './ask.ts'
import { freshView, type Handlers } from './command.ts'

/** What may be known beforehand, for tasks and tests; what is not is asked. */
interface ImportWish {
  readonly source?: vscode.Uri
  /** Of a dataset with several. */
  readonly sequence?: string
  readonly numbering?: Numbering
  /** Whether a person's marks that differ are replaced. */
  readonly replace?: boolean
}

export const importCommands: Handlers = {
  async importMarks(services, given) {
    const view = await freshView(services)
    const { document } = view
    const wish = wishOf(given)
    const path = wish.source?.fsPath ?? (await askForPath(document))
    if (path === undefined) return undefined
    const source = await sourceOf(services, view, path, wish)
    if (source === undefined) return undefined
    const other = await read(services, source, path)
    if (other === undefined) return undefined
    const merge = await takeOver(document, other, source, wish.replace)
    if (merge === undefined) return undefined
    const { entries, frames, newObjects, conflicts } = merge
    void vscode.window.showInformationMessage(wordsAbout(merge, path))
    return { entries, frames, newObjects, conflicts }
  },
}

/** Does it as one step. @returns undefined when the person gives up */
async function takeOver(
  document: AnnotatorDocument,
  other: AnnotationDocument,
  source: MarkSource,
  wished: boolean | undefined,
): Promise<(Merge & { readonly replaced: boolean }) | undefined> {
  const label = vscode.l10n.t('Import marks')
  let replace = wished
  for (;;) {
    const merge = await inSlices(
      mergeDocuments(document.annotations, other, { label, replace: replace ?? false }),
    )
    if (merge.conflicts > 0 && replace === undefined) {
      replace = await askWhose(merge.conflicts)
      if (replace === undefined) return undefined
      continue
    }
    // People and runs go on while this looks: what it has not seen it must not change.
    if (!merge.isCurrent()) continue
    if (merge.entries > 0) {
      // A mask of one frame is as good as drawn, so its span may be worth propagating again.
      if (source.kind === 'mask') document.correct(merge.edit, label)
      else document.perform(merge.edit, label)
    }
    return { ...merge, replaced: replace ?? false }
  }
}

async function read(
  { editors }: Services,
  source: MarkSource,
  path: string,
): Promise<AnnotationDocument | undefined> {
  return vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      cancellable: true,
      title: vscode.l10n.t('Reading {0}', basename(path)),
    },
    async (progress, token) => {
      const stop = new AbortController()
      const listener = token.onCancellationRequested(() => stop.abort())
      let before = 0
      try {
        return await editors.readMarks(source, {
          signal: stop.signal,
          progress: (done, total) => {
            const now = (100 * done) / Math.max(1, total)
            progress.report({ increment: now - before })
            before = now
          },
        })
      } catch (error) {
        if (token.isCancellationRequested) return undefined
        throw error
      } finally {
        listener.dispose()
      }
    },
  )
}

/** What kind of file it is. @returns undefined when the person gives up */
async function sourceOf(
  { editors }: Services,
  { document, view }: AnnotatorView,
  path: string,
  wish: ImportWish,
): Promise<MarkSource | undefined> {
  if (isSidecarPath(path)) return { kind: 'load', path }
  if (/\.png$/i.test(path))
    return {
      kind: 'mask',
      file: path,
      frame: view.frame,
      catalogue: catalogueOf(document.annotations),
      objectId: view.objectId,
    }
  const { frameCount } = document.clip
  const sequences = await editors.sequencesIn(path, { path: document.videoPath, frameCount })
  const found =
    wish.sequence === undefined
      ? await askForSequence(sequences)
      : sequences.find(({ name }) => name === wish.sequence)
  if (found === undefined) return undefined
  const { choices = [], file = '' } = found.unclear ?? {}
  const numbering = wish.numbering ?? (await askForNumbering(file, choices))
  if (numbering === undefined && choices.length > 0) return undefined
  return { kind: 'dataset', folder: path, found, ...(numbering !== undefined && { numbering }) }
}

async function askForPath(document: AnnotatorDocument): Promise<string | undefined> {
  const items: (vscode.QuickPickItem & Pick<vscode.OpenDialogOptions, 'filters'>)[] = [
    {
      label: vscode.l10n.t('Masks of This Frame'),
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

async function askForSequence(sequences: readonly DatasetSequence[]): Promise<DatasetSequence | undefined> {
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
async function askForNumbering(
  file: string,
  choices: readonly NumberingChoice[],
): Promise<Numbering | undefined> {
  if (choices.length <= 1) return choices[0]?.numbering
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

/** Whose marks count where two people said different things. @returns whether the imported ones replace */
async function askWhose(conflicts: number): Promise<boolean | undefined> {
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
  const item = await vscode.window.showQuickPick(items, {
    placeHolder: vscode.l10n.t('{0} of your marks differ from those that are imported', conflicts),
    ...STAYS,
  })
  return item?.replace
}

function wordsAbout(
  { entries, frames, conflicts, replaced }: Merge & { readonly replaced: boolean },
  path: string,
): string {
  const name = basename(path)
  const kept =
    conflicts > 0 && !replaced ? vscode.l10n.t('{0} of yours that differ were kept.', conflicts) : ''
  const done =
    entries === 0
      ? vscode.l10n.t('Nothing was imported from {0}: all of it is here already.', name)
      : vscode.l10n.t('{0} marks on {1} frames were imported from {2}.', entries, frames, name)
  return [done, kept].filter(Boolean).join(' ')
}

function wishOf(given: unknown): ImportWish {
  // A menu of the editor's title hands over the address of the document.
  return typeof given === 'object' && given !== null && !(given instanceof vscode.Uri) ? given : {}
}
