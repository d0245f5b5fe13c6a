/** Work of which one piece goes on at a time; whoever comes meanwhile waits. */
export class OneAtATime {
  /** Ends when the piece that goes on ends, well or not. */
  #going: Promise<void> | undefined

  get isGoing(): boolean {
    return this.#going !== undefined
  }

  /** Resolves when nothing goes on. */
  async whenDone(): Promise<void> {
    while (this.#going !== undefined) await this.#going
  }

  /** Does a piece of work when the one before it has ended, at once where there is none. @throws whatever it throws */
  async run<T>(work: () => Promise<T>): Promise<T> {
    while (this.#going !== undefined) await this.#going
    const result = work()
    this.#going = result.then(
      () => {},
      () => {},
    )
    try {
      return await result
    } finally {
      this.#going = undefined
    }
  }
}
