import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Command, Option } from 'commander'
import { CancelledError, explainSystemError, UsageError } from '../../errors.ts'
import { toolVersion, weightsLicence } from '../../installation/index.ts'
import {
  type Continuation,
  continueRun,
  type InitialWeights,
  openFrameCache,
  PRESET_NAMES,
  type PresetName,
  type RunConfig,
  RunFolder,
  readInitialWeights,
  resolveRunConfig,
  type SettingsLayer,
  type TrainRunReport,
  trainRun,
} from '../../training/index.ts'
import { createProgress, type Progress, say } from '../progress.ts'
import { cacheFolder, numberOption, printJson, startEngine } from '../shared.ts'

interface TrainOptions {
  out?: string
  config?: string
  preset?: PresetName
  init?: string
  resume?: string
  steps?: string
  batch?: string
  accumulate?: string
  seed?: string
  device?: string
  threads?: string
  stopAt?: string
  verbose?: boolean
  json?: boolean
}

type Settings = SettingsLayer['settings']

/** `siammae train`: pre-training and fine-tuning. */
export function trainCommand(signal: AbortSignal): Command {
  return new Command('train')
    .description('train SiamMAE on videos; a run is a folder that can be resumed at any time')
    .argument('[videos...]', 'video files, folders of images, or folders of those')
    .option('--out <run>', 'folder of the new run')
    .option('--config <file.json>', 'settings that differ from the preset')
    .addOption(
      new Option('--preset <name>', 'where the settings start from (default: pretrain)').choices(
        PRESET_NAMES,
      ),
    )
    .option('--init <checkpoint>', 'weights to start from: a SiamMAE checkpoint, or an encoder alone')
    .option('--resume <run>', 'go on with a run from its last checkpoint')
    .option('--steps <n>', 'optimiser steps of the whole run')
    .option('--batch <n>', 'pairs computed at once; memory grows with it')
    .option('--accumulate <n>', 'batches averaged into one step')
    .option('--seed <n>', 'what all random choices come from')
    .option('--device <device>', 'auto, cpu, webgpu, cuda, dml, coreml (default: auto)')
    .option('--threads <n>', 'processor threads (default: one per core)')
    .option('--stop-at <step>', 'stop with a checkpoint at this step; the schedule still spans all steps')
    .option('--verbose', 'a line for every step')
    .option('--json', 'print the report as JSON')
    .action((videos: string[], options: TrainOptions) => runTrain(videos, options, signal))
}

/** Settings given as options, in the shape of a configuration file. */
function optionSettings(videos: readonly string[], options: TrainOptions): Settings {
  const whole = (name: string, text: string | undefined, min: number): number | undefined =>
    text === undefined ? undefined : numberOption(name, text, { min, max: 1e8, whole: true })
  const given = (entries: Settings): Settings =>
    Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined))
  const steps = whole('--steps', options.steps, 1)
  return given({
    seed: whole('--seed', options.seed, 0),
    batch: whole('--batch', options.batch, 1),
    accumulate: whole('--accumulate', options.accumulate, 1),
    threads: whole('--threads', options.threads, 0),
    device: options.device,
    schedule: steps === undefined ? undefined : { steps },
    data: videos.length === 0 ? undefined : { sources: videos.map((video) => resolve(video)) },
  })
}

async function settingsLayers(videos: readonly string[], options: TrainOptions): Promise<SettingsLayer[]> {
  const layers: SettingsLayer[] = []
  if (options.config !== undefined)
    layers.push({ name: options.config, settings: await readSettings(options.config) })
  layers.push({ name: 'The command line', settings: optionSettings(videos, options) })
  return layers
}

async function readSettings(path: string): Promise<Settings> {
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(`${path} is not JSON: ${error.message}.`)
    throw explainSystemError(error, 'read', path)
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new UsageError(`${path} must hold a JSON object of settings, such as {"batch": 4}.`)
  return json as Settings
}

async function runTrain(videos: string[], options: TrainOptions, signal: AbortSignal): Promise<void> {
  const stopAt =
    options.stopAt === undefined
      ? undefined
      : numberOption('--stop-at', options.stopAt, { min: 1, max: 1e8, whole: true })
  const layers = await settingsLayers(videos, options)
  const report = await (options.resume === undefined
    ? startRun(layers, options, stopAt, signal)
    : resumeRun(options.resume, layers, options, stopAt, signal))
  if (options.json) printJson(report)
  else printReport(report)
  if (signal.aborted && !report.complete) throw new CancelledError()
}

interface Outcome extends TrainRunReport {
  readonly run: string
  readonly device: string
  readonly clips: number
  readonly frames: number
  /** Clips that could not be used. */
  readonly skipped: number
  readonly peakMemoryBytes: number
}

function printReport(report: Outcome): void {
  const { run, step, steps, smoothedLoss, complete, pairsPerSecond, waitingShare, device } = report
  const loss = smoothedLoss === undefined ? '' : `, loss ${smoothedLoss.toFixed(4)}`
  console.log(
    `${complete ? 'Trained' : 'Stopped after'} ${step} of ${steps} steps${loss} (${pairsPerSecond.toFixed(2)} pairs per second on ${device}, ${(100 * waitingShare).toFixed(1)} % waiting for data)`,
  )
  if (report.checkpoint) console.log(`  ${report.checkpoint}`)
  console.log(complete ? `  ${join(run, 'training-card.md')}` : `  go on with: siammae train --resume ${run}`)
}

async function startRun(
  layers: readonly SettingsLayer[],
  options: TrainOptions,
  stopAt: number | undefined,
  signal: AbortSignal,
): Promise<Outcome> {
  if (options.out === undefined)
    throw new UsageError('Give --out <run> for a new run, or --resume <run> to go on with one.')
  const fromFile = layers[0]?.settings ?? {}
  const initPath = options.init ?? (fromFile.init as { path?: string } | null | undefined)?.path
  const init = initPath === undefined ? undefined : await readInitialWeights(initPath)
  const preset = options.preset ?? (fromFile.preset as PresetName | undefined) ?? 'pretrain'
  if (!PRESET_NAMES.includes(preset))
    throw new UsageError(`preset is ${JSON.stringify(preset)}; it must be ${PRESET_NAMES.join(' or ')}.`)
  const config = absoluteSources(
    resolveRunConfig(preset, layers, {
      model: init?.model,
      init: init && { path: init.path, hash: init.hash, licence: weightsLicence(init) },
    }),
  )
  if (config.data.sources.length === 0)
    throw new UsageError('Name at least one video or folder to learn from.')
  if (preset === 'finetune' && !init)
    say('Note: the preset finetune is meant for trained weights; without --init it starts from random ones.')
  const folder = await RunFolder.create(options.out)
  return train({ folder, config, init, options, stopAt, signal })
}

async function resumeRun(
  path: string,
  layers: readonly SettingsLayer[],
  options: TrainOptions,
  stopAt: number | undefined,
  signal: AbortSignal,
): Promise<Outcome> {
  for (const name of ['out', 'init', 'preset'] as const)
    if (options[name] !== undefined)
      throw new UsageError(
        `--resume and --${name} cannot go together: a resumed run keeps what it was started with.`,
      )
  const folder = await RunFolder.open(path)
  try {
    const { config, checkpoint, init } = await continueRun(folder, layers.map(withAbsoluteSources))
    return await train({ folder, config, checkpoint, init, options, stopAt, signal })
  } finally {
    await folder.close()
  }
}

interface Job {
  readonly folder: RunFolder
  readonly config: RunConfig
  readonly checkpoint?: Continuation['checkpoint']
  readonly init?: InitialWeights
  readonly options: TrainOptions
  readonly stopAt: number | undefined
  readonly signal: AbortSignal
}

async function train(job: Job): Promise<Outcome> {
  const { folder, config, checkpoint, init, options, stopAt, signal } = job
  try {
    const cache = await openCache(config, signal)
    try {
      const { engine, choice } = await startEngine(config.device, signal, config.threads)
      try {
        const frames = cache.clips.reduce((sum, clip) => sum + clip.frames, 0)
        const { steps } = config.schedule
        const done = checkpoint?.state.step ?? 0
        say(
          `${cache.clips.length} clips with ${frames} frames${cache.skipped.length > 0 ? `, ${cache.skipped.length} left out` : ''}; ${config.batch} x ${config.accumulate} pairs per step on ${choice.device}; steps ${done} to ${steps}`,
        )
        let progress: Progress | undefined
        let state = 'first step'
        const line = (text: string): void => (progress ? progress.line(text) : say(text))
        const report = await trainRun({
          folder,
          config,
          engine,
          cache,
          checkpoint,
          init,
          stopAt,
          signal,
          tool: toolVersion(),
          events: {
            onNote: (text) => line(`Note: ${text}`),
            onBatch: (step, micro) => {
              // From the first batch on: compiling the graph says nothing about the time that is left.
              progress ??= createProgress('Training', process.stderr, step)
              // A step of many batches may take minutes.
              if (micro > 0)
                progress.update(step, steps, `${state}, batch ${micro + 1} of ${config.accumulate}`)
            },
            onStep: ({ step, loss, learningRate, pairsPerSecond }, smoothed) => {
              if (options.verbose)
                line(
                  `step ${step}  loss ${loss.toFixed(4)}  learning rate ${learningRate.toExponential(3)}  ${pairsPerSecond.toFixed(2)} pairs/s`,
                )
              state = `loss ${smoothed.toFixed(4)}, ${pairsPerSecond.toFixed(2)} pairs/s`
              progress?.update(step, steps, state)
            },
            onCheckpoint: options.verbose ? (path) => line(`checkpoint ${path}`) : undefined,
            onPreview: options.verbose ? (path) => line(`preview ${path}`) : undefined,
          },
        }).finally(() => progress?.end())
        return {
          run: folder.path,
          ...report,
          device: choice.device,
          clips: cache.clips.length,
          frames,
          skipped: cache.skipped.length,
          peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
        }
      } finally {
        await engine.close()
      }
    } finally {
      await cache.close()
    }
  } finally {
    await folder.close()
  }
}

async function openCache(config: RunConfig, signal: AbortSignal) {
  const progress = createProgress('Decoding the clips')
  try {
    const cache = await openFrameCache(config.data.sources, {
      folder: join(cacheFolder(), 'frames'),
      tableFolder: cacheFolder(),
      shortSide: config.data.shortSide,
      limitBytes: config.data.cacheLimitGb * 1e9,
      signal,
      onProgress: ({ clip, clips, frame, frames, name }) =>
        progress.update(
          clip,
          clips,
          `clips, ${name}${frames > 0 ? ` ${Math.floor((100 * frame) / frames)} %` : ''}`,
        ),
    })
    progress.end()
    for (const { reason } of cache.skipped) say(`Warning: left out: ${reason}`)
    for (const { path, reason } of cache.warnings) say(`Warning: ${path}: ${reason}`)
    return cache
  } finally {
    progress.end()
  }
}

function absoluteSources(config: RunConfig): RunConfig {
  return { ...config, data: { ...config.data, sources: config.data.sources.map((path) => resolve(path)) } }
}

function withAbsoluteSources(layer: SettingsLayer): SettingsLayer {
  const data = layer.settings.data as { sources?: unknown } | undefined
  if (!Array.isArray(data?.sources)) return layer
  const sources = data.sources.map((path) => (typeof path === 'string' ? resolve(path) : path))
  return { ...layer, settings: { ...layer.settings, data: { ...data, sources } } }
}
