/** The labelled neighbours of all context frames vote on each cell. */
import { type Candidates, OUTSIDE } from './affinity.ts'
import { cellCount, type SoftLabels } from './grid.ts'

/** One context frame's candidates and the labels its cells carry. */
export interface Ballot {
  readonly candidates: Candidates
  readonly labels: SoftLabels
  /** How often the frame is in the context; every copy has its own votes. */
  readonly copies: number
}

/**
 * Soft labels of a frame: per cell the k most similar context cells over all ballots, softmax of cosine /
 * temperature over those k, weighted sum of their labels. Of equal cosines the earlier ballot counts first.
 *
 * DINO's exp(cosine / T) divided by the sum is the same arithmetic.
 * @param k           votes per cell; fewer where the neighbourhoods hold fewer
 * @param temperature above 0
 * @throws RangeError without a ballot
 */
export function castVotes(ballots: readonly Ballot[], k: number, temperature: number): SoftLabels {
  const first = ballots[0]
  if (!first) throw new RangeError('A frame cannot be labelled without a context frame.')
  const { grid, channels } = first.labels
  const cells = cellCount(grid)
  const data = new Float32Array(cells * channels)
  const cosines = new Float64Array(k)
  const sources = new Int32Array(k)
  const owners = new Int32Array(k)

  for (let cell = 0; cell < cells; cell++) {
    let count = 0
    for (let b = 0; b < ballots.length; b++) {
      const { candidates, copies } = ballots[b]!
      const base = cell * candidates.k
      for (let j = 0; j < candidates.k; j++) {
        const cosine = candidates.cosines[base + j]!
        // Candidates come best first: once one is too weak, so are the rest of this ballot.
        if (cosine <= OUTSIDE / 2 || (count === k && cosine <= cosines[k - 1]!)) break
        for (let copy = 0; copy < copies; copy++) {
          if (count === k && cosine <= cosines[k - 1]!) break
          let at = count < k ? count++ : k - 1
          for (; at > 0 && cosines[at - 1]! < cosine; at--) {
            cosines[at] = cosines[at - 1]!
            sources[at] = sources[at - 1]!
            owners[at] = owners[at - 1]!
          }
          cosines[at] = cosine
          sources[at] = candidates.cells[base + j]!
          owners[at] = b
        }
      }
    }
    let total = 0
    for (let i = 0; i < count; i++) total += Math.exp((cosines[i]! - cosines[0]!) / temperature)
    const to = cell * channels
    for (let i = 0; i < count; i++) {
      const weight = Math.exp((cosines[i]! - cosines[0]!) / temperature) / total
      const labels = ballots[owners[i]!]!.labels.data
      const from = sources[i]! * channels
      for (let channel = 0; channel < channels; channel++)
        data[to + channel]! += weight * labels[from + channel]!
    }
  }
  return { grid, channels, data }
}
