/**
 * Collects runs in order and gives their counts in canonical form: background first, no zero-length run
 * except a leading background, no zero-length end.
 */
export class RunWriter {
  #counts = new Uint32Array(64)
  #last = 0

  /** Adds `length` pixels, set or not. Runs of the same kind are joined, empty ones ignored. */
  add(set: boolean, length: number): void {
    if (length === 0) return
    if (set !== ((this.#last & 1) === 1)) {
      this.#last++
      if (this.#last === this.#counts.length) {
        const grown = new Uint32Array(this.#counts.length * 2)
        grown.set(this.#counts)
        this.#counts = grown
      }
    }
    this.#counts[this.#last]! += length
  }

  /** The counts so far. */
  finish(): Uint32Array {
    return this.#counts.slice(0, this.#last + 1)
  }
}
