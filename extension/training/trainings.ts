/** The trainings of a window: one at a time, over every life of its process. Without `vscode`, for its tests. */
import { basename } from 'node:path'
import { messageOf } from '../../model/errors.ts'
import type {
  Evaluation,
  EvaluationRequest,
  TrainedModel,
  TrainingEstimate,
  TrainingFacts,
  TrainingHostFunctions,
  TrainingRequest,
  TrainingStep,
} from '../../model/process/index.ts'
import { type Disposable, Emitter, type Event } from '../emitter.ts'
import { WindowClosing } from '../model-client/index.ts'
import { Sentence } from '../sentence.ts'
import { askProcess, notTrusted } from './ask.ts'
import { consequenceOf, InUseError } from './consequence.ts'
import { type LifeEnd, type Live, newLive, viewOf } from './live.ts'
import { Lives, type LivesListener, type Patience } from './lives.ts'
import type { TrainingRecord } from './records.ts'
import { RunList } from './run-list.ts'
import type {
  EstimateStage,
  TrainingConnection,
  TrainingNews,
  TrainingsOptions,
  TrainingView,
} from './types.ts'
import { undisturbed } from './undisturbed.ts'

/** Steps whose pace tells how long the rest takes. */
const PACE_STEPS = 20
const PATIENCE: Patience = { pause: 1000, tries: 90 }
const NO_PATIENCE: Patience = { pause: 0, tries: 0 }

export class Trainings implements Disposable {
  readonly #options: TrainingsOptions
  readonly #list: RunList
  readonly #lives: Lives
  readonly #steps = new Emitter<{ readonly folder: string; readonly steps: readonly TrainingStep[] }>()
  readonly #previews = new Emitter<{
    readonly folder: string
    readonly step: number
    readonly path: string
  }>()
  readonly #news = new Emitter<TrainingNews>()
  readonly #subscription: Disposable
  #live: Live | undefined
  #disposed = false
  /** The folder of a run that stands otherwise now, has come or gone. */
  readonly onDidChange: Event<string>
  readonly onSteps = this.#steps.event
  readonly onPreview = this.#previews.event
  readonly onNews = this.#news.event

  constructor(options: TrainingsOptions) {
    this.#options = options
    this.#list = new RunList(options)
    this.#lives = new Lives(options)
    this.onDidChange = this.#list.onDidChange
    this.#subscription = options.onBusy(() => this.#balance())
  }

  /** The latest first. */
  get all(): readonly TrainingView[] {
    return this.#list.all.map((record) => this.#view(record))
  }

  find(folder: string): TrainingView | undefined {
    const record = this.#list.get(folder)
    return record && this.#view(record)
  }

  /** The run that has a process. */
  get current(): TrainingView | undefined {
    return this.#live && this.find(this.#live.folder)
  }

  /** What a run was started with, for a new one like it. */
  requestOf(folder: string): TrainingRequest | undefined {
    return this.#list.get(folder)?.request
  }

  /**
   * Begins a run. Resolves when its first step is about to begin, or when it was paused before that and has given its
   * process up.
   * @param onListed called when the run is on the list: it is shown, and can be stopped, while it is prepared
   * @throws Sentence when another one is going on or the workspace is not trusted; Error with the process's sentence
   *   when it cannot begin, which leaves nothing behind
   */
  async start(
    folder: string,
    request: TrainingRequest,
    steps: number,
    onListed: () => void = () => {},
  ): Promise<void> {
    this.#checkTrust()
    while (this.#live !== undefined) await this.#makeRoom(this.#live, folder)
    const record: TrainingRecord = {
      folder,
      name: basename(folder),
      created: Date.now(),
      wish: 'run',
      outcome: undefined,
      message: undefined,
      request,
      step: 0,
      steps,
      loss: undefined,
      device: undefined,
      model: undefined,
      modelId: undefined,
    }
    this.#list.add(record)
    onListed()
    try {
      await this.#begin(folder)
    } catch (error) {
      this.#list.remove(folder)
      throw error
    }
  }

  /** Rests after the batch at work. */
  async pause(folder: string): Promise<void> {
    if (!this.#list.change(folder, { wish: 'pause' })) return
    this.#balance()
  }

  /**
   * Goes on, with a new process where there is none.
   * @throws as {@link start}
   */
  async resume(folder: string): Promise<void> {
    const record = this.#list.get(folder)
    if (record === undefined) return
    if (record.outcome === 'done') throw new Sentence('The training {0} has done all its steps.', record.name)
    this.#checkTrust()
    while (this.#live !== undefined) {
      if (this.#live.folder === folder && this.#live.state !== 'stopping') {
        this.#list.change(folder, { wish: 'run' })
        this.#balance()
        return
      }
      await this.#makeRoom(this.#live, folder)
    }
    if (!this.#list.change(folder, { wish: 'run', outcome: undefined, message: undefined })) return
    this.#lives.forgive()
    await this.#begin(folder)
  }

  /** Stops with a checkpoint; resolves when the process is gone. @param keep whether a model is made of it */
  async stop(folder: string, keep = false): Promise<void> {
    if (!this.#list.change(folder, { wish: 'stop' })) return
    const live = this.#live
    if (live?.folder !== folder) {
      if (keep) await this.keep(folder)
      return
    }
    await this.#end(live, keep)
  }

  /** Ends the process of a run without waiting for it: where a device hangs. What its last checkpoint has stays. */
  async endProcess(folder: string): Promise<void> {
    if (this.#live?.folder === folder) await this.#live.connection?.kill()
  }

  /** Makes a model of the last checkpoint of a run, unless it has one of that step. @throws Error with a sentence */
  async keep(folder: string): Promise<TrainedModel> {
    if (this.#list.get(folder) === undefined) throw gone()
    let known = this.#modelOf(folder)
    if (known === undefined && this.#live?.folder === folder) {
      await this.stop(folder, true)
      known = this.#modelOf(folder)
    }
    if (known !== undefined) return known
    const model = await this.#ask((rpc) => rpc.keep(folder))
    // Steps after the last checkpoint are lost: where the process was lost, or its loss was no number any more.
    this.#list.change(folder, { model, step: model.step })
    return model
  }

  /** The registry has a model of this run. */
  tellModelId(folder: string, modelId: string): void {
    this.#list.change(folder, { modelId })
  }

  /** Takes a run off the list; its folder stays. @throws Sentence when it is going on */
  forget(folder: string): void {
    if (this.#live?.folder === folder)
      throw new Sentence('The training {0} is going on; stop it first.', basename(folder))
    this.#list.remove(folder)
  }

  /** Goes on with what was going on when the window was closed. Never throws: what goes wrong is news. */
  async goOn(): Promise<void> {
    if (!this.#options.isTrusted()) return
    const [record, ...others] = this.#list.all.filter(
      ({ wish, outcome }) => wish === 'run' && outcome === undefined,
    )
    // There is one at a time; others can only be there after two windows wrote the same list.
    for (const { folder } of others) this.#list.change(folder, { wish: 'pause' })
    if (record === undefined || this.#live !== undefined) return
    try {
      await this.#launch(record.folder, this.#options.patience ?? PATIENCE).begun.promise
      this.#tell('wentOn', record.folder)
    } catch (error) {
      const run = this.find(record.folder)
      if (error instanceof InUseError) this.#tell('inUse', record.folder, error.message)
      else if (run?.state === 'failed') this.#tell('failed', record.folder, messageOf(error))
    }
  }

  /**
   * Measures what a run would cost, while no propagation makes its steps slower.
   * @throws Error with a sentence; so too when the signal fires
   */
  async estimate(
    request: TrainingRequest,
    onStage: (stage: EstimateStage) => void,
    signal: AbortSignal,
  ): Promise<TrainingEstimate> {
    if (!this.#options.isTrusted()) throw notTrusted()
    return undisturbed(
      this.#options,
      signal,
      () => onStage({ stage: 'waiting', name: '', done: 0, total: 1 }),
      (until) =>
        this.#ask((rpc) => rpc.estimate(request, this.#options.places()), { preparing: onStage }, until),
    )
  }

  /** Measures models on annotated clips. @throws Error with a sentence; so too when the signal fires */
  evaluate(
    request: EvaluationRequest,
    onProgress: TrainingHostFunctions['evaluating'],
    signal: AbortSignal,
  ): Promise<Evaluation> {
    return this.#ask(
      (rpc) => rpc.evaluate(request, this.#options.places()),
      { evaluating: onProgress },
      signal,
    )
  }

  /** A process of its own for something else than a run. */
  #ask<T>(
    question: (rpc: TrainingConnection['rpc']) => Promise<T>,
    told: Partial<TrainingHostFunctions> = {},
    signal?: AbortSignal,
  ): Promise<T> {
    return askProcess(this.#options, question, told, signal)
  }

  /** The window closes: the process writes a checkpoint and ends by itself; the run goes on in the next window. */
  dispose(): void {
    this.#disposed = true
    this.#subscription.dispose()
    this.#lives.dispose()
    this.#list.dispose()
    void this.#live?.connection?.close()
    for (const emitter of [this.#steps, this.#previews, this.#news]) emitter.dispose()
  }

  #checkTrust(): void {
    if (!this.#options.isTrusted()) throw notTrusted()
  }

  /** The model that was made of the step at which a run stands. */
  #modelOf(folder: string): TrainedModel | undefined {
    const record = this.#list.get(folder)
    return record?.model?.step === record?.step ? record?.model : undefined
  }

  /** Whoever waited for it looks again: another one may have been quicker, and a launch has to follow in the same turn. */
  async #makeRoom(live: Live, folder: string): Promise<void> {
    if (this.#disposed) throw new WindowClosing()
    const other = this.#list.get(live.folder)
    if (live.folder !== folder && other?.wish === 'run')
      throw new Sentence('The training {0} is going on; pause or stop it first.', other.name)
    // One that a person has paused gives its memory back, and stays paused.
    await this.#end(live, false)
  }

  async #end(live: Live, keep: boolean): Promise<void> {
    live.keep ||= keep
    live.state = 'stopping'
    this.#list.touch(live.folder)
    this.#lives.hurry()
    const { connection } = live
    if (connection !== undefined)
      await (keep ? connection.rpc.stopAndKeep() : connection.rpc.stop()).catch(() => {})
    await live.ended
  }

  /** Launches a run and waits until it has begun. */
  async #begin(folder: string): Promise<void> {
    const live = this.#launch(folder)
    try {
      await live.begun.promise
    } catch (error) {
      // Paused while it was prepared, it has made room for another one: that is no failure.
      if (live.state === 'stopping' && this.#list.get(folder)?.wish === 'pause') return
      throw error
    }
  }

  #launch(folder: string, patience = NO_PATIENCE): Live {
    const live = newLive(folder)
    this.#live = live
    live.ended = this.#follow(live, patience).catch((error: unknown) => {
      this.#options.log('error', String(error))
    })
    this.#list.touch(folder)
    return live
  }

  async #follow(live: Live, patience: Patience): Promise<void> {
    const { folder } = live
    const listener: LivesListener = {
      start: () => {
        const record = this.#list.get(folder)!
        return { request: record.request, isAtRest: this.#shouldRest(record) }
      },
      began: (facts) => this.#began(live, facts),
      preparing: (stage) => {
        live.stage = stage
        this.#list.touch(folder)
      },
      metrics: (told) => this.#took(live, told),
      preview: ({ step, path }) => this.#previews.fire({ folder, step, path }),
      note: (text) => this.#list.note(folder, text),
      lost: () => {
        this.#list.touch(folder)
        this.#tell('lost', folder)
      },
    }
    const end = await this.#lives
      .follow(live, listener, patience)
      // No process could be started at all.
      .catch((error: unknown): LifeEnd => ({ kind: 'refused', error }))
    if (end === undefined) return
    if (this.#live === live) this.#live = undefined
    const { changes, news, error } = consequenceOf(end, live)
    this.#list.change(folder, changes)
    if (news !== undefined) this.#tell(news, folder, changes.message)
    live.begun.reject(error)
  }

  #began(live: Live, facts: TrainingFacts): void {
    live.facts = facts
    live.hasBegun = true
    live.stage = undefined
    if (live.state !== 'stopping') live.state = 'running'
    const { device, step, steps } = facts
    for (const text of facts.notes) this.#list.note(live.folder, text)
    this.#list.change(live.folder, { device, step, steps })
    live.begun.resolve(facts)
    // What was wished for while it was prepared.
    this.#balance()
  }

  #took(live: Live, { steps, smoothedLoss, memoryBytes }: Parameters<TrainingHostFunctions['metrics']>[0]) {
    live.memoryBytes = memoryBytes
    live.pace = [...live.pace, ...steps.map(({ pairsPerSecond }) => pairsPerSecond)].slice(-PACE_STEPS)
    if (this.#list.advance(live.folder, { step: steps.at(-1)!.step, loss: smoothedLoss }))
      this.#steps.fire({ folder: live.folder, steps })
  }

  #shouldRest({ wish }: TrainingRecord): boolean {
    return wish === 'pause' || this.#options.isBusy()
  }

  /** Has the process rest, or go on: propagation goes first. */
  #balance(): void {
    const live = this.#live
    const record = live && this.#list.get(live.folder)
    if (!live?.connection || !record || live.state === 'stopping') return
    const { rpc } = live.connection
    const asked = this.#shouldRest(record) ? rpc.pause() : rpc.resume()
    asked.catch(() => {})
    this.#list.touch(live.folder)
  }

  #tell(kind: TrainingNews['kind'], folder: string, message = ''): void {
    const run = this.find(folder)
    if (run !== undefined) this.#news.fire({ kind, run, message })
  }

  #view(record: TrainingRecord): TrainingView {
    const live = this.#live?.folder === record.folder ? this.#live : undefined
    return viewOf(record, live, this.#options.isBusy(), this.#list.notesOf(record.folder))
  }
}

function gone(): Sentence {
  return new Sentence('This training is not on the list any more.')
}
