/** A model of others becomes one of this program: read, tried on a picture, written. */
import { join } from 'node:path'
import { throwIfCancelled, UserError } from '../errors.ts'
import { packageFolder } from '../installation/index.ts'
import {
  type EncoderNetwork,
  faultOf,
  type SelfCheck,
  selfCheck,
  selfCheckSize,
} from '../propagation/index.ts'
import type { Engine } from '../runtime/index.ts'
import { openPicture } from '../video/index.ts'
import {
  type FeatureModel,
  type ImportOptions,
  type ImportReport,
  importEncoder,
  isOnnxEncoder,
  isOnnxPath,
  writeEncoder,
  writeOnnxEncoder,
} from '../weights/index.ts'
import { importOnnx } from './import-onnx.ts'

export interface ImportJob extends Omit<ImportOptions, 'onProgress'> {
  /** Where the model is written, once it is known to be good: `.onnx` for a graph, else `.safetensors`. */
  readonly out: string
  /** Picture for the self-check; one of the package when left out. */
  readonly image?: string | undefined
  /** Starts what the model is tried on; closed again here. */
  readonly engine: () => Promise<Engine>
  /** False leaves the self-check out. */
  readonly check?: boolean | undefined
  readonly onProgress?: ((step: ImportStep, done: number, total: number) => void) | undefined
}

export type ImportStep = 'reading' | 'checking' | 'writing'

export interface Imported {
  readonly model: FeatureModel
  readonly report: ImportReport
  readonly check: SelfCheck | undefined
}

/** The picture that models are tried on when none is named. */
export function checkImage(): string {
  return join(packageFolder(), 'media', 'models', 'check.jpg')
}

/**
 * Imports a file; nothing is written before the features make sense.
 * @throws ImportQuestion when something cannot be seen from the file; UserError when the file is no model, or its
 *         features make no sense; CancelledError
 */
export async function importModel(file: string, job: ImportJob): Promise<Imported> {
  const { out, image = checkImage(), check: wanted = true, onProgress, ...options } = job
  const engine = onceStarted(job.engine)
  try {
    const { model, report } = isOnnxPath(file)
      ? await importOnnx(file, { ...options, engine: engine.get })
      : await importEncoder(file, {
          ...options,
          onProgress: (done, total) => onProgress?.('reading', done, total),
        })
    throwIfCancelled(job.signal)
    onProgress?.('checking', 0, 1)
    const check = wanted ? await checkOn(image, model, engine.get) : undefined
    throwIfCancelled(job.signal)
    onProgress?.('writing', 0, 1)
    await (isOnnxEncoder(model) ? writeOnnxEncoder(out, model) : writeEncoder(out, model))
    return { model, report, check }
  } finally {
    await engine.close()
  }
}

/** One engine for looking at a graph and for the check, started when it is first needed. */
function onceStarted(start: () => Promise<Engine>): { get(): Promise<Engine>; close(): Promise<void> } {
  let engine: Promise<Engine> | undefined
  return {
    get: () => {
      engine ??= start()
      return engine
    },
    close: async () => (await engine?.catch(() => undefined))?.close(),
  }
}

/** @throws UserError when the features make no sense */
async function checkOn(
  image: string,
  model: EncoderNetwork & { readonly file: string },
  start: () => Promise<Engine>,
): Promise<SelfCheck> {
  const picture = await openPicture(image)
  const pixels = await picture.pixels(selfCheckSize(model).whole)
  const check = await selfCheck(await start(), model, pixels)
  const fault = faultOf(check)
  if (fault)
    throw new UserError(
      `${model.file} was read, but ${fault}, so nothing was written. Check its architecture, heads and part, or use another checkpoint.`,
      { flags: '--arch, --heads, --part' },
    )
  return check
}
