/** Going on with a run that exists: its settings, its last checkpoint, and the very weights that it started from. */
import { UserError } from '../errors.ts'
import { type Checkpoint, latestCheckpoint } from './checkpoint.ts'
import { type InitialWeights, readInitialWeights } from './init.ts'
import { refuseChanges, resumeRunConfig, type SettingsLayer } from './run-config.ts'
import type { RunFolder } from './run-folder.ts'
import type { RunConfig } from './run-schema.ts'

/** What a run goes on from. */
export interface Continuation {
  readonly config: RunConfig
  /** Undefined where the run never came to one: it starts again. */
  readonly checkpoint: Checkpoint | undefined
  /** For a run without a checkpoint. */
  readonly init: InitialWeights | undefined
}

/**
 * Reads what a run goes on from.
 * @param layers settings over the stored ones; only those that may change
 * @throws UsageError naming a setting that may not; UserError when files of the run, or the weights it started from,
 *   are damaged or others
 */
export async function continueRun(
  folder: RunFolder,
  layers: readonly SettingsLayer[],
): Promise<Continuation> {
  const stored = await folder.readConfig()
  const config = resumeRunConfig(stored, layers)
  const checkpoint = await latestCheckpoint(folder.checkpoints)
  // config.json is a file that people edit; the checkpoint knows what was really computed.
  if (checkpoint) refuseChanges(checkpoint.config, config)
  return { config, checkpoint, init: !checkpoint && config.init ? await sameWeights(config.init) : undefined }
}

/** A run without a checkpoint starts again, from the very weights that it was started with. */
async function sameWeights(init: NonNullable<RunConfig['init']>): Promise<InitialWeights> {
  const weights = await readInitialWeights(init.path)
  if (weights.hash !== init.hash)
    throw new UserError(
      `${init.path} is not the file any more that the run was started from, and the run has no checkpoint yet. Start a new run.`,
    )
  return weights
}
