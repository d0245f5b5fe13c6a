/** Candidates that move as their surroundings do count for more, without a candidate being made up or lost. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Candidates } from '../../../model/propagation/affinity.ts'
import { coherentCandidates } from '../../../model/propagation/coherence.ts'
import { OUTSIDE } from '../../../model/propagation/tiles.ts'
import { seededRandom } from '../../../model/siammae/index.ts'

const SEED = 11
const COHERENCE = { weight: 0.3, radius: 2, tolerance: 3, passes: 1 }

const GRID = { rows: 12, columns: 24 }

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
      fc.property(scene, fc.integer({ min: 1, max: 4 }), ({ grid, candidates }, passes) => {
        const before = structuredClone(candidates)
        const after = coherentCandidates(candidates, grid, { ...COHERENCE, passes })
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

  it('are raised by what the definition says, pass by pass', () => {
    fc.assert(
      fc.property(
        scene,
        fc.integer({ min: 1, max: 4 }),
        ({ grid: { rows, columns }, candidates }, passes) => {
          const { k } = candidates
          const place = (cell: number): [number, number] => [Math.floor(cell / columns), cell % columns]
          const moveOf = (cell: number, to: number): [number, number] => {
            const [[row, column], [r, c]] = [place(cell), place(to)]
            return [r - row, c - column]
          }
          let best = Array.from({ length: rows * columns }, (_, cell) => candidates.cells[cell * k]!)
          let expected: number[] = []
          for (let pass = 0; pass < passes; pass++) {
            expected = []
            const next: number[] = []
            for (let cell = 0; cell < rows * columns; cell++) {
              const [row, column] = place(cell)
              const around = Array.from({ length: rows * columns }, (_, other) => other).filter((other) => {
                const [r, c] = place(other)
                return other !== cell && Math.max(Math.abs(r - row), Math.abs(c - column)) <= COHERENCE.radius
              })
              const scored = entries(candidates, cell).map(({ cosine, cell: to }) => {
                if (cosine <= OUTSIDE / 2 || around.length === 0) return { cosine, to }
                const [down, across] = moveOf(cell, to)
                const words = around.map((other) => {
                  const [d, a] = moveOf(other, best[other]!)
                  return Math.max(0, 1 - ((d - down) ** 2 + (a - across) ** 2) / COHERENCE.tolerance ** 2)
                })
                const agreed = words.reduce((sum, word) => sum + word, 0) / around.length
                return { cosine: cosine + COHERENCE.weight * agreed, to }
              })
              scored.sort((a, b) => b.cosine - a.cosine)
              expected.push(...scored.map(({ cosine }) => cosine))
              next.push(scored[0]!.to)
            }
            best = next
          }
          const { cosines } = coherentCandidates(candidates, { rows, columns }, { ...COHERENCE, passes })
          expected.forEach((score, i) => {
            expect(Math.abs(cosines[i]! - score)).toBeLessThan(1e-5 * Math.max(1, Math.abs(score)))
          })
        },
      ),
      { seed: SEED, numRuns: 200 },
    )
  })

  /** All cells move nine columns to the right; some are deceived by something elsewhere that looks more like them. */
  function movingScene(isDeceived: (cell: number) => boolean): {
    candidates: Candidates
    right: (candidates: Candidates) => number
  } {
    const k = 2
    const { rows, columns } = GRID
    const cosines = new Float32Array(rows * columns * k)
    const cells = new Int32Array(rows * columns * k)
    const random = seededRandom(SEED)
    for (let cell = 0; cell < rows * columns; cell++) {
      const [row, column] = [Math.floor(cell / columns), cell % columns]
      const moved = row * columns + Math.min(columns - 1, column + 9)
      const alike = Math.floor(random.uniform() * rows * columns)
      cells.set(isDeceived(cell) ? [alike, moved] : [moved, alike], cell * k)
      cosines.set([0.9, 0.8], cell * k)
    }
    const right = ({ cells: found }: Candidates): number => {
      let hits = 0
      for (let cell = 0; cell < rows * columns; cell++)
        if (found[cell * k]! - cell === 9 && cell % columns < columns - 9) hits++
      return hits / (rows * (columns - 9))
    }
    return { candidates: { k, cosines, cells }, right }
  }

  it('follow what moves far as one, past a look-alike that is nearer', () => {
    const { candidates, right } = movingScene((cell) => cell % 5 === 0)
    expect(right(candidates)).toBeLessThan(0.85)
    expect(right(coherentCandidates(candidates, GRID, COHERENCE))).toBe(1)
  })

  it('hear of what moves as one from further away with every pass', () => {
    const random = seededRandom(SEED + 1)
    const { candidates, right } = movingScene(() => random.uniform() < 0.75)
    const rightAfter = (passes: number): number =>
      right(coherentCandidates(candidates, GRID, { ...COHERENCE, passes }))
    expect(rightAfter(3)).toBeGreaterThan(rightAfter(1) + 0.2)
  })
})
