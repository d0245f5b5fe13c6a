import { Command, Option } from 'commander'
import { UsageError } from '../../errors.ts'
import { checkImage, importModel } from '../../importing/index.ts'
import type { SelfCheck } from '../../propagation/index.ts'
import {
  FAMILIES,
  type FeatureModel,
  type ImportReport,
  isOnnxPath,
  NORMALISATIONS,
  type NormalisationName,
} from '../../weights/index.ts'
import { createProgress } from '../progress.ts'
import { numberOption, printJson, refuseOverwrite, startEngine } from '../shared.ts'

interface ImportModelOptions {
  out: string
  arch?: string
  heads?: string
  part?: string
  normalise?: NormalisationName
  licence?: string
  image?: string
  device: string
  check: boolean
  json?: boolean
}

/** `siammae import-model`: a published checkpoint becomes a model of ours. */
export function importModelCommand(signal: AbortSignal): Command {
  return new Command('import-model')
    .description(
      'read the encoder of a published checkpoint (.pth, .pt, .safetensors, .npz) or an ONNX graph and write it as a model',
    )
    .argument('<file>', 'checkpoint; nothing in it is ever run but the operators of an ONNX graph')
    .requiredOption('--out <file>', 'safetensors file to write; .onnx for an ONNX graph')
    .addOption(
      new Option('--arch <family>', 'family of the network, where its names say another one').choices(
        FAMILIES.map(({ id }) => id),
      ),
    )
    .option('--heads <n>', 'attention heads, where the number of channels does not tell')
    .option('--part <name>', 'which network of a file that holds several, such as student')
    .addOption(
      new Option(
        '--normalise <how>',
        'imagenet: mean and deviation of ImageNet; half: pixels from -1 to 1; none: from 0 to 1 (default: as the family does)',
      ).choices(Object.keys(NORMALISATIONS)),
    )
    .option('--licence <text>', 'licence of the weights, to be kept with them')
    .option('--image <file>', 'picture for the self-check (default: one of the package)')
    .option('--device <device>', 'where the self-check runs: auto, cpu, webgpu, ...', 'cpu')
    .option('--no-check', 'leave the self-check out')
    .option('--json', 'print the report as JSON')
    .action(async (path: string, options: ImportModelOptions) => {
      const heads =
        options.heads === undefined
          ? undefined
          : numberOption('--heads', options.heads, { min: 1, max: 64, whole: true })
      const ending = isOnnxPath(path) ? 'onnx' : 'safetensors'
      if (!options.out.toLowerCase().endsWith(`.${ending}`))
        throw new UsageError(`--out ${options.out} must be named .${ending}, which is what is written.`)
      await refuseOverwrite('--out', options.out, [path, options.image ?? checkImage()])
      const progress = createProgress('Reading the weights')
      const { model, report, check } = await importModel(path, {
        out: options.out,
        image: options.image,
        engine: async () => (await startEngine(options.device, signal)).engine,
        check: options.check,
        family: options.arch,
        heads,
        part: options.part,
        normalise: options.normalise,
        licence: options.licence,
        signal,
        onProgress: (step, done, total) => {
          if (step === 'reading') progress.update(done, total)
          else progress.end()
        },
      }).finally(() => progress.end())
      if (options.json)
        printJson({ ...report, config: model.config, hash: model.hash, check, out: options.out })
      else printReport(report, model, check, options.out)
    })
}

function printReport(
  report: ImportReport,
  model: FeatureModel,
  check: SelfCheck | undefined,
  out: string,
): void {
  const { config } = model
  const rows: [string, string][] = [
    ['file', `${report.file}, ${report.bytes} bytes, ${report.format}`],
    ['hash', report.sha256],
    ['family', report.family],
    [
      'network',
      'heads' in config
        ? `${report.architecture}, ${config.heads} heads, positions ${config.positionGrid} x ${config.positionGrid}`
        : report.architecture,
    ],
    ['licence', model.metadata.licence!],
  ]
  if (report.part !== '') rows.push(['part', report.part.replace(/\.$/, '')])
  if (report.otherParts.length > 0)
    rows.push([
      'not taken',
      report.otherParts.map((prefix) => prefix.replace(/\.$/, '') || '(no prefix)').join(', '),
    ])
  for (const [name, value] of rows) console.log(`${name.padEnd(11)}${value}`)
  console.log('mapped')
  const same = report.mapped.filter(({ parameter, from, how }) => how === AS_IT_IS && from[0] === parameter)
  const total = same.reduce((sum, { count }) => sum + count, 0)
  if (total > 0) console.log(`  ${total} tensors as they are, under their own names`)
  for (const line of report.mapped) {
    if (same.includes(line)) continue
    const source = [line.from.join(' + '), line.how].filter(Boolean).join(', ')
    console.log(`  ${line.parameter.padEnd(27)}${line.count === 1 ? '' : `${line.count} x `}${source}`)
  }
  if (report.ignored.length > 0) console.log('ignored')
  for (const { why, count, examples } of report.ignored)
    console.log(
      `  ${why}: ${examples.join(', ')}${count > examples.length ? ` and ${count - examples.length} more` : ''}`,
    )
  for (const note of report.notes) console.log(`note       ${note}`)
  if (check)
    console.log(
      `self-check ${percent(check.found)} of the patches find themselves in a picture of ${check.width} x ${check.height} pixels that was moved; mean similarity of places ${check.similarity.toFixed(3)}`,
    )
  console.log(`Wrote ${model.name} to ${out}`)
}

/** What recipes call a tensor that was not changed. */
const AS_IT_IS = 'as it is'

const percent = (share: number): string => `${Math.round(100 * share)} %`
