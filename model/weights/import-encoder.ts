/** Published checkpoints become encoders of ours: `siammae import-model`. */
import { createHash } from 'node:crypto'
import { basename, resolve } from 'node:path'
import { explainSystemError, throwIfCancelled, UserError } from '../errors.ts'
import { encoderConfigSchema, encoderLayout, encoderName, type Parameters } from '../siammae/index.ts'
import { parseArchitecture } from './architecture.ts'
import {
  type ByteSource,
  type Container,
  type FileTensor,
  openByteSource,
  openContainer,
} from './containers/index.ts'
import { toFloat32 } from './convert.ts'
import { CONFIG_KEY, type EncoderModel, hashParameters, TRAINED_KEY } from './encoder-file.ts'
import { notesOf } from './families/families.ts'
import { findNetwork, type Network } from './families/network.ts'
import { type Plan, type PlanOptions, planImport } from './families/plan.ts'
import type { Step } from './families/recipes.ts'

export interface ImportOptions extends PlanOptions {
  /** The network to take of a file that holds several, such as `student`. */
  readonly part?: string | undefined
  /** Free text; what a person knows and the file does not tell. */
  readonly licence?: string | undefined
  /** Where the file is from, such as a URL; the path of the file when left out. */
  readonly source?: string | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** What an import made of what; plain values, for people and as JSON. */
export interface ImportReport {
  readonly file: string
  readonly bytes: number
  /** `sha256:` and the hash of the file. */
  readonly sha256: string
  readonly format: string
  readonly family: string
  /** Identifier of the family, as `--arch` takes it. */
  readonly arch: string
  /** What stood before the names of the network's tensors; the prefixes of networks that were not taken. */
  readonly part: string
  readonly otherParts: readonly string[]
  /** `ViT-S/16` */
  readonly architecture: string
  /** One line per kind of parameter. */
  readonly mapped: readonly { parameter: string; from: readonly string[]; how: string; count: number }[]
  /** One line per reason. */
  readonly ignored: readonly { why: string; count: number; examples: readonly string[] }[]
  readonly notes: readonly string[]
}

/** A file need not be larger than this to be unpacked, whatever it unpacks to. */
const SMALL_BYTES = 64 * 1024 * 1024
/** Halves become twice as large; more than this is no packing of weights. */
const MAX_GROWTH = 3

/**
 * Reads an encoder out of a published checkpoint in any known container and of any known family. Everything is checked
 * before a value is read, and tensors are read one by one.
 * @throws UserError naming the file: missing, no model, damaged, naming code, of an unknown family, without a tensor
 */
export async function importEncoder(
  path: string,
  options: ImportOptions = {},
): Promise<{ model: EncoderModel; report: ImportReport }> {
  try {
    const source = await openByteSource(path)
    try {
      return await importFrom(source, options)
    } finally {
      await source.close()
    }
  } catch (error) {
    throw explainSystemError(error, 'read', path)
  }
}

/** As {@link importEncoder}, from bytes wherever they are. */
export async function importFrom(
  source: ByteSource,
  options: ImportOptions = {},
): Promise<{ model: EncoderModel; report: ImportReport }> {
  const container = await openContainer(source)
  const { network, others } = findNetwork(source.name, container, options.part)
  const plan = planOf(source.name, container, network, options)
  refuseGrowth(source, plan)
  const parameters = await parametersOf(source.name, network, plan, options)
  const sha256 = await hashOf(source, options.signal)
  const report = reportOf(source, container, network, others, plan, sha256)
  const { config } = plan
  const model: EncoderModel = {
    name: encoderName(config),
    file: basename(source.name),
    hash: hashParameters(config, parameters),
    config,
    parameters,
    trained: container.metadata[TRAINED_KEY] !== 'false',
    metadata: metadataOf(report, container, options.source ?? resolve(source.name), options.licence),
  }
  return { model, report }
}

/** A file of ours says itself what it is; others are recognised. */
function planOf(file: string, { metadata }: Container, network: Network, options: PlanOptions): Plan {
  const own = network.prefix === '' ? metadata[CONFIG_KEY] : undefined
  const config = own === undefined ? undefined : parseArchitecture(encoderConfigSchema, own, file)
  return planImport(file, network, options, config)
}

/** @throws UserError for a small file that would fill the memory */
function refuseGrowth({ name, size }: ByteSource, { config }: Plan): void {
  let bytes = 0
  for (const shape of encoderLayout(config).values()) bytes += 4 * shape.reduce((a, b) => a * b, 1)
  if (bytes > SMALL_BYTES && bytes > MAX_GROWTH * size)
    throw new UserError(
      `${name} of ${size} bytes would unpack to ${bytes}, which no weights do. Use another copy of the file.`,
    )
}

async function parametersOf(
  file: string,
  network: Network,
  { steps }: Plan,
  { signal, onProgress }: ImportOptions,
): Promise<Parameters> {
  const parameters = new Map<string, Float32Array>()
  for (const [name, step] of steps) {
    throwIfCancelled(signal)
    const values: Float32Array[] = []
    for (const { name: from, shape, missing } of step.sources) {
      const tensor = network.tensors.get(from)
      values.push(
        tensor
          ? await valuesOf(file, network.fileNames.get(from)!, tensor)
          : new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(missing!),
      )
    }
    const made = step.make(values)
    if (!allFinite(made))
      throw new UserError(
        `${file}: tensor ${network.prefix}${step.sources[0]?.name ?? name} holds values that are not finite numbers. Use another checkpoint.`,
      )
    parameters.set(name, made)
    onProgress?.(parameters.size, steps.size)
  }
  return parameters
}

/** A plain loop: a callback per value takes seconds for a large network. */
function allFinite(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false
  return true
}

async function valuesOf(file: string, name: string, tensor: FileTensor): Promise<Float32Array> {
  const stored = await tensor.read()
  try {
    return toFloat32(stored)
  } catch {
    throw new UserError(
      `${file}: tensor ${name} is of type ${tensor.dtype}, weights must be real numbers. Use another checkpoint.`,
    )
  }
}

async function hashOf(source: ByteSource, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  const step = 8 * 1024 * 1024
  for (let at = 0; at < source.size; at += step) {
    throwIfCancelled(signal)
    hash.update(await source.read(at, Math.min(step, source.size - at)))
  }
  return `sha256:${hash.digest('hex')}`
}

function reportOf(
  source: ByteSource,
  container: Container,
  network: Network,
  others: readonly string[],
  { family, config, steps, ignored }: Plan,
  sha256: string,
): ImportReport {
  const shapeOf = (name: string): readonly number[] | undefined => network.tensors.get(name)?.shape
  const reasons = new Map<string, string[]>()
  const leave = (why: string, name: string): void =>
    void reasons.set(why, [...(reasons.get(why) ?? []), name])
  for (const [name, why] of ignored) leave(why, network.fileNames.get(name)!)
  const inNetwork = new Set(network.fileNames.values())
  for (const name of container.tensors.keys())
    if (!inNetwork.has(name)) leave(reasonOutside(name, others), name)
  for (const { name, why } of container.skipped) leave(why, name)
  return {
    file: basename(source.name),
    bytes: source.size,
    sha256,
    format: container.format,
    family: family.title,
    arch: family.id,
    part: network.prefix,
    otherParts: others,
    architecture: encoderName(config),
    mapped: mappedLines(steps, network),
    ignored: [...reasons].map(([why, names]) => ({ why, count: names.length, examples: names.slice(0, 3) })),
    notes: notesOf(family, network.naming, shapeOf),
  }
}

function reasonOutside(name: string, others: readonly string[]): string {
  const other = others.find((prefix) => prefix !== '' && name.startsWith(prefix))
  if (other !== undefined) return `another network of the file, ${other.slice(0, -1)}`
  return /(^|\.)optim/i.test(name) ? 'state of the optimiser' : 'outside the encoder'
}

/** Lines with `*` for the blocks, in the order of the layout. */
function mappedLines(steps: ReadonlyMap<string, Step>, network: Network): ImportReport['mapped'] {
  const starred = (name: string): string =>
    name.replace(/(^|[./])(blocks\.|layer\.|encoderblock_)\d+(?:\.\d+)?(?=[./])/, '$1$2*')
  const { prefix } = network
  const lines = new Map<string, ImportReport['mapped'][number]>()
  for (const [name, { sources, how }] of steps) {
    const parameter = starred(name)
    const present = sources.filter((source) => network.tensors.has(source.name))
    const from = present.map((source) => starred(network.fileNames.get(source.name)!.slice(prefix.length)))
    const count = (lines.get(parameter)?.count ?? 0) + 1
    lines.set(parameter, {
      parameter,
      from,
      how: from.length === 0 && sources.length > 0 ? 'zeros' : how,
      count,
    })
  }
  return [...lines.values()]
}

/** What the written file says of where it comes from. */
function metadataOf(
  report: ImportReport,
  container: Container,
  from: string,
  licence?: string,
): Record<string, string> {
  const own = Object.fromEntries(
    Object.entries(container.metadata).filter(([key]) => !key.startsWith('siammae.') && key !== 'format'),
  )
  return {
    ...own,
    origin: own.origin ?? `${report.family}, imported from ${report.file}`,
    'import.file': report.file,
    'import.source': from,
    'import.sha256': report.sha256,
    'import.format': report.format,
    'import.arch': report.arch,
    'import.part': report.part,
    licence: licence ?? own.licence ?? 'unknown',
  }
}
