import type { Disposable } from '../emitter.ts'
import type { ChangedFrames } from './changed-frames.ts'
import type { DoubtfulFrames } from './doubtful.ts'
import { inSlices } from './slices.ts'

/** Frames worth checking are told at most this often. */
const TELL_MS = 200

/** Keeps the frames worth checking of one document up to date, one look after the other, in slices. */
export class DoubtfulWatch implements Disposable {
  readonly frames: DoubtfulFrames
  readonly #tell: () => void
  #looking: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #disposed = false

  /** @param tell called when the list is another one */
  constructor(frames: DoubtfulFrames, tell: () => void) {
    this.frames = frames
    this.#tell = tell
  }

  /** Looks again at what was changed, and around it. */
  update(changed: ChangedFrames): void {
    this.#look(() => this.frames.update(changed))
  }

  /** @param doubtBelow a confidence below this (0 to 1) is doubtful */
  setLimit(doubtBelow: number): void {
    this.#look(() => this.frames.setLimit(doubtBelow))
  }

  /** Resolves when all was looked at that was changed up to now. */
  whenLooked(): Promise<void> {
    return this.#looking
  }

  dispose(): void {
    this.#disposed = true
    clearTimeout(this.#timer)
  }

  #look(work: () => Generator<void, boolean, undefined>): void {
    this.#looking = this.#looking.then(async () => {
      if (this.#disposed || !(await inSlices(work())) || this.#disposed) return
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined
        this.#tell()
      }, TELL_MS)
    })
  }
}
