/** Work that the host names, so that it can stop each by its name. */
import { CancelledError, UserError } from '../errors.ts'

/** Names are asked for in another process, so a cancel may overtake its work; of more than so many, the oldest is forgotten. */
const EARLY_CANCELS = 16

export class NamedJobs {
  readonly #what: string
  readonly #jobs = new Map<string, { readonly stop: AbortController; readonly ended: Promise<unknown> }>()

  /** Names that were cancelled while nothing of that name was under way. */
  readonly #cancelled = new Set<string>()

  /** @param what the work in a sentence: `export` */
  constructor(what: string) {
    this.#what = what
  }

  /**
   * @param job names one piece of work; another one has another name
   * @throws UserError when work of that name is under way; CancelledError when it was cancelled before; what it throws
   */
  async run<T>(job: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#jobs.has(job)) throw new UserError(`The ${this.#what} ${job} is under way already.`)
    if (this.#cancelled.delete(job)) throw new CancelledError()
    const stop = new AbortController()
    const running = work(stop.signal)
    this.#jobs.set(job, { stop, ended: running.catch(() => {}) })
    try {
      return await running
    } finally {
      this.#jobs.delete(job)
    }
  }

  /** Resolves when the work has ended. Work that is still to come will not begin. */
  async cancel(job: string): Promise<void> {
    const found = this.#jobs.get(job)
    if (found === undefined) {
      this.#cancelled.add(job)
      const [oldest] = this.#cancelled
      if (this.#cancelled.size > EARLY_CANCELS) this.#cancelled.delete(oldest!)
      return
    }
    found.stop.abort()
    await found.ended
  }

  async cancelAll(): Promise<void> {
    await Promise.all([...this.#jobs.keys()].map((job) => this.cancel(job)))
  }
}
