/** What the form shows of an estimate. */
import * as vscode from 'vscode'
import type { TrainingEstimate } from '../../model/process/index.ts'
import type { EstimateView } from '../../webview/protocol/index.ts'

/** What is not the estimate's own. */
interface Circumstances {
  /** Where the settings file says how many, else undefined: the length counts. */
  readonly steps: number | undefined
  /** The training that ran while it was made, by name: what is measured beside another one takes longer than alone. */
  readonly beside: string | undefined
}

/** An estimate as the panel gets it, with what makes it less sure among its notes. */
export function estimateView(
  { clips, skipped, ...measured }: TrainingEstimate,
  { steps, beside }: Circumstances,
): EstimateView {
  const { secondsPerStep, secondsToStart, peakMemoryBytes, memoryBytes } = measured
  const { device, pairs, pairsPerStep, notes } = measured
  return {
    secondsPerStep,
    secondsToStart,
    steps,
    peakMemoryBytes,
    memoryBytes,
    device,
    pairs,
    pairsPerStep,
    notes: beside === undefined ? notes : [slowedBy(beside), ...notes],
    clips: clips.map(({ name, frames, licence }) => ({ name, frames, licence })),
    skipped: skipped.map(({ reason }) => reason),
  }
}

function slowedBy(training: string): string {
  return vscode.l10n.t(
    'Measured while the training {0} is running: these times are for now, and alone the new one takes less.',
    training,
  )
}
