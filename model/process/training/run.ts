/** One training run in this process: from its folder to its end, which always leaves a checkpoint. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CancelledError, throwIfCancelled, UserError } from '../../errors.ts'
import { toolVersion } from '../../installation/index.ts'
import {
  type Continuation,
  continueRun,
  listCheckpoints,
  RunFolder,
  RunInUseError,
  type StepMetrics,
  type TrainRunReport,
  trainRun,
} from '../../training/index.ts'
import { problemText, sentenceOf } from '../sentence.ts'
import { openFootage, settle, startEngine, type TrainingHost } from './equipment.ts'
import { Gate } from './gate.ts'
import { MODEL_FILE, modelOf } from './keep.ts'
import type { StartTraining, TrainedModel, TrainingEnd, TrainingFacts, TrainingPlaces } from './surface.ts'

/** Steps of this time go in one message. */
const BATCH_MS = 200

export class TrainingRun {
  readonly #host: TrainingHost
  readonly #request: StartTraining
  readonly #places: TrainingPlaces
  readonly #stop = new AbortController()
  readonly #gate: Gate
  #keep = false
  #ended: Promise<void> | undefined
  #unsent: StepMetrics[] = []
  #smoothed = 0
  #timer: NodeJS.Timeout | undefined
  #step = 0
  #steps = 0

  constructor(host: TrainingHost, request: StartTraining, places: TrainingPlaces) {
    this.#host = host
    this.#request = request
    this.#places = places
    this.#gate = new Gate(request.paused === true, (paused) => host.tell.resting(paused))
  }

  /**
   * Resolves when the first batch is about to begin.
   * @throws UserError when the run cannot begin; CancelledError
   */
  start(): Promise<TrainingFacts | { readonly inUse: string }> {
    return new Promise((resolve, reject) => {
      let begun = false
      const work = this.#go((facts) => {
        begun = true
        resolve(facts)
      }).then(
        (end) => {
          this.#flush()
          if (begun) this.#host.tell.ended(end)
          // Stopped while it was prepared: nothing was begun.
          else reject(new CancelledError())
        },
        (error: unknown) => {
          this.#flush()
          if (error instanceof RunInUseError) resolve({ inUse: error.message })
          else if (begun) this.#host.tell.ended(this.#failed(error))
          else reject(error)
        },
      )
      this.#ended = work
    })
  }

  pause(): void {
    this.#gate.close()
  }

  resume(): void {
    this.#gate.open()
  }

  /** Resolves when the checkpoint is written and the end was told. @param keep whether a model is made of it */
  async stop(keep: boolean): Promise<void> {
    this.#keep ||= keep
    this.#stop.abort()
    this.#gate.open()
    await this.#ended
  }

  async #go(onBegun: (facts: TrainingFacts) => void): Promise<TrainingEnd> {
    const { folder: path, request, changes } = this.#request
    const signal = this.#stop.signal
    const isThere = existsSync(join(path, 'config.json'))
    if (!isThere && request === undefined)
      throw new UserError(`${path} holds no run any more: it has no config.json. Start a new run.`)
    // Read before the folder is made, so that wrong settings leave nothing behind.
    const begin: Continuation | undefined = isThere
      ? undefined
      : { ...(await settle(request!)), checkpoint: undefined }
    const folder = isThere ? await RunFolder.open(path) : await RunFolder.create(path)
    try {
      const { config, checkpoint, init } =
        begin ??
        (await continueRun(folder, changes ? [{ name: 'The changes', settings: { ...changes } }] : []))
      throwIfCancelled(signal)
      this.#step = checkpoint?.state.step ?? 0
      this.#steps = config.schedule.steps
      // A run that was lost between its last step and its model has nothing left but that.
      if (this.#step >= this.#steps) return await this.#alreadyDone(folder, onBegun, config)
      const cache = await openFootage(config, this.#places, this.#host, signal)
      try {
        const { engine, choice } = await startEngine(config.device, config.threads, this.#host, signal)
        try {
          this.#host.tell.preparing({ stage: 'compiling', name: choice.device, done: 0, total: 1 })
          const notes = [...choice.notes]
          let begun = false
          const report = await trainRun({
            folder,
            config,
            engine,
            cache,
            checkpoint,
            init,
            signal,
            gate: () => this.#gate.pass(),
            tool: toolVersion(),
            events: {
              onNote: (text) => {
                if (begun) this.#host.tell.note(text)
                else notes.push(text)
              },
              onReady: () => {
                begun = true
                onBegun({
                  folder: folder.path,
                  device: choice.device,
                  step: this.#step,
                  steps: this.#steps,
                  pairsPerStep: config.batch * config.accumulate,
                  clips: cache.clips.length,
                  frames: cache.clips.reduce((sum, clip) => sum + clip.frames, 0),
                  notes: [
                    ...notes,
                    ...cache.skipped.map(({ reason }) => reason),
                    ...cache.warnings.map(({ path: clip, reason }) => `${clip}: ${reason}`),
                  ],
                })
              },
              onStep: (metrics, smoothed) => this.#add(metrics, smoothed),
              onCheckpoint: (file) => this.#host.tell.checkpoint({ step: this.#step, path: file }),
              onPreview: (file) => this.#host.tell.preview({ step: this.#step, path: file }),
            },
          })
          return await this.#finish(folder, report)
        } finally {
          await engine.close()
        }
      } finally {
        await cache.close()
      }
    } finally {
      await folder.close()
    }
  }

  async #finish(folder: RunFolder, report: TrainRunReport): Promise<TrainingEnd> {
    const { step, steps, complete, checkpoint } = report
    const model =
      (complete || this.#keep) && checkpoint !== undefined && step > 0
        ? await this.#model(folder, checkpoint)
        : undefined
    return { reason: complete ? 'done' : 'stopped', message: undefined, step, steps, model }
  }

  async #alreadyDone(
    folder: RunFolder,
    onBegun: (facts: TrainingFacts) => void,
    { device, batch, accumulate }: Continuation['config'],
  ): Promise<TrainingEnd> {
    onBegun({
      folder: folder.path,
      device,
      step: this.#step,
      steps: this.#steps,
      pairsPerStep: batch * accumulate,
      clips: 0,
      frames: 0,
      notes: [],
    })
    const last = (await listCheckpoints(folder.checkpoints)).at(-1)!
    const model = await this.#model(folder, last.path)
    return { reason: 'done', message: undefined, step: this.#step, steps: this.#steps, model }
  }

  async #model(folder: RunFolder, checkpoint: string): Promise<TrainedModel> {
    this.#host.tell.preparing({ stage: 'exporting', name: MODEL_FILE, done: 0, total: 1 })
    return modelOf(folder, checkpoint)
  }

  #failed(error: unknown): TrainingEnd {
    this.#host.tell.log({ level: 'error', text: problemText('The training', error) })
    return {
      reason: error instanceof CancelledError ? 'stopped' : 'failed',
      message: error instanceof CancelledError ? undefined : sentenceOf(error, 'The training'),
      step: this.#step,
      steps: this.#steps,
      model: undefined,
    }
  }

  #add(metrics: StepMetrics, smoothed: number): void {
    this.#step = metrics.step
    this.#smoothed = smoothed
    this.#unsent.push(metrics)
    this.#timer ??= setTimeout(() => this.#flush(), BATCH_MS)
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const steps = this.#unsent.splice(0)
    if (steps.length === 0) return
    const { rss } = process.memoryUsage()
    this.#host.tell.metrics({ steps, smoothedLoss: this.#smoothed, memoryBytes: rss })
  }
}
