import type { Run, RunResult } from '../../model/annotation/index.ts'

/** One thing to undo, as VS Code's stack and this model both know it. */
export interface Step {
  readonly label: string
  /** Entries that it has written, to tell whether taking it back needs slices. */
  size: number
  readonly isRun: boolean
}

/** A run from the moment when a person asks for it; it streams its results into the document. */
export class OpenRun {
  /** How many steps were done when it was asked for: it starts from what they made. */
  readonly basis: number
  /** What runs; known when the first results come. */
  record: Run | undefined
  /** Its step, from its first results on. */
  step: Step | undefined
  /** Results that came while a large step was taken back, and whether the run ended then. */
  readonly waiting: RunResult[] = []
  ending = false
  readonly #stop: () => Promise<void>
  readonly #model: { add(results: readonly RunResult[]): number; end(): void }
  #ended = false

  constructor(
    basis: number,
    stop: () => Promise<void>,
    model: { add(results: readonly RunResult[]): number; end(): void },
  ) {
    this.basis = basis
    this.#stop = stop
    this.#model = model
  }

  /**
   * Writes results; a person's frames stay as they are.
   * @param record what runs, the same each time
   * @returns how many were left out
   * @throws AnnotationError when the document refuses one; then none of them is written
   */
  add(record: Run, results: readonly RunResult[]): number {
    if (this.#ended) return results.length
    this.record = record
    return this.#model.add(results)
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
