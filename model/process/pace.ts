/** How fast work goes and how long it will take, from its last steps. */

/** Steps that the rate is taken over: enough to be calm, few enough to follow a device that slows down. */
const WINDOW = 20

export class Pace {
  readonly #seconds: number[] = []
  #last: number

  /** @param now milliseconds, of any clock that only goes forwards */
  constructor(now: number) {
    this.#last = now
  }

  /** A step is done. */
  step(now: number): void {
    this.#seconds.push((now - this.#last) / 1000)
    if (this.#seconds.length > WINDOW) this.#seconds.shift()
    this.#last = now
  }

  /** Work goes on after a rest, which says nothing about its speed. */
  resume(now: number): void {
    this.#last = now
  }

  /** Steps per second; undefined until it can be told. */
  get perSecond(): number | undefined {
    // The first step includes what is done once.
    const steps = this.#seconds.length > 1 ? this.#seconds.slice(1) : []
    const total = steps.reduce((sum, seconds) => sum + seconds, 0)
    return total > 0 ? steps.length / total : undefined
  }
}
