import type { Disposable } from '../emitter.ts'

/** Ends within this time (milliseconds) count together. */
const WINDOW = 60_000
/** So many of them are too many. */
const LIMIT = 3
/** Wait before the first restart; every further one doubles it. */
const FIRST_WAIT = 250

/** A start that is due in a moment. */
export interface Restart {
  /** When, in milliseconds since 1970. */
  readonly at: number
  /** Resolves then; earlier when {@link Restarts.hurry} is called. */
  readonly due: Promise<void>
}

/** When to start a process again that keeps ending: soon at first, later and later, and not for ever. */
export class Restarts implements Disposable {
  #ends: number[] = []
  readonly #waiting = new Set<() => void>()

  /**
   * Tells that the process ended by itself.
   * @param now milliseconds since 1970
   * @returns the next start; undefined when it ended too often
   */
  ended(now = Date.now()): Restart | undefined {
    this.#ends = [...this.#ends.filter((at) => now - at < WINDOW), now]
    if (this.#ends.length >= LIMIT) return undefined
    const wait = FIRST_WAIT * 2 ** (this.#ends.length - 1)
    return { at: now + wait, due: this.#after(wait) }
  }

  /** A person asks for another try. */
  forgive(): void {
    this.#ends = []
  }

  /** Nothing waits any longer: what was due in a moment is now. Whoever waited looks whether it is still wanted. */
  hurry(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  dispose(): void {
    this.hurry()
  }

  #after(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, milliseconds)
      this.#waiting.add(wake)
    })
  }
}
