/** Two models on the same marks: both results are shown, none of them is the person's before one is kept. */
import { nextRunId, type Run, type RunResult } from '../../model/annotation/index.ts'
import type { ModelChoice, RunSettings } from '../../model/process/index.ts'
import type { ComparisonView, FrameEntries } from '../../webview/protocol/index.ts'
import type { AnnotatorDocument } from '../editor/index.ts'
import type { Propagation, PropagationRun, RunEnd, RunPlan } from '../propagation/index.ts'
import { Sentence } from '../sentence.ts'
import { shadowOf } from './shadow-document.ts'

/** A model that takes part. */
export interface ComparedModel {
  readonly name: string
  readonly choice: ModelChoice
}

/** A or B. */
export type Side = 0 | 1

interface Results {
  run: Run | undefined
  readonly byFrame: Map<number, Map<number, RunResult>>
}

/** One comparison on one document, from its start until it is closed or one of its results is kept. */
export class Comparison {
  readonly document: AnnotatorDocument
  readonly models: readonly [ComparedModel, ComparedModel]
  readonly plan: RunPlan
  readonly #results: readonly [Results, Results] = [
    { run: undefined, byFrame: new Map() },
    { run: undefined, byFrame: new Map() },
  ]
  #view: ComparisonView
  #current: PropagationRun | undefined
  #closed = false

  constructor(document: AnnotatorDocument, models: readonly [ComparedModel, ComparedModel], plan: RunPlan) {
    this.document = document
    this.models = models
    this.plan = plan
    this.#view = {
      models: [models[0].name, models[1].name],
      range: plan.range,
      objects: plan.objects.map(({ id }) => id),
      state: 'running',
      side: 0,
      done: [0, 0],
      total: 0,
    }
  }

  /**
   * Runs one model after the other: they would share one device.
   * @returns how it ended
   * @throws Sentence when another run is going on, or the workspace is not trusted; then nothing is shown
   */
  async run(propagation: Propagation, settings: RunSettings): Promise<RunEnd> {
    for (const side of [0, 1] as const) {
      const { choice } = this.models[side]
      const target = shadowOf(this.document, this.plan, {
        found: (results, run) => this.#take(side, results, run),
        show: (run) => {
          if (run !== undefined) this.#progress(side, run.done, run.total)
          this.document.showRun(run)
        },
      })
      const { run, ended } = propagation.startApart(this.document, target, this.plan, {
        model: choice,
        settings,
      })
      this.#current = run
      this.#show({ side })
      const end = await ended
      this.#current = undefined
      if (end.reason !== 'done') {
        this.#show({ state: end.reason === 'failed' ? 'failed' : 'stopped' })
        return end
      }
    }
    this.#show({ state: 'done' })
    return { reason: 'done' }
  }

  /**
   * Makes the results of a side the person's annotations, as one step to undo, and ends the comparison.
   * @throws Sentence when there is nothing to keep; AnnotationError when a run is going on
   */
  async keep(side: Side): Promise<void> {
    await this.#current?.cancel()
    const { run, byFrame } = this.#results[side]
    if (run === undefined || byFrame.size === 0)
      throw new Sentence('{0} has no results yet.', this.models[side].name)
    const { document } = this
    const id = nextRunId(document.annotations)
    const results = [...byFrame.values()].flatMap((entries) =>
      [...entries.values()]
        .filter(({ objectId }) => document.annotations.objects.has(objectId))
        .map((result): RunResult => ({ ...result, entry: { ...result.entry, run: id } })),
    )
    const writer = document.beginRun(async () => {})
    try {
      writer.add({ ...run, id }, results)
    } finally {
      writer.end()
    }
    await this.close()
  }

  /** Stops what is going on and forgets all results. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.document.showComparison(undefined)
    await this.#current?.cancel()
  }

  #take(side: Side, results: readonly RunResult[], run: Run): void {
    const into = this.#results[side]
    into.run = run
    const frames = new Set<number>()
    for (const result of results) {
      const entries = into.byFrame.get(result.frame) ?? new Map<number, RunResult>()
      into.byFrame.set(result.frame, entries.set(result.objectId, result))
      frames.add(result.frame)
    }
    if (!this.#closed) this.document.showComparison(this.#shown(), { side, frames: [...frames] })
  }

  #progress(side: Side, done: number, total: number): void {
    const both: [number, number] = [...this.#view.done]
    both[side] = done
    this.#show({ done: both, total })
  }

  #show(change: Partial<ComparisonView>): void {
    this.#view = { ...this.#view, ...change }
    if (!this.#closed) this.document.showComparison(this.#shown())
  }

  #shown() {
    return {
      view: this.#view,
      entries: (side: Side, frames?: readonly number[]): FrameEntries[] => {
        const { byFrame } = this.#results[side]
        return [...(frames ?? byFrame.keys())].map((frame) => ({
          frame,
          entries: [...(byFrame.get(frame)?.values() ?? [])].map(({ objectId, entry }) => [objectId, entry]),
        }))
      },
    }
  }
}
