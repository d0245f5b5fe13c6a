import { basename } from 'node:path'
import { Command, Option } from 'commander'
import { UsageError } from '../../errors.ts'
import { evaluateWorkspace, formatWorkspaceEvaluation, type WorkspaceModel } from '../../evaluation/index.ts'
import { PRESETS, type PresetName } from '../../propagation/index.ts'
import { createProgress, say } from '../progress.ts'
import { cacheFolder, loadModel, numberOption, printJson, startEngine } from '../shared.ts'

interface EvalOptions {
  model: string[]
  preset: PresetName
  size: string
  device: string
  threads?: string
  json?: boolean
}

/** What stands for the model that comes with the program. */
const STARTER = 'starter'

/** `siammae eval`: which model follows a person's own marks best. */
export function evalCommand(signal: AbortSignal): Command {
  const collect = (value: string, before: string[]): string[] => [...before, value]
  const workspace = new Command('workspace')
    .description(
      "carry the first keyframe of every object through each annotated clip and measure J&F (masks) or PCK (keypoints) on the person's other keyframes",
    )
    .argument('<folders...>', 'folders with side-cars (*.siam.json) anywhere below, or side-cars')
    .option('--model <file>', `a model to measure, or "${STARTER}"; repeat to compare`, collect, [])
    .addOption(
      new Option('--preset <name>', 'propagation protocol')
        .choices(Object.keys(PRESETS))
        .default('annotator'),
    )
    .option('--size <pixels>', 'short side at which the network sees the clips', '480')
    .option('--device <device>', 'auto, cpu, webgpu, cuda, dml, coreml', 'auto')
    .option('--threads <n>', 'processor threads (default: one per core)')
    .option('--json', 'print everything as JSON')
    .action(async (folders: string[], options: EvalOptions) => {
      const size = numberOption('--size', options.size, { min: 16, max: 4096, whole: true })
      const threads =
        options.threads === undefined
          ? undefined
          : numberOption('--threads', options.threads, { min: 1, max: 256, whole: true })
      const models = modelsOf(options.model.length > 0 ? options.model : [STARTER])
      const { engine, choice } = await startEngine(options.device, signal, threads)
      const progress = createProgress('Measuring')
      try {
        const evaluation = await evaluateWorkspace({
          folders,
          models,
          engine,
          preset: options.preset,
          size,
          cacheFolder: cacheFolder(),
          signal,
          onProgress: ({ clip, model, done, total }) =>
            progress.update(done, total, `frames, ${model} on ${clip}`),
        })
        progress.end()
        if (options.json) {
          printJson({ ...evaluation, device: choice.device, preset: options.preset, size })
          return
        }
        say(`${evaluation.clips.length} clips at ${size} pixels on ${choice.device}`)
        process.stdout.write(formatWorkspaceEvaluation(evaluation))
      } finally {
        progress.end()
        await engine.close()
      }
    })
  return new Command('eval').description('measure models on annotated clips').addCommand(workspace)
}

/** Models by their file names; where two are alike, by their paths. */
function modelsOf(files: readonly string[]): WorkspaceModel[] {
  if (new Set(files).size < files.length) throw new UsageError('The same --model is named twice.')
  const names = files.map((file) => basename(file).replace(/\.safetensors$/i, ''))
  return files.map((file, index) => {
    const alone = names.filter((name) => name === names[index]).length === 1
    return {
      name: alone ? names[index]! : file,
      load: () => loadModel(file === STARTER ? undefined : file),
    }
  })
}
