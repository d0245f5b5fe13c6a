/** What several commands need: folders, the clip, the model, the device. */
import { realpath, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { explainSystemError, throwIfCancelled, UsageError } from '../errors.ts'
import { makeFolder } from '../files.ts'
import { readModel, untrainedNote } from '../installation/index.ts'
import { chooseDevice, type DeviceChoice, Engine, parseDevice } from '../runtime/index.ts'
import { openVideo, type VideoSource } from '../video/index.ts'
import type { FeatureModel } from '../weights/index.ts'
import { createProgress, say } from './progress.ts'

/** Frame tables of videos that were opened before. */
export function cacheFolder(): string {
  if (process.env.SIAMMAE_CACHE) return process.env.SIAMMAE_CACHE
  if (process.platform === 'win32') return join(process.env.LOCALAPPDATA ?? homedir(), 'siammae', 'cache')
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'siammae')
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'siammae')
}

/** Opens a clip with progress, and says aloud what is odd about it. */
export async function openClip(path: string, signal: AbortSignal): Promise<VideoSource> {
  const progress = createProgress('Reading the frames')
  try {
    const source = await openVideo(path, {
      cacheFolder: cacheFolder(),
      signal,
      onProgress: (done, total) => progress.update(done, total),
    })
    progress.end()
    for (const warning of source.table.warnings) say(`Warning: ${warning}`)
    return source
  } finally {
    progress.end()
  }
}

/** Reads a model and says aloud when it was never trained. */
export async function loadModel(path: string | undefined): Promise<FeatureModel> {
  const model = await readModel(path)
  const note = untrainedNote(model)
  if (note) say(`Warning: ${note}`)
  return model
}

/** Chooses a device, says what was passed over, and starts its engine. */
export async function startEngine(
  word: string,
  signal: AbortSignal,
  threads?: number,
): Promise<{ engine: Engine; choice: DeviceChoice }> {
  // Ctrl-C reaches the probe processes too; a probe that it ended says nothing about the device.
  const choice = await chooseDevice(parseDevice(word)).finally(() => throwIfCancelled(signal))
  for (const note of choice.notes) say(`Note: ${note}`)
  return { engine: await Engine.start(choice.device, { threads }), choice }
}

/**
 * Refuses an output that would replace an input.
 * @throws UsageError naming the option
 */
export async function refuseOverwrite(
  option: string,
  output: string,
  inputs: readonly string[],
): Promise<void> {
  const real = (path: string): Promise<string> => realpath(path).catch(() => resolve(path))
  const target = await real(output)
  for (const input of inputs)
    if ((await real(input)) === target)
      throw new UsageError(`${option} ${output} would replace ${input}, which is read; choose another place.`)
}

/** Creates an output folder and proves that files can be written there, before hours of work are spent. */
export async function prepareOutput(folder: string): Promise<void> {
  await makeFolder(folder)
  const probe = join(folder, `.siammae-${process.pid}.tmp`)
  try {
    await writeFile(probe, '')
  } catch (error) {
    throw explainSystemError(error, 'write into the folder', folder)
  } finally {
    await rm(probe, { force: true }).catch(() => {})
  }
}

/** An option that must be a number within bounds. @throws UsageError */
export function numberOption(
  name: string,
  text: string,
  bounds: { min: number; max: number; whole?: boolean },
): number {
  const value = Number(text)
  const { min, max, whole } = bounds
  if (
    text.trim() === '' ||
    !Number.isFinite(value) ||
    value < min ||
    value > max ||
    (whole && !Number.isInteger(value))
  )
    throw new UsageError(`${name} "${text}" must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}.`)
  return value
}

/** `--size 480` or `480x864` (height x width, as the field writes it). @throws UsageError */
export function sizeOption(text: string): { height: number; width: number } | number {
  const match = /^(\d+)(?:x(\d+))?$/i.exec(text.trim())
  if (!match)
    throw new UsageError(`--size "${text}" must be a short side such as 480, or HxW such as 480x864.`)
  const bounds = { min: 16, max: 8192, whole: true }
  const first = numberOption('--size', match[1]!, bounds)
  return match[2] === undefined ? first : { height: first, width: numberOption('--size', match[2], bounds) }
}

/** JSON on stdout. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}
