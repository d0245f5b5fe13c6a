/** What a run has written into its folder, for a panel that is opened later. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TrainingStep } from '../../model/process/index.ts'

/** More points than this say nothing more on a screen. */
const MOST_POINTS = 4000
/** Lines that are parsed before others get their turn. */
const SLICE = 2000

/**
 * The steps of a run in their order, each once; long runs thinned out, the last step kept. Empty where there is none.
 * Lines that were cut off when a process died are left out.
 */
export async function readSteps(folder: string, most = MOST_POINTS): Promise<TrainingStep[]> {
  const text = await readFile(join(folder, 'metrics.jsonl'), 'utf8').catch(() => '')
  const lines = text.split('\n').filter((line) => line !== '')
  const stride = Math.max(1, Math.ceil(lines.length / most))
  const steps: TrainingStep[] = []
  for (let at = 0; at < lines.length; at++) {
    if (at % SLICE === SLICE - 1) await new Promise(setImmediate)
    if (at % stride !== 0 && at !== lines.length - 1) continue
    const step = parse(lines[at]!)
    if (step && step.step > (steps.at(-1)?.step ?? 0)) steps.push(step)
  }
  return steps
}

function parse(line: string): TrainingStep | undefined {
  try {
    const value = JSON.parse(line) as Record<string, unknown>
    const numbers = ['step', 'loss', 'gradientNorm', 'learningRate', 'pairsPerSecond']
    return numbers.every((name) => typeof value[name] === 'number')
      ? (value as unknown as TrainingStep)
      : undefined
  } catch {
    return undefined
  }
}

/** Reconstructions by rising step. */
export async function readPreviews(
  folder: string,
): Promise<{ readonly step: number; readonly path: string }[]> {
  const names = await readdir(join(folder, 'previews')).catch(() => [])
  return names
    .flatMap((name) => {
      const match = /^step-(\d+)\.png$/.exec(name)
      return match ? [{ step: Number(match[1]), path: join(folder, 'previews', name) }] : []
    })
    .sort((a, b) => a.step - b.step)
}
