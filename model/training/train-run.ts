/** The loop of a run: data in, steps, and everything that is written down on the way. */
import { basename } from 'node:path'
import { messageOf, throwIfCancelled, UsageError, UserError } from '../errors.ts'
import type { Engine } from '../runtime/index.ts'
import { siamMaeLayout, streamSeed } from '../siammae/index.ts'
import { type Checkpoint, listCheckpoints, writeCheckpoint } from './checkpoint.ts'
import type { FrameCache } from './data-cache.ts'
import { type PairBatch, PairSource } from './data-loader.ts'
import { type InitialWeights, startParameters } from './init.ts'
import {
  availableMemory,
  bytesOf,
  estimateMemory,
  fittingBatch,
  isOutOfMemory,
  totalMemory,
} from './memory.ts'
import { drawPreview } from './preview.ts'
import type { ClipRecord, RunFolder, StepMetrics } from './run-folder.ts'
import type { RunConfig } from './run-schema.ts'
import { learningRateAt, type Schedule, scaledLearningRate, smoothLoss } from './schedule.ts'
import { type StepResult, startState, type TrainingState, TrainStep } from './train-step.ts'
import { trainingCard } from './training-card.ts'

/** The rate that `data.gap` counts frames at. */
export const GAP_FPS = 30

/** The estimate may be off by this factor; only beyond it a run is refused. */
const SURE_MISS = 1.5

export interface TrainRunOptions {
  readonly folder: RunFolder
  readonly config: RunConfig
  readonly engine: Engine
  readonly cache: FrameCache
  /** Where a resumed run goes on; left out, it starts with {@link init} or random weights. */
  readonly checkpoint?: Checkpoint
  readonly init?: InitialWeights
  /** Stops, with a checkpoint, once this many steps of the run are done. */
  readonly stopAt?: number
  /** Stops, with a checkpoint, when it fires. */
  readonly signal?: AbortSignal
  /**
   * Waited for before every batch: a pause. Should resolve at once when the signal fires; its time counts neither as
   * computing nor as waiting for data.
   */
  readonly gate?: () => Promise<void>
  /** `siammae 0.1.0`, for the card. */
  readonly tool: string
  readonly events?: TrainRunEvents
}

export interface TrainRunEvents {
  onNote?(text: string): void
  /** The device has the program and the state, and the folder the settings: the first batch is about to begin. */
  onReady?(): void
  /** A batch of the step after `step` begins; `micro` counts from 0. */
  onBatch?(step: number, micro: number): void
  onStep?(metrics: StepMetrics, smoothedLoss: number): void
  onCheckpoint?(path: string): void
  onPreview?(path: string): void
}

export interface TrainRunReport {
  /** Steps of the run that are done, those before a resume included. */
  readonly step: number
  readonly steps: number
  /** Whether all steps are done. */
  readonly complete: boolean
  readonly smoothedLoss: number | undefined
  /** Of this part of the run. */
  readonly pairsPerSecond: number
  readonly seconds: number
  /** Share of that time in which the engine waited for data, 0..1. */
  readonly waitingShare: number
  /** Path of the last checkpoint. */
  readonly checkpoint: string | undefined
}

/**
 * Trains until all steps are done, the signal fires or `stopAt` is reached; each ends with a checkpoint.
 * @throws UsageError when nothing is left to do
 * @throws UserError when the clips are not those the run began with, the loss is not a number any more, memory or
 *   the disk is full; the last good checkpoint stays
 */
export async function trainRun(options: TrainRunOptions): Promise<TrainRunReport> {
  const { config, checkpoint } = options
  const done = checkpoint?.state.step ?? 0
  if (done >= config.schedule.steps)
    throw new UsageError(
      `schedule.steps is ${config.schedule.steps}, and the run has done ${done} steps; to go on, resume it with a larger schedule.steps.`,
      { flags: '--steps' },
    )
  const run = new Run(options)
  try {
    return await run.go()
  } finally {
    await run.close()
  }
}

class Run {
  readonly #options: TrainRunOptions
  readonly #schedule: Schedule
  #train: TrainStep | undefined
  #pairs: PairSource | undefined
  #previewBatch: PairBatch | undefined
  #step: number
  #smoothedLoss: number | undefined
  #written: string | undefined
  #writtenStep: number | undefined
  #dataFailed = false

  constructor(options: TrainRunOptions) {
    const { config, checkpoint } = options
    this.#options = options
    this.#step = checkpoint?.state.step ?? 0
    this.#smoothedLoss = checkpoint?.smoothedLoss
    this.#writtenStep = checkpoint?.state.step
    this.#schedule = {
      peak: scaledLearningRate(config.optimiser.learningRate, config.batch * config.accumulate),
      minimum: config.schedule.minimumLearningRate,
      warmupSteps: config.schedule.warmupSteps,
      steps: config.schedule.steps,
    }
  }

  async go(): Promise<TrainRunReport> {
    const { folder, config, cache, stopAt, signal, events } = this.#options
    await this.#checkClips()
    this.#checkMemory()
    this.#pairs = this.#pairSource(config.seed, { batch: config.batch, repeated: config.data.repeated })
    this.#train = await this.#guardMemory(
      // The state is given away, not held: a second copy of it would stay for the whole run.
      TrainStep.create(this.#options.engine, { ...config, weights: config.attention }, this.#startState()),
    )
    throwIfCancelled(signal)
    // Only now: a run that cannot even begin leaves its folder free for another try.
    await folder.writeConfig(config)
    await folder.writeClips(cache.clips.map(recordOf))
    await folder.startMetrics(this.#step)
    this.#written = (await listCheckpoints(folder.checkpoints)).at(-1)?.path

    events?.onReady?.()
    const last = Math.min(config.schedule.steps, stopAt ?? Number.POSITIVE_INFINITY)
    const { every } = config.checkpoints
    const begun = this.#step
    const start = performance.now()
    let waited = 0
    try {
      while (this.#step < last) {
        const metrics = await this.#oneStep()
        if (!metrics) break
        waited += metrics.secondsWaiting
        events?.onStep?.(metrics, this.#smoothedLoss!)
        if (this.#step % every === 0) await this.#checkpoint()
        if (config.previews.every > 0 && this.#step % config.previews.every === 0) await this.#preview()
        if (signal?.aborted) break
      }
      if (this.#writtenStep !== this.#step && this.#step > 0) await this.#checkpoint()
    } catch (error) {
      // The steps before a clip could not be read any more are sound.
      if (this.#dataFailed && this.#writtenStep !== this.#step && this.#step > 0)
        await this.#checkpoint().catch((second) => events?.onNote?.(messageOf(second)))
      throw error
    } finally {
      await this.#writeCard().catch((error) => events?.onNote?.(messageOf(error)))
    }
    const seconds = (performance.now() - start) / 1000
    return {
      step: this.#step,
      steps: config.schedule.steps,
      complete: this.#step >= config.schedule.steps,
      smoothedLoss: this.#smoothedLoss,
      pairsPerSecond: ((this.#step - begun) * this.#pairsPerStep) / Math.max(1e-9, seconds),
      seconds,
      waitingShare: waited / Math.max(1e-9, seconds),
      checkpoint: this.#written,
    }
  }

  async close(): Promise<void> {
    await this.#pairs?.close()
    await this.#train?.close()
  }

  get #pairsPerStep(): number {
    return this.#options.config.batch * this.#options.config.accumulate
  }

  /** @returns undefined when the signal fired before the step was whole; nothing has changed then */
  async #oneStep(): Promise<StepMetrics | undefined> {
    const { config, signal, folder, events, gate } = this.#options
    const learningRate = learningRateAt(this.#schedule, this.#step)
    const begin = performance.now()
    let paused = 0
    let result: StepResult
    try {
      result = await this.#guardMemory(
        this.#train!.step(
          async (micro) => {
            if (gate) {
              const rest = performance.now()
              await gate()
              paused += (performance.now() - rest) / 1000
            }
            throwIfCancelled(signal)
            events?.onBatch?.(this.#step, micro)
            return this.#pairs!.batch(this.#step * config.accumulate + micro).catch((error) => {
              this.#dataFailed = true
              throw error
            })
          },
          { seed: config.seed, learningRate },
        ),
      )
    } catch (error) {
      if (signal?.aborted) return undefined
      throw error
    }
    const { loss, gradientNorm, waited } = result
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) throw this.#notANumber(learningRate)
    this.#step++
    this.#smoothedLoss = smoothLoss(this.#smoothedLoss, loss, this.#step)
    const metrics = {
      step: this.#step,
      loss,
      gradientNorm,
      learningRate,
      pairsPerSecond: this.#pairsPerStep / Math.max(1e-9, (performance.now() - begin) / 1000 - paused),
      secondsWaiting: Math.max(0, waited - paused),
    }
    await folder.addMetrics(metrics)
    return metrics
  }

  #notANumber(learningRate: number): UserError {
    const kept = this.#written
      ? `${basename(this.#written)} is the last good checkpoint`
      : 'no checkpoint was written yet'
    return new UserError(
      `The loss is not a number any more at step ${this.#step + 1}, with the learning rate ${learningRate.toPrecision(3)}; ${kept}. Start a new run with a lower optimiser.learningRate or with optimiser.clipNorm (such as 1), or check the clips.`,
    )
  }

  async #checkpoint(): Promise<void> {
    const { folder, config, events } = this.#options
    const state = await this.#train!.state()
    // The loss of a step is computed before its update, so an update that went wrong shows only here.
    for (const values of state.parameters.values())
      if (!values.every(Number.isFinite))
        throw this.#notANumber(learningRateAt(this.#schedule, this.#step - 1))
    await folder.syncMetrics()
    this.#written = await writeCheckpoint(folder.checkpoints, {
      state,
      config,
      smoothedLoss: this.#smoothedLoss,
    })
    this.#writtenStep = this.#step
    await this.#writeCard()
    events?.onCheckpoint?.(this.#written)
  }

  /** The same pairs with the same masks every time, so that pictures can be compared. */
  async #preview(): Promise<void> {
    const { config, folder, events } = this.#options
    if (!this.#previewBatch) {
      const source = this.#pairSource(streamSeed(config.seed, 'previews', 0), {
        batch: config.previews.pairs,
        repeated: 1,
        ahead: 0,
      })
      this.#previewBatch = await source.batch(0)
      await source.close()
    }
    const { past, future } = this.#previewBatch
    const { prediction, removed } = await this.#train!.reconstruct(this.#previewBatch, {
      seed: config.seed,
      index: 0,
    })
    const png = await drawPreview(
      config.model,
      { past, future, prediction, mask: removed },
      `step ${this.#step}, loss ${this.#smoothedLoss!.toFixed(4)}`,
      config.previews.pairs,
    )
    const path = await folder.writePreview(this.#step, png)
    events?.onPreview?.(path)
  }

  #pairSource(seed: number, own: { batch: number; repeated: number; ahead?: number }): PairSource {
    const { config, cache } = this.#options
    const { imageSize } = config.model
    return new PairSource(cache, { ...config.data, seed, imageSize, gapFps: GAP_FPS, ...own })
  }

  #startState(): TrainingState {
    const { config, checkpoint, init, events } = this.#options
    if (checkpoint) return checkpoint.state
    const { parameters, notes } = startParameters(config.model, config.seed, init)
    for (const note of notes) events?.onNote?.(note)
    return startState(config.model, config.seed, parameters)
  }

  /** A resumed run must draw its pairs from the clips that it began with. */
  async #checkClips(): Promise<void> {
    const { folder, cache, checkpoint } = this.#options
    const before = checkpoint && (await folder.readClips())
    if (!before) return
    const now = cache.clips.map(recordOf)
    const same = (a: ClipRecord, b: ClipRecord | undefined): boolean =>
      a.contentHash === b?.contentHash && a.frames === b.frames
    const changed = before.find((clip, index) => !same(clip, now[index])) ?? now[before.length]
    if (changed)
      throw new UserError(
        `The clips are not those that the run began with: ${changed.path} was added, removed or changed. Bring the old clips back, or start a new run from the last checkpoint.`,
        { flags: '--init' },
      )
  }

  /** @throws UserError when the machine cannot have enough, which would end the process without a word */
  #checkMemory(): void {
    const { engine, config, events } = this.#options
    if (engine.device !== 'cpu') return
    const needed = bytesOf(estimateMemory(config), config.batch)
    const available = availableMemory()
    if (needed <= available) return
    const facts = `A step with a batch of ${config.batch} needs about ${gigabytes(needed)} of memory`
    const { advice, flags } = fittingBatch(config, available)
    if (needed > SURE_MISS * totalMemory())
      throw new UserError(`${facts}, and this machine has ${gigabytes(totalMemory())}. ${advice}.`, { flags })
    events?.onNote?.(`${facts}, and ${gigabytes(available)} are free. ${advice}.`)
  }

  async #guardMemory<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      if (!isOutOfMemory(messageOf(error))) throw error
      const { config, engine } = this.#options
      // What a GPU has left cannot be asked for; half the batch is the usual next try.
      const room =
        engine.device === 'cpu' ? availableMemory() : bytesOf(estimateMemory(config), config.batch / 2)
      const { advice, flags } = fittingBatch(config, room)
      throw new UserError(
        `Not enough memory for a batch of ${config.batch} on ${engine.device}. ${advice}.`,
        {
          cause: error,
          flags,
        },
      )
    }
  }

  async #writeCard(): Promise<void> {
    const { folder, config, cache, engine, tool } = this.#options
    let parameters = 0
    for (const shape of siamMaeLayout(config.model).values()) parameters += shape.reduce((a, b) => a * b, 1)
    await folder.writeCard(
      await trainingCard({
        config,
        clips: cache.clips.map(recordOf),
        skipped: cache.skipped,
        parameters,
        tool,
        device: engine.device,
        metrics: await folder.readMetrics(),
      }),
    )
  }
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`

function recordOf({ name, path, contentHash, width, height, frames, fps }: ClipRecord): ClipRecord {
  return { name, path, contentHash, width, height, frames, fps }
}
