/** However a frame is cut into tiles, its neighbours are those that comparing everything with everything gives. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Affinity } from '../../../model/propagation/affinity.ts'
import type { Grid } from '../../../model/propagation/grid.ts'
import { isNeighbour, type Neighbourhood } from '../../../model/propagation/settings.ts'
import { planTiles, rectangleSize, tileMask } from '../../../model/propagation/tiles.ts'
import { Engine, type Program } from '../../../model/runtime/index.ts'
import { seededRandom } from '../../../model/siammae/index.ts'

const grids = fc.record({ rows: fc.integer({ min: 1, max: 70 }), columns: fc.integer({ min: 1, max: 120 }) })
const neighbourhoods = fc.record({
  shape: fc.constantFrom('disc' as const, 'square' as const),
  radius: fc.integer({ min: 1, max: 25 }),
})

describe('tiles', () => {
  it('cover every cell once, and each window holds every neighbour of its cells', () => {
    fc.assert(
      fc.property(grids, neighbourhoods, (grid, neighbourhood) => {
        const seen = new Uint8Array(grid.rows * grid.columns)
        for (const { queries, window } of planTiles(grid, neighbourhood)) {
          expect(rectangleSize(queries) * rectangleSize(window)).toBeLessThanOrEqual(6_000_000)
          for (let row = queries.top; row < queries.bottom; row++)
            for (let column = queries.left; column < queries.right; column++)
              seen[row * grid.columns + column]!++
          const corners = [
            [queries.top, queries.left],
            [queries.bottom - 1, queries.right - 1],
          ] as const
          for (const [row, column] of corners)
            for (let r = 0; r < grid.rows; r++)
              for (let c = 0; c < grid.columns; c++)
                if (isNeighbour(neighbourhood, r - row, c - column))
                  expect(r >= window.top && r < window.bottom && c >= window.left && c < window.right).toBe(
                    true,
                  )
        }
        expect(seen.every((count) => count === 1)).toBe(true)
      }),
      { seed: 6, numRuns: 40 },
    )
  })

  it('without a neighbourhood see everything', () => {
    for (const grid of [
      { rows: 30, columns: 53 },
      { rows: 60, columns: 107 },
      { rows: 135, columns: 240 },
    ]) {
      const tiles = planTiles(grid)
      for (const { window } of tiles) expect(rectangleSize(window)).toBe(grid.rows * grid.columns)
      expect(tiles.reduce((total, { queries }) => total + rectangleSize(queries), 0)).toBe(
        grid.rows * grid.columns,
      )
    }
  })

  it('need no mask where everything in the window is a neighbour', () => {
    const [tile] = planTiles({ rows: 3, columns: 3 }, { shape: 'square', radius: 5 })
    expect(tileMask(tile!, { shape: 'square', radius: 5 })).toBeUndefined()
  })
})

it('a program that does not compile is tried again, and is nothing to free', async () => {
  let refusals = 2
  const unloaded: Program[] = []
  const engine = {
    load: async (): Promise<Program> => {
      if (refusals-- > 0) throw new Error('The device is out of memory.')
      return { program: 7 }
    },
    unload: async (program: Program) => void unloaded.push(program),
  }
  const affinity = new Affinity(engine as unknown as Engine, {
    grid: { rows: 3, columns: 3 },
    dim: 4,
    k: 2,
  })
  await expect(affinity.prepare(undefined)).rejects.toThrow('out of memory')
  const pending = affinity.prepare(undefined)
  const closed = affinity.close()
  await expect(pending).rejects.toThrow('out of memory')
  await closed
  expect(unloaded).toEqual([])

  await affinity.prepare(undefined)
  await affinity.close()
  expect(unloaded).toEqual([{ program: 7 }])
})

describe('comparing two frames', () => {
  let engine: Engine
  beforeAll(async () => {
    engine = await Engine.start('cpu')
  })
  afterAll(() => engine.close())

  const cases: [Grid, Neighbourhood, number][] = [
    [{ rows: 6, columns: 9 }, { shape: 'disc', radius: 3 }, 5],
    [{ rows: 6, columns: 9 }, { shape: 'square', radius: 2 }, 7],
    // Large enough to be cut both ways.
    [{ rows: 66, columns: 101 }, { shape: 'disc', radius: 6 }, 7],
    // Fewer neighbours than k.
    [{ rows: 4, columns: 4 }, { shape: 'disc', radius: 1 }, 4],
  ]
  it.each(cases)('grid %o, %o, k %i', async (grid, neighbourhood, k) => {
    const dim = 16
    const cells = grid.rows * grid.columns
    const random = seededRandom(cells)
    const unit = (): Float32Array => {
      const data = Float32Array.from({ length: cells * dim }, () => random.normal())
      for (let cell = 0; cell < cells; cell++) {
        const row = data.subarray(cell * dim, (cell + 1) * dim)
        const norm = Math.hypot(...row)
        for (let i = 0; i < dim; i++) row[i]! /= norm
      }
      return data
    }
    const [a, b] = [unit(), unit()]
    const [query, context] = [
      await engine.upload({ dtype: 'float32', shape: [cells, dim], data: a }),
      await engine.upload({ dtype: 'float32', shape: [cells, dim], data: b }),
    ]
    const affinity = new Affinity(engine, { grid, dim, k })
    for (const restricted of [true, false]) {
      const found = await affinity.compare(query, context, restricted ? neighbourhood : undefined)
      const checked =
        cells > 1000
          ? Array.from({ length: 60 }, (_, i) => (i * 113) % cells)
          : Array.from({ length: cells }, (_, i) => i)
      for (const cell of checked) {
        const [row, column] = [Math.floor(cell / grid.columns), cell % grid.columns]
        const all: { cosine: number; key: number }[] = []
        for (let key = 0; key < cells; key++) {
          if (
            restricted &&
            !isNeighbour(neighbourhood, Math.floor(key / grid.columns) - row, (key % grid.columns) - column)
          )
            continue
          let cosine = 0
          for (let i = 0; i < dim; i++) cosine += a[cell * dim + i]! * b[key * dim + i]!
          all.push({ cosine, key })
        }
        all.sort((x, y) => y.cosine - x.cosine)
        const best = all.slice(0, found.k)
        const cellsFound = [...found.cells.slice(cell * found.k, cell * found.k + best.length)]
        expect(cellsFound).toEqual(best.map(({ key }) => key))
        const rest = [...found.cosines.slice(cell * found.k + best.length, (cell + 1) * found.k)]
        expect(rest.every((cosine) => cosine < -1000)).toBe(true)
      }
    }
    await affinity.close()
  })
})
