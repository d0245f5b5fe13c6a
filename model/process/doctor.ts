/** What `siammae doctor` tells, as data that crosses the process border. */
import { examine } from '../installation/index.ts'
import type { DoctorReport } from './surface.ts'

/** Never fails: what does not work is what it tells. */
export async function doctor(settings: { ffmpeg?: string; model?: string } = {}): Promise<DoctorReport> {
  const { ffmpeg, model, memory, devices, modelPath, ...facts } = await examine(settings)
  return {
    tool: facts.tool,
    node: facts.node,
    runtime: facts.runtime,
    platform: facts.platform,
    cores: facts.cores,
    memoryGb: Number((memory.totalBytes / 1024 ** 3).toFixed(1)),
    ffmpeg:
      'value' in ffmpeg
        ? { path: ffmpeg.value.path, version: ffmpeg.value.version }
        : { missing: ffmpeg.problem },
    devices: devices.map(({ device, ok, gigaflops, reason }) => ({
      device,
      ok,
      ...(gigaflops !== undefined && { gigaflops }),
      ...(reason !== undefined && { reason }),
    })),
    model:
      'value' in model
        ? { name: model.value.name, file: modelPath, trained: model.value.trained }
        : { problem: model.problem },
  }
}
