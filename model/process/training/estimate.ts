/** What a run would cost, measured. */
import { availableMemory, countPairs, licenceOf, measureStep, totalMemory } from '../../training/index.ts'
import { openFootage, settle, startEngine, type TrainingHost } from './equipment.ts'
import type { TrainingClip, TrainingEstimate, TrainingPlaces, TrainingRequest } from './surface.ts'

/** @throws UserError about settings, footage, device or memory; CancelledError */
export async function estimate(
  request: TrainingRequest,
  places: TrainingPlaces,
  host: TrainingHost,
  signal: AbortSignal,
): Promise<TrainingEstimate> {
  const { config, init } = await settle(request)
  const cache = await openFootage(config, places, host, signal)
  try {
    const clips: TrainingClip[] = []
    for (const { name, path, frames, fps } of cache.clips)
      clips.push({ name, path, frames, fps, licence: await licenceOf(path) })
    const free = availableMemory()
    const { engine, choice } = await startEngine(config.device, config.threads, host, signal)
    try {
      host.tell.preparing({ stage: 'measuring', name: choice.device, done: 0, total: 1 })
      const { notes, ...measured } = await measureStep({ config, cache, engine, init, signal })
      const short = choice.device === 'cpu' && measured.peakMemoryBytes > free
      return {
        ...measured,
        config: config as unknown as Record<string, unknown>,
        steps: config.schedule.steps,
        memoryBytes: totalMemory(),
        device: choice.device,
        clips,
        skipped: cache.skipped,
        pairs: countPairs(cache.clips, config.data.gap),
        pairsPerStep: config.batch * config.accumulate,
        notes: [
          ...choice.notes,
          ...notes,
          ...cache.warnings.map(({ path, reason }) => `${path}: ${reason}`),
          ...(short
            ? [
                `The run takes ${gigabytes(measured.peakMemoryBytes)} of memory and ${gigabytes(free)} were free; close other programs, or lower the setting batch.`,
              ]
            : []),
        ],
      }
    } finally {
      await engine.close()
    }
  } finally {
    await cache.close()
  }
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`
