/** 'Download Model': the catalogue is shown, the person chooses and is asked, then it is fetched, checked and imported. */
import { access, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import * as vscode from 'vscode'
import { CancelledError } from '../../model/errors.ts'
import { inPercent } from '../progress.ts'
import type { Services } from '../services.ts'
import { wordsOf } from '../words.ts'
import { type CatalogueModel, readCatalogue } from './catalogue.ts'
import { download } from './download.ts'
import { type ImportedModel, importFile } from './import.ts'
import { megabytes } from './import-report.ts'
import { licenceWords } from './licence.ts'

/**
 * Lets the person choose a public checkpoint, and fetches it.
 * @param id of the one that is chosen already
 * @returns undefined when the person gives up
 * @throws Sentence, UserError from the download and the import
 */
export async function downloadModel(services: Services, id?: string): Promise<ImportedModel | undefined> {
  const path = services.context.asAbsolutePath(join('media', 'models', 'catalogue.json'))
  const models = await readCatalogue(path)
  const model = models.find((other) => other.id === id) ?? (await choose(models))
  if (model === undefined) return undefined
  if (model.download === undefined) {
    await offerByHand(model)
    return undefined
  }
  if (!(await confirm(model))) return undefined
  const { url } = model.download
  const file = join(
    services.models.registry.folder,
    'downloads',
    `${model.id}-${basename(new URL(url).pathname)}`,
  )
  if (!(await exists(file)) && !(await fetchFile(model, file))) return undefined
  const imported = await importFile(services, {
    file,
    name: model.name,
    source: url,
    licence: model.licence,
  })
  // The model has what matters of it, and its hash; a second copy would only fill the disk.
  if (imported !== undefined) await rm(file, { force: true })
  return imported
}

async function choose(models: readonly CatalogueModel[]): Promise<CatalogueModel | undefined> {
  const items: (vscode.QuickPickItem & { model?: CatalogueModel })[] = []
  for (const family of new Set(models.map((model) => model.family))) {
    items.push({ label: family, kind: vscode.QuickPickItemKind.Separator })
    for (const model of models.filter((other) => other.family === family))
      items.push({ label: model.name, description: factsOf(model), detail: scoresOf(model), model })
  }
  const item = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Download Model'),
    placeHolder: vscode.l10n.t('Public checkpoints; nothing is downloaded before you say so'),
    matchOnDescription: true,
  })
  return item?.model
}

/** Size, licence, and where only a browser gets it. */
function factsOf({ download: source, licence }: CatalogueModel): string {
  return [
    source === undefined ? vscode.l10n.t('by hand, in a browser') : megabytes(source.bytes),
    licence === 'unknown' ? vscode.l10n.t('licence unknown') : licence,
  ].join(' · ')
}

/** Published scores with the words for how they were measured. */
function scoresOf({ scores }: CatalogueModel): string | undefined {
  if (scores === undefined) return undefined
  const { davisJF, vipMIoU, jhmdbPck, source } = scores
  const numbers = [
    ...(davisJF === undefined ? [] : [`DAVIS J&F ${davisJF}`]),
    ...(vipMIoU === undefined ? [] : [`VIP mIoU ${vipMIoU}`]),
    ...(jhmdbPck === undefined ? [] : [`JHMDB PCK ${jhmdbPck.join(' / ')}`]),
  ]
  return vscode.l10n.t('{0} (label propagation; {1})', numbers.join(', '), source)
}

async function confirm(model: CatalogueModel): Promise<boolean> {
  const { url, bytes } = model.download!
  const go = vscode.l10n.t('Download')
  const page = vscode.l10n.t('Open Its Page')
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('Download {0} ({1}) from {2}?', model.name, megabytes(bytes), new URL(url).host),
    {
      modal: true,
      detail: vscode.l10n.t(
        'Licence: {0}. It is downloaded over an encrypted connection, checked, imported, and tried on a picture.',
        wordsOf(licenceWords(model)),
      ),
    },
    go,
    page,
  )
  if (answer === page) await vscode.env.openExternal(vscode.Uri.parse(model.page))
  return answer === go
}

/** Some publishers give their files to browsers only. */
async function offerByHand(model: CatalogueModel): Promise<void> {
  const open = vscode.l10n.t('Open Download Page')
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('{0} can be downloaded in a browser only.', model.name),
    {
      modal: true,
      detail: vscode.l10n.t(
        'Licence: {0}. Download the file from its page, then import it.',
        wordsOf(licenceWords(model)),
      ),
    },
    open,
  )
  if (answer !== open) return
  await vscode.env.openExternal(vscode.Uri.parse(model.byHand!))
  const importIt = vscode.l10n.t('Import')
  void vscode.window
    .showInformationMessage(vscode.l10n.t('Is the file of {0} there? Then import it.', model.name), importIt)
    .then((next) => (next === importIt ? vscode.commands.executeCommand('siammae.importModel') : undefined))
}

/** @returns whether the file is there; false when the person gave up */
async function fetchFile(model: CatalogueModel, target: string): Promise<boolean> {
  return vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      cancellable: true,
      title: vscode.l10n.t('Downloading {0}', model.name),
    },
    async (progress, token) => {
      const stop = new AbortController()
      const cancel = token.onCancellationRequested(() => stop.abort())
      const tell = inPercent(progress)
      let told = 0
      try {
        await download({
          ...model.download!,
          target,
          signal: stop.signal,
          onProgress: (done, total = model.download!.bytes) => {
            if (performance.now() - told < 100 && done < total) return
            told = performance.now()
            tell((100 * done) / total, vscode.l10n.t('{0} of {1}', megabytes(done), megabytes(total)))
          },
        })
        return true
      } catch (error) {
        if (error instanceof CancelledError) return false
        throw error
      } finally {
        cancel.dispose()
      }
    },
  )
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
