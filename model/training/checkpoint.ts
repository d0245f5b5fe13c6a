/**
 * Checkpoints of a run: `checkpoints/step-00001000.safetensors` with the parameters, the moments of AdamW, and in
 * the metadata the step, the settings and the loss. Random numbers need no state of their own: those of step n
 * depend on nothing but the seed and n. The file is a whole SiamMAE too, so that it is used as a model as it is.
 */
import { readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { explainSystemError, messageOf, UserError } from '../errors.ts'
import { makeFolder } from '../files.ts'
import { siamMaeLayout } from '../siammae/index.ts'
import {
  fromFloat32,
  isSiamMae,
  parseSiamMae,
  readSafetensors,
  readSafetensorsMetadata,
  type StoredTensor,
  takeParameters,
  writeSiamMae,
} from '../weights/index.ts'
import { trainedLicence } from './licences.ts'
import { trainableLayout } from './optimiser.ts'
import { checkRunConfig, type RunConfig } from './run-schema.ts'
import { firstMoment, secondMoment } from './step-graph.ts'
import type { TrainingState } from './train-step.ts'

export interface Checkpoint {
  readonly state: TrainingState
  readonly config: RunConfig
  /** Running mean of the loss; undefined before the first step. */
  readonly smoothedLoss: number | undefined
}

export interface CheckpointEntry {
  readonly path: string
  readonly step: number
}

const FORMAT_KEY = 'siammae.checkpoint'
const FORMAT = '1'
const RUN_KEY = 'siammae.run'
const STEP_KEY = 'siammae.step'
const LOSS_KEY = 'siammae.loss'
/** What stands in front of a parameter's name for its moments. */
const FIRST = firstMoment('')
const SECOND = secondMoment('')

const NAME = /^step-(\d{8,})\.safetensors$/
/** What an atomic write leaves behind when its process is killed. */
const LEFTOVER = /^\.step-\d+\.safetensors\.[0-9a-f]+\.tmp$/

export function checkpointName(step: number): string {
  return `step-${String(step).padStart(8, '0')}.safetensors`
}

/** The checkpoints of a folder by rising step; none where the folder is missing. */
export async function listCheckpoints(folder: string): Promise<CheckpointEntry[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw explainSystemError(error, 'read the folder', folder)
  })
  return names
    .flatMap((name) => {
      const match = NAME.exec(name)
      return match ? [{ path: join(folder, name), step: Number(match[1]) }] : []
    })
    .sort((a, b) => a.step - b.step)
}

/** Removes half-written files of a process that was killed. Only for the holder of the run's lock. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => []))
    if (LEFTOVER.test(name)) await rm(join(folder, name), { force: true })
}

/**
 * Writes a checkpoint atomically, then deletes those that are neither among the last `config.checkpoints.keep` nor
 * the one with the lowest running loss.
 * @returns the path of the new file
 * @throws UserError when the folder is not writable or the disk is full; the checkpoints before it stay as they were
 */
export async function writeCheckpoint(folder: string, checkpoint: Checkpoint): Promise<string> {
  const { state, config, smoothedLoss } = checkpoint
  const path = join(folder, checkpointName(state.step))
  try {
    await makeFolder(folder)
    await writeSiamMae(path, {
      config: config.model,
      parameters: state.parameters,
      trained: state.step > 0,
      metadata: {
        [FORMAT_KEY]: FORMAT,
        [STEP_KEY]: String(state.step),
        [RUN_KEY]: JSON.stringify(config),
        licence: trainedLicence(config.init),
        ...(smoothedLoss !== undefined && { [LOSS_KEY]: String(smoothedLoss) }),
      },
      extra: momentTensors(checkpoint),
    })
  } catch (error) {
    const last = (await listCheckpoints(folder).catch(() => [])).at(-1)
    if (!(error instanceof UserError) || !last) throw error
    throw new UserError(
      `${error.message} The checkpoint before it, ${basename(last.path)}, is whole; resuming the run goes on from there.`,
      { cause: error, flags: '--resume' },
    )
  }
  await prune(folder, config.checkpoints.keep)
  return path
}

function momentTensors({ state, config }: Checkpoint): Map<string, StoredTensor> {
  const layout = trainableLayout(siamMaeLayout(config.model))
  const tensors = new Map<string, StoredTensor>()
  for (const [prefix, moments] of [
    [FIRST, state.first],
    [SECOND, state.second],
  ] as const)
    for (const [name, shape] of layout) tensors.set(prefix + name, fromFloat32(moments.get(name)!, shape))
  return tensors
}

async function prune(folder: string, keep: number): Promise<void> {
  const entries = await listCheckpoints(folder)
  let best: { path: string; loss: number } | undefined
  for (const { path } of entries) {
    const loss = lossOf(await readSafetensorsMetadata(path).catch(() => ({})))
    if (loss !== undefined && (best === undefined || loss < best.loss)) best = { path, loss }
  }
  for (const { path } of entries.slice(0, -keep)) if (path !== best?.path) await rm(path, { force: true })
}

function lossOf(metadata: Readonly<Record<string, string>>): number | undefined {
  const loss = Number(metadata[LOSS_KEY] ?? Number.NaN)
  return Number.isFinite(loss) ? loss : undefined
}

/**
 * Reads a checkpoint of a run.
 * @throws UserError naming the file: missing, damaged or cut short, of another version or shape, no checkpoint
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const file = await readSafetensors(path)
  const { metadata, tensors } = file
  const version = metadata[FORMAT_KEY]
  if (version === undefined)
    throw new UserError(
      `${path} is ${isSiamMae(metadata) ? 'a model without the state of its optimiser' : 'no checkpoint of a training run'}: a run cannot go on from it. Start a new run from it.`,
      { flags: '--init' },
    )
  if (version !== FORMAT)
    throw new UserError(
      `${path} was written by another version of this program (checkpoint format ${version}, this one knows ${FORMAT}). Resume it with that version, or start a new run from it.`,
      { flags: '--resume, --init' },
    )
  const step = Number(metadata[STEP_KEY])
  if (!Number.isSafeInteger(step) || step < 0)
    throw new UserError(`${path}: its step "${metadata[STEP_KEY]}" is no number. Use another checkpoint.`)
  const config = parseConfig(metadata[RUN_KEY], path)
  const { parameters } = parseSiamMae(file, path)
  const moved = trainableLayout(siamMaeLayout(config.model))
  const what = 'the optimiser of this run'
  return {
    state: {
      step,
      parameters,
      first: takeParameters(tensors, moved, path, what, FIRST),
      second: takeParameters(tensors, moved, path, what, SECOND),
    },
    config,
    smoothedLoss: lossOf(metadata),
  }
}

function parseConfig(text: string | undefined, path: string): RunConfig {
  try {
    return checkRunConfig(JSON.parse(text ?? ''), 'The settings')
  } catch (error) {
    throw new UserError(
      `${path}: the settings in its metadata are not sound (${messageOf(error)}). Use another checkpoint.`,
    )
  }
}

/**
 * The latest checkpoint of a run, or undefined where none was written yet.
 * @throws UserError naming the file when it is damaged, and the one to go back to
 */
export async function latestCheckpoint(folder: string): Promise<Checkpoint | undefined> {
  const entries = await listCheckpoints(folder)
  const last = entries.at(-1)
  if (!last) return undefined
  try {
    return await readCheckpoint(last.path)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const before = entries.at(-2)
    throw new UserError(
      `${error.message} ${before ? `To go on from step ${before.step} instead, delete it and resume again.` : 'The run has no other checkpoint.'}`,
      { cause: error },
    )
  }
}
