/** The model that a run leaves in its folder. */
import { join } from 'node:path'
import { UserError } from '../../errors.ts'
import { keepModel, latestCheckpoint, listCheckpoints, RunFolder } from '../../training/index.ts'
import type { TrainedModel } from './surface.ts'

export const MODEL_FILE = 'model.safetensors'

/** Makes a model of a checkpoint of a run. */
export async function modelOf(folder: RunFolder, checkpoint: string): Promise<TrainedModel> {
  const { file, name, step, licence } = await keepModel(checkpoint, join(folder.path, MODEL_FILE))
  return { file, name, step, licence }
}

/** Makes a model of the last checkpoint of a run that nobody is training. */
export async function keepLast(path: string): Promise<TrainedModel> {
  const folder = await RunFolder.open(path)
  try {
    // Read whole, so that a damaged one is told with what to do.
    const checkpoint = await latestCheckpoint(folder.checkpoints)
    const last = (await listCheckpoints(folder.checkpoints)).at(-1)
    if (!checkpoint || !last)
      throw new UserError(
        `${path} has no checkpoint yet, so there is no model to make of it; resume the run.`,
      )
    return await modelOf(folder, last.path)
  } finally {
    await folder.close()
  }
}
