import type * as vscode from 'vscode'
import type { AnnotatorEditors } from './editor/index.ts'
import type { ProcessClient } from './model-client/index.ts'
import type { Comparisons, Models } from './models/index.ts'
import type { Propagation } from './propagation/index.ts'
import type { Settings } from './settings.ts'
import type { FineTuning } from './training/index.ts'

/** What commands, trees and status items work with. One of it per window. */
export interface Services {
  readonly context: vscode.ExtensionContext
  readonly log: vscode.LogOutputChannel
  readonly settings: Settings
  readonly client: ProcessClient
  readonly editors: AnnotatorEditors
  readonly propagation: Propagation
  readonly models: Models
  readonly tuning: FineTuning
  readonly comparisons: Comparisons
}
