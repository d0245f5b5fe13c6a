/**
 * How a frame's tokens are cut into blocks, so that each block only meets the context tokens in reach: less
 * arithmetic, and scores that stay small whatever the picture's size.
 */
import { cellCount, type Grid } from './grid.ts'
import { isNeighbour, type Neighbourhood, reach } from './settings.ts'

/** A rectangle of cells; ends are excluded. */
export interface Rectangle {
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
}

/** Query cells and the context cells they may look at. */
export interface Tile {
  readonly queries: Rectangle
  readonly window: Rectangle
}

/** Largest number of scores of one tile: 24 MB of float32, which also fits a processor's cache partly. */
const MAX_SCORES = 6_000_000

/**
 * Copying one window token costs about as much as this many scores (1.5 kB copied against 384 multiply-adds at
 * the matrix speed of a desktop core).
 */
const COPY_COST = 75

export function rectangleSize({ top, left, bottom, right }: Rectangle): number {
  return (bottom - top) * (right - left)
}

function tile(grid: Grid, queries: Rectangle, far: number): Tile {
  return {
    queries,
    window: {
      top: Math.max(0, queries.top - far),
      left: Math.max(0, queries.left - far),
      bottom: Math.min(grid.rows, queries.bottom + far),
      right: Math.min(grid.columns, queries.right + far),
    },
  }
}

function cut(grid: Grid, down: number, across: number, far: number): Tile[] {
  const tiles: Tile[] = []
  const edge = (part: number, parts: number, size: number): number => Math.round((part * size) / parts)
  for (let i = 0; i < down; i++)
    for (let j = 0; j < across; j++)
      tiles.push(
        tile(
          grid,
          {
            top: edge(i, down, grid.rows),
            bottom: edge(i + 1, down, grid.rows),
            left: edge(j, across, grid.columns),
            right: edge(j + 1, across, grid.columns),
          },
          far,
        ),
      )
  return tiles
}

function cost(tiles: readonly Tile[]): number {
  let total = 0
  for (const { queries, window } of tiles) {
    const scores = rectangleSize(queries) * rectangleSize(window)
    if (scores > MAX_SCORES) return Number.POSITIVE_INFINITY
    total += scores + COPY_COST * rectangleSize(window)
  }
  return total
}

/**
 * Cuts a grid into the cheapest tiles whose scores stay under the limit. Without a neighbourhood every tile sees
 * the whole grid and only the queries are cut, in bands of rows.
 */
export function planTiles(grid: Grid, neighbourhood?: Neighbourhood): Tile[] {
  const far = neighbourhood ? reach(neighbourhood) : Math.max(grid.rows, grid.columns)
  let best: Tile[] | undefined
  let least = Number.POSITIVE_INFINITY
  for (let down = 1; down <= Math.min(grid.rows, 64); down++)
    for (let across = 1; across <= (neighbourhood ? Math.min(grid.columns, 16) : 1); across++) {
      const tiles = cut(grid, down, across, far)
      const price = cost(tiles)
      if (price < least) {
        least = price
        best = tiles
      }
    }
  // A grid so large that even single rows exceed the limit is cut into rows and as many columns as it takes.
  return best ?? cut(grid, grid.rows, Math.ceil((grid.columns * cellCount(grid)) / MAX_SCORES), far)
}

/** Added to the score of a token outside the neighbourhood; cosines are within -1..1. */
export const OUTSIDE = -10_000

/** The scores' offsets of a tile: 0 for a neighbour, {@link OUTSIDE} else; [queries, window]. Undefined when all 0. */
export function tileMask({ queries, window }: Tile, neighbourhood: Neighbourhood): Float32Array | undefined {
  const width = window.right - window.left
  const columns = queries.right - queries.left
  const mask = new Float32Array(rectangleSize(queries) * rectangleSize(window))
  let any = false
  let at = 0
  for (let query = 0; query < rectangleSize(queries); query++) {
    const row = queries.top + Math.floor(query / columns)
    const column = queries.left + (query % columns)
    for (let key = 0; key < rectangleSize(window); key++, at++) {
      const keyRow = window.top + Math.floor(key / width)
      const keyColumn = window.left + (key % width)
      if (isNeighbour(neighbourhood, keyRow - row, keyColumn - column)) continue
      mask[at] = OUTSIDE
      any = true
    }
  }
  return any ? mask : undefined
}
