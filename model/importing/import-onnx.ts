/** ONNX encoders as they are: how the graph is fed is found out, and kept with it. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import * as v from 'valibot'
import { inspectOnnx } from '../propagation/index.ts'
import type { Engine } from '../runtime/index.ts'
import {
  type ImportOptions,
  ImportQuestion,
  type ImportReport,
  NORMALISATIONS,
  type Normalisation,
  type OnnxConfig,
  type OnnxEncoder,
  onnxConfigOf,
  onnxName,
  readOnnxFile,
} from '../weights/index.ts'

/** What Hugging Face's exporters leave beside a graph. */
const PREPROCESSING = 'preprocessor_config.json'

const number = v.pipe(v.number(), v.finite())
const three = v.strictTuple([number, number, number])
const preprocessingSchema = v.object({
  image_mean: three,
  image_std: three,
  do_normalize: v.optional(v.boolean()),
})

/**
 * Reads a graph and finds out how it is used.
 * @throws ImportQuestion when neither the file nor what lies beside it tells how pixels are normalised; UserError when
 *         it is no encoder that can be run here
 */
export async function importOnnx(
  path: string,
  options: Pick<ImportOptions, 'normalise' | 'licence' | 'source'> & {
    readonly engine: () => Promise<Engine>
  },
): Promise<{ model: OnnxEncoder; report: ImportReport }> {
  const { bytes, metadata: own } = await readOnnxFile(path)
  const known = onnxConfigOf(path, own)
  const findings = known ?? (await inspectOnnx(await options.engine(), path, bytes))
  const normalisation = await normalisationOf(path, findings, known, options.normalise)
  const config: OnnxConfig = { ...findings, ...normalisation.values }
  const sha256 = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  const source = options.source ?? resolve(path)
  const licence = options.licence ?? own.licence ?? 'unknown'
  const model: OnnxEncoder = {
    kind: 'onnx',
    name: onnxName(config),
    file: basename(path),
    hash: sha256,
    config,
    graph: bytes,
    trained: true,
    metadata: {
      origin: own.origin ?? `ONNX graph, imported from ${basename(path)}`,
      'import.file': basename(path),
      'import.source': source,
      'import.sha256': sha256,
      licence,
    },
  }
  return { model, report: reportOf(path, bytes.length, sha256, config, normalisation.how) }
}

/** @throws ImportQuestion when nothing tells */
async function normalisationOf(
  path: string,
  { input }: Pick<OnnxConfig, 'input'>,
  known: OnnxConfig | undefined,
  chosen: ImportOptions['normalise'],
): Promise<{ values: Normalisation; how: string }> {
  if (input.type === 'uint8') return { values: NORMALISATIONS.none, how: 'bytes, as they are' }
  if (chosen !== undefined) return { values: NORMALISATIONS[chosen], how: `normalised as told: ${chosen}` }
  if (known !== undefined) return { values: known, how: 'normalised as its file says' }
  const beside = await preprocessingBeside(path)
  if (beside !== undefined) return { values: beside, how: `normalised as ${PREPROCESSING} beside it says` }
  throw new ImportQuestion(
    `${path}: how pixels are normalised for it cannot be seen from a graph. Choose one of ${Object.keys(NORMALISATIONS).join(', ')}.`,
    'normalise',
    Object.keys(NORMALISATIONS),
  )
}

async function preprocessingBeside(path: string): Promise<Normalisation | undefined> {
  for (const folder of [dirname(path), join(dirname(path), '..')]) {
    const text = await readFile(join(folder, PREPROCESSING), 'utf8').catch(() => undefined)
    if (text === undefined) continue
    try {
      const { image_mean, image_std, do_normalize } = v.parse(preprocessingSchema, JSON.parse(text))
      if (image_std.some((value) => value < 1e-6)) continue
      return do_normalize === false ? NORMALISATIONS.none : { mean: image_mean, std: image_std }
    } catch {
      // One that is not sound tells nothing; the person does.
    }
  }
  return undefined
}

function reportOf(
  path: string,
  bytes: number,
  sha256: string,
  config: OnnxConfig,
  normalised: string,
): ImportReport {
  const { size, prefix, input, output, patch, dim } = config
  return {
    file: basename(path),
    bytes,
    sha256,
    format: 'ONNX graph',
    family: 'ONNX encoder',
    arch: 'onnx',
    part: '',
    otherParts: [],
    architecture: onnxName(config),
    mapped: [
      {
        parameter: 'image',
        from: [input.name],
        how: `${input.layout} of ${input.type}, ${normalised}`,
        count: 1,
      },
      {
        parameter: 'tokens',
        from: [output],
        how: `${dim} channels per patch of ${patch} pixels${prefix === 0 ? '' : `, the first ${prefix} of the tokens left out`}`,
        count: 1,
      },
    ],
    ignored: [],
    notes: [
      'The graph is run as it is; it can be used for propagation, but not be trained.',
      ...(size === undefined
        ? []
        : [`It takes pictures of ${size.width}x${size.height} only, to which every frame is stretched.`]),
    ],
  }
}
