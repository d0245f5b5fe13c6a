/** Work that the host names, so that it can stop each by its name. */
import { UserError } from '../errors.ts'

export class NamedJobs {
  readonly #what: string
  readonly #jobs = new Map<string, { readonly stop: AbortController; readonly ended: Promise<unknown> }>()

  /** @param what the work in a sentence: `export` */
  constructor(what: string) {
    this.#what = what
  }

  /** @throws UserError when work of that name is under way; what the work throws */
  async run<T>(job: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#jobs.has(job)) throw new UserError(`The ${this.#what} ${job} is under way already.`)
    const stop = new AbortController()
    const running = work(stop.signal)
    this.#jobs.set(job, { stop, ended: running.catch(() => {}) })
    try {
      return await running
    } finally {
      this.#jobs.delete(job)
    }
  }

  /** Resolves when the work has ended. */
  async cancel(job: string): Promise<void> {
    const found = this.#jobs.get(job)
    found?.stop.abort()
    await found?.ended
  }

  async cancelAll(): Promise<void> {
    await Promise.all([...this.#jobs.keys()].map((job) => this.cancel(job)))
  }
}
