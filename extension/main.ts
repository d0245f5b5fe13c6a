/** Entry point of the extension. Nothing heavy is imported here: activation has 100 ms. */
import { join } from 'node:path'
import * as vscode from 'vscode'
import { registerCommands } from './commands/index.ts'
import { followContext } from './context-keys.ts'
import { type AnnotatorEditors, registerEditors } from './editor/index.ts'
import { ProcessClient } from './model-client/index.ts'
import { Comparisons, Models } from './models/index.ts'
import { followCorrections } from './propagation/follow-corrections.ts'
import { Propagation } from './propagation/index.ts'
import type { Services } from './services.ts'
import { Settings } from './settings.ts'
import { tellHangs } from './status/hangs.ts'
import { tellLosses } from './status/losses.ts'
import { tellSmallObjects } from './status/small-objects.ts'
import { StatusItem } from './status/status-item.ts'
import { TrainingItem } from './status/training-item.ts'
import { FineTuning } from './training/index.ts'
import { tellTrainings } from './training/tell.ts'
import { registerTrees } from './trees/index.ts'

let client: ProcessClient | undefined
let open: ReturnType<typeof registerEditors> | undefined

/** What other extensions, and tests inside the extension host, get to see. */
export interface Api {
  readonly editors: AnnotatorEditors
  readonly models: Models
  readonly tuning: FineTuning
}

/** Called once, when the first command, view or editor of the extension is used. */
export function activate(context: vscode.ExtensionContext): Api {
  const log = vscode.window.createOutputChannel('SiamMAE', { log: true })
  log.info(`SiamMAE Video Annotator ${context.extension.packageJSON.version}`)
  const settings = new Settings()
  client = startableClient(context, log, settings)
  const editors = registerEditors({
    context,
    client,
    log,
    settings,
    webviewTexts: vscode.l10n.bundle ?? {},
  })
  open = editors
  const propagation = new Propagation({
    client,
    choice: () => ({ model: settings.model(), settings: settings.run() }),
    isTrusted: () => vscode.workspace.isTrusted,
  })
  const models = new Models(context, settings)
  const tuning = new FineTuning({ context, settings, models, log, propagation })
  const comparisons = new Comparisons(editors)
  const services: Services = {
    context,
    log,
    settings,
    client,
    editors,
    propagation,
    models,
    comparisons,
    tuning,
  }
  context.subscriptions.push(
    log,
    settings,
    editors,
    models,
    tuning,
    comparisons,
    registerCommands(services),
    registerTrees(services),
    new StatusItem(services),
    new TrainingItem(tuning),
    tellTrainings(tuning),
    followContext(services),
    followCorrections(services),
    tellLosses(services),
    tellHangs(services),
    tellSmallObjects(services),
  )
  return { editors, models, tuning }
}

/** Called when the window closes: what is not saved is in a backup, and no process is left behind. */
export async function deactivate(): Promise<void> {
  await Promise.all([open?.flush(), client?.dispose()])
}

/** The model process, which starts when it is first needed. */
function startableClient(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
  settings: Settings,
): ProcessClient {
  const cacheFolder = join((context.storageUri ?? context.globalStorageUri).fsPath, 'cache')
  return new ProcessClient({
    module: context.asAbsolutePath(join('dist', 'model-process.js')),
    openOptions: () => ({ cacheFolder, ffmpeg: settings.ffmpeg() }),
    log: (level, text) => {
      if (level === 'error') log.error(text)
      else if (level === 'warning') log.warn(text)
      else log.info(text)
    },
  })
}
