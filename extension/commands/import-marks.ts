import { basename } from 'node:path'
import * as vscode from 'vscode'
import {
  type AnnotationDocument,
  isOtherVideo,
  type Merge,
  mergeDocuments,
} from '../../model/annotation/index.ts'
import type { Numbering } from '../../model/formats/index.ts'
import { isSidecarPath } from '../document/locate-video.ts'
import { inSlices } from '../document/slices.ts'
import { catalogueOf } from '../document/snapshot.ts'
import type { MarkSource } from '../document/worker-messages.ts'
import type { AnnotatorDocument } from '../editor/index.ts'
import { inPercent } from '../progress.ts'
import type { Services } from '../services.ts'
import { askForMarks, askForNumbering, askForSequence, askOtherVideo, askWhose } from './ask-import.ts'
import { freshView, type Handlers } from './command.ts'

/** What may be known beforehand, for tasks and tests; what is not is asked. */
interface ImportWish {
  readonly source?: vscode.Uri
  /** Of a dataset with several. */
  readonly sequence?: string
  readonly numbering?: Numbering
  /** Whether a person's marks that differ are replaced. */
  readonly replace?: boolean
  /** Whether marks of another file are taken. */
  readonly anyVideo?: boolean
}

/** What the marks are wanted for, as it was when the command was given: boxes stay open while a clip plays on. */
interface Place {
  readonly document: AnnotatorDocument
  readonly frame: number
  readonly objectId: number | undefined
}

export const importCommands: Handlers = {
  async importMarks(services, given) {
    const { document, view } = await freshView(services)
    const place: Place = { document, frame: view.frame, objectId: view.objectId }
    const wish = wishOf(given)
    const path = wish.source?.fsPath ?? (await askForMarks(document, place.frame))
    if (path === undefined) return undefined
    const source = await sourceOf(services, place, path, wish)
    if (source === undefined) return undefined
    const other = await reading(path, (options) => services.editors.readMarks(source, options))
    if (other === undefined) return undefined
    if (isOtherVideo(document.annotations.video, other.video) && !wish.anyVideo)
      if (!(await askOtherVideo(other.video))) return undefined
    const merge = await takeOver(services, document, other, source, wish.replace)
    if (merge === undefined) return undefined
    const { entries, frames, newObjects, conflicts } = merge
    void vscode.window.showInformationMessage(wordsAbout(merge, source, path))
    return { entries, frames, newObjects, conflicts }
  },
}

/** Does it as one step. @returns undefined when the person gives up */
async function takeOver(
  { propagation }: Services,
  document: AnnotatorDocument,
  other: AnnotationDocument,
  source: MarkSource,
  wished: boolean | undefined,
): Promise<(Merge & { readonly replaced: boolean }) | undefined> {
  const label = vscode.l10n.t('Import marks')
  let replace = wished
  for (;;) {
    const { annotations } = document
    // One that has brought nothing yet is not in the document, but has its number already.
    const run = propagation.current?.run
    const merge = await inSlices(
      mergeDocuments(annotations, other, {
        label,
        replace: replace ?? false,
        ...(run && { firstRun: run.id + 1 }),
      }),
    )
    if (merge.conflicts > 0 && replace === undefined) {
      replace = await askWhose(merge.conflicts)
      if (replace === undefined) return undefined
      continue
    }
    // People and runs go on while this looks: what it has not seen it must not change.
    if (annotations !== document.annotations || run !== propagation.current?.run || !merge.isCurrent())
      continue
    if (merge.entries > 0) {
      // A mask of one frame is as good as drawn, so its span may be worth propagating again.
      if (source.kind === 'mask') document.correct(merge.edit, label)
      else document.perform(merge.edit, label)
    }
    return { ...merge, replaced: replace ?? false }
  }
}

/** Shows that something is read. @returns undefined when the person gives up */
async function reading<T>(
  path: string,
  work: (options: {
    readonly signal: AbortSignal
    readonly progress: (done: number, total: number) => void
  }) => Promise<T>,
): Promise<T | undefined> {
  return vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      cancellable: true,
      title: vscode.l10n.t('Reading {0}', basename(path)),
    },
    async (progress, token) => {
      const stop = new AbortController()
      const listener = token.onCancellationRequested(() => stop.abort())
      const tell = inPercent(progress)
      try {
        return await work({
          signal: stop.signal,
          progress: (done, total) => tell((100 * done) / Math.max(1, total)),
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
  { document, frame, objectId }: Place,
  path: string,
  wish: ImportWish,
): Promise<MarkSource | undefined> {
  if (isSidecarPath(path)) return { kind: 'load', path }
  if (/\.png$/i.test(path))
    return { kind: 'mask', file: path, frame, catalogue: catalogueOf(document.annotations), objectId }
  const clip = { path: document.videoPath, frameCount: document.clip.frameCount }
  const sequences = await reading(path, ({ signal }) => editors.sequencesIn(path, clip, signal))
  if (sequences === undefined) return undefined
  const found =
    wish.sequence === undefined
      ? await askForSequence(sequences)
      : sequences.find(({ name }) => name === wish.sequence)
  if (found === undefined) return undefined
  let numbering = wish.numbering ?? found.numbering
  if (numbering === undefined && found.unclear !== undefined) {
    numbering = await askForNumbering(found.unclear)
    if (numbering === undefined) return undefined
  }
  return { kind: 'dataset', folder: path, found, ...(numbering !== undefined && { numbering }) }
}

function wordsAbout(
  { entries, frames, conflicts, replaced }: Merge & { readonly replaced: boolean },
  source: MarkSource,
  path: string,
): string {
  const name = basename(path)
  return [done(), kept()].filter(Boolean).join(' ')

  function done(): string {
    if (entries === 0)
      return conflicts === 0
        ? vscode.l10n.t('Nothing was imported from {0}: all of it is here already.', name)
        : vscode.l10n.t('Nothing was imported from {0}.', name)
    if (source.kind === 'mask')
      return vscode.l10n.t('The masks of {0} are on frame {1} now.', name, source.frame)
    return entries === 1
      ? vscode.l10n.t('One mark was imported from {0}.', name)
      : vscode.l10n.t('{0} marks were imported from {1}; frames with new marks: {2}.', entries, name, frames)
  }

  function kept(): string {
    if (conflicts === 0 || replaced) return ''
    return conflicts === 1
      ? vscode.l10n.t('One of yours that differs was kept.')
      : vscode.l10n.t('{0} of yours that differ were kept.', conflicts)
  }
}

function wishOf(given: unknown): ImportWish {
  // A menu of the editor's title hands over the address of the document.
  return typeof given === 'object' && given !== null && !(given instanceof vscode.Uri) ? given : {}
}
