import { type ModelEntry, nextRunId, type RunResult } from '../../model/annotation/index.ts'
import { messageOf } from '../../model/errors.ts'
import type {
  EarlierResult,
  ModelChoice,
  RunFacts,
  RunProgress,
  RunRequest,
  RunSettings,
} from '../../model/process/index.ts'
import type { RunView } from '../../webview/protocol/index.ts'
import type { AnnotatorDocument, RunWriter } from '../editor/index.ts'
import { Emitter, type Event } from '../emitter.ts'
import { type ModelClient, ProcessLostError, WindowClosing } from '../model-client/index.ts'
import { Sentence } from '../sentence.ts'
import type { RunPlan } from './plan.ts'
import { RunLanes } from './run-lanes.ts'

/** So many lives of the process without a result are enough. */
const MOST_LOSSES = 3

export interface RunEnd {
  readonly reason: 'done' | 'cancelled' | 'failed'
  /** Why it failed. */
  readonly error?: unknown
}

/** What a run takes from the rest: the document's part that it uses, so that it also runs outside VS Code. */
export type RunDocument = Pick<AnnotatorDocument, 'annotations' | 'videoPath' | 'beginRun' | 'showRun'>

/**
 * One propagation from its start to its end, over every life of the model process: results go into the document as
 * they come, and when the process is lost the run goes on from what the document holds.
 */
export class PropagationRun {
  readonly document: RunDocument
  readonly plan: RunPlan
  readonly id: number
  /** Resolves when no more results come. */
  readonly ended: Promise<RunEnd>

  readonly #client: ModelClient
  readonly #request: RunRequest
  readonly #subscriptions: { dispose(): void }[]
  readonly #changed = new Emitter<RunView>()
  readonly #resolve: (end: RunEnd) => void
  readonly onDidChange: Event<RunView> = this.#changed.event
  #facts: RunFacts | undefined
  readonly #writer: RunWriter
  /** Results, and the end, that came before the process that is there had said what runs. */
  #early: RunResult[] = []
  #earlyEnd: RunEnd | undefined
  readonly #lanes: RunLanes
  #view: RunView
  #wish: 'run' | 'pause' | 'cancel' = 'run'
  #setUp = false
  /** How often the process was lost since the last result that no life of it had given before. */
  #losses = 0
  /** The most results that there were. */
  #most = 0
  /** A start that waits for the process to come back is not wanted any more. */
  readonly #stop = new AbortController()
  #end: RunEnd | undefined

  /** @throws AnnotationError when the document refuses a run now */
  constructor(
    client: ModelClient,
    document: RunDocument,
    plan: RunPlan,
    choice: { readonly model: ModelChoice; readonly settings: RunSettings },
  ) {
    this.#client = client
    this.document = document
    this.plan = plan
    this.id = nextRunId(document.annotations)
    this.#lanes = new RunLanes(plan)
    this.#request = {
      run: this.id,
      clip: document.videoPath,
      labels: [...document.annotations.labels.values()],
      ...plan,
      ...choice,
    }
    this.#view = {
      id: this.id,
      state: 'starting',
      direction: plan.direction,
      range: plan.range,
      done: 0,
      total: 0,
      frame: undefined,
      lanes: this.#lanes.view(),
      framesPerSecond: undefined,
      secondsLeft: undefined,
      device: undefined,
      model: undefined,
    }
    // From now on, so that what it starts from is not taken back beneath it.
    this.#writer = document.beginRun(() => this.cancel())
    let resolve: (end: RunEnd) => void = () => {}
    this.ended = new Promise((settle) => {
      resolve = settle
    })
    this.#resolve = resolve
    this.#subscriptions = [
      client.onResults(({ run, results, progress }) => {
        if (run === this.id) this.#take(results, progress)
      }),
      client.onRunEnded(({ run, reason, message }) => {
        if (run !== this.id) return
        const end: RunEnd = { reason, error: reason === 'failed' ? message : undefined }
        if (this.#setUp) this.#finish(end)
        else this.#earlyEnd = end
      }),
      client.onState(({ kind }) => {
        if (kind === 'lost' || kind === 'stopped') this.#lost()
      }),
    ]
    this.#show({})
    void this.#launch()
  }

  get view(): RunView {
    return this.#view
  }

  /** What really runs; undefined until the process has said so. */
  get facts(): RunFacts | undefined {
    return this.#facts
  }

  /** Holds the run after the frame at work. */
  async pause(): Promise<void> {
    if (this.#wish !== 'run') return
    this.#wish = 'pause'
    if (this.#setUp) await this.#hold()
  }

  async resume(): Promise<void> {
    if (this.#wish !== 'pause') return
    this.#wish = 'run'
    if (!this.#setUp) return
    await this.#ask(() => this.#client.resumeRun(this.id))
    if (this.#setUp) this.#show({ state: 'running' })
  }

  /** Ends the run; what is done stays. Resolves when no more results come. */
  async cancel(): Promise<void> {
    if (this.#end !== undefined) return
    this.#wish = 'cancel'
    this.#stop.abort()
    this.#show({ state: 'stopping' })
    if (this.#setUp || this.#client.state.kind === 'running')
      await this.#ask(() => this.#client.cancelRun(this.id))
    // What is being set up ends with that, and says so: only then can there be another run.
    if (this.#setUp || this.#client.state.kind !== 'running') this.#finish({ reason: 'cancelled' })
    await this.ended
  }

  /** Sets the run up in the process that is there; when that one is lost, in the next. */
  async #launch(): Promise<void> {
    while (this.#end === undefined) {
      try {
        const earlier = this.#facts === undefined ? [] : this.#earlier()
        const request = { ...this.#request, ...(earlier.length === 0 ? {} : { earlier }) }
        await this.#begin(await this.#client.startRun(request, this.#stop.signal))
        return
      } catch (error) {
        if (this.#wish === 'cancel' || error instanceof WindowClosing) this.#finish({ reason: 'cancelled' })
        else if (!(error instanceof ProcessLostError)) this.#finish({ reason: 'failed', error })
        else if (this.#client.state.kind === 'stopped') this.#lost()
      }
    }
  }

  async #begin(facts: RunFacts): Promise<void> {
    if (this.#wish === 'cancel') {
      await this.#ask(() => this.#client.cancelRun(this.id))
      this.#finish({ reason: 'cancelled' })
      return
    }
    const before = this.#facts
    const problem = before && changed(before.record, facts.record)
    if (problem !== undefined) {
      // All that comes would be written as the work of what was there before.
      await this.#ask(() => this.#client.cancelRun(this.id))
      this.#finish({ reason: 'failed', error: problem })
      return
    }
    this.#setUp = true
    this.#facts ??= facts
    const { record, total } = this.#facts
    // Results of an earlier life count as done.
    this.#show({
      state: 'running',
      total,
      done: before === undefined ? 0 : Math.max(0, total - facts.total),
      device: facts.record.device,
      model: record.model.name,
    })
    const early = this.#early.splice(0)
    if (early.length > 0) this.#write(early)
    if (this.#earlyEnd !== undefined) this.#finish(this.#earlyEnd)
    if (this.#wish === 'pause') await this.#hold()
  }

  async #hold(): Promise<void> {
    await this.#ask(() => this.#client.pauseRun(this.id))
    if (this.#setUp && this.#wish === 'pause') this.#show({ state: 'paused' })
  }

  #take(results: readonly EarlierResult[], progress: RunProgress): void {
    if (this.#end !== undefined) return
    this.#lanes.add(results)
    if (!this.#setUp) {
      this.#early.push(...results)
      return
    }
    if (!this.#write(results)) return
    const total = this.#facts?.total ?? progress.total
    const done = Math.max(0, total - progress.total) + progress.done
    if (done > this.#most) {
      this.#most = done
      this.#losses = 0
    }
    this.#show({
      done,
      total,
      frame: progress.frame,
      lanes: this.#lanes.view(),
      framesPerSecond: progress.framesPerSecond,
      secondsLeft: progress.secondsLeft,
    })
  }

  /** @returns false when the document refuses it, which ends the run */
  #write(results: readonly RunResult[]): boolean {
    try {
      if (this.#facts !== undefined && !this.#writer.ended) this.#writer.add(this.#facts.record, results)
      return true
    } catch (error) {
      void this.#ask(() => this.#client.cancelRun(this.id))
      this.#finish({ reason: 'failed', error })
      return false
    }
  }

  #lost(): void {
    if (this.#end !== undefined) return
    this.#early = []
    this.#earlyEnd = undefined
    if (this.#wish === 'cancel') {
      this.#finish({ reason: 'cancelled' })
      return
    }
    if (this.#client.state.kind === 'stopped') {
      this.#finish({
        reason: 'failed',
        error: new Sentence(
          'The model process ended three times within a minute and is not started again; see the log for the reason.',
        ),
      })
      return
    }
    if (++this.#losses >= MOST_LOSSES) {
      this.#finish({
        reason: 'failed',
        error: new Sentence(
          'The model process ended three times without labelling a frame; choose a smaller siammae.networkSize or another siammae.device, and see the log for the reason.',
        ),
      })
      return
    }
    this.#show({ state: 'restarting', framesPerSecond: undefined, secondsLeft: undefined })
    // While it is being set up, that rejects and tries again by itself.
    if (!this.#setUp) return
    this.#setUp = false
    void this.#launch()
  }

  /** What the document holds of this run: a person may have changed some of it since. */
  #earlier(): EarlierResult[] {
    const { annotations } = this.document
    const [first, last] = this.plan.range
    const earlier: EarlierResult[] = []
    for (const { id } of this.plan.objects)
      for (const [frame, entry] of annotations.entries(id))
        if (frame >= first && frame <= last && isOf(this.id, entry))
          earlier.push({ objectId: id, frame, entry, final: this.#lanes.finalOf(id, frame) })
    return earlier
  }

  /** Asks the process about the run; that it is gone or knows no such run is no news here. */
  async #ask(what: () => Promise<void>): Promise<void> {
    try {
      await what()
    } catch (error) {
      if (!(error instanceof ProcessLostError) && this.#end === undefined && this.#wish !== 'cancel')
        throw error instanceof Error ? error : new Error(messageOf(error))
    }
  }

  #show(change: Partial<RunView>): void {
    if (this.#end !== undefined) return
    this.#view = { ...this.#view, ...change }
    this.document.showRun(this.#view)
    this.#changed.fire(this.#view)
  }

  #finish(end: RunEnd): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.#stop.abort()
    for (const subscription of this.#subscriptions) subscription.dispose()
    this.#writer.end()
    this.document.showRun(undefined)
    this.#resolve(end)
    this.#changed.dispose()
  }
}

/** Why a run cannot go on under the record that it began with. */
function changed(before: RunFacts['record'], now: RunFacts['record']): Sentence | undefined {
  if (now.model.hash !== before.model.hash)
    return new Sentence(
      'The model file is another one since the model process came back; what is done stays. Propagate again to go on.',
    )
  if (now.device !== before.device)
    return new Sentence(
      'The model process came back on {0} instead of {1}; what is done stays. Propagate again to go on.',
      now.device,
      before.device,
    )
  return undefined
}

function isOf(run: number, entry: { readonly state: string }): entry is ModelEntry {
  return 'run' in entry && entry.run === run
}
