/** Models of others that become ours, each import stopped by its own name. */
import { UserError } from '../errors.ts'
import { importModel } from '../importing/index.ts'
import { Engine } from '../runtime/index.ts'
import { ImportQuestion } from '../weights/index.ts'
import type { Host } from './host.ts'
import type { ImportAnswer, ImportRequest } from './surface.ts'

export class Imports {
  readonly #host: Host
  readonly #jobs = new Map<string, { readonly stop: AbortController; readonly ended: Promise<unknown> }>()

  constructor(host: Host) {
    this.#host = host
  }

  /** @throws UserError when the file is no model, or its features make no sense; CancelledError */
  async run(job: string, request: ImportRequest): Promise<ImportAnswer> {
    if (this.#jobs.has(job)) throw new UserError(`The import ${job} is under way already.`)
    const stop = new AbortController()
    const work = this.#run(job, request, stop.signal)
    this.#jobs.set(job, { stop, ended: work.catch(() => {}) })
    try {
      return await work
    } finally {
      this.#jobs.delete(job)
    }
  }

  /** Resolves when the import has ended. */
  async cancel(job: string): Promise<void> {
    const found = this.#jobs.get(job)
    found?.stop.abort()
    await found?.ended
  }

  async cancelAll(): Promise<void> {
    await Promise.all([...this.#jobs.keys()].map((job) => this.cancel(job)))
  }

  async #run(job: string, request: ImportRequest, signal: AbortSignal): Promise<ImportAnswer> {
    const { file, ...options } = request
    try {
      const { model, report, check } = await importModel(file, {
        ...options,
        // A picture goes through on the CPU in a moment, and the device that a run is using is left alone.
        engine: () => Engine.start('cpu'),
        signal,
        onProgress: (step, done, total) => this.#host.tell.importing({ job, step, done, total }),
      })
      return {
        kind: 'done',
        report,
        name: model.name,
        licence: model.metadata.licence ?? 'unknown',
        heads: 'heads' in model.config ? model.config.heads : undefined,
        check,
      }
    } catch (error) {
      if (!(error instanceof ImportQuestion)) throw error
      const { about, message, suggestions } = error
      return { kind: 'question', about, message, suggestions }
    }
  }
}
