import { Command } from 'commander'
import { UsageError } from '../../errors.ts'
import { writeFileAtomic } from '../../files.ts'
import { toOnnx } from '../../graph/index.ts'
import { featureStatistics } from '../../propagation/index.ts'
import {
  type EncoderConfig,
  encoderGraph,
  encoderName,
  type Parameters,
  standardiseFeatures,
} from '../../siammae/index.ts'
import { inferenceGraph } from '../../training/index.ts'
import { openVideo } from '../../video/index.ts'
import { readEncoder, readSiamMae, writeEncoder, writeSiamMae } from '../../weights/index.ts'
import { createProgress } from '../progress.ts'
import { cacheFolder, refuseOverwrite, sizeOption, startEngine } from '../shared.ts'

interface ExportOptions {
  standardise?: string[]
  device: string
  onnx?: string
  safetensors?: string
  whole?: boolean
  size?: string
}

/** `siammae export`: weights for other programs. */
export function exportCommand(signal: AbortSignal): Command {
  return new Command('export')
    .description('write the encoder of a checkpoint, or all of it, for other programs')
    .argument('<checkpoint>', 'checkpoint of a run, or another model file')
    .option(
      '--onnx <file.onnx>',
      'graph with its weights: image [height, width, 3] of bytes in, tokens and tokens_l2 out',
    )
    .option('--safetensors <file>', 'weights without the state of the optimiser')
    .option(
      '--standardise <videos...>',
      'bring every channel of the features to mean 0 and deviation 1 over these clips; predictions stay the same, labels travel better',
    )
    .option('--device <device>', 'where --standardise computes: auto, cpu, webgpu, ...', 'auto')
    .option('--whole', 'encoder and decoder (default: the encoder alone)')
    .option('--size <size>', 'HxW or side in pixels of the picture that the ONNX encoder takes', '224')
    .action(async (checkpoint: string, options: ExportOptions) => {
      const outputs = [options.onnx, options.safetensors].filter((path) => path !== undefined)
      if (outputs.length === 0) throw new UsageError('Give --onnx <file.onnx> or --safetensors <file>.')
      if (options.onnx) await refuseOverwrite('--onnx', options.onnx, [checkpoint])
      if (options.safetensors) await refuseOverwrite('--safetensors', options.safetensors, [checkpoint])
      const name = await (options.whole ? exportWhole : exportEncoder)(checkpoint, options, signal)
      const what = `${options.whole ? 'all' : 'the encoder'} of ${name}`
      for (const path of outputs) console.log(`Wrote ${what} to ${path}`)
    })
}

async function exportEncoder(
  checkpoint: string,
  options: ExportOptions,
  signal: AbortSignal,
): Promise<string> {
  const model = await readEncoder(checkpoint)
  const { config, trained } = model
  const parameters = await standardised(config, model.parameters, options, signal)
  if (options.onnx !== undefined) {
    const chosen = sizeOption(options.size!)
    const size = typeof chosen === 'number' ? { height: chosen, width: chosen } : chosen
    if (size.height % config.patch !== 0 || size.width % config.patch !== 0)
      throw new UsageError(
        `--size "${options.size}" must be a multiple of the patch, ${config.patch} pixels, in both directions.`,
      )
    await writeFileAtomic(options.onnx, toOnnx(encoderGraph(config, parameters, size), 'portable'))
  }
  if (options.safetensors !== undefined)
    await writeEncoder(options.safetensors, {
      config,
      parameters,
      trained,
      metadata: originOf(model.metadata),
    })
  return encoderName(config)
}

async function exportWhole(checkpoint: string, options: ExportOptions, signal: AbortSignal): Promise<string> {
  const { name, config, parameters: stored, trained, metadata } = await readSiamMae(checkpoint)
  const parameters = await standardised(config.encoder, stored, options, signal)
  if (options.onnx !== undefined)
    await writeFileAtomic(options.onnx, toOnnx(inferenceGraph(config, parameters, 1), 'portable'))
  if (options.safetensors !== undefined)
    await writeSiamMae(options.safetensors, { config, parameters, trained, metadata: originOf(metadata) })
  return name
}

/** The parameters as they are, or with standardised features where clips were named for it. */
async function standardised(
  config: EncoderConfig,
  parameters: Parameters,
  { standardise, device }: ExportOptions,
  signal: AbortSignal,
): Promise<Parameters> {
  if (!standardise) return parameters
  const { engine } = await startEngine(device, signal)
  const progress = createProgress('Measuring features')
  try {
    const clips = standardise.map((path) => () => openVideo(path, { cacheFolder: cacheFolder(), signal }))
    const statistics = await featureStatistics(engine, { config, parameters }, clips, {
      shortSide: DEFAULT_SHORT_SIDE,
      signal,
      onProgress: (done, total) => progress.update(done, total, 'clips'),
    })
    return standardiseFeatures(config, parameters, statistics)
  } finally {
    progress.end()
    await engine.close()
  }
}

/** The size at which `propagate` shows a clip to the network, unless told otherwise. */
const DEFAULT_SHORT_SIDE = 480

/** What a model's file says about itself, without what only a run needs to go on. */
function originOf(metadata: Readonly<Record<string, string>>): Record<string, string> {
  const step = metadata['siammae.step']
  return {
    ...Object.fromEntries(Object.entries(metadata).filter(([key]) => !key.startsWith('siammae.'))),
    ...(step !== undefined && { origin: `training run, step ${step}` }),
  }
}
