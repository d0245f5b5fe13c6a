/**
 * A run is a folder: `config.json`, `clips.json`, `metrics.jsonl`, `checkpoints/`, `previews/`, `training-card.md`.
 * Whoever has it open holds its lock.
 */
import { type FileHandle, open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { explainSystemError, messageOf, UserError } from '../errors.ts'
import { makeFolder, writeFileAtomic } from '../files.ts'
import { removeLeftovers } from './checkpoint.ts'
import type { CachedClip } from './data-cache.ts'
import { lockRun } from './run-lock.ts'
import { checkRunConfig, type RunConfig } from './run-schema.ts'

/** One line of `metrics.jsonl`. */
export interface StepMetrics {
  /** Steps done, this one included. */
  readonly step: number
  readonly loss: number
  readonly gradientNorm: number
  readonly learningRate: number
  readonly pairsPerSecond: number
  /** Seconds in which the engine had nothing to do because data was not there. */
  readonly secondsWaiting: number
}

/** What is known of a clip that the run learns from; a resumed run must find the same ones. */
export type ClipRecord = CachedClip

export class RunFolder {
  readonly path: string
  readonly #unlock: () => Promise<void>
  #metrics: FileHandle | undefined

  private constructor(path: string, unlock: () => Promise<void>) {
    this.path = path
    this.#unlock = unlock
  }

  /**
   * Makes the folder of a new run, with nothing but the lock in it.
   * @throws UserError when it holds something already, is in use or not writable
   */
  static async create(path: string): Promise<RunFolder> {
    await makeFolder(path)
    const unlock = await lockRun(path)
    try {
      const names = (await readdir(path)).filter(
        (name) => !name.startsWith('.') && !name.startsWith('run.lock'),
      )
      if (names.includes('config.json'))
        throw new UserError(`${path} holds a run already. Resume it, or choose another folder.`, {
          flags: `--resume ${path}, --out`,
        })
      if (names.length > 0)
        throw new UserError(`${path} is not empty (${names[0]}). Choose a new folder for the run.`)
    } catch (error) {
      await unlock()
      throw explainSystemError(error, 'read the folder', path)
    }
    return new RunFolder(path, unlock)
  }

  /** Opens a run to go on with it. @throws UserError when there is none, or another process has it open */
  static async open(path: string): Promise<RunFolder> {
    const names = await readdir(path).catch((error) => {
      throw explainSystemError(error, 'open the run', path)
    })
    if (!names.includes('config.json'))
      throw new UserError(`${path} holds no run: it has no config.json. Give the folder of a run.`)
    const folder = new RunFolder(path, await lockRun(path))
    await removeLeftovers(folder.checkpoints)
    return folder
  }

  get checkpoints(): string {
    return join(this.path, 'checkpoints')
  }

  previewPath(step: number): string {
    return join(this.path, 'previews', `step-${String(step).padStart(8, '0')}.png`)
  }

  /** @throws UserError when `config.json` is damaged or was edited into something that cannot be */
  async readConfig(): Promise<RunConfig> {
    const path = join(this.path, 'config.json')
    try {
      return checkRunConfig(JSON.parse(await readFile(path, 'utf8')), 'The settings')
    } catch (error) {
      if (error instanceof SyntaxError)
        throw new UserError(`${path} is not JSON (${error.message}). Restore it from a copy.`)
      if (error instanceof UserError) throw new UserError(`${path}: ${error.message}`)
      throw explainSystemError(error, 'read', path)
    }
  }

  writeConfig(config: RunConfig): Promise<void> {
    return this.#writeJson('config.json', config)
  }

  /** The clips that the run started with, or undefined where it never came so far. */
  async readClips(): Promise<ClipRecord[] | undefined> {
    const path = join(this.path, 'clips.json')
    try {
      return JSON.parse(await readFile(path, 'utf8')) as ClipRecord[]
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      if (error instanceof SyntaxError)
        throw new UserError(`${path} is not JSON (${messageOf(error)}). Restore it from a copy.`)
      throw explainSystemError(error, 'read', path)
    }
  }

  writeClips(clips: readonly ClipRecord[]): Promise<void> {
    return this.#writeJson('clips.json', clips)
  }

  writeCard(text: string): Promise<void> {
    return writeFileAtomic(join(this.path, 'training-card.md'), text)
  }

  async writePreview(step: number, png: Uint8Array): Promise<string> {
    const path = this.previewPath(step)
    await makeFolder(join(this.path, 'previews'))
    await writeFileAtomic(path, png)
    return path
  }

  /** Opens `metrics.jsonl` for appending, cut to the lines of steps up to `step`, so that none is ever there twice. */
  async startMetrics(step: number): Promise<void> {
    const path = join(this.path, 'metrics.jsonl')
    try {
      const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return ''
        throw error
      })
      const kept = text.split('\n').filter((line) => lineStep(line) <= step)
      const next = kept.map((line) => `${line}\n`).join('')
      if (next !== text) await writeFileAtomic(path, next)
      this.#metrics = await open(path, 'a')
    } catch (error) {
      throw explainSystemError(error, 'write', path)
    }
  }

  /** All steps so far, in order. */
  async readMetrics(): Promise<StepMetrics[]> {
    const text = await readFile(join(this.path, 'metrics.jsonl'), 'utf8').catch(() => '')
    return text
      .split('\n')
      .filter((line) => Number.isFinite(lineStep(line)))
      .map((line) => JSON.parse(line) as StepMetrics)
  }

  async addMetrics(metrics: StepMetrics): Promise<void> {
    try {
      await this.#metrics!.appendFile(`${JSON.stringify(metrics)}\n`)
    } catch (error) {
      throw explainSystemError(error, 'write', join(this.path, 'metrics.jsonl'))
    }
  }

  /** Brings the metrics to the disk; before a checkpoint, which must not know more steps than they do. */
  async syncMetrics(): Promise<void> {
    await this.#metrics?.sync()
  }

  /** Closes the files and gives the lock back. */
  async close(): Promise<void> {
    await this.#metrics?.close()
    this.#metrics = undefined
    await this.#unlock()
  }

  #writeJson(name: string, value: unknown): Promise<void> {
    return writeFileAtomic(join(this.path, name), `${JSON.stringify(value, null, 2)}\n`)
  }
}

/** The step of a line; infinite for one that was cut off when its process died. */
function lineStep(line: string): number {
  try {
    const { step } = JSON.parse(line) as { step: unknown }
    return typeof step === 'number' ? step : Number.POSITIVE_INFINITY
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
