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
 *
 * With several `passes` the cells then listen to one another again: in each pass, a cell's word is the move of the
 * candidate that came first in the pass before. What is added stays `weight` at most (the iterated conditional modes of
 * Besag, all cells at once, cut short).
 * @returns new candidates, best first again; those outside the neighbourhood stay where they were
 */
export function coherentCandidates(
  candidates: Candidates,
  grid: Grid,
  { weight, radius, tolerance, passes }: Omit<Coherence, 'jointPasses'>,
): Candidates {
  const { k } = candidates
  const scored = { k, cosines: candidates.cosines.slice(), cells: candidates.cells.slice() }
  const moves = new Moves(grid)
  for (let pass = 0; pass < passes; pass++) {
    // The scores of a cell stay as they are where no cell around has changed its mind.
    const heard = moves.follow(pass === 0 ? candidates : scored, radius)
    for (let row = 0, cell = 0; row < grid.rows; row++)
      for (let column = 0; column < grid.columns; column++, cell++)
        if (pass === 0 || heard[cell] === 1)
          score(candidates, scored, moves, { row, column, weight, radius, tolerance })
  }
  return scored
}

/** Scores the candidates of one cell anew and brings them in order. */
function score(
  { k, cosines, cells }: Candidates,
  scored: Candidates,
  { grid: { rows, columns }, downs, acrosses }: Moves,
  {
    row,
    column,
    weight,
    radius,
    tolerance,
  }: { row: number; column: number } & Pick<Coherence, 'weight' | 'radius' | 'tolerance'>,
): void {
  const cell = row * columns + column
  const top = Math.max(0, row - radius)
  const bottom = Math.min(rows - 1, row + radius)
  const left = Math.max(0, column - radius)
  const right = Math.min(columns - 1, column + radius)
  const around = (bottom - top + 1) * (right - left + 1) - 1
  if (around === 0) return
  const limit = tolerance ** 2
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
    const total = cosine + (weight * agreement) / (limit * around)
    let at = base + j
    for (; at > base && scored.cosines[at - 1]! < total; at--) {
      scored.cosines[at] = scored.cosines[at - 1]!
      scored.cells[at] = scored.cells[at - 1]!
    }
    scored.cosines[at] = total
    scored.cells[at] = candidate
  }
}

/** Rows, and columns, from each cell to its best candidate. */
class Moves {
  readonly grid: Grid
  readonly downs: Int32Array
  readonly acrosses: Int32Array

  constructor(grid: Grid) {
    this.grid = grid
    this.downs = new Int32Array(grid.rows * grid.columns)
    this.acrosses = new Int32Array(grid.rows * grid.columns)
  }

  /** Takes the best candidates over. @returns 1 for each cell that has a changed one at most `radius` away */
  follow({ k, cells }: Pick<Candidates, 'k' | 'cells'>, radius: number): Uint8Array {
    const { rows, columns } = this.grid
    const near = new Uint8Array(rows * columns)
    for (let row = 0, cell = 0; row < rows; row++)
      for (let column = 0; column < columns; column++, cell++) {
        const best = cells[cell * k]!
        const bestRow = Math.floor(best / columns)
        const down = bestRow - row
        const across = best - bestRow * columns - column
        if (down === this.downs[cell] && across === this.acrosses[cell]) continue
        this.downs[cell] = down
        this.acrosses[cell] = across
        const left = Math.max(0, column - radius)
        const right = Math.min(columns - 1, column + radius)
        for (let y = Math.max(0, row - radius); y <= Math.min(rows - 1, row + radius); y++)
          near.fill(1, y * columns + left, y * columns + right + 1)
      }
    return near
  }
}
