/** A model of others becomes one of this program: read, tried on a picture, written. */
import { join } from 'node:path'
import { throwIfCancelled, UserError } from '../errors.ts'
import { packageFolder } from '../installation/index.ts'
import { faultOf, type SelfCheck, selfCheck, selfCheckSize } from '../propagation/index.ts'
import type { Engine } from '../runtime/index.ts'
import { openPicture } from '../video/index.ts'
import {
  type EncoderModel,
  type ImportOptions,
  type ImportReport,
  importEncoder,
  writeEncoder,
} from '../weights/index.ts'

export interface ImportJob extends Omit<ImportOptions, 'onProgress'> {
  /** Where the model is written, once it is known to be good. */
  readonly out: string
  /** Picture for the self-check; one of the package when left out. */
  readonly image?: string | undefined
  /** Starts what the self-check runs on, which is closed again; no check when left out. */
  readonly engine?: (() => Promise<Engine>) | undefined
  readonly onProgress?: ((step: ImportStep, done: number, total: number) => void) | undefined
}

export type ImportStep = 'reading' | 'checking' | 'writing'

export interface Imported {
  readonly model: EncoderModel
  readonly report: ImportReport
  readonly check: SelfCheck | undefined
}

/** The picture that models are tried on when none is named. */
export function checkImage(): string {
  return join(packageFolder(), 'media', 'demo.jpg')
}

/**
 * Imports a file; nothing is written before the features make sense.
 * @throws ImportQuestion when something cannot be seen from the file; UserError when the file is no model, or its
 *         features make no sense; CancelledError
 */
export async function importModel(file: string, job: ImportJob): Promise<Imported> {
  const { out, image = checkImage(), engine, onProgress, ...options } = job
  const { model, report } = await importEncoder(file, {
    ...options,
    onProgress: (done, total) => onProgress?.('reading', done, total),
  })
  onProgress?.('checking', 0, 1)
  const check = engine && (await checkOn(image, model, engine))
  throwIfCancelled(job.signal)
  onProgress?.('writing', 0, 1)
  await writeEncoder(out, model)
  return { model, report, check }
}

/** @throws UserError when the features make no sense */
async function checkOn(image: string, model: EncoderModel, start: () => Promise<Engine>): Promise<SelfCheck> {
  const picture = await openPicture(image)
  const pixels = await picture.pixels(selfCheckSize(model.config))
  const engine = await start()
  try {
    const check = await selfCheck(engine, model, pixels)
    const fault = faultOf(check)
    if (fault)
      throw new UserError(
        `${model.file} was read, but ${fault}, so nothing was written. Check --arch, --heads and --part, or use another checkpoint.`,
      )
    return check
  } finally {
    await engine.close()
  }
}
