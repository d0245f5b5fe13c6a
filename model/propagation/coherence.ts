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
  const { k, cosines, cells } = candidates
  const scored = { k, cosines: cosines.slice(), cells: cells.slice() }
  const agreement = new Agreement(candidates, grid, { radius, tolerance })
  for (let pass = 0; pass < passes; pass++) {
    const changed = pass === 0 ? agreement.hearAll() : agreement.hearChanged(scored)
    for (let cell = 0; cell < changed.length; cell++) {
      const base = cell * k
      if (changed[cell] === 0) continue
      for (let j = base; j < base + k; j++) {
        const cosine = cosines[j]!
        if (cosine <= OUTSIDE / 2) break
        const total = cosine + weight * agreement.of(cell, j)
        let at = j
        for (; at > base && scored.cosines[at - 1]! < total; at--) {
          scored.cosines[at] = scored.cosines[at - 1]!
          scored.cells[at] = scored.cells[at - 1]!
        }
        scored.cosines[at] = total
        scored.cells[at] = cells[j]!
      }
    }
  }
  return scored
}

/** How much the cells around agree with the move of each candidate. */
class Agreement {
  readonly #k: number
  readonly #grid: Grid
  readonly #radius: number
  /** The square of the distance at which two moves share nothing. */
  readonly #limit: number
  /** Rows and columns from each cell to each of its candidates. */
  readonly #downs: Int32Array
  readonly #acrosses: Int32Array
  /** What each cell says: the move of its best candidate. */
  readonly #saidDowns: Int32Array
  readonly #saidAcrosses: Int32Array
  /** Per candidate, summed over the cells around, in units of the limit. */
  readonly #sums: Float32Array
  /** Per cell, how many cells are around. */
  readonly #around: Uint16Array

  constructor(
    { k, cells }: Candidates,
    grid: Grid,
    { radius, tolerance }: Pick<Coherence, 'radius' | 'tolerance'>,
  ) {
    this.#k = k
    this.#grid = grid
    this.#radius = radius
    this.#limit = tolerance ** 2
    const { rows, columns } = grid
    const count = rows * columns
    this.#downs = new Int32Array(count * k)
    this.#acrosses = new Int32Array(count * k)
    this.#saidDowns = new Int32Array(count)
    this.#saidAcrosses = new Int32Array(count)
    this.#sums = new Float32Array(count * k)
    this.#around = new Uint16Array(count)
    for (let row = 0, cell = 0; row < rows; row++)
      for (let column = 0; column < columns; column++, cell++) {
        for (let j = cell * k; j < cell * k + k; j++) {
          const candidate = cells[j]!
          const candidateRow = Math.floor(candidate / columns)
          this.#downs[j] = candidateRow - row
          this.#acrosses[j] = candidate - candidateRow * columns - column
        }
        this.#saidDowns[cell] = this.#downs[cell * k]!
        this.#saidAcrosses[cell] = this.#acrosses[cell * k]!
        const { top, bottom, left, right } = this.#window(row, column)
        this.#around[cell] = (bottom - top + 1) * (right - left + 1) - 1
      }
  }

  /** The mean over the cells around of a cell, of what they say to its candidate at `index`; 0 to 1. */
  of(cell: number, index: number): number {
    const around = this.#around[cell]!
    return around === 0 ? 0 : this.#sums[index]! / (this.#limit * around)
  }

  /** Every cell says its first candidate's move. @returns 1 for every cell */
  hearAll(): Uint8Array {
    const { rows, columns } = this.#grid
    for (let row = 0, cell = 0; row < rows; row++)
      for (let column = 0; column < columns; column++, cell++)
        this.#say(row, column, this.#saidDowns[cell]!, this.#saidAcrosses[cell]!, 1)
    return new Uint8Array(rows * columns).fill(1)
  }

  /** Those whose best candidate is another one now take back what they said. @returns 1 for each cell around them */
  hearChanged({ cells }: Pick<Candidates, 'cells'>): Uint8Array {
    const { rows, columns } = this.#grid
    const heard = new Uint8Array(rows * columns)
    for (let row = 0, cell = 0; row < rows; row++)
      for (let column = 0; column < columns; column++, cell++) {
        const best = cells[cell * this.#k]!
        const bestRow = Math.floor(best / columns)
        const down = bestRow - row
        const across = best - bestRow * columns - column
        const [wasDown, wasAcross] = [this.#saidDowns[cell]!, this.#saidAcrosses[cell]!]
        if (down === wasDown && across === wasAcross) continue
        this.#say(row, column, wasDown, wasAcross, -1)
        this.#say(row, column, down, across, 1)
        this.#saidDowns[cell] = down
        this.#saidAcrosses[cell] = across
        const { top, bottom, left, right } = this.#window(row, column)
        for (let y = top; y <= bottom; y++) heard.fill(1, y * columns + left, y * columns + right + 1)
      }
    return heard
  }

  /** Adds `sign` times what a cell says to every candidate of the cells around it. */
  #say(row: number, column: number, down: number, across: number, sign: 1 | -1): void {
    const { columns } = this.#grid
    const k = this.#k
    const limit = this.#limit
    const downs = this.#downs
    const acrosses = this.#acrosses
    const sums = this.#sums
    const own = (row * columns + column) * k
    const { top, bottom, left, right } = this.#window(row, column)
    for (let y = top; y <= bottom; y++) {
      const end = (y * columns + right + 1) * k
      for (let j = (y * columns + left) * k; j < end; j++) {
        // A cell's own move is not a neighbour's word.
        if (j === own) {
          j += k - 1
          continue
        }
        const differsDown = downs[j]! - down
        const differsAcross = acrosses[j]! - across
        const short = limit - differsDown * differsDown - differsAcross * differsAcross
        if (short > 0) sums[j]! += sign * short
      }
    }
  }

  /** The rows and columns around a cell, the last ones included. */
  #window(row: number, column: number): { top: number; bottom: number; left: number; right: number } {
    const { rows, columns } = this.#grid
    return {
      top: Math.max(0, row - this.#radius),
      bottom: Math.min(rows - 1, row + this.#radius),
      left: Math.max(0, column - this.#radius),
      right: Math.min(columns - 1, column + this.#radius),
    }
  }
}
