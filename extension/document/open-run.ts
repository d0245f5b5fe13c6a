import type { Run, RunResult } from '../../model/annotation/index.ts'

/** One thing to undo, as VS Code's stack and this model both know it. */
export interface Step {
  readonly label: string
  /** Entries that it has written, to tell whether taking it back needs slices. */
  size: number
  readonly isRun: boolean
}

/** A run that streams its results into the document. */
export class OpenRun {
  readonly record: Run
  readonly label: string
  /** Its step, from its first results on. */
  step: Step | undefined
  /** Results that came while a large step was taken back, and whether the run ended then. */
  readonly waiting: RunResult[] = []
  ending = false
  readonly #stop: () => Promise<void>
  readonly #model: { add(results: readonly RunResult[]): number; end(): void }
  #ended = false

  constructor(
    record: Run,
    stop: () => Promise<void>,
    model: { add(results: readonly RunResult[]): number; end(): void },
  ) {
    this.record = record
    this.label = 'Propagate'
    this.#stop = stop
    this.#model = model
  }

  /**
   * Writes results; a person's frames stay as they are.
   * @returns how many were left out
   * @throws AnnotationError when the document refuses one; then none of them is written
   */
  add(results: readonly RunResult[]): number {
    return this.#ended ? results.length : this.#model.add(results)
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#model.end()
  }

  get ended(): boolean {
    return this.#ended
  }

  stop(): Promise<void> {
    return this.#stop()
  }

  /** Takes no more results; the document is gone. */
  close(): void {
    this.#ended = true
  }
}
