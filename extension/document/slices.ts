/** Long work in the extension host is cut into slices, so that nothing else has to wait for long. */

/** Milliseconds of work at a stretch; far below the 50 that the extension host may be busy. */
const SLICE = 8

/** Ends the turn of the event loop, so that messages, timers and files get theirs. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Says when it is time to let others work: `if (pace.due) await pace.rest()`. */
export class Pace {
  #start = performance.now()

  get due(): boolean {
    return performance.now() - this.#start >= SLICE
  }

  async rest(): Promise<void> {
    await nextTurn()
    this.#start = performance.now()
  }
}

/** Runs a generator to its end in slices. @returns what it returns */
export async function inSlices<T>(work: Generator<unknown, T, undefined>): Promise<T> {
  const pace = new Pace()
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
    if (pace.due) await pace.rest()
  }
}
