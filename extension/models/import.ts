/** A file of others becomes a model on the list: asked in the model process, with progress and cancel. */
import { basename, extname } from 'node:path'
import * as vscode from 'vscode'
import type { ImportAnswer, ImportRequest } from '../../model/process/index.ts'
import { inPercent } from '../progress.ts'
import { showReport } from '../reports.ts'
import type { Services } from '../services.ts'
import { importReport } from './import-report.ts'
import type { ModelEntry } from './types.ts'

/** What is known of a model before it is read. */
export interface ImportWish {
  /** Absolute path. */
  readonly file: string
  /** Where it is from, where that is not the file. */
  readonly source?: string
  readonly licence?: string
  readonly name?: string
  readonly heads?: number
  readonly normalise?: ImportRequest['normalise']
}

export interface ImportedModel {
  readonly model: ModelEntry
  /** Markdown. */
  readonly report: string
}

/**
 * Imports a file, asking what cannot be seen from it, and puts the model on the list.
 * @returns undefined when the person gives up
 * @throws Error whose message is a sentence: the file is no model, damaged, hostile, of an unknown family
 */
export async function importFile(services: Services, wish: ImportWish): Promise<ImportedModel | undefined> {
  const { file, source = file } = wish
  const name = wish.name ?? nameOf(file)
  const out = await services.models.fileFor(name, /\.onnx$/i.test(file) ? '.onnx' : '.safetensors')
  let asked: Pick<ImportWish, 'heads' | 'normalise'> = { heads: wish.heads, normalise: wish.normalise }
  for (;;) {
    const answer = await run(services, {
      file,
      out,
      source,
      ...(wish.licence !== undefined && { licence: wish.licence }),
      ...(asked.heads !== undefined && { heads: asked.heads }),
      ...(asked.normalise !== undefined && { normalise: asked.normalise }),
    })
    if (answer === undefined) return undefined
    if (answer.kind === 'done') {
      const model = await services.models.add({
        name,
        family: answer.report.family.replace(/ \(.*/, ''),
        size: answer.name,
        origin: 'imported',
        source,
        licence: answer.licence,
        file: out,
        sourceSha256: answer.report.sha256,
      })
      return { model, report: importReport(model.name, source, answer) }
    }
    const more = await ask(answer)
    if (more === undefined) return undefined
    asked = { ...asked, ...more }
  }
}

/** Tells that a model is there, and offers what people do next. */
export async function tellImported(services: Services, { model, report }: ImportedModel): Promise<void> {
  const use = vscode.l10n.t('Use It')
  const show = vscode.l10n.t('Show Report')
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('{0} ({1}, {2}) is on the list of models.', model.name, model.family, model.size),
    use,
    show,
  )
  if (answer === use) await services.models.activate(model.id)
  if (answer === show) await showReport(vscode.l10n.t('Import of {0}', model.name), report)
}

async function run({ client }: Services, request: ImportRequest): Promise<ImportAnswer | undefined> {
  const job = `import ${Date.now()}`
  return vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      cancellable: true,
      title: vscode.l10n.t('Importing {0}', basename(request.file)),
    },
    async (progress, token) => {
      const tell = inPercent(progress)
      const listener = client.onImporting(({ job: other, step, done, total }) => {
        if (other !== job) return
        // Reading is nine tenths of the work; the check is one picture.
        const now = step === 'reading' ? (90 * done) / Math.max(1, total) : step === 'checking' ? 90 : 95
        tell(now, stepText(step))
      })
      const cancel = token.onCancellationRequested(() => void client.cancelImport(job).catch(() => {}))
      try {
        return await client.importModel(job, request)
      } catch (error) {
        if (token.isCancellationRequested) return undefined
        throw error
      } finally {
        listener.dispose()
        cancel.dispose()
      }
    },
  )
}

function stepText(step: 'reading' | 'checking' | 'writing'): string {
  switch (step) {
    case 'reading':
      return vscode.l10n.t('reading the weights')
    case 'checking':
      return vscode.l10n.t('trying it on a picture')
    case 'writing':
      return vscode.l10n.t('writing the model')
    default:
      step satisfies never
      return ''
  }
}

async function ask(
  question: Extract<ImportAnswer, { kind: 'question' }>,
): Promise<Pick<ImportWish, 'heads' | 'normalise'> | undefined> {
  if (question.about === 'normalise') return askNormalise()
  const items = question.suggestions.map((heads) => ({
    label: String(heads),
    description: heads === question.suggestions[0] ? vscode.l10n.t('most likely') : undefined,
  }))
  const chosen = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('How many attention heads has the network?'),
    placeHolder: vscode.l10n.t('Its tensors do not tell; its paper or code does.'),
    ignoreFocusOut: true,
  })
  return chosen && { heads: Number(chosen.label) }
}

async function askNormalise(): Promise<Pick<ImportWish, 'normalise'> | undefined> {
  const items: (vscode.QuickPickItem & { normalise: ImportRequest['normalise'] })[] = [
    {
      label: vscode.l10n.t("ImageNet's mean and deviation"),
      description: vscode.l10n.t('most models'),
      normalise: 'imagenet',
    },
    {
      label: vscode.l10n.t('Pixels from -1 to 1'),
      description: vscode.l10n.t("Google's vision transformers"),
      normalise: 'half',
    },
    {
      label: vscode.l10n.t('Pixels from 0 to 1'),
      description: vscode.l10n.t('graphs that normalise by themselves'),
      normalise: 'none',
    },
  ]
  const chosen = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('How are pixels normalised for this network?'),
    placeHolder: vscode.l10n.t('The file does not tell; its preprocessing configuration does.'),
    ignoreFocusOut: true,
  })
  return chosen && { normalise: chosen.normalise }
}

/** A file's name without what it ends with. */
function nameOf(file: string): string {
  return basename(file, extname(file))
}
