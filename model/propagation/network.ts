/** The encoder for pictures of one size, whatever it is made of: a network of ours, or a graph of others. */
import { cast, divide, Graph, reshape, slice, subtract, transpose } from '../graph/index.ts'
import {
  type AnyTensor,
  atEngine,
  type Engine,
  type HostTensor,
  type Program,
  type ResidentTensor,
} from '../runtime/index.ts'
import { encoderGraph, type ImageSize, patchGrid, unitLength } from '../siammae/index.ts'
import type { EncoderModel, OnnxConfig, OnnxEncoder } from '../weights/index.ts'

/** Patch tokens of the last layer; `tokens_l2` at unit length. */
export type TokenOutput = 'tokens' | 'tokens_l2'

/** What an encoder is computed from. */
export type EncoderNetwork =
  | Pick<EncoderModel, 'config' | 'parameters'>
  | Pick<OnnxEncoder, 'config' | 'graph'>

/** A compiled encoder. */
export interface Network {
  /** @param pixels RGB, [height, width, 3]. @returns the outputs that were asked for, [rows * columns, dim] */
  run(pixels: Uint8Array): Promise<Record<string, AnyTensor>>
  close(): Promise<void>
}

/**
 * Compiles an encoder.
 * @param size     of the pictures; the patch must divide its sides, and a graph of one size takes only that
 * @param outputs  which tokens to compute
 * @param resident whether they stay with the engine
 * @throws RangeError for a size that the patch does not divide; as {@link Engine.load} does
 */
export async function loadNetwork(
  engine: Engine,
  model: EncoderNetwork,
  size: ImageSize,
  outputs: readonly TokenOutput[],
  resident: boolean,
): Promise<Network> {
  const kept = resident ? outputs : []
  if ('graph' in model) return OnnxNetwork.load(engine, model, size, outputs, kept)
  const program = await engine.load(encoderGraph(model.config, model.parameters, size, outputs), {
    resident: kept,
  })
  return {
    run: (pixels) => engine.run(program, { image: pictureTensor(size, pixels) }),
    close: () => engine.unload(program),
  }
}

/** A graph of others between two small ones of ours, which normalise pixels and pick the patches. */
class OnnxNetwork implements Network {
  readonly #engine: Engine
  readonly #config: OnnxConfig
  readonly #size: ImageSize
  readonly #programs: readonly [pixels: Program, network: Program, tokens: Program]

  private constructor(
    engine: Engine,
    config: OnnxConfig,
    size: ImageSize,
    programs: readonly [Program, Program, Program],
  ) {
    this.#engine = engine
    this.#config = config
    this.#size = size
    this.#programs = programs
  }

  static async load(
    engine: Engine,
    { config, graph }: Pick<OnnxEncoder, 'config' | 'graph'>,
    size: ImageSize,
    outputs: readonly TokenOutput[],
    kept: readonly TokenOutput[],
  ): Promise<Network> {
    const programs = [
      await engine.load(onnxInputGraph(config, size), { resident: ['input'] }),
      await engine.loadFile(graph, { outputs: [config.output], resident: [config.output] }),
      await engine.load(onnxTokensGraph(config, size, outputs), { resident: kept }),
    ] as const
    return new OnnxNetwork(engine, config, size, programs)
  }

  async run(pixels: Uint8Array): Promise<Record<string, AnyTensor>> {
    const [before, network, after] = this.#programs
    const { input, output } = this.#config
    const passing: ResidentTensor[] = []
    const pass = (tensor: AnyTensor | undefined): ResidentTensor => {
      passing.push(atEngine(tensor))
      return passing.at(-1)!
    }
    try {
      const prepared = await this.#engine.run(before, { image: pictureTensor(this.#size, pixels) })
      const found = await this.#engine.run(network, { [input.name]: pass(prepared.input) })
      return await this.#engine.run(after, { all: pass(found[output]) })
    } finally {
      await this.#engine.release(...passing)
    }
  }

  async close(): Promise<void> {
    for (const program of this.#programs) await this.#engine.unload(program)
  }
}

/** Pixels as a graph of others takes them: input `image`, uint8 [height, width, 3]; output `input`. */
export function onnxInputGraph(
  { input, mean, std }: Pick<OnnxConfig, 'input' | 'mean' | 'std'>,
  { height, width }: ImageSize,
): Graph {
  const graph = new Graph()
  const image = graph.input('image', 'uint8', [height, width, 3])
  const batch = input.layout === 'hwc' ? [height, width, 3] : [1, height, width, 3]
  if (input.type === 'uint8') {
    graph.output('input', reshape(image, batch))
    return graph
  }
  const row = (values: readonly number[]) =>
    graph.constant(
      Float32Array.from(values, (value) => 255 * value),
      [1, 3],
    )
  const flat = cast(reshape(image, [height * width, 3]), 'float32')
  const normalised = divide(subtract(flat, row(mean)), row(std))
  graph.output(
    'input',
    input.layout === 'nchw'
      ? reshape(transpose(normalised, [1, 0]), [1, 3, height, width])
      : reshape(normalised, batch),
  )
  return graph
}

/** The patches of a graph's output: input `all`, [1, tokens, dim]; outputs as they were asked for. */
function onnxTokensGraph(config: OnnxConfig, size: ImageSize, outputs: readonly TokenOutput[]): Graph {
  const { rows, columns } = patchGrid(config, size)
  const { prefix, dim } = config
  const count = prefix + rows * columns
  const graph = new Graph()
  const all = graph.input('all', 'float32', config.rank === 2 ? [count, dim] : [1, count, dim])
  const tokens = slice(reshape(all, [count, dim]), 0, prefix, count)
  if (outputs.includes('tokens')) graph.output('tokens', tokens)
  if (outputs.includes('tokens_l2')) graph.output('tokens_l2', unitLength(tokens))
  return graph
}

function pictureTensor({ height, width }: ImageSize, data: Uint8Array): HostTensor {
  return { dtype: 'uint8', shape: [height, width, 3], data }
}
