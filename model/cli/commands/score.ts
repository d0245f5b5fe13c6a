import { Command } from 'commander'
import { formatDavisScore, scoreDavis } from '../../evaluation/index.ts'
import { createProgress } from '../progress.ts'
import { printJson } from '../shared.ts'

interface ScoreOptions {
  pred: string
  gt: string
  sequence?: string[]
  json?: boolean
}

/** `siammae score`: how good results are, against ground truth. */
export function scoreCommand(signal: AbortSignal): Command {
  const davis = new Command('davis')
    .description('J and F of the semi-supervised DAVIS 2017 protocol, per sequence and object')
    .requiredOption('--pred <dir>', 'results: <sequence>/00000.png, or an export of siammae')
    .requiredOption('--gt <dir>', 'ground truth in the same layout, or the DAVIS folder')
    .option('--sequence <name...>', 'only these sequences')
    .option('--json', 'print everything as JSON')
    .action(async (options: ScoreOptions) => {
      const progress = createProgress('Scoring')
      const score = await scoreDavis({
        predictions: options.pred,
        groundTruth: options.gt,
        sequences: options.sequence,
        onProgress: ({ done, total }) => progress.update(done, total),
        signal,
      }).finally(() => progress.end())
      if (options.json) printJson(score)
      else console.log(formatDavisScore(score))
    })
  return new Command('score').description('score results against ground truth').addCommand(davis)
}
