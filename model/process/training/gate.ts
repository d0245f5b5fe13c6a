/** Where a run rests between two batches. */
export class Gate {
  readonly #onRest: (paused: boolean) => void
  #closed: boolean
  #resting = false
  #open: () => void = () => {}

  /** @param onRest told when the run comes to rest, and when it goes on */
  constructor(closed: boolean, onRest: (paused: boolean) => void) {
    this.#closed = closed
    this.#onRest = onRest
  }

  close(): void {
    this.#closed = true
  }

  open(): void {
    this.#closed = false
    this.#open()
  }

  /** Resolves when the gate is open, at once where it is. */
  async pass(): Promise<void> {
    while (this.#closed) {
      const opened = new Promise<void>((resolve) => {
        this.#open = resolve
      })
      if (!this.#resting) this.#onRest(true)
      this.#resting = true
      await opened
    }
    if (this.#resting) this.#onRest(false)
    this.#resting = false
  }
}
