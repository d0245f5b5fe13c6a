import { Command } from 'commander'
import { examine, modelLabel } from '../../installation/index.ts'
import { cacheFolder, printJson } from '../shared.ts'

const gigabytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GB`

/** `siammae doctor`: what works on this machine. */
export function doctorCommand(signal: AbortSignal): Command {
  return new Command('doctor')
    .description('show which devices work here, ffmpeg, the model, memory and cores')
    .option('--json', 'print everything as JSON')
    .action(async (options: { json?: boolean }) => {
      const { ffmpeg, model, modelPath: path, healthy, ...facts } = await examine({ signal })
      const { memory, devices } = facts
      const report = {
        ...facts,
        cacheFolder: cacheFolder(),
        ffmpeg: 'value' in ffmpeg ? ffmpeg.value : ffmpeg,
        model:
          'value' in model
            ? { path, name: modelLabel(model.value), hash: model.value.hash, trained: model.value.trained }
            : { path, problem: model.problem },
      }
      if (options.json) printJson({ ...report, healthy })
      else {
        const rows: [string, string][] = [
          ['tool', `${report.tool}, Node ${report.node}, ${report.platform}, ${report.runtime}`],
          [
            'machine',
            `${report.processor}, ${report.cores} cores, ${gigabytes(memory.totalBytes)} memory (${gigabytes(memory.freeBytes)} free)`,
          ],
          ...devices.map(({ device, ok, gigaflops, reason }): [string, string] => [
            `device ${device}`,
            ok ? `works, ${gigaflops} GFLOP/s in a small matrix product` : `not usable: ${reason}`,
          ]),
          [
            'ffmpeg',
            'value' in ffmpeg
              ? `${ffmpeg.value.version} at ${ffmpeg.value.path} (from ${ffmpeg.value.source})`
              : ffmpeg.problem,
          ],
          [
            'model',
            'value' in model ? `${modelLabel(model.value)}, ${model.value.hash.slice(0, 19)}` : model.problem,
          ],
          ['cache', report.cacheFolder],
        ]
        for (const [name, value] of rows) console.log(`${name.padEnd(16)}${value}`)
        console.log(
          healthy ? 'Everything that is needed works.' : 'Something that is needed is missing; see above.',
        )
      }
      if (!healthy) process.exitCode = 1
    })
}
