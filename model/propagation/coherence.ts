/** Neighbouring cells move alike: a match that the cells around it confirm counts for more. */
import type { Candidates } from './affinity.ts'
import type { Grid } from './grid.ts'
import type { Coherence } from './settings.ts'
import { OUTSIDE } from './tiles.ts'

/**
 * Adds to the cosine of every candidate `weight` times how much the cells around agree with its move: each cell at most
 * `radius` rows and columns away says 1 - (d / tolerance)^2, at least 0, where d is how far its own best candidate's move
 * and this one lie apart, in cells; the mean over them is what counts. What only looks alike moves differently from cell
 * to cell, and is passed over for what moves as its surroundings do, however far that is.
 * @returns new candidates, best first again; those outside the neighbourhood stay where they were
 */
export function coherentCandidates(
  { k, cosines, cells }: Candidates,
  { rows, columns }: Grid,
  { weight, radius, tolerance }: Coherence,
): Candidates {
  const [downs, acrosses] = bestMoves({ k, cells }, rows, columns)
  const scores = cosines.slice()
  const sorted = cells.slice()
  const limit = tolerance ** 2
  let cell = 0
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, cell++) {
      const top = Math.max(0, row - radius)
      const bottom = Math.min(rows - 1, row + radius)
      const left = Math.max(0, column - radius)
      const right = Math.min(columns - 1, column + radius)
      const around = (bottom - top + 1) * (right - left + 1) - 1
      if (around === 0) continue
      const base = cell * k
      for (let j = 0; j < k; j++) {
        const cosine = cosines[base + j]!
        if (cosine <= OUTSIDE / 2) break
        const candidate = cells[base + j]!
        const candidateRow = Math.floor(candidate / columns)
        const down = candidateRow - row
        const across = candidate - candidateRow * columns - column
        let agreement = 0
        for (let y = top; y <= bottom; y++) {
          const end = y * columns + right
          for (let other = y * columns + left; other <= end; other++) {
            const differsDown = downs[other]! - down
            const differsAcross = acrosses[other]! - across
            const short = limit - differsDown * differsDown - differsAcross * differsAcross
            if (short > 0) agreement += short
          }
        }
        // The cell's own best move is not a neighbour's word.
        const own = limit - (downs[cell]! - down) ** 2 - (acrosses[cell]! - across) ** 2
        if (own > 0) agreement -= own
        const score = cosine + (weight * agreement) / (limit * around)
        let at = base + j
        for (; at > base && scores[at - 1]! < score; at--) {
          scores[at] = scores[at - 1]!
          sorted[at] = sorted[at - 1]!
        }
        scores[at] = score
        sorted[at] = candidate
      }
    }
  return { k, cosines: scores, cells: sorted }
}

/** Rows, and columns, from each cell to its best candidate. */
function bestMoves(
  { k, cells }: Pick<Candidates, 'k' | 'cells'>,
  rows: number,
  columns: number,
): [Int32Array, Int32Array] {
  const downs = new Int32Array(rows * columns)
  const acrosses = new Int32Array(rows * columns)
  for (let cell = 0; cell < rows * columns; cell++) {
    const best = cells[cell * k]!
    const row = Math.floor(best / columns)
    downs[cell] = row - Math.floor(cell / columns)
    acrosses[cell] = best - row * columns - (cell % columns)
  }
  return [downs, acrosses]
}
