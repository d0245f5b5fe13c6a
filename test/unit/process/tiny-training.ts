/** A network so small that a step takes milliseconds, and a clip for it. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { TrainingRequest } from '../../../model/process/index.ts'

/** Settings over the preset. */
export const TINY = {
  model: {
    imageSize: 32,
    encoder: { patch: 8, dim: 32, depth: 2, heads: 2 },
    decoder: { dim: 16, depth: 1, heads: 2 },
    futureRatio: 0.75,
  },
  data: { shortSide: 48 },
  schedule: { steps: 9, warmupSteps: 2 },
  batch: 4,
  accumulate: 2,
  device: 'cpu',
  threads: 1,
  seed: 5,
  checkpoints: { every: 2, keep: 2 },
  previews: { every: 4, pairs: 2 },
} as const

/** One second of a test picture, and a licence beside it. */
export function makeTinyClip(clip: string): void {
  mkdirSync(dirname(clip), { recursive: true })
  const source = 'testsrc2=size=64x48:rate=30:duration=1'
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', source, '-pix_fmt', 'yuv420p', '-y', clip])
  writeFileSync(`${dirname(clip)}/LICENSE.txt`, 'CC0 1.0 Universal\n')
}

/** A run from random weights. @param changes settings over {@link TINY} */
export function tinyRequest(
  sources: readonly string[],
  changes: Readonly<Record<string, unknown>> = {},
): TrainingRequest {
  return {
    sources,
    start: { kind: 'random' },
    layers: [
      { name: 'tiny', settings: TINY },
      { name: 'changes', settings: changes },
    ],
  }
}
