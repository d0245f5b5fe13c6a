/** One propagation under way: its results as they come, and a stop that keeps them. */
import { CancelledError } from '../errors.ts'
import type { FrameResult, Propagation } from '../propagation/index.ts'
import { Pace } from './pace.ts'
import type { RunEntries } from './run-entries.ts'
import type { EarlierResult, RunProgress } from './surface.ts'

/** How a run ended; with the error where it failed. */
export type RunEnd =
  | { readonly reason: 'done' | 'cancelled' }
  | { readonly reason: 'failed'; readonly error: unknown }

export class ActiveRun {
  readonly #stop = new AbortController()
  readonly #pace = new Pace(performance.now())
  #paused = false
  /** Opens the gate that a paused run waits at. */
  #open: () => void = () => {}
  #atRest: (() => void)[] = []
  #ended = false

  /** Fires when the run is cancelled. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** Takes the results until they end, or until {@link cancel}. Never throws. */
  async follow(
    { total, results }: Propagation,
    entries: RunEntries,
    onResults: (results: readonly EarlierResult[], progress: RunProgress) => void,
  ): Promise<RunEnd> {
    let done = 0
    try {
      // What comes before, the set-up, gives none either.
      await this.walked()
      for await (const result of results) {
        this.#pace.step(performance.now())
        onResults(entries.add(result), progressOf(result, ++done, total, this.#pace))
        // The engine is one frame ahead at most; nothing more is asked of it until the gate is open.
        await this.#gate()
      }
      return { reason: 'done' }
    } catch (error) {
      return error instanceof CancelledError ? { reason: 'cancelled' } : { reason: 'failed', error }
    } finally {
      this.end()
    }
  }

  /**
   * To be awaited after work that gives no result: a paused run rests there as well. How long it took says nothing about
   * how fast results come.
   */
  async walked(): Promise<void> {
    await this.#gate()
    this.#pace.resume(performance.now())
  }

  /** Resolves when the run is at rest, or has ended. */
  async pause(): Promise<void> {
    this.#paused = true
    if (!this.#ended) await new Promise<void>((resolve) => this.#atRest.push(resolve))
  }

  resume(): void {
    this.#paused = false
    this.#open()
  }

  cancel(): void {
    this.#stop.abort()
    this.resume()
  }

  /** Nothing will come any more. */
  end(): void {
    this.#ended = true
    this.#rest()
  }

  #rest(): void {
    for (const resolve of this.#atRest) resolve()
    this.#atRest = []
  }

  async #gate(): Promise<void> {
    while (this.#paused && !this.#stop.signal.aborted) {
      const opened = new Promise<void>((resolve) => {
        this.#open = resolve
      })
      this.#rest()
      await opened
      this.#pace.resume(performance.now())
    }
  }
}

function progressOf({ frame }: FrameResult, done: number, total: number, pace: Pace): RunProgress {
  const { perSecond } = pace
  return {
    done,
    total,
    frame,
    framesPerSecond: perSecond,
    secondsLeft: perSecond === undefined ? undefined : (total - done) / perSecond,
  }
}
