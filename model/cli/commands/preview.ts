import { basename } from 'node:path'
import { Command } from 'commander'
import { throwIfCancelled, UsageError } from '../../errors.ts'
import { writeFileAtomic } from '../../files.ts'
import { drawPreview, reconstruct } from '../../training/index.ts'
import type { VideoSource } from '../../video/index.ts'
import { readSiamMae } from '../../weights/index.ts'
import { say } from '../progress.ts'
import { numberOption, openClip, refuseOverwrite, startEngine } from '../shared.ts'

interface PreviewOptions {
  frames: string
  out: string
  device: string
  seed: string
}

/** `siammae preview`: what a network makes of a pair of frames. */
export function previewCommand(signal: AbortSignal): Command {
  return new Command('preview')
    .description('draw how a checkpoint fills in the masked frame b of a clip from its frame a')
    .argument('<checkpoint>', 'checkpoint of a run, or another whole SiamMAE')
    .argument('<video>', 'video file or folder of images')
    .requiredOption('--frames <a,b>', 'the past and the future frame')
    .requiredOption('--out <file.png>', 'picture to write')
    .option('--device <device>', 'auto, cpu, webgpu, ...', 'auto')
    .option('--seed <n>', 'which patches are removed', '0')
    .action(async (checkpoint: string, video: string, options: PreviewOptions) => {
      const seed = numberOption('--seed', options.seed, { min: 0, max: 2 ** 31 - 1, whole: true })
      await refuseOverwrite('--out', options.out, [checkpoint, video])
      const model = await readSiamMae(checkpoint)
      if (!model.trained)
        say(`Warning: the model ${model.file} is untrained; its prediction means nothing yet.`)
      const source = await openClip(video, signal)
      try {
        const [a, b] = parseFrames(options.frames, source.table.frames.length)
        const side = model.config.imageSize
        const past = await square(source, a, side, signal)
        const future = await square(source, b, side, signal)
        const { engine, choice } = await startEngine(options.device, signal)
        try {
          const result = await reconstruct(
            engine,
            model.config,
            model.parameters,
            { size: 1, past, future },
            seed,
          )
          throwIfCancelled(signal)
          const title = `${basename(video)} ${a} to ${b}, loss ${result.loss.toFixed(4)}`
          await writeFileAtomic(options.out, await drawPreview(model.config, result, title, 1))
          console.log(
            `Wrote frame ${b} as ${model.file} sees it from frame ${a} (loss ${result.loss.toFixed(4)} on ${choice.device}) to ${options.out}`,
          )
        } finally {
          await engine.close()
        }
      } finally {
        await source.close()
      }
    })
}

function parseFrames(text: string, count: number): [number, number] {
  const parts = text.split(',')
  if (parts.length !== 2)
    throw new UsageError(`--frames "${text}" must be two frames, the past and the future one, such as 0,12.`)
  const bounds = { min: 0, max: count - 1, whole: true }
  return parts.map((part) => numberOption('--frames', part, bounds)) as [number, number]
}

/** The square in the middle of a frame, its side brought to `side` pixels. */
async function square(
  source: VideoSource,
  index: number,
  side: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const scale = side / Math.min(source.table.width, source.table.height)
  const width = Math.max(side, Math.round(source.table.width * scale))
  const height = Math.max(side, Math.round(source.table.height * scale))
  const { data } = await source.frame(index, { size: { width, height }, signal })
  const left = Math.floor((width - side) / 2)
  const top = Math.floor((height - side) / 2)
  const result = new Uint8Array(side * side * 3)
  for (let row = 0; row < side; row++) {
    const from = ((top + row) * width + left) * 3
    result.set(data.subarray(from, from + side * 3), row * side * 3)
  }
  return result
}
