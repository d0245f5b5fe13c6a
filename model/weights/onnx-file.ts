/** ONNX encoders as they are: the graph of others, and beside it in the same file what has to be known to run it. */
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import * as v from 'valibot'
import { explainSystemError, UserError } from '../errors.ts'
import { writeFileAtomic } from '../files.ts'
import { parseArchitecture } from './architecture.ts'
import { damaged } from './containers/byte-source.ts'
import type { EncoderModel } from './encoder-file.ts'
import type { Normalisation } from './normalisation.ts'

/** Protocol buffers end here, and so do the buffers of Node's file calls. */
const MAX_BYTES = 2 ** 31 - 1
/** Key of the file's metadata. */
const CONFIG_KEY = 'siammae.onnx'

/** Numbers of the fields in onnx.proto. */
const MODEL = { irVersion: 1, graph: 7, metadata: 14, functions: 25 } as const
const GRAPH = { node: 1, initializer: 5 } as const
const FUNCTION = { node: 7 } as const
const NODE = { operator: 4, attribute: 5 } as const
const ATTRIBUTE = { graph: 6, graphs: 11 } as const
const TENSOR = { dataLocation: 14 } as const
const EXTERNAL = 1

const whole = (max: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(max))
const finite = v.pipe(v.number(), v.finite())
const positive = v.pipe(finite, v.minValue(1e-6))
const side = v.pipe(whole(16_384), v.minValue(1))

const configSchema = v.strictObject({
  /** Side of a square patch in pixels. */
  patch: v.pipe(whole(512), v.minValue(1)),
  /** Channels of a token. */
  dim: v.pipe(whole(65_536), v.minValue(1)),
  /** Tokens in front of the patches that are left out: [CLS], registers. */
  prefix: whole(64),
  input: v.strictObject({
    name: v.string(),
    /** Order of the axes; what is not `hwc` has one for the batch too. */
    layout: v.picklist(['nchw', 'nhwc', 'hwc']),
    /** Bytes are given as they are, numbers are normalised. */
    type: v.picklist(['float32', 'uint8']),
  }),
  /** Name of the output with the tokens. */
  output: v.string(),
  /** Of that output: 3 for [1, tokens, dim], 2 for [tokens, dim]. */
  rank: v.picklist([2, 3]),
  /** The only size of pictures that the graph takes, undefined where it takes any multiple of the patch. */
  size: v.exactOptional(v.strictObject({ width: side, height: side })),
  mean: v.strictTuple([finite, finite, finite]),
  std: v.strictTuple([positive, positive, positive]),
})

/** How a graph of others is fed, and what of its output are features. */
export type OnnxConfig = Omit<Readonly<v.InferOutput<typeof configSchema>>, keyof Normalisation> &
  Normalisation

/** An encoder that is run as the graph that it came as. It can be used, but not trained. */
export interface OnnxEncoder {
  readonly kind: 'onnx'
  /** `ONNX 384/16`: channels and patch. */
  readonly name: string
  readonly file: string
  /** `sha256:` and the hash of the file. */
  readonly hash: string
  readonly config: OnnxConfig
  /** The file: a graph with its weights. */
  readonly graph: Uint8Array
  /** Nobody exports a network that was only initialised. */
  readonly trained: true
  readonly metadata: Readonly<Record<string, string>>
}

/** What propagation can take features from. */
export type FeatureModel = EncoderModel | OnnxEncoder

/** Narrows to a graph of others. */
export function isOnnxEncoder(model: FeatureModel): model is OnnxEncoder {
  return 'kind' in model && model.kind === 'onnx'
}

/** Whether a path is named as ONNX files are, which cannot be told by their first bytes. */
export function isOnnxPath(path: string): boolean {
  return /\.onnx$/i.test(path)
}

/** `ONNX 384/16` */
export function onnxName({ dim, patch }: OnnxConfig): string {
  return `ONNX ${dim}/${patch}`
}

/**
 * Reads an ONNX encoder that was imported: the file says itself how it is run.
 * @throws UserError naming the file: damaged, or not imported
 */
export async function readOnnxEncoder(path: string): Promise<OnnxEncoder> {
  const { bytes: graph, metadata } = await readOnnxFile(path)
  const config = onnxConfigOf(path, metadata)
  if (config === undefined)
    throw new UserError(`${path} was not imported yet. Import it first.`, {
      flags: `siammae import-model ${basename(path)} --out model.onnx`,
    })
  return {
    kind: 'onnx',
    name: onnxName(config),
    file: basename(path),
    hash: `sha256:${createHash('sha256').update(graph).digest('hex')}`,
    config,
    graph,
    trained: true,
    metadata,
  }
}

/** What an import has written into a file; undefined for a file of others. @throws UserError when it is not sound */
export function onnxConfigOf(
  path: string,
  metadata: Readonly<Record<string, string>>,
): OnnxConfig | undefined {
  const text = metadata[CONFIG_KEY]
  return text === undefined ? undefined : parseArchitecture(configSchema, text, path)
}

/**
 * The bytes of an ONNX file and its metadata, without looking at its operators.
 * @throws UserError when it is no ONNX file, is cut short, or keeps its weights in another file
 */
export async function readOnnxFile(
  path: string,
): Promise<{ bytes: Uint8Array; metadata: Record<string, string> }> {
  try {
    const { size } = await stat(path)
    if (size > MAX_BYTES) throw new UserError(`${path} has ${size} bytes; ONNX files have 2 GB at most.`)
    const bytes = await readFile(path)
    return { bytes, metadata: scanOnnx(path, bytes) }
  } catch (error) {
    throw explainSystemError(error, 'read', path)
  }
}

/** Writes a graph of others with what is known about it. @throws UserError when the place is not writable */
export async function writeOnnxEncoder(
  path: string,
  { graph, config, metadata }: Pick<OnnxEncoder, 'graph' | 'config' | 'metadata'>,
): Promise<void> {
  // A repeated field of a protocol buffer may stand anywhere, so the graph's own bytes stay as they are.
  await writeFileAtomic(path, [graph, metadataBytes({ ...metadata, [CONFIG_KEY]: JSON.stringify(config) })])
}

function metadataBytes(metadata: Readonly<Record<string, string>>): Uint8Array {
  const writer = new BinaryWriter()
  for (const [key, value] of Object.entries(metadata)) {
    writer.tag(MODEL.metadata, WireType.LengthDelimited).fork()
    writer.tag(1, WireType.LengthDelimited).string(key)
    writer.tag(2, WireType.LengthDelimited).string(value)
    writer.join()
  }
  return writer.finish()
}

/**
 * The metadata of an ONNX file; the last of several values of one key counts, as for any protocol buffer.
 * @throws UserError as {@link readOnnxFile} does
 */
export function scanOnnx(path: string, bytes: Uint8Array): Record<string, string> {
  const metadata: Record<string, string> = {}
  let graphs = 0
  let external = false
  let loops = false
  try {
    for (const [field, part] of fieldsOf(bytes)) {
      if (field === MODEL.graph) {
        graphs++
        external ||= hasExternalData(part)
        loops ||= hasLoop(part, GRAPH.node)
      } else if (field === MODEL.functions) loops ||= hasLoop(part, FUNCTION.node)
      else if (field === MODEL.metadata) {
        const entry = new Map([...fieldsOf(part)].map(([key, text]) => [key, new TextDecoder().decode(text)]))
        metadata[entry.get(1) ?? ''] = entry.get(2) ?? ''
      }
    }
  } catch {
    throw damaged(path, 'it is no ONNX file, or cut short')
  }
  if (graphs !== 1) throw damaged(path, 'it holds no ONNX graph')
  if (external)
    throw new UserError(
      `${path} keeps its weights in another file beside it. Save it as one file (onnx.save without external data) and import that.`,
    )
  if (loops)
    throw new UserError(
      `${path} holds a loop, and how often it turns is the file's word alone. Export the network without control flow, as tracing does, and import that.`,
    )
  return metadata
}

/** Whether a graph or a function has a loop, be it in a graph within. @param nodes number of the field with its nodes */
function hasLoop(message: Uint8Array, nodes: number): boolean {
  for (const [field, node] of fieldsOf(message)) {
    if (field !== nodes) continue
    for (const [key, part] of fieldsOf(node)) {
      if (key === NODE.operator && new TextDecoder().decode(part) === 'Loop') return true
      if (key !== NODE.attribute) continue
      for (const [kind, graph] of fieldsOf(part))
        if ((kind === ATTRIBUTE.graph || kind === ATTRIBUTE.graphs) && hasLoop(graph, GRAPH.node)) return true
    }
  }
  return false
}

function hasExternalData(graph: Uint8Array): boolean {
  for (const [field, tensor] of fieldsOf(graph))
    if (field === GRAPH.initializer)
      for (const [key, , number] of fieldsOf(tensor))
        if (key === TENSOR.dataLocation && number === EXTERNAL) return true
  return false
}

const NOTHING = new Uint8Array(0)

/** The fields of a message: number and bytes, or the number that a small integer is. No bytes are copied. */
function* fieldsOf(
  message: Uint8Array,
): Generator<readonly [field: number, bytes: Uint8Array, value: number]> {
  const reader = new BinaryReader(message)
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    if (type === WireType.LengthDelimited) yield [field, reader.bytes(), 0]
    else if (type === WireType.Varint) yield [field, NOTHING, Number(reader.uint64())]
    else reader.skip(type, field)
  }
  if (reader.pos !== reader.len) throw new RangeError('A field reaches beyond the end.')
}
