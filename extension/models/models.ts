/** The registry in VS Code, and which of its models this workspace works with. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as vscode from 'vscode'
import type { Settings } from '../settings.ts'
import { wordsOf } from '../words.ts'
import { ModelRegistry, STARTER_ID } from './registry.ts'
import type { ModelEntry, NewModel } from './types.ts'

/** What commands, views and trainings do with the models at hand. */
export class Models implements vscode.Disposable {
  readonly registry: ModelRegistry
  readonly #settings: Settings
  readonly #changed = new vscode.EventEmitter<void>()
  readonly #subscriptions: vscode.Disposable[]
  /** The list is another one, or another of its models is active. */
  readonly onDidChange = this.#changed.event

  constructor(context: vscode.ExtensionContext, settings: Settings) {
    this.#settings = settings
    const starter = context.asAbsolutePath(join('media', 'models', 'starter.safetensors'))
    this.registry = new ModelRegistry({
      folder: join(context.globalStorageUri.fsPath, 'models'),
      starter: () => starterEntry(starter, context),
      tellDamage: (sentence) => void vscode.window.showWarningMessage(wordsOf(sentence)),
    })
    this.#subscriptions = [
      settings.onDidChange(() => this.#changed.fire()),
      vscode.Disposable.from(this.registry.onDidChange(() => this.#changed.fire())),
    ]
  }

  /** All models, the starter first. @throws Sentence or UserError when the list cannot be read */
  list(): Promise<readonly ModelEntry[]> {
    return this.registry.list()
  }

  /** A path for a file that will belong to the registry. */
  fileFor(name: string, extension?: string): Promise<string> {
    return this.registry.fileFor(name, extension)
  }

  /** @throws UserError when the file cannot be read */
  add(model: NewModel): Promise<ModelEntry> {
    return this.registry.add(model)
  }

  /**
   * Makes a model the one that this workspace works with; without a workspace, that of every window.
   * @throws Sentence when it is not on the list
   */
  async activate(id: string): Promise<void> {
    const { file } = await this.registry.find(id)
    const all = vscode.workspace.getConfiguration('siammae')
    const inWorkspace = vscode.workspace.workspaceFolders !== undefined
    const forAll = all.inspect<string>('model')?.globalValue
    const wanted = id === STARTER_ID ? '' : file
    // What everybody has already needs no line in the workspace's settings.
    const value = wanted === (inWorkspace ? (forAll ?? '') : '') ? undefined : wanted
    await all.update(
      'model',
      value,
      inWorkspace ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global,
    )
  }

  /** Whether a model is the one that this workspace works with. */
  isActive({ id, file }: ModelEntry): boolean {
    const active = this.activeFile
    return active === undefined ? id === STARTER_ID : active === file
  }

  /** The file that the setting names; undefined for the starter. */
  get activeFile(): string | undefined {
    return this.#settings.model().file
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose()
    this.registry.dispose()
    this.#changed.dispose()
  }
}

/** Does not read the file's header: it is known. */
async function starterEntry(file: string, context: vscode.ExtensionContext): Promise<ModelEntry> {
  const bytes = (await stat(file).catch(() => undefined))?.size ?? 0
  return {
    id: STARTER_ID,
    name: vscode.l10n.t('Starter model'),
    family: 'SiamMAE',
    size: 'ViT 192x4/8',
    origin: 'starter',
    source: `${context.extension.packageJSON.name} ${context.extension.packageJSON.version}`,
    licence: 'MIT',
    file,
    sha256: '',
    bytes,
    added: '',
  }
}
