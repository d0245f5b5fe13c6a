/** How a graph of others is to be fed and read: found out by looking at its input and trying it on pictures. */
import { messageOf, UserError } from '../errors.ts'
import {
  atEngine,
  type Engine,
  type HostTensor,
  onHost,
  type PortType,
  type Program,
} from '../runtime/index.ts'
import type { ImageSize } from '../siammae/index.ts'
import type { OnnxConfig } from '../weights/index.ts'
import { onnxInputGraph } from './network.ts'

/** Everything but how pixels are normalised, which no graph tells. */
export type OnnxFindings = Omit<OnnxConfig, 'mean' | 'std'>

/** Sides that exports with fixed positions are made for, tried in this order. */
const SIDES = [224, 518, 384, 256, 512, 448, 336, 96]
/** More tokens than this in front of the patches are no [CLS] and registers. */
const MOST_PREFIX = 16
const PATCHES = [16, 14, 8, 32, 4, 12, 28, 56, 64, 2]
/** What exporters call the tokens of the last layer, best first. */
const USUAL_NAMES = ['tokens', 'last_hidden_state', 'features', 'output']

interface Tokens {
  readonly output: string
  readonly rank: 2 | 3
  readonly count: number
  readonly dim: number
}

/**
 * Looks at a graph.
 * @param file  what messages call it
 * @param graph the bytes of the ONNX file
 * @throws UserError when it cannot be run, does not take one picture, or gives no tokens of patches
 */
export async function inspectOnnx(engine: Engine, file: string, graph: Uint8Array): Promise<OnnxFindings> {
  const program = await load(engine, file, graph)
  try {
    const { inputs, outputs } = await engine.describe(program)
    const { input, fixed } = inputOf(file, inputs)
    const wanted = outputs.filter(({ type }) => type === 'float32').map(({ name }) => name)
    const sizes = fixed ? [fixed] : SIDES.map((side) => ({ width: side, height: side }))
    let problem = 'it gives no output of numbers'
    for (const size of sizes) {
      const tried = await tryOn(engine, program, input, size, wanted).catch((error: unknown) => {
        problem = firstLine(messageOf(error))
        return []
      })
      for (const tokens of sorted(tried))
        for (const { patch, prefix } of layoutsOf(size, tokens.count)) {
          const { output, rank, dim } = tokens
          const found = { patch, dim, prefix, input, output, rank }
          if (fixed) return { ...found, size: fixed }
          const other = { width: size.width * 2, height: size.height }
          const again = await tryOn(engine, program, input, other, wanted).catch(() => undefined)
          // One that takes other sizes shows there whether the patch was guessed well.
          if (again === undefined) return { ...found, size }
          const count = again.find((second) => second.output === output)?.count
          if (count === prefix + (other.width / patch) * (other.height / patch)) return found
        }
      if (tried.length > 0)
        problem = `its outputs have ${tried.map(({ output, count, dim }) => `${count} x ${dim} (${output})`).join(', ')} numbers, which are no patches of a picture of ${size.width}x${size.height}`
    }
    throw new UserError(
      `${file} is no encoder that can be used here: ${problem}. Export the network so that it takes one picture and gives the tokens of its patches.`,
    )
  } finally {
    await engine.unload(program)
  }
}

async function load(engine: Engine, file: string, graph: Uint8Array): Promise<Program> {
  try {
    return await engine.loadFile(graph)
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(
      `${file} cannot be run here: ${firstLine(messageOf(error))}. Export it again, in 32 bits and with the usual operators.`,
      { cause: error },
    )
  }
}

/** What a file says of its size is believed up to here: a picture of it is made to try the graph. */
const MOST = { side: 16_384, pixels: 2 ** 26 }

/** @throws UserError unless there is one input, and it is one picture */
function inputOf(
  file: string,
  inputs: readonly PortType[],
): { input: OnnxConfig['input']; fixed: ImageSize | undefined } {
  const listed = inputs.map(
    ({ name, type, shape }) => `${name}: ${type} [${shape.map((s) => s ?? '?').join(', ')}]`,
  )
  const refuse = (why: string): never => {
    throw new UserError(
      `${file} ${why} (${listed.join('; ') || 'none'}). Export the network so that it takes one picture, float32 [1, 3, height, width].`,
    )
  }
  const [port] = inputs
  if (port === undefined || inputs.length > 1) return refuse('does not have one input')
  const { name, type, shape } = port
  if (type !== 'float32' && type !== 'uint8') return refuse('takes numbers of a type that is not known here')
  const layout = layoutOf(shape, type)
  if (layout === undefined) return refuse('takes no pictures of three colours')
  if (layout !== 'hwc' && shape[0] !== undefined && shape[0] !== 1)
    return refuse(`takes ${shape[0]} pictures at once`)
  const [height, width] = layout === 'nchw' ? shape.slice(2) : layout === 'nhwc' ? shape.slice(1) : shape
  const fixed = height !== undefined && width !== undefined ? { height, width } : undefined
  if (fixed === undefined && (height !== undefined || width !== undefined))
    return refuse('takes pictures of which only one side is fixed')
  if (fixed && (Math.max(fixed.height, fixed.width) > MOST.side || fixed.height * fixed.width > MOST.pixels))
    return refuse('takes pictures that are larger than any that is known here')
  return { input: { name, layout, type }, fixed }
}

function layoutOf(
  shape: readonly (number | undefined)[],
  type: 'float32' | 'uint8',
): OnnxConfig['input']['layout'] | undefined {
  if (shape.length === 3) return shape[2] === 3 ? 'hwc' : undefined
  if (shape.length !== 4) return undefined
  if (shape[3] === 3) return 'nhwc'
  // Bytes are copied as they stand, so they must be as pictures are.
  if (type === 'uint8') return undefined
  return shape[1] === 3 || shape[1] === undefined ? 'nchw' : undefined
}

/** What the outputs are for a picture of this size. */
async function tryOn(
  engine: Engine,
  network: Program,
  input: OnnxConfig['input'],
  size: ImageSize,
  outputs: readonly string[],
): Promise<Tokens[]> {
  const unit = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const
  const before = await engine.load(
    onnxInputGraph({ input, mean: [...unit.mean], std: [...unit.std] }, size),
    {
      resident: ['input'],
    },
  )
  const data = Uint8Array.from({ length: size.height * size.width * 3 }, (_, i) => (i * 37) & 255)
  const image = { dtype: 'uint8', shape: [size.height, size.width, 3], data } as const
  const prepared = atEngine((await engine.run(before, { image })).input)
  try {
    const results = await engine.run(network, { [input.name]: prepared })
    return outputs.flatMap((output) => tokensOf(output, onHost(results[output])))
  } finally {
    await engine.release(prepared)
    await engine.unload(before)
  }
}

function tokensOf(output: string, { shape }: HostTensor): Tokens[] {
  const [count, dim] = shape.slice(-2)
  const rank = shape.length
  if (count === undefined || dim === undefined || count < 1 || dim < 2) return []
  if (rank === 2) return [{ output, rank, count, dim }]
  return rank === 3 && shape[0] === 1 ? [{ output, rank, count, dim }] : []
}

/** Those with a usual name first, the others as the graph lists them. */
function sorted(all: readonly Tokens[]): Tokens[] {
  const rank = ({ output }: Tokens): number => {
    const place = USUAL_NAMES.indexOf(output)
    return place < 0 ? USUAL_NAMES.length : place
  }
  return [...all].sort((a, b) => rank(a) - rank(b))
}

/** Patches and tokens in front of them that would make so many tokens, fewest in front first. */
function layoutsOf({ width, height }: ImageSize, count: number): { patch: number; prefix: number }[] {
  return PATCHES.filter((patch) => width % patch === 0 && height % patch === 0)
    .map((patch) => ({ patch, prefix: count - (width / patch) * (height / patch) }))
    .filter(({ prefix }) => prefix >= 0 && prefix <= MOST_PREFIX)
    .sort((a, b) => a.prefix - b.prefix)
}

function firstLine(text: string): string {
  return (text.trim().split('\n')[0] ?? '').replace(/\.$/, '')
}
