import * as vscode from 'vscode'
import { registerReports } from '../reports.ts'
import type { Services } from '../services.ts'
import { type Handlers, showError } from './command.ts'

/**
 * Which file holds which commands. Each is loaded when one of its commands is first used, so that a window that only
 * shows the explorer's menu pays for none. What is not here is registered by the editor.
 */
const GROUPS: readonly { readonly names: readonly string[]; readonly load: () => Promise<Handlers> }[] = [
  {
    names: ['annotateVideo', 'annotateFolder', 'openSample'],
    load: async () => (await import('./annotate.ts')).annotateCommands,
  },
  {
    names: [
      'newObject',
      'renameObject',
      'recolourObject',
      'relabelObject',
      'deleteOnFrame',
      'deleteFromHere',
      'deleteObject',
    ],
    load: async () => (await import('./objects.ts')).objectCommands,
  },
  {
    names: ['copyToNextFrame', 'acceptFrame', 'markAbsent', 'toggleOccluded'],
    load: async () => (await import('./frames.ts')).frameCommands,
  },
  {
    names: [
      'propagateForward',
      'propagateBackward',
      'propagateBoth',
      'propagateToNextKeyframe',
      'propagateRange',
      'propagateSpan',
      'pausePropagation',
      'resumePropagation',
      'cancelPropagation',
    ],
    load: async () => (await import('./propagation.ts')).propagationCommands,
  },
  { names: ['editLabels', 'saveLabels'], load: async () => (await import('./labels.ts')).labelCommands },
  { names: ['exportDataset'], load: async () => (await import('./export.ts')).exportCommands },
  { names: ['importMarks'], load: async () => (await import('./import-marks.ts')).importCommands },
  {
    names: [
      'importModel',
      'downloadModel',
      'activateModel',
      'renameModel',
      'removeModel',
      'revealModel',
      'exportModel',
    ],
    load: async () => (await import('./models.ts')).modelCommands,
  },
  {
    names: [
      'fineTune',
      'openTraining',
      'pauseTraining',
      'resumeTraining',
      'stopTraining',
      'keepTraining',
      'useTraining',
      'revealTraining',
      'forgetTraining',
    ],
    load: async () => (await import('./training.ts')).trainingCommands,
  },
  { names: ['doctor'], load: async () => (await import('./doctor.ts')).doctorCommands },
  {
    names: [
      'compareModels',
      'compareModel',
      'keepComparisonA',
      'keepComparisonB',
      'closeComparison',
      'switchComparison',
    ],
    load: async () => (await import('./compare.ts')).compareCommands,
  },
  {
    names: ['showLog', 'restartModelProcess', 'openWalkthrough', 'installFfmpeg'],
    load: async () => (await import('./help.ts')).helpCommands,
  },
  {
    names: [
      'goToFrame',
      'step',
      'firstFrame',
      'lastFrame',
      'previousKeyframe',
      'nextKeyframe',
      'previousDoubtful',
      'nextDoubtful',
      'togglePlay',
      'toggleLoop',
      'rangeStart',
      'rangeEnd',
      'clearRange',
      'tool',
      'inspectCorrespondence',
      'inspectAttention',
      'brushSize',
      'selectObject',
      'fit',
      'actualSize',
      'zoomIn',
      'zoomOut',
      'toggleHide',
      'toggleLock',
      'toggleSolo',
      'toggleOverlay',
      'toggleTakeOver',
      'fillHoles',
      'finish',
      'giveUp',
      'removePoint',
      'keypointVisibility',
    ],
    load: async () => (await import('./views.ts')).viewCommands,
  },
]

/** Registers the commands. An error of any of them is shown as one sentence. */
export function registerCommands(services: Services): vscode.Disposable {
  const registrations = GROUPS.flatMap(({ names, load }) =>
    names.map((name) =>
      vscode.commands.registerCommand(`siammae.${name}`, async (...args: unknown[]) => {
        try {
          return await (await load())[name]?.(services, ...args)
        } catch (error) {
          // Not waited for: whoever called the command does not wait until the message is closed.
          void showError(services, error)
          return undefined
        }
      }),
    ),
  )
  return vscode.Disposable.from(registerReports(), ...registrations)
}
