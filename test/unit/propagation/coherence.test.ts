/** Candidates that move as their surroundings do count for more, without a candidate being made up or lost. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Candidates } from '../../../model/propagation/affinity.ts'
import { coherentCandidates } from '../../../model/propagation/coherence.ts'
import { OUTSIDE } from '../../../model/propagation/tiles.ts'
import { seededRandom } from '../../../model/siammae/index.ts'

const SEED = 11
const COHERENCE = { weight: 0.3, radius: 2, tolerance: 3 }

/** Random candidates, best first, some outside the neighbourhood. */
const scene = fc
  .record({
    rows: fc.integer({ min: 1, max: 7 }),
    columns: fc.integer({ min: 1, max: 7 }),
    k: fc.integer({ min: 1, max: 5 }),
    seed: fc.nat(),
  })
  .map(({ rows, columns, k, seed }) => {
    const random = seededRandom(seed)
    const count = rows * columns
    const cosines = new Float32Array(count * k)
    const cells = new Int32Array(count * k)
    for (let cell = 0; cell < count; cell++) {
      const values = Array.from({ length: k }, () => random.uniform() * 2 - 1).sort((a, b) => b - a)
      values.forEach((value, j) => {
        cosines[cell * k + j] = j > 0 && random.uniform() < 0.1 ? OUTSIDE : value
        cells[cell * k + j] = Math.floor(random.uniform() * count)
      })
      // Outside are the last ones.
      cosines.subarray(cell * k, cell * k + k).sort((a, b) => b - a)
    }
    return { grid: { rows, columns }, candidates: { k, cosines, cells } satisfies Candidates }
  })

const entries = ({ k, cosines, cells }: Candidates, cell: number): { cosine: number; cell: number }[] =>
  Array.from({ length: k }, (_, j) => ({ cosine: cosines[cell * k + j]!, cell: cells[cell * k + j]! }))

describe('coherent candidates', () => {
  it('are those that were there, best first, each raised by at most the weight', () => {
    fc.assert(
      fc.property(scene, ({ grid, candidates }) => {
        const before = structuredClone(candidates)
        const after = coherentCandidates(candidates, grid, COHERENCE)
        expect(candidates).toEqual(before)
        for (let cell = 0; cell < grid.rows * grid.columns; cell++) {
          const [was, is] = [entries(candidates, cell), entries(after, cell)]
          const byCell = (list: typeof was): number[] => list.map((entry) => entry.cell).sort((a, b) => a - b)
          expect(byCell(is)).toEqual(byCell(was))
          for (let j = 1; j < is.length; j++) expect(is[j]!.cosine).toBeLessThanOrEqual(is[j - 1]!.cosine)
          const gained = (list: typeof was): number => list.reduce((sum, entry) => sum + entry.cosine, 0)
          const inside = was.filter(({ cosine }) => cosine > OUTSIDE / 2).length
          expect(gained(is) - gained(was)).toBeGreaterThanOrEqual(-0.01)
          expect(gained(is) - gained(was)).toBeLessThanOrEqual(inside * COHERENCE.weight + 0.01)
          expect(is.filter(({ cosine }) => cosine > OUTSIDE / 2)).toHaveLength(inside)
        }
      }),
      { seed: SEED, numRuns: 200 },
    )
  })

  it('are raised by what the definition says', () => {
    fc.assert(
      fc.property(scene, ({ grid: { rows, columns }, candidates }) => {
        const { k } = candidates
        const place = (cell: number): [number, number] => [Math.floor(cell / columns), cell % columns]
        const moveOf = (cell: number, to: number): [number, number] => {
          const [[row, column], [r, c]] = [place(cell), place(to)]
          return [r - row, c - column]
        }
        const expected: number[] = []
        for (let cell = 0; cell < rows * columns; cell++) {
          const [row, column] = place(cell)
          const around = Array.from({ length: rows * columns }, (_, other) => other).filter((other) => {
            const [r, c] = place(other)
            return other !== cell && Math.max(Math.abs(r - row), Math.abs(c - column)) <= COHERENCE.radius
          })
          const scores = entries(candidates, cell).map(({ cosine, cell: to }) => {
            if (cosine <= OUTSIDE / 2 || around.length === 0) return cosine
            const [down, across] = moveOf(cell, to)
            const words = around.map((other) => {
              const [d, a] = moveOf(other, candidates.cells[other * k]!)
              return Math.max(0, 1 - ((d - down) ** 2 + (a - across) ** 2) / COHERENCE.tolerance ** 2)
            })
            return cosine + (COHERENCE.weight * words.reduce((sum, word) => sum + word, 0)) / around.length
          })
          expected.push(...scores.sort((a, b) => b - a))
        }
        const { cosines } = coherentCandidates(candidates, { rows, columns }, COHERENCE)
        expected.forEach((score, i) => {
          expect(Math.abs(cosines[i]! - score)).toBeLessThan(1e-5 * Math.max(1, Math.abs(score)))
        })
      }),
      { seed: SEED, numRuns: 100 },
    )
  })

  it('follow what moves far as one, past a look-alike that is nearer', () => {
    const grid = { rows: 12, columns: 24 }
    const k = 2
    const count = grid.rows * grid.columns
    const cosines = new Float32Array(count * k)
    const cells = new Int32Array(count * k)
    const random = seededRandom(SEED)
    for (let cell = 0; cell < count; cell++) {
      const [row, column] = [Math.floor(cell / grid.columns), cell % grid.columns]
      const moved = row * grid.columns + Math.min(grid.columns - 1, column + 9)
      const alike = Math.floor(random.uniform() * count)
      // Every fifth cell is deceived by something that looks more like it.
      const deceived = cell % 5 === 0
      cells.set(deceived ? [alike, moved] : [moved, alike], cell * k)
      cosines.set([0.9, 0.85], cell * k)
    }
    const before = { k, cosines, cells }
    const right = ({ cells: found }: Candidates): number => {
      let hits = 0
      for (let cell = 0; cell < count; cell++)
        if (found[cell * k]! - cell === 9 && cell % grid.columns < grid.columns - 9) hits++
      return hits / (grid.rows * (grid.columns - 9))
    }
    expect(right(before)).toBeLessThan(0.85)
    expect(right(coherentCandidates(before, grid, COHERENCE))).toBe(1)
  })
})
