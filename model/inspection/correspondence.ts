/** Where a patch of one frame is found in another one. */
import { Graph, gather, matmul, reshape } from '../graph/index.ts'
import type { Grid } from '../propagation/index.ts'
import { type Engine, onHost, type Program, type ResidentTensor } from '../runtime/index.ts'
import type { Patch } from './patches.ts'

/** A patch of the other frame, and the cosine of its token with the reference. */
export interface Match extends Patch {
  /** -1 to 1. */
  readonly similarity: number
}

/**
 * Compares one token of a frame with all tokens of another, where the tokens are: with the engine. So what propagation
 * keeps of a frame serves here too, and nothing but one row of numbers leaves a GPU.
 */
export class Correspondence {
  readonly grid: Grid
  readonly #engine: Engine
  readonly #program: Program

  private constructor(engine: Engine, grid: Grid, program: Program) {
    this.#engine = engine
    this.grid = grid
    this.#program = program
  }

  /** @param dim channels of a token */
  static async create(engine: Engine, grid: Grid, dim: number): Promise<Correspondence> {
    return new Correspondence(engine, grid, await engine.load(similarityGraph(grid.rows * grid.columns, dim)))
  }

  /**
   * Cosines of one patch with all patches of the other frame, row by row of its grid.
   * @param reference, other unit-length tokens [rows * columns, dim]
   */
  async compare(reference: ResidentTensor, patch: Patch, other: ResidentTensor): Promise<Float32Array> {
    const index = Int32Array.of(patch.row * this.grid.columns + patch.column)
    const { similarity } = await this.#engine.run(this.#program, {
      reference,
      other,
      patch: { dtype: 'int32', shape: [1], data: index },
    })
    return onHost(similarity).data as Float32Array
  }

  async close(): Promise<void> {
    await this.#engine.unload(this.#program)
  }
}

/**
 * Inputs `reference` and `other`: float32 [count, dim], unit length; `patch`: int32 [1]. Output `similarity`: float32
 * [count].
 */
function similarityGraph(count: number, dim: number): Graph {
  const graph = new Graph()
  const reference = graph.input('reference', 'float32', [count, dim])
  const other = graph.input('other', 'float32', [count, dim])
  const token = gather(reference, graph.input('patch', 'int32', [1]))
  graph.output('similarity', reshape(matmul(token, other, { transposeB: true }), [count]))
  return graph
}

/** The k most similar patches, best first; of equal ones the earlier in reading order. */
export function bestMatches(similarity: Float32Array, { columns }: Grid, k: number): Match[] {
  const best: number[] = []
  for (let at = 0; at < similarity.length; at++) {
    if (best.length === k && similarity[at]! <= similarity[best[k - 1]!]!) continue
    let place = best.length
    while (place > 0 && similarity[at]! > similarity[best[place - 1]!]!) place--
    best.splice(place, 0, at)
    best.length = Math.min(best.length, k)
  }
  return best.map((at) => ({
    row: Math.floor(at / columns),
    column: at % columns,
    similarity: similarity[at]!,
  }))
}
