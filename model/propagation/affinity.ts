/** Which tokens of a context frame resemble each token of a frame most: the costly step, run by an engine. */
import { concat, Graph, linear, reshape, slice, type Tensor, topK } from '../graph/index.ts'
import { type Engine, onHost, type Program, type ResidentTensor } from '../runtime/index.ts'
import type { FeatureExtractor } from './features.ts'
import { cellCount, type Grid } from './grid.ts'
import type { Neighbourhood } from './settings.ts'
import { OUTSIDE, planTiles, rectangleSize, type Tile, tileMask } from './tiles.ts'

/**
 * For every cell of a frame its k most similar cells of one context frame, best first.
 * Entry j of cell i is at `i * k + j`.
 */
export interface Candidates {
  readonly k: number
  /** Cosines, or scores made of them; {@link OUTSIDE} or less where the neighbourhood has fewer than k cells. */
  readonly cosines: Float32Array
  /** Cells of the context frame. */
  readonly cells: Int32Array
}

/** Score multiplications and additions of one frame against one context frame, for speed reports. */
export interface AffinityCost {
  readonly flop: number
}

/**
 * Compares frames on one grid. One program serves every pair of frames and one neighbourhood, so the number of context
 * frames is free and the memory of a comparison is that of one tile.
 */
export class Affinity {
  readonly grid: Grid
  readonly k: number
  readonly #engine: Engine
  readonly #dim: number
  readonly #programs = new Map<string, Promise<CompiledTiles>>()

  /**
   * @param dim channels of a token
   * @param k   candidates per context frame; the best k over all context frames are among them
   */
  constructor(engine: Engine, options: { grid: Grid; dim: number; k: number }) {
    this.grid = options.grid
    this.k = Math.min(options.k, cellCount(options.grid))
    this.#engine = engine
    this.#dim = options.dim
  }

  /** For the tokens of an extractor. */
  static of(
    engine: Engine,
    { grid, config }: Pick<FeatureExtractor, 'grid' | 'config'>,
    { topK: k }: { readonly topK: number },
  ): Affinity {
    return new Affinity(engine, { grid, dim: config.dim, k })
  }

  /** Compiles what comparisons within a neighbourhood, or without one, need, ahead of the first. */
  async prepare(neighbourhood: Neighbourhood | undefined): Promise<void> {
    await this.#compiled(neighbourhood)
  }

  /**
   * @param query   unit-length tokens [cells, dim] of the frame to label
   * @param context unit-length tokens of a labelled frame
   * @param neighbourhood which cells of it count; undefined for all
   */
  async compare(
    query: ResidentTensor,
    context: ResidentTensor,
    neighbourhood: Neighbourhood | undefined,
  ): Promise<Candidates> {
    const { program, tiles, k } = await this.#compiled(neighbourhood)
    const result = await this.#engine.run(program, { query, context })
    const values = onHost(result.values).data as Float32Array
    const indices = onHost(result.indices).data as Int32Array
    return inRasterOrder(values, indices, tiles, this.grid, k)
  }

  /** Arithmetic of one {@link compare}, as executed. */
  cost(neighbourhood: Neighbourhood | undefined): AffinityCost {
    const scores = planTiles(this.grid, neighbourhood).reduce(
      (total, tile) => total + rectangleSize(tile.queries) * rectangleSize(tile.window),
      0,
    )
    return { flop: 2 * this.#dim * scores }
  }

  /** Frees the compiled programs. */
  async close(): Promise<void> {
    const programs = [...this.#programs.values()]
    this.#programs.clear()
    for (const each of programs) {
      const compiled = await each.catch(() => undefined)
      if (compiled) await this.#engine.unload(compiled.program)
    }
  }

  #compiled(neighbourhood: Neighbourhood | undefined): Promise<CompiledTiles> {
    const key = neighbourhood ? `${neighbourhood.shape} ${neighbourhood.radius}` : ''
    const known = this.#programs.get(key)
    if (known) return known
    const compiled = this.#compile(neighbourhood)
    this.#programs.set(key, compiled)
    compiled.catch(() => {
      if (this.#programs.get(key) === compiled) this.#programs.delete(key)
    })
    return compiled
  }

  async #compile(neighbourhood: Neighbourhood | undefined): Promise<CompiledTiles> {
    const tiles = planTiles(this.grid, neighbourhood)
    const k = Math.min(this.k, ...tiles.map((tile) => rectangleSize(tile.window)))
    const program = await this.#engine.load(affinityGraph(this.grid, this.#dim, k, tiles, neighbourhood))
    return { program, tiles, k }
  }
}

interface CompiledTiles {
  readonly program: Program
  readonly tiles: readonly Tile[]
  readonly k: number
}

/**
 * Inputs `query`, `context` [cells, dim]; outputs `values` and `indices` [cells, k], tile after tile, indices
 * counted within the tile's window.
 */
function affinityGraph(
  grid: Grid,
  dim: number,
  k: number,
  tiles: readonly Tile[],
  neighbourhood: Neighbourhood | undefined,
): Graph {
  const graph = new Graph()
  const cells = cellCount(grid)
  const query = graph.input('query', 'float32', [cells, dim])
  const context = graph.input('context', 'float32', [cells, dim])
  const masks = new Map<string, Tensor | undefined>()
  const maskOf = (tile: Tile): Tensor | undefined => {
    if (!neighbourhood) return undefined
    // Tiles whose window lies the same way around them share one mask.
    const { queries: q, window: w } = tile
    const key = [
      q.bottom - q.top,
      q.right - q.left,
      w.top - q.top,
      w.left - q.left,
      w.bottom - q.top,
      w.right - q.left,
    ].join()
    if (!masks.has(key)) {
      const mask = tileMask(tile, neighbourhood)
      masks.set(key, mask && graph.constant(mask, [rectangleSize(q), rectangleSize(w)]))
    }
    return masks.get(key)
  }
  const parts = tiles.map((tile) => {
    const rows = tokensOf(query, grid, tile.queries)
    // The mask rides along as the product's start value, which saves a pass over the scores.
    return topK(linear(rows, tokensOf(context, grid, tile.window), maskOf(tile)), k)
  })
  graph.output(
    'values',
    concat(
      parts.map(({ values }) => values),
      0,
    ),
  )
  graph.output(
    'indices',
    concat(
      parts.map(({ indices }) => indices),
      0,
    ),
  )
  return graph
}

/** The tokens of a rectangle, [cells of it, dim]. */
function tokensOf(
  tokens: Tensor,
  { rows, columns }: Grid,
  { top, left, bottom, right }: { top: number; left: number; bottom: number; right: number },
): Tensor {
  const dim = tokens.shape[1]!
  if (left === 0 && right === columns) return slice(tokens, 0, top * columns, bottom * columns)
  const picture = reshape(tokens, [rows, columns, dim])
  return reshape(slice(slice(picture, 0, top, bottom), 1, left, right), [
    (bottom - top) * (right - left),
    dim,
  ])
}

/** From tile order and window indices to cells of the grid. */
function inRasterOrder(
  values: Float32Array,
  indices: Int32Array,
  tiles: readonly Tile[],
  grid: Grid,
  k: number,
): Candidates {
  if (tiles.length === 1 && rectangleSize(tiles[0]!.window) === cellCount(grid))
    return { k, cosines: values, cells: indices }
  const cosines = new Float32Array(values.length)
  const cells = new Int32Array(indices.length)
  let from = 0
  for (const { queries, window } of tiles) {
    const width = window.right - window.left
    for (let row = queries.top; row < queries.bottom; row++)
      for (let column = queries.left; column < queries.right; column++) {
        let to = (row * grid.columns + column) * k
        for (let j = 0; j < k; j++, from++, to++) {
          const index = indices[from]!
          const down = Math.floor(index / width)
          cosines[to] = values[from]!
          cells[to] = (window.top + down) * grid.columns + window.left + (index - down * width)
        }
      }
  }
  return { k, cosines, cells }
}

export { OUTSIDE }
