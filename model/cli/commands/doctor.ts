import { existsSync } from 'node:fs'
import { availableParallelism, cpus, freemem, totalmem } from 'node:os'
import { Command } from 'commander'
import { messageOf, throwIfCancelled } from '../../errors.ts'
import { probeAll, runtimeVersion } from '../../runtime/index.ts'
import { type Ffmpeg, locateFfmpeg } from '../../video/index.ts'
import { readEncoder } from '../../weights/index.ts'
import { cacheFolder, modelLabel, printJson, starterModelPath, toolVersion } from '../shared.ts'

/** Runs a check whose failure is a finding, not an error. */
async function finding<T>(check: () => Promise<T>): Promise<{ value: T } | { problem: string }> {
  try {
    return { value: await check() }
  } catch (error) {
    return { problem: messageOf(error) }
  }
}

const gigabytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GB`

/** `siammae doctor`: what works on this machine. */
export function doctorCommand(signal: AbortSignal): Command {
  return new Command('doctor')
    .description('show which devices work here, ffmpeg, the model, memory and cores')
    .option('--json', 'print everything as JSON')
    .action(async (options: { json?: boolean }) => {
      const devices = await probeAll()
      throwIfCancelled(signal)
      const ffmpeg = await finding<Ffmpeg>(() => locateFfmpeg())
      const path = starterModelPath()
      const model = await finding(async () => {
        if (!existsSync(path)) throw new Error(`${path} is missing; check the project out again`)
        return readEncoder(path)
      })
      const report = {
        tool: toolVersion(),
        node: process.version,
        platform: `${process.platform}-${process.arch}`,
        runtime: `onnxruntime ${runtimeVersion()}`,
        processor: cpus()[0]?.model ?? 'unknown',
        cores: availableParallelism(),
        memory: { totalBytes: totalmem(), freeBytes: freemem() },
        cacheFolder: cacheFolder(),
        devices,
        ffmpeg: 'value' in ffmpeg ? ffmpeg.value : ffmpeg,
        model:
          'value' in model
            ? { path, name: modelLabel(model.value), hash: model.value.hash, trained: model.value.trained }
            : { path, problem: model.problem },
      }
      const healthy = devices.some(({ ok }) => ok) && 'value' in ffmpeg && 'value' in model
      if (options.json) printJson({ ...report, healthy })
      else {
        const rows: [string, string][] = [
          ['tool', `${report.tool}, Node ${report.node}, ${report.platform}, ${report.runtime}`],
          [
            'machine',
            `${report.processor}, ${report.cores} cores, ${gigabytes(totalmem())} memory (${gigabytes(freemem())} free)`,
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
