/** Models of others that become ours, each import stopped by its own name. */
import { importModel } from '../importing/index.ts'
import { Engine } from '../runtime/index.ts'
import { ImportQuestion } from '../weights/index.ts'
import type { Host } from './host.ts'
import { NamedJobs } from './named-jobs.ts'
import type { ImportAnswer, ImportRequest } from './surface.ts'

export class Imports {
  readonly #host: Host
  readonly #jobs = new NamedJobs('import')

  constructor(host: Host) {
    this.#host = host
  }

  /** @throws UserError when the file is no model, or its features make no sense; CancelledError */
  run(job: string, request: ImportRequest): Promise<ImportAnswer> {
    return this.#jobs.run(job, (signal) => this.#run(job, request, signal))
  }

  /** Resolves when the import has ended. */
  cancel(job: string): Promise<void> {
    return this.#jobs.cancel(job)
  }

  cancelAll(): Promise<void> {
    return this.#jobs.cancelAll()
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
