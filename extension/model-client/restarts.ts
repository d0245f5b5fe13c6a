/** Ends within this time (milliseconds) count together. */
const WINDOW = 60_000
/** So many of them are too many. */
const LIMIT = 3
/** Wait before the first restart; every further one doubles it. */
const FIRST_WAIT = 250

/** When to start a process again that keeps ending: soon at first, later and later, and not for ever. */
export class Restarts {
  #ends: number[] = []

  /**
   * Tells that the process ended by itself.
   * @param now milliseconds
   * @returns how long to wait before the next start, in milliseconds; undefined when it ended too often
   */
  ended(now: number): number | undefined {
    this.#ends = [...this.#ends.filter((at) => now - at < WINDOW), now]
    return this.#ends.length >= LIMIT ? undefined : FIRST_WAIT * 2 ** (this.#ends.length - 1)
  }

  /** A person asks for another try. */
  forgive(): void {
    this.#ends = []
  }
}
