/** The model that a run leaves in its folder. */
import { join } from 'node:path'
import { UserError } from '../../errors.ts'
import { featureStatistics } from '../../propagation/index.ts'
import type { Engine } from '../../runtime/index.ts'
import { standardiseFeatures } from '../../siammae/index.ts'
import { keepModel, latestCheckpoint, listCheckpoints, RunFolder } from '../../training/index.ts'
import { openVideo } from '../../video/index.ts'
import { isSiamMae, readSafetensorsMetadata } from '../../weights/index.ts'
import { startEngine, type TrainingHost } from './equipment.ts'
import type { TrainedModel, TrainingPlaces } from './surface.ts'

export const MODEL_FILE = 'model.safetensors'

/** Clips and size that the statistics of features are taken from: means and deviations hardly change with more. */
const CLIPS = 4
const SHORT_SIDE = 320

/**
 * Makes a model of a checkpoint of a run. Features of a SiamMAE are brought to mean 0 and deviation 1 over the footage, as
 * the starter's are: training leaves a part in them that all patches share.
 */
export async function modelOf(
  folder: RunFolder,
  checkpoint: string,
  engine: Engine,
  places: TrainingPlaces,
): Promise<TrainedModel> {
  const clips = (await startedFromEncoder(folder)) ? [] : await openable(folder, places)
  const { file, name, step } = await keepModel(
    checkpoint,
    join(folder.path, MODEL_FILE),
    async ({ encoder }, parameters) => {
      if (clips.length === 0) return parameters
      const statistics = await featureStatistics(engine, { config: encoder, parameters }, clips, {
        shortSide: SHORT_SIDE,
      })
      return standardiseFeatures(encoder, parameters, statistics)
    },
  )
  return { file, name, step }
}

/** Makes a model of the last checkpoint of a run that nobody is training. */
export async function keepLast(
  path: string,
  places: TrainingPlaces,
  host: TrainingHost,
  signal: AbortSignal,
): Promise<TrainedModel> {
  const folder = await RunFolder.open(path)
  try {
    // Read whole, so that a damaged one is told with what to do.
    const checkpoint = await latestCheckpoint(folder.checkpoints)
    const last = (await listCheckpoints(folder.checkpoints)).at(-1)
    if (!checkpoint || !last)
      throw new UserError(
        `${path} has no checkpoint yet, so there is no model to make of it; resume the run.`,
      )
    const { device, threads } = checkpoint.config
    const { engine } = await startEngine(device, threads, host, signal)
    try {
      return await modelOf(folder, last.path, engine, places)
    } finally {
      await engine.close()
    }
  } finally {
    await folder.close()
  }
}

/** Features of other families stay as their authors made them. */
async function startedFromEncoder(folder: RunFolder): Promise<boolean> {
  const { init } = await folder.readConfig()
  if (!init) return false
  const metadata = await readSafetensorsMetadata(init.path).catch(() => undefined)
  return metadata !== undefined && !isSiamMae(metadata)
}

/** Some clips of the run that are still there, spread over all. */
async function openable(folder: RunFolder, { cacheFolder, ffmpeg }: TrainingPlaces) {
  const all = (await folder.readClips()) ?? []
  const stride = Math.max(1, Math.floor(all.length / CLIPS))
  const open = (path: string) => openVideo(path, { cacheFolder, ...(ffmpeg !== undefined && { ffmpeg }) })
  const found: (() => ReturnType<typeof openVideo>)[] = []
  for (const { path } of all.filter((_, index) => index % stride === 0).slice(0, CLIPS)) {
    const video = await open(path).catch((error) => {
      // Footage that was deleted since: the model is made without it.
      if (error instanceof UserError) return undefined
      throw error
    })
    await video?.close()
    if (video) found.push(() => open(path))
  }
  return found
}
