import { Command } from 'commander'
import { throwIfCancelled } from '../../errors.ts'
import { modelLabel, starterModelPath } from '../../installation/index.ts'
import { extractToHost, modelSize } from '../../propagation/index.ts'
import { openPicture } from '../../video/index.ts'
import { fromFloat32, writeSafetensors } from '../../weights/index.ts'
import { loadModel, refuseOverwrite, sizeOption, startEngine } from '../shared.ts'

interface FeatureOptions {
  model?: string
  out: string
  size?: string
  device: string
}

/** `siammae features`: the encoder's patch tokens of one picture. */
export function featuresCommand(signal: AbortSignal): Command {
  return new Command('features')
    .description(
      'write the patch tokens of a picture as safetensors: tokens and tokens_l2, [rows * columns, dim]',
    )
    .argument('<image>', 'picture file')
    .requiredOption('--out <file>', 'safetensors file to write')
    .option('--model <file>', 'encoder checkpoint (default: the starter model)')
    .option(
      '--size <size>',
      'HxW or short side in pixels, rounded to whole patches (default: as the picture is)',
    )
    .option('--device <device>', 'auto, cpu, webgpu, ...', 'auto')
    .action(async (path: string, options: FeatureOptions) => {
      const size = options.size === undefined ? undefined : sizeOption(options.size)
      await refuseOverwrite('--out', options.out, [path, options.model ?? starterModelPath()])
      const model = await loadModel(options.model)
      const picture = await openPicture(path)
      const target =
        typeof size === 'object'
          ? modelSize(size, Math.min(size.width, size.height), model)
          : modelSize(picture, size ?? Math.min(picture.width, picture.height), model)
      const pixels = await picture.pixels(target)
      const { engine, choice } = await startEngine(options.device, signal)
      try {
        const { tokens, unit, grid } = await extractToHost(engine, model, target, pixels)
        throwIfCancelled(signal)
        const shape = [grid.rows * grid.columns, model.config.dim]
        await writeSafetensors(options.out, {
          tensors: new Map([
            ['tokens', fromFloat32(tokens, shape)],
            ['tokens_l2', fromFloat32(unit, shape)],
          ]),
          metadata: {
            model: modelLabel(model),
            modelHash: model.hash,
            rows: String(grid.rows),
            columns: String(grid.columns),
            size: `${target.height}x${target.width}`,
          },
        })
        console.log(
          `Wrote ${grid.rows} x ${grid.columns} tokens of ${model.config.dim} channels (picture at ${target.width}x${target.height}, ${modelLabel(model)}, ${choice.device}) to ${options.out}`,
        )
      } finally {
        await engine.close()
      }
    })
}
