import { join } from 'node:path'
import { Command, Option } from 'commander'
import sharp from 'sharp'
import { UsageError, UserError } from '../../errors.ts'
import { writeFileAtomic } from '../../files.ts'
import type { VideoFrame, VideoSource } from '../../video/index.ts'
import { createProgress } from '../progress.ts'
import { numberOption, openClip, prepareOutput, refuseOverwrite } from '../shared.ts'

/** `siammae frames`: frames as pictures, named by their index. */
export function framesCommand(signal: AbortSignal): Command {
  return new Command('frames')
    .description('write frames of a video as pictures named by frame index')
    .argument('<video>', 'video file or folder of images')
    .requiredOption('--out <dir>', 'folder to write to')
    .option('--index <list>', 'frame indices such as 0,7,12 (default: all)')
    .addOption(new Option('--format <format>', 'picture format').choices(['png', 'jpg']).default('png'))
    .action(async (path: string, options: { out: string; index?: string; format: 'png' | 'jpg' }) => {
      const wanted = options.index === undefined ? undefined : parseIndices(options.index)
      const source = await openClip(path, signal)
      try {
        const count = source.table.frames.length
        const missing = wanted?.find((index) => index >= count)
        if (missing !== undefined)
          throw new UsageError(`${path} has no frame ${missing}; its frames are 0 to ${count - 1}.`)
        await refuseOverwrite('--out', options.out, [path])
        await prepareOutput(options.out)
        const progress = createProgress('Writing frames')
        const total = wanted?.length ?? count
        let done = 0
        for await (const frame of selected(source, wanted, signal)) {
          const name = `${String(frame.index).padStart(5, '0')}.${options.format}`
          await writePicture(join(options.out, name), frame, options.format)
          progress.update(++done, total)
        }
        progress.end()
        console.log(`Wrote ${done} frames to ${options.out}`)
      } finally {
        await source.close()
      }
    })
}

function parseIndices(text: string): number[] {
  return text.split(',').map((part) => numberOption('--index', part, { min: 0, max: 2 ** 31, whole: true }))
}

async function* selected(source: VideoSource, wanted: readonly number[] | undefined, signal: AbortSignal) {
  if (!wanted) yield* source.frames({ signal })
  else for (const index of wanted) yield await source.frame(index, { signal })
}

async function writePicture(path: string, frame: VideoFrame, format: 'png' | 'jpg'): Promise<void> {
  const { width, height, data } = frame
  const picture = sharp(data, { raw: { width, height, channels: 3 } })
  let bytes: Uint8Array
  try {
    bytes = await (format === 'png'
      ? picture.png()
      : picture.jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    ).toBuffer()
  } catch (error) {
    throw new UserError(`Cannot encode ${path}: ${String(error)}.`, { cause: error })
  }
  await writeFileAtomic(path, bytes)
}
