/** What an estimate, a run and an evaluation need before they begin: settings, footage, a device. */
import { join } from 'node:path'
import { throwIfCancelled, UsageError } from '../../errors.ts'
import { starterModelPath, weightsLicence } from '../../installation/index.ts'
import { chooseDevice, type DeviceChoice, Engine, parseDevice } from '../../runtime/index.ts'
import {
  type FrameCache,
  type InitialWeights,
  openFrameCache,
  type RunConfig,
  readInitialWeights,
  resolveRunConfig,
} from '../../training/index.ts'
import type { Host } from '../host.ts'
import type { TrainingHostFunctions, TrainingPlaces, TrainingRequest, TrainingStart } from './surface.ts'

export type TrainingHost = Host<TrainingHostFunctions>

/** The complete settings that a request stands for, and the weights that it starts from. */
export async function settle({ sources, start, layers }: TrainingRequest): Promise<{
  readonly config: RunConfig
  readonly init: InitialWeights | undefined
}> {
  const path = startPath(start)
  const init = path === undefined ? undefined : await readInitialWeights(path)
  const config = resolveRunConfig(
    'finetune',
    [
      { name: 'The form', settings: { data: { sources: [...sources] } } },
      ...layers.map(({ name, settings }) => ({ name, settings: { ...settings } })),
    ],
    { model: init?.model, init: init && { path: init.path, hash: init.hash, licence: weightsLicence(init) } },
  )
  if (config.data.sources.length === 0)
    throw new UsageError('There is no footage yet; add at least one video or folder to learn from.')
  return { config, init }
}

function startPath(start: TrainingStart): string | undefined {
  switch (start.kind) {
    case 'starter':
      return starterModelPath()
    case 'random':
      return undefined
    case 'file':
      return start.file
    default:
      start satisfies never
      return undefined
  }
}

/** Opens the footage, decoding what was not decoded before, and tells the host how far that is. */
export function openFootage(
  config: RunConfig,
  places: TrainingPlaces,
  host: TrainingHost,
  signal: AbortSignal,
): Promise<FrameCache> {
  return openFrameCache(config.data.sources, {
    folder: join(places.cacheFolder, 'frames'),
    tableFolder: places.cacheFolder,
    ...(places.ffmpeg !== undefined && { ffmpeg: places.ffmpeg }),
    shortSide: config.data.shortSide,
    limitBytes: config.data.cacheLimitGb * 1e9,
    signal,
    onProgress: ({ clip, clips, frame, frames, name }) =>
      host.tell.preparing({
        stage: 'decoding',
        name,
        done: clip + (frames > 0 ? Math.min(1, frame / frames) : 0),
        total: clips,
      }),
  })
}

/** Chooses the device and starts its engine. */
export async function startEngine(
  word: string,
  threads: number,
  host: TrainingHost,
  signal: AbortSignal,
): Promise<{ readonly engine: Engine; readonly choice: DeviceChoice }> {
  host.tell.preparing({ stage: 'device', name: word, done: 0, total: 1 })
  const choice = await chooseDevice(parseDevice(word))
  throwIfCancelled(signal)
  return { engine: await Engine.start(choice.device, { threads }), choice }
}
