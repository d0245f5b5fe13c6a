/** A model of others that becomes ours, or what has to be asked first. */
import { importModel } from '../importing/index.ts'
import { Engine } from '../runtime/index.ts'
import { ImportQuestion } from '../weights/index.ts'
import type { Host } from './host.ts'
import type { ImportAnswer, ImportRequest } from './surface.ts'

/** What an import needs besides its request. */
export interface ImportMeans {
  readonly host: Host
  /** Its name where progress is told. */
  readonly job: string
  readonly signal: AbortSignal
}

/** @throws UserError when the file is no model, or its features make no sense; CancelledError */
export async function answerImport(
  request: ImportRequest,
  { host, job, signal }: ImportMeans,
): Promise<ImportAnswer> {
  const { file, ...options } = request
  try {
    const { model, report, check } = await importModel(file, {
      ...options,
      // A picture goes through on the CPU in a moment, and the device that a run is using is left alone.
      engine: () => Engine.start('cpu'),
      signal,
      onProgress: (step, done, total) => host.tell.importing({ job, step, done, total }),
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
