/** The trainings of a window: one at a time, over every life of its process. Without `vscode`, for its tests. */
import { basename } from 'node:path'
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
import { type Disposable, Emitter } from '../emitter.ts'
import { ProcessLostError, Restarts } from '../model-client/index.ts'
import { Sentence } from '../sentence.ts'
import { askProcess, notTrusted, silent } from './ask.ts'
import { Deferred } from './deferred.ts'
import { type LifeEnd, type Live, viewOf } from './live.ts'
import { readRecords, type TrainingRecord } from './records.ts'
import type { TrainingConnection, TrainingNews, TrainingsOptions, TrainingView } from './types.ts'

/** Steps whose pace tells how long the rest takes. */
const PACE_STEPS = 20
/** How often the place in a run is written down while nothing else changes, in milliseconds. */
const REMEMBER_MS = 5000
const PATIENCE = { pause: 1000, tries: 90 }

export class Trainings implements Disposable {
  readonly #options: TrainingsOptions
  readonly #records = new Map<string, TrainingRecord>()
  readonly #notes = new Map<string, string[]>()
  readonly #restarts = new Restarts()
  readonly #changed = new Emitter<string>()
  readonly #steps = new Emitter<{ readonly folder: string; readonly steps: readonly TrainingStep[] }>()
  readonly #previews = new Emitter<{
    readonly folder: string
    readonly step: number
    readonly path: string
  }>()
  readonly #news = new Emitter<TrainingNews>()
  readonly #subscription: Disposable
  #live: Live | undefined
  #timer: NodeJS.Timeout | undefined
  #disposed = false
  /** The folder of a run that stands otherwise now, has come or gone. */
  readonly onDidChange = this.#changed.event
  readonly onSteps = this.#steps.event
  readonly onPreview = this.#previews.event
  readonly onNews = this.#news.event

  constructor(options: TrainingsOptions) {
    this.#options = options
    for (const record of readRecords(options.store.read())) this.#records.set(record.folder, record)
    this.#subscription = options.onBusy(() => this.#balance())
  }

  /** The latest first. */
  get all(): readonly TrainingView[] {
    return [...this.#records.values()]
      .sort((a, b) => b.created - a.created)
      .map((record) => this.#view(record))
  }

  find(folder: string): TrainingView | undefined {
    const record = this.#records.get(folder)
    return record && this.#view(record)
  }

  /** The run that has a process. */
  get current(): TrainingView | undefined {
    return this.#live && this.find(this.#live.folder)
  }

  /** What a run was started with, for a new one like it. */
  requestOf(folder: string): TrainingRequest | undefined {
    return this.#records.get(folder)?.request
  }

  /**
   * Begins a run. Resolves when its first step is about to begin.
   * @throws Sentence when another one is going on or the workspace is not trusted; Error with the process's sentence
   *   when it cannot begin, which leaves nothing behind
   */
  async start(
    folder: string,
    request: TrainingRequest,
    steps: number,
    name = basename(folder),
  ): Promise<void> {
    await this.#makeRoom(folder)
    const record: TrainingRecord = {
      folder,
      name,
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
    this.#records.set(folder, record)
    try {
      await this.#launch(record).begun.promise
    } catch (error) {
      this.#records.delete(folder)
      this.#save()
      this.#changed.fire(folder)
      throw error
    }
  }

  /** Rests after the batch at work. */
  async pause(folder: string): Promise<void> {
    if (!this.#change(folder, { wish: 'pause' })) return
    this.#balance()
  }

  /**
   * Goes on, with a new process where there is none.
   * @throws as {@link start}
   */
  async resume(folder: string): Promise<void> {
    const record = this.#records.get(folder)
    if (record === undefined) return
    if (this.#live?.folder === folder && this.#live.state !== 'stopping') {
      this.#change(folder, { wish: 'run' })
      this.#balance()
      return
    }
    if (record.outcome === 'done') throw new Sentence('The training {0} has done all its steps.', record.name)
    await this.#makeRoom(folder)
    this.#change(folder, { wish: 'run', outcome: undefined, message: undefined })
    this.#restarts.forgive()
    await this.#launch(this.#records.get(folder)!).begun.promise
  }

  /** Stops with a checkpoint; resolves when the process is gone. @param keep whether a model is made of it */
  async stop(folder: string, keep = false): Promise<void> {
    if (!this.#change(folder, { wish: 'stop' })) return
    const live = this.#live
    if (live?.folder !== folder) {
      if (keep) await this.keep(folder)
      return
    }
    await this.#end(live, keep)
  }

  /** Makes a model of the last checkpoint of a run, unless it has one of that step. @throws Error with a sentence */
  async keep(folder: string): Promise<TrainedModel> {
    const record = this.#records.get(folder)
    if (record === undefined) throw gone()
    if (record.model !== undefined && record.model.step === record.step) return record.model
    if (this.#live?.folder === folder) {
      await this.stop(folder, true)
      const { model } = this.#records.get(folder) ?? record
      if (model !== undefined) return model
    }
    const model = await this.#ask((rpc) => rpc.keep(folder))
    this.#change(folder, { model })
    return model
  }

  /** The registry has a model of this run. */
  tellModelId(folder: string, modelId: string): void {
    this.#change(folder, { modelId })
  }

  /** Takes a run off the list; its folder stays. @throws Sentence when it is going on */
  forget(folder: string): void {
    if (this.#live?.folder === folder)
      throw new Sentence('The training {0} is going on; stop it first.', basename(folder))
    this.#records.delete(folder)
    this.#notes.delete(folder)
    this.#save()
    this.#changed.fire(folder)
  }

  /** Goes on with what was going on when the window was closed. Never throws: what goes wrong is news. */
  async goOn(): Promise<void> {
    if (!this.#options.isTrusted()) return
    const [record, ...others] = [...this.#records.values()]
      .filter(({ wish, outcome }) => wish === 'run' && outcome === undefined)
      .sort((a, b) => b.created - a.created)
    // There is one at a time; others can only be there after two windows wrote the same list.
    for (const { folder } of others) this.#change(folder, { wish: 'pause' })
    if (record === undefined || this.#live !== undefined) return
    try {
      await this.#launch(record, this.#options.patience ?? PATIENCE).begun.promise
      this.#tell({ kind: 'wentOn', run: this.#view(this.#records.get(record.folder) ?? record) })
    } catch (error) {
      const run = this.find(record.folder)
      const message = error instanceof Error ? error.message : String(error)
      if (run !== undefined && (run.state === 'failed' || error instanceof InUseError))
        this.#tell({ kind: error instanceof InUseError ? 'inUse' : 'failed', run, message })
    }
  }

  /** Measures what a run would cost. @throws Error with a sentence; so too when the signal fires */
  estimate(
    request: TrainingRequest,
    onStage: TrainingHostFunctions['preparing'],
    signal: AbortSignal,
  ): Promise<TrainingEstimate> {
    return this.#ask((rpc) => rpc.estimate(request, this.#options.places()), { preparing: onStage }, signal)
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
    clearTimeout(this.#timer)
    this.#subscription.dispose()
    this.#save()
    void this.#live?.connection?.close()
    for (const emitter of [this.#changed, this.#steps, this.#previews, this.#news]) emitter.dispose()
  }

  async #makeRoom(folder: string): Promise<void> {
    if (!this.#options.isTrusted()) throw notTrusted()
    const live = this.#live
    if (live === undefined) return
    const other = this.#records.get(live.folder)
    if (live.folder !== folder && other?.wish === 'run')
      throw new Sentence('The training {0} is going on; pause or stop it first.', other.name)
    // One that a person has paused gives its memory back, and stays paused.
    await this.#end(live, false)
  }

  async #end(live: Live, keep: boolean): Promise<void> {
    live.keep ||= keep
    live.state = 'stopping'
    this.#changed.fire(live.folder)
    const { connection } = live
    if (connection !== undefined)
      await (keep ? connection.rpc.stopAndKeep() : connection.rpc.stop()).catch(() => {})
    await live.ended
  }

  #launch(record: TrainingRecord, patience?: { readonly pause: number; readonly tries: number }): Live {
    const live: Live = {
      folder: record.folder,
      connection: undefined,
      facts: undefined,
      stage: undefined,
      state: 'preparing',
      pace: [],
      memoryBytes: undefined,
      keep: false,
      hasBegun: false,
      begun: new Deferred(),
      ended: Promise.resolve(),
    }
    this.#live = live
    live.ended = this.#follow(live, patience?.tries ?? 0, patience?.pause ?? 0).catch((error: unknown) => {
      this.#options.log('error', String(error))
    })
    this.#save()
    this.#changed.fire(record.folder)
    return live
  }

  /** All lives of the process of one run, one after the other. */
  async #follow(live: Live, tries: number, pause: number): Promise<void> {
    let left = tries
    for (;;) {
      const life = await this.#oneLife(live)
      if (this.#disposed) return
      if (life.kind === 'inUse' && left > 0 && live.state !== 'stopping') {
        left--
        await sleep(pause)
        continue
      }
      if (life.kind === 'lost' && live.state !== 'stopping') {
        this.#options.log('error', life.reason)
        const wait = this.#restarts.ended(Date.now())
        if (wait !== undefined) {
          live.state = 'restarting'
          live.facts = undefined
          live.pace = []
          this.#changed.fire(live.folder)
          this.#tell({ kind: 'lost', run: this.find(live.folder)! })
          await sleep(wait)
          if (this.#disposed) return
          // Stopped meanwhile.
          if (this.#records.get(live.folder)?.wish !== 'stop') continue
        }
      }
      this.#live = undefined
      this.#conclude(live, life)
      return
    }
  }

  #oneLife(live: Live): Promise<LifeEnd> {
    const record = this.#records.get(live.folder)!
    const { folder } = record
    return new Promise<LifeEnd>((resolve) => {
      const connection = this.#options.connect({
        ...silent(this.#options.log),
        preparing: (stage) => {
          live.stage = stage
          this.#changed.fire(folder)
        },
        metrics: ({ steps, smoothedLoss, memoryBytes }) => this.#took(live, steps, smoothedLoss, memoryBytes),
        preview: ({ step, path }) => this.#previews.fire({ folder, step, path }),
        note: (text) => this.#note(folder, text),
        ended: (end) => resolve({ kind: 'ended', end }),
      })
      live.connection = connection
      this.#options.log('info', `The training process has started (process ${connection.pid}).`)
      void connection.ended.then((reason) => resolve({ kind: 'lost', reason }))
      const paused = this.#shouldRest(record)
      connection.rpc
        .start({ folder, request: record.request, ...(paused && { paused }) }, this.#options.places())
        .then(
          (answer) => {
            if ('inUse' in answer) resolve({ kind: 'inUse', message: answer.inUse })
            else this.#began(live, answer)
          },
          // A process that is lost is told by its end.
          (error: unknown) => {
            if (!(error instanceof ProcessLostError || connection.rpc.$closed))
              resolve({ kind: 'refused', error })
          },
        )
    }).finally(async () => {
      const { connection } = live
      live.connection = undefined
      // Its lock and its memory are gone with it.
      await connection?.close()
    })
  }

  #began(live: Live, facts: TrainingFacts): void {
    live.facts = facts
    live.hasBegun = true
    live.stage = undefined
    if (live.state !== 'stopping') live.state = 'running'
    const { device, step, steps } = facts
    for (const text of facts.notes) this.#note(live.folder, text)
    this.#change(live.folder, { device, step, steps })
    live.begun.resolve(facts)
    // What was wished for while it was prepared.
    this.#balance()
  }

  #took(live: Live, steps: readonly TrainingStep[], loss: number, memoryBytes: number): void {
    const record = this.#records.get(live.folder)
    if (record === undefined) return
    live.memoryBytes = memoryBytes
    live.pace = [...live.pace, ...steps.map(({ pairsPerSecond }) => pairsPerSecond)].slice(-PACE_STEPS)
    this.#records.set(live.folder, { ...record, step: steps.at(-1)!.step, loss })
    this.#timer ??= setTimeout(() => this.#save(), REMEMBER_MS)
    this.#steps.fire({ folder: live.folder, steps })
    this.#changed.fire(live.folder)
  }

  /** The run has no process any more: what that means for it. */
  #conclude(live: Live, life: LifeEnd): void {
    const { folder } = live
    const record = this.#records.get(folder)
    if (record === undefined) return
    switch (life.kind) {
      case 'ended': {
        const { reason, message, step, steps, model } = life.end
        const done = reason === 'done'
        this.#change(folder, {
          step,
          steps,
          ...(model && { model }),
          ...(done && { outcome: 'done' }),
          ...(reason === 'failed' && { outcome: 'failed', message }),
        })
        if (done) this.#tell({ kind: 'done', run: this.find(folder)! })
        else if (reason === 'failed')
          this.#tell({ kind: 'failed', run: this.find(folder)!, message: message ?? '' })
        break
      }
      case 'lost':
        this.#change(folder, { outcome: 'failed', message: life.reason })
        if (live.hasBegun) this.#tell({ kind: 'gaveUp', run: this.find(folder)! })
        live.begun.reject(new ProcessLostError(life.reason))
        break
      case 'refused': {
        const stopped = record.wish === 'stop'
        const message = life.error instanceof Error ? life.error.message : String(life.error)
        this.#change(folder, stopped ? {} : { outcome: 'failed', message })
        // Whoever launched it hears that it cannot begin; later nobody waits for it any more.
        if (!stopped && live.hasBegun) this.#tell({ kind: 'failed', run: this.find(folder)!, message })
        live.begun.reject(life.error)
        break
      }
      case 'inUse':
        this.#change(folder, { message: life.message })
        if (live.hasBegun) this.#tell({ kind: 'inUse', run: this.find(folder)!, message: life.message })
        live.begun.reject(new InUseError(life.message))
        break
      default:
        life satisfies never
    }
    live.begun.reject(new Error('The training was stopped before it began.'))
    this.#save()
    this.#changed.fire(folder)
  }

  #shouldRest({ wish }: TrainingRecord): boolean {
    return wish === 'pause' || this.#options.isBusy()
  }

  /** Has the process rest, or go on: propagation goes first. */
  #balance(): void {
    const live = this.#live
    const record = live && this.#records.get(live.folder)
    if (!live?.connection || !record || live.state === 'stopping') return
    const { rpc } = live.connection
    const asked = this.#shouldRest(record) ? rpc.pause() : rpc.resume()
    asked.catch(() => {})
    this.#changed.fire(live.folder)
  }

  #change(folder: string, changes: Partial<TrainingRecord>): boolean {
    const record = this.#records.get(folder)
    if (record === undefined) return false
    this.#records.set(folder, {
      ...record,
      // The registry has another model than this one.
      ...(changes.model && { modelId: undefined }),
      ...changes,
    })
    this.#save()
    this.#changed.fire(folder)
    return true
  }

  #note(folder: string, text: string): void {
    const notes = this.#notes.get(folder) ?? []
    this.#options.log('info', `${basename(folder)}: ${text}`)
    if (!notes.includes(text)) this.#notes.set(folder, [...notes, text])
    this.#changed.fire(folder)
  }

  #tell(news: TrainingNews): void {
    this.#news.fire(news)
  }

  #save(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    void this.#options.store.write([...this.#records.values()])
  }

  #view(record: TrainingRecord): TrainingView {
    const live = this.#live?.folder === record.folder ? this.#live : undefined
    return viewOf(record, live, this.#options.isBusy(), this.#notes.get(record.folder) ?? [])
  }
}

/** Another window has the run open. */
class InUseError extends Error {}

function gone(): Sentence {
  return new Sentence('This training is not on the list any more.')
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
