/** What the [CLS] token looks at, as maps over the patches. */
import { Sentence } from '../errors.ts'
import type { EncoderNetwork, Grid } from '../propagation/index.ts'
import { type Engine, onHost, type Program } from '../runtime/index.ts'
import { classAttentionGraph, type ImageSize, patchGrid } from '../siammae/index.ts'

/** Attention of [CLS] in the last block on one frame. */
export interface Attention {
  readonly heads: number
  /** [heads, rows * columns], 0 to 1: the part of each head's attention that lies on patches. */
  readonly maps: Float32Array
  /** Mean over the heads, [rows * columns]. */
  readonly mean: Float32Array
  /** Per head the sum of its map; the rest of 1 lies on [CLS] itself and on registers. */
  readonly onPatches: Float32Array
}

/** The network up to its last attention, compiled for pictures of one size. */
export class ClassAttention {
  readonly grid: Grid
  readonly #engine: Engine
  readonly #program: Program
  readonly #size: ImageSize

  private constructor(engine: Engine, size: ImageSize, grid: Grid, program: Program) {
    this.#engine = engine
    this.#size = size
    this.grid = grid
    this.#program = program
  }

  /** @throws UserError when the network has no [CLS], and as {@link Engine.load} does */
  static async create(
    engine: Engine,
    model: { readonly name: string } & EncoderNetwork,
    size: ImageSize,
  ): Promise<ClassAttention> {
    if ('graph' in model)
      throw new Sentence(
        'The model {0} is a graph of others, whose attention cannot be looked into; choose another model, such as the starter model.',
        model.name,
      )
    if (model.config.classToken === false)
      throw new Sentence(
        'The model {0} has no [CLS] token, so there is no attention of it to show; choose a model that has one, such as the starter model.',
        model.name,
      )
    const program = await engine.load(classAttentionGraph(model.config, model.parameters, size))
    return new ClassAttention(engine, size, patchGrid(model.config, size), program)
  }

  /** @param pixels RGB, [height, width, 3] */
  async look(pixels: Uint8Array): Promise<Attention> {
    const { height, width } = this.#size
    const image = { dtype: 'uint8', shape: [height, width, 3], data: pixels } as const
    const { attention } = await this.#engine.run(this.#program, { image })
    const { data, shape } = onHost(attention)
    return summarise(data as Float32Array, shape[0]!)
  }

  async close(): Promise<void> {
    await this.#engine.unload(this.#program)
  }
}

/** @param maps [heads, patches] */
function summarise(maps: Float32Array, heads: number): Attention {
  const count = maps.length / heads
  const mean = new Float32Array(count)
  const onPatches = new Float32Array(heads)
  for (let head = 0; head < heads; head++)
    for (let at = 0; at < count; at++) {
      const weight = maps[head * count + at]!
      mean[at]! += weight / heads
      onPatches[head]! += weight
    }
  return { heads, maps, mean, onPatches }
}
