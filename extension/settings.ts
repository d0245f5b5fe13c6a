import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import * as vscode from 'vscode'
import type { ModelChoice, RunSettings } from '../model/process/index.ts'
import type { DisplaySettings } from '../webview/protocol/index.ts'
import type { EditorSettings } from './editor/index.ts'
import type { LabelTemplate } from './labels.ts'

const DISPLAY: readonly (keyof DisplaySettings)[] = [
  'maskOpacity',
  'maskStyle',
  'heatMapOpacity',
  'takeOver',
  'brushSize',
  'penPressure',
  'doubtBelow',
  'propagateOnCorrection',
]

/** The settings `siammae.*`, always as they are now. */
export class Settings implements EditorSettings, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>()
  readonly #subscription: vscode.Disposable
  readonly onDidChange = this.#changed.event

  constructor() {
    this.#subscription = vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('siammae')) this.#changed.fire()
    })
  }

  display(): DisplaySettings {
    const all = configuration()
    return Object.fromEntries(DISPLAY.map((name) => [name, all.get(name)])) as unknown as DisplaySettings
  }

  pictureQuality(): number {
    return configuration().get('pictureQuality', 92)
  }

  /** Changes a setting where it is set already: in the workspace if it is set there, else for the user. */
  async change(settings: Partial<DisplaySettings>): Promise<void> {
    const all = configuration()
    for (const name of DISPLAY) {
      const value = settings[name]
      if (value === undefined || value === all.get(name)) continue
      const inWorkspace = all.inspect(name)?.workspaceValue !== undefined
      await all.update(
        name,
        value,
        inWorkspace ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global,
      )
    }
  }

  /** The catalogue of labels that new annotations start with. */
  labels(): readonly LabelTemplate[] {
    return configuration().get<readonly LabelTemplate[]>('labels', [])
  }

  /** Writes the catalogue: to the workspace where one is open. */
  async saveLabels(labels: readonly LabelTemplate[]): Promise<void> {
    const target =
      vscode.workspace.workspaceFolders === undefined
        ? vscode.ConfigurationTarget.Global
        : vscode.ConfigurationTarget.Workspace
    await configuration().update('labels', labels, target)
  }

  /** Which ffmpeg to use; undefined to look for one. */
  ffmpeg(): string | undefined {
    return path(configuration().get('ffmpegPath', ''))
  }

  model(): ModelChoice {
    const all = configuration()
    return { file: path(all.get('model', '')), device: all.get('device', 'auto') }
  }

  run(): RunSettings {
    const all = configuration()
    return {
      preset: all.get<RunSettings['preset']>('preset', 'annotator'),
      size: all.get('networkSize', 480),
      changes: {},
      featureMemoryMb: all.get('featureMemory', 1024),
    }
  }

  dispose(): void {
    this.#subscription.dispose()
    this.#changed.dispose()
  }
}

function configuration(): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration('siammae')
}

/** A path as people write it: absolute, from the home folder, from the workspace, or a bare program name. */
function path(written: string): string | undefined {
  const trimmed = written.trim()
  if (trimmed === '') return undefined
  if (/^~[\\/]/.test(trimmed)) return join(homedir(), trimmed.slice(2))
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath
  return isAbsolute(trimmed) || folder === undefined || !/[\\/]/.test(trimmed)
    ? trimmed
    : join(folder, trimmed)
}
