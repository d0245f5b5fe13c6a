/** From the form's few choices to what the training process is asked for. */
import { join } from 'node:path'
import type { TrainingRequest, TrainingStart } from '../../model/process/index.ts'
import { LENGTHS, type RunLength } from '../../webview/protocol/index.ts'

/** What a person has chosen. */
export interface FormChoices {
  /** Absolute paths of videos and folders. */
  readonly footage: readonly string[]
  /** `starter`, `random`, or the absolute path of a model. */
  readonly start: string
  readonly length: RunLength
  readonly device: string
}

/** Pictures of a gallery that grows, over a whole run. */
const PREVIEWS = 12
/** Of work that a killed process may cost, in seconds. */
const CHECKPOINT_SECONDS = 240

export function startOf(value: string): TrainingStart {
  return value === 'starter' || value === 'random' ? { kind: value } : { kind: 'file', file: value }
}

/**
 * @param settings what 'All Settings' says; counts before the form
 * @param secondsPerStep as measured, so that checkpoints come every few minutes
 */
export function requestOf(
  { footage, start, length, device }: FormChoices,
  settings: { readonly name: string; readonly settings: Readonly<Record<string, unknown>> } | undefined,
  secondsPerStep?: number,
): TrainingRequest {
  const steps = stepsOf(length, settings?.settings)
  const every =
    secondsPerStep === undefined ? steps / 10 : Math.min(steps / 4, CHECKPOINT_SECONDS / secondsPerStep)
  return {
    sources: footage,
    start: startOf(start),
    layers: [
      {
        name: 'The form',
        settings: {
          device,
          schedule: { steps: LENGTHS[length] },
          checkpoints: { every: Math.max(1, Math.round(every)), keep: 2 },
          previews: { every: Math.max(1, Math.round(steps / PREVIEWS)) },
        },
      },
      ...(settings ? [settings] : []),
    ],
  }
}

/** The steps of a run: those of the settings, where they name any, else those of the length. */
export function stepsOf(length: RunLength, settings: Readonly<Record<string, unknown>> | undefined): number {
  return ownSteps(settings) ?? LENGTHS[length]
}

/** The steps that settings name. */
export function ownSteps(settings: Readonly<Record<string, unknown>> | undefined): number | undefined {
  const steps = (settings?.schedule as { steps?: unknown } | undefined)?.steps
  return typeof steps === 'number' && Number.isSafeInteger(steps) && steps > 0 ? steps : undefined
}

/** Folder for the runs of a workspace. */
export const RUNS_FOLDER = 'siammae-runs'

/** `2026-11-26-koi-3`: the day, what it learns from, and a number where that is taken. */
export function runName(footage: readonly string[], date: Date, isTaken: (name: string) => boolean): string {
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-')
  const first =
    footage[0]
      ?.split(/[\\/]/)
      .filter((part) => part !== '')
      .at(-1) ?? 'run'
  const stem = first
    .replace(/\.[^.]+$/, '')
    .replaceAll(/[^\p{L}\p{N}_-]+/gu, '-')
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, '')
  const base = `${day}-${stem || 'run'}`
  for (let count = 1; ; count++) {
    const name = count === 1 ? base : `${base}-${count}`
    if (!isTaken(name)) return name
  }
}

/** Where the runs of a workspace are, or of a window without one. */
export function runsFolder(workspace: string | undefined, storage: string): string {
  return join(workspace ?? storage, RUNS_FOLDER)
}
