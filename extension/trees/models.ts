import { access } from 'node:fs/promises'
import { basename } from 'node:path'
import * as vscode from 'vscode'
import { megabytes } from '../models/import-report.ts'
import type { ModelEntry, ModelOrigin, Models } from '../models/index.ts'
import { STARTER_ID } from '../models/index.ts'
import { licenceWords } from '../models/licence.ts'
import type { ModelItem } from '../models/pick-model.ts'
import { wordsOf } from '../words.ts'
import { TreeChanges } from './changes.ts'

/** A line of the view: a model, the file that the setting names without being on the list, or why there is no list. */
export type ModelLine =
  | ({ readonly kind: 'model'; readonly isThere: boolean } & ModelItem)
  | { readonly kind: 'unlisted'; readonly file: string }
  | { readonly kind: 'problem'; readonly sentence: string }

const ICONS: Record<ModelOrigin, string> = {
  starter: 'package',
  imported: 'desktop-download',
  trained: 'mortar-board',
}

/** The models at hand: starter, imported, trained; the active one of this workspace has a check. */
export class ModelsTree implements vscode.TreeDataProvider<ModelLine>, vscode.Disposable {
  readonly #models: Models
  readonly #changes = new TreeChanges()
  readonly #subscription: vscode.Disposable
  readonly onDidChangeTreeData = this.#changes.event

  constructor(models: Models) {
    this.#models = models
    this.#subscription = models.onDidChange(this.#changes.now)
  }

  async getChildren(line?: ModelLine): Promise<ModelLine[]> {
    if (line !== undefined) return []
    // Where the folder cannot be watched, only what other windows change is not seen at once.
    await this.#models.registry.watch().catch(() => {})
    const { activeFile } = this.#models
    try {
      const models = await this.#models.list()
      const listed = await Promise.all(
        models.map(async (model) => ({ kind: 'model' as const, model, isThere: await exists(model.file) })),
      )
      const unlisted = activeFile !== undefined && !models.some((model) => this.#models.isActive(model))
      return [...listed, ...(unlisted ? [{ kind: 'unlisted' as const, file: activeFile }] : [])]
    } catch (error) {
      return [{ kind: 'problem', sentence: wordsOf(error) }]
    }
  }

  getTreeItem(line: ModelLine): vscode.TreeItem {
    switch (line.kind) {
      case 'model':
        return modelItem(line.model, line.isThere, this.#models.isActive(line.model))
      case 'unlisted':
        return unlistedItem(line.file)
      case 'problem':
        return problemItem(line.sentence)
      default:
        return line satisfies never
    }
  }

  dispose(): void {
    this.#subscription.dispose()
    this.#changes.dispose()
  }
}

function modelItem(model: ModelEntry, isThere: boolean, isActive: boolean): vscode.TreeItem {
  const item = new vscode.TreeItem(model.name)
  item.id = model.id
  // Words that the menus look for: starter or own, active, missing.
  item.contextValue = [
    'model',
    model.id === STARTER_ID ? 'starter' : 'own',
    ...(isActive ? ['active'] : []),
    ...(isThere ? [] : ['missing']),
  ].join(' ')
  item.description = [
    `${model.family} ${model.size}`,
    originText(model.origin),
    ...(isActive ? [vscode.l10n.t('active')] : []),
    ...(isThere ? [] : [vscode.l10n.t('file is missing')]),
  ].join(' · ')
  item.tooltip = tooltip(model, isThere)
  item.iconPath = new vscode.ThemeIcon(isThere ? (isActive ? 'check' : ICONS[model.origin]) : 'warning')
  item.accessibilityInformation = { label: `${model.name}, ${item.description}` }
  return item
}

function unlistedItem(file: string): vscode.TreeItem {
  const item = new vscode.TreeItem(basename(file))
  item.description = vscode.l10n.t('named by the setting · active')
  item.tooltip = file
  item.iconPath = new vscode.ThemeIcon('check')
  item.command = {
    command: 'workbench.action.openSettings',
    title: vscode.l10n.t('Open the setting'),
    arguments: ['siammae.model'],
  }
  return item
}

function problemItem(sentence: string): vscode.TreeItem {
  const item = new vscode.TreeItem(sentence)
  item.tooltip = sentence
  item.iconPath = new vscode.ThemeIcon('error')
  item.command = { command: 'siammae.showLog', title: vscode.l10n.t('Show Log') }
  return item
}

function tooltip(model: ModelEntry, isThere: boolean): vscode.MarkdownString {
  const text = new vscode.MarkdownString()
  const line = (name: string, value: string): void => {
    if (value !== '') text.appendMarkdown(`- ${name}: `).appendText(value).appendMarkdown('\n')
  }
  text.appendMarkdown('**').appendText(model.name).appendMarkdown('**\n\n')
  line(vscode.l10n.t('Network'), `${model.family} ${model.size}`)
  line(vscode.l10n.t('Licence'), wordsOf(licenceWords(model)))
  line(vscode.l10n.t('From'), model.source)
  line(vscode.l10n.t('File'), isThere ? `${model.file}, ${megabytes(model.bytes)}` : model.file)
  line(vscode.l10n.t('Added'), model.added.slice(0, 10))
  line('SHA-256', model.sha256.replace(/^sha256:/, '').slice(0, 16))
  return text
}

function originText(origin: ModelOrigin): string {
  switch (origin) {
    case 'starter':
      return vscode.l10n.t('comes with the extension')
    case 'imported':
      return vscode.l10n.t('imported')
    case 'trained':
      return vscode.l10n.t('trained here')
    default:
      origin satisfies never
      return ''
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
