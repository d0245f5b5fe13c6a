/** What works on this machine: findings, never errors. */
import { availableParallelism, cpus, freemem, totalmem } from 'node:os'
import { messageOf, throwIfCancelled } from '../errors.ts'
import { type ProbeResult, probeAll, runtimeVersion } from '../runtime/index.ts'
import { type Ffmpeg, locateFfmpeg } from '../video/index.ts'
import type { FeatureModel } from '../weights/index.ts'
import { readModel, starterModelPath, toolVersion } from './package.ts'

/** What a check found, or the sentence that says why it failed. */
export type Finding<T> = { readonly value: T } | { readonly problem: string }

export interface Examination {
  readonly tool: string
  readonly node: string
  readonly platform: string
  readonly runtime: string
  readonly processor: string
  readonly cores: number
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number }
  readonly devices: readonly ProbeResult[]
  readonly ffmpeg: Finding<Ffmpeg>
  readonly modelPath: string
  readonly model: Finding<FeatureModel>
  /** Whether a device, ffmpeg and the model all work. */
  readonly healthy: boolean
}

async function finding<T>(check: () => Promise<T>): Promise<Finding<T>> {
  try {
    return { value: await check() }
  } catch (error) {
    return { problem: messageOf(error) }
  }
}

/**
 * Tries every device, ffmpeg and the model.
 * @param choice what the person's settings say; else what is found and the starter model
 * @throws CancelledError when the signal fires
 */
export async function examine(
  choice: { ffmpeg?: string; model?: string; signal?: AbortSignal } = {},
): Promise<Examination> {
  const devices = await probeAll()
  throwIfCancelled(choice.signal)
  const ffmpeg = await finding(() => locateFfmpeg(choice.ffmpeg))
  const model = await finding(() => readModel(choice.model))
  return {
    tool: toolVersion(),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    runtime: `onnxruntime ${runtimeVersion()}`,
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memory: { totalBytes: totalmem(), freeBytes: freemem() },
    devices,
    ffmpeg,
    modelPath: choice.model ?? starterModelPath(),
    model,
    healthy: devices.some(({ ok }) => ok) && 'value' in ffmpeg && 'value' in model,
  }
}
