import { Command } from 'commander'
import { UsageError } from '../../errors.ts'
import { writeFileAtomic } from '../../files.ts'
import { toOnnx } from '../../graph/index.ts'
import { type EncoderConfig, encoderGraph, encoderName } from '../../siammae/index.ts'
import { inferenceGraph } from '../../training/index.ts'
import { readEncoder, readSiamMae, writeEncoder, writeSiamMae } from '../../weights/index.ts'
import { refuseOverwrite, sizeOption } from '../shared.ts'

interface ExportOptions {
  featureBlocks?: string
  onnx?: string
  safetensors?: string
  whole?: boolean
  size?: string
}

/** `siammae export`: weights for other programs. */
export function exportCommand(): Command {
  return new Command('export')
    .description('write the encoder of a checkpoint, or all of it, for other programs')
    .argument('<checkpoint>', 'checkpoint of a run, or another model file')
    .option(
      '--onnx <file.onnx>',
      'graph with its weights: image [height, width, 3] of bytes in, tokens and tokens_l2 out',
    )
    .option('--safetensors <file>', 'weights without the state of the optimiser')
    .option(
      '--feature-blocks <n>',
      'read features behind n blocks, each channel at mean 0 and deviation 1 over the frame; 0 for behind the final norm (default: as the checkpoint says)',
    )
    .option('--whole', 'encoder and decoder (default: the encoder alone)')
    .option('--size <size>', 'HxW or side in pixels of the picture that the ONNX encoder takes', '224')
    .action(async (checkpoint: string, options: ExportOptions) => {
      const outputs = [options.onnx, options.safetensors].filter((path) => path !== undefined)
      if (outputs.length === 0) throw new UsageError('Give --onnx <file.onnx> or --safetensors <file>.')
      if (options.onnx) await refuseOverwrite('--onnx', options.onnx, [checkpoint])
      if (options.safetensors) await refuseOverwrite('--safetensors', options.safetensors, [checkpoint])
      const name = await (options.whole ? exportWhole : exportEncoder)(checkpoint, options)
      const what = `${options.whole ? 'all' : 'the encoder'} of ${name}`
      for (const path of outputs) console.log(`Wrote ${what} to ${path}`)
    })
}

async function exportEncoder(checkpoint: string, options: ExportOptions): Promise<string> {
  const model = await readEncoder(checkpoint)
  const { parameters, trained } = model
  const config = withFeatures(model.config, options)
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

async function exportWhole(checkpoint: string, options: ExportOptions): Promise<string> {
  const { name, config: stored, parameters, trained, metadata } = await readSiamMae(checkpoint)
  const config = { ...stored, encoder: withFeatures(stored.encoder, options) }
  if (options.onnx !== undefined)
    await writeFileAtomic(options.onnx, toOnnx(inferenceGraph(config, parameters, 1), 'portable'))
  if (options.safetensors !== undefined)
    await writeSiamMae(options.safetensors, { config, parameters, trained, metadata: originOf(metadata) })
  return name
}

/** The encoder with its features read where the command line says. @throws UsageError naming the option */
function withFeatures(config: EncoderConfig, { featureBlocks }: ExportOptions): EncoderConfig {
  if (featureBlocks === undefined) return config
  const blocks = Number(featureBlocks)
  if (!Number.isInteger(blocks) || blocks < 0 || blocks > config.depth)
    throw new UsageError(
      `--feature-blocks "${featureBlocks}" must be a whole number from 0 to ${config.depth}, the blocks of this model.`,
    )
  return { ...config, featureBlocks: blocks === 0 ? undefined : blocks }
}

/** What a model's file says about itself, without what only a run needs to go on. */
function originOf(metadata: Readonly<Record<string, string>>): Record<string, string> {
  const step = metadata['siammae.step']
  return {
    ...Object.fromEntries(Object.entries(metadata).filter(([key]) => !key.startsWith('siammae.'))),
    ...(step !== undefined && { origin: `training run, step ${step}` }),
  }
}
