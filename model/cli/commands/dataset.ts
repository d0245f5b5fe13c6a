import { Command, Option } from 'commander'
import { throwIfCancelled, UserError } from '../../errors.ts'
import { findSidecars, openClipOf } from '../../evaluation/index.ts'
import { type DatasetFormat, formats, readSidecar, sequenceNameOf } from '../../formats/index.ts'
import { toolVersion } from '../../installation/index.ts'
import { createProgress, say } from '../progress.ts'
import { cacheFolder, prepareOutput, printJson } from '../shared.ts'

interface DatasetOptions {
  readonly out: string
  readonly format: DatasetFormat['id']
  readonly pictures?: boolean
  readonly json?: boolean
}

/** What became of one side-car. */
interface Written {
  readonly sidecar: string
  readonly sequence: string
  readonly files: number
  readonly warnings: readonly string[]
}

/** `siammae dataset`: annotations of the editor as a dataset, clip by clip into one folder. */
export function datasetCommand(signal: AbortSignal): Command {
  return new Command('dataset')
    .description('write the annotations of clips as one dataset, as Export Dataset does in the editor')
    .argument('<annotations...>', 'side-cars (*.siam.json), or folders with side-cars anywhere below')
    .requiredOption('--out <dir>', 'folder of the dataset; other clips in it stay')
    .addOption(new Option('--format <name>', 'layout').choices(Object.keys(formats)).default('coco'))
    .option('--pictures', 'write the annotated frames too, as JPEG')
    .option('--json', 'print what was written as JSON')
    .action(async (annotations: string[], options: DatasetOptions) => {
      const found = await findSidecars(annotations)
      if (found.length === 0)
        throw new UserError(
          `${annotations.join(', ')} holds no side-car (*.siam.json); annotate a clip and save first.`,
        )
      await prepareOutput(options.out)
      const written: Written[] = []
      const failed: { sidecar: string; reason: string }[] = []
      for (const { name, path } of found) {
        try {
          written.push(await writeClip(name, path, options, signal))
        } catch (error) {
          // One clip that cannot be written is no reason to leave out the others.
          if (!(error instanceof UserError)) throw error
          failed.push({ sidecar: path, reason: error.message })
          say(`Error: ${name}: ${error.message}`)
        }
      }
      if (options.json) printJson({ out: options.out, format: options.format, written, failed })
      else
        console.log(
          `Wrote ${written.length} of ${found.length} clips to ${options.out} as ${formats[options.format].title}, read back and compared.`,
        )
      if (failed.length > 0) process.exitCode = 1
    })
}

/** @throws UserError when the side-car, its video or the folder refuses; CancelledError */
async function writeClip(
  name: string,
  sidecar: string,
  { out, format, pictures }: DatasetOptions,
  signal: AbortSignal,
): Promise<Written> {
  throwIfCancelled(signal)
  const document = await readSidecar(sidecar)
  const source = await openClipOf(document, sidecar, { cacheFolder: cacheFolder(), signal })
  const progress = createProgress(name)
  try {
    const { path, frames } = source.table
    const sequence = sequenceNameOf(path)
    const marked = document.framesWithEntries()
    const { files, warnings } = await formats[format].write(document, {
      folder: out,
      sequence,
      frames: frames.map(({ index, time, file }) => ({ index, time, file })),
      tool: toolVersion(),
      signal,
      onProgress: (done, total) => progress.update(done, total, 'files'),
      ...(pictures && { pictures: () => source.frames({ first: marked[0], last: marked.at(-1), signal }) }),
    })
    progress.end()
    for (const warning of warnings) say(`Note: ${name}: ${warning}`)
    return { sidecar, sequence, files, warnings }
  } finally {
    progress.end()
    await source.close()
  }
}
