/** Position tables: the sine-cosine one that MAE and SiamMAE use, and how DINO and DINOv2 stretch a table to another grid. */

/**
 * 2-D sine-cosine positions: the first half of the channels encodes the column, the second half the row; each
 * half is sines then cosines at rates 1 / 10000^(i / (dim/4)). A zero row for [CLS] comes first.
 * @returns [1 + rows * columns, dim], row-major
 * @throws RangeError unless dim is a multiple of 4
 */
export function sineCosinePositions(dim: number, rows: number, columns: number): Float32Array {
  if (dim % 4 !== 0) throw new RangeError(`Sine-cosine positions need channels in fours, not ${dim}.`)
  const quarter = dim / 4
  const table = new Float32Array((1 + rows * columns) * dim)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const base = (1 + row * columns + column) * dim
      for (let i = 0; i < quarter; i++) {
        const rate = 10000 ** (-i / quarter)
        table[base + i] = Math.sin(column * rate)
        table[base + quarter + i] = Math.cos(column * rate)
        table[base + 2 * quarter + i] = Math.sin(row * rate)
        table[base + 3 * quarter + i] = Math.cos(row * rate)
      }
    }
  return table
}

/**
 * VideoMAE's positions, along one line: channel i of place p is the sine (even i) or cosine (odd i) of
 * p / 10000^(2 floor(i/2) / dim). Without a row for [CLS], which VideoMAE does not have.
 * @returns [count, dim]; the first rows * columns places are those of the first pair of frames
 */
export function sinePositions(dim: number, count: number): Float32Array {
  const table = new Float32Array(count * dim)
  for (let place = 0; place < count; place++)
    for (let i = 0; i < dim; i++) {
      const angle = place / 10000 ** ((2 * Math.floor(i / 2)) / dim)
      table[place * dim + i] = i % 2 === 0 ? Math.sin(angle) : Math.cos(angle)
    }
  return table
}

/** Cubic convolution weights (Keys 1981) with a = -0.75, as PyTorch's bicubic mode, for four taps around t. */
function cubicWeights(t: number): [number, number, number, number] {
  const a = -0.75
  const near = (x: number): number => ((a + 2) * x - (a + 3)) * x * x + 1
  const far = (x: number): number => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
  return [far(t + 1), near(t), near(1 - t), far(2 - t)]
}

interface Taps {
  readonly index: readonly number[]
  readonly weight: readonly number[]
}

/** Cubic convolution (Keys 1981) with a = -0.5, as PyTorch takes for antialiasing. */
function smoothCubic(x: number): number {
  const distance = Math.abs(x)
  if (distance < 1) return (1.5 * distance - 2.5) * distance * distance + 1
  if (distance < 2) return ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
  return 0
}

/** Source cells and weights as PyTorch's bicubic mode with antialiasing: scale from / to, wider when it shrinks. */
function antialiasedTaps(from: number, to: number): Taps[] {
  const scale = from / to
  const widening = Math.max(1, scale)
  return Array.from({ length: to }, (_, i) => {
    const centre = scale * (i + 0.5)
    const first = Math.max(0, Math.trunc(centre - 2 * widening + 0.5))
    const end = Math.min(from, Math.trunc(centre + 2 * widening + 0.5))
    const index = Array.from({ length: end - first }, (_, j) => first + j)
    const raw = index.map((cell) => smoothCubic((cell - centre + 0.5) / widening))
    const sum = raw.reduce((a, b) => a + b, 0)
    return { index, weight: raw.map((value) => value / sum) }
  })
}

/** Four source cells and weights for every target cell: source = (i + 0.5) * from / (to + 0.1) - 0.5. */
function taps(from: number, to: number): Taps[] {
  return Array.from({ length: to }, (_, i) => {
    const source = ((i + 0.5) * from) / (to + 0.1) - 0.5
    const floor = Math.floor(source)
    const index = [-1, 0, 1, 2].map((offset) => Math.min(from - 1, Math.max(0, floor + offset)))
    return { index, weight: cubicWeights(source - floor) }
  })
}

/**
 * Stretches a square position table to another grid as DINO's `interpolate_pos_encoding` does: bicubic, scale
 * (grid + 0.1) / side, no antialiasing; or as DINOv2 does for its models with registers: scale grid / side, with
 * antialiasing. Unchanged where the grid is the same. The [CLS] row stays.
 * @param table [1 + side * side, dim]
 * @returns [1 + rows * columns, dim]
 */
export function interpolatePositions(
  table: Float32Array,
  dim: number,
  side: number,
  rows: number,
  columns: number,
  resize: 'dino' | 'antialiased' = 'dino',
): Float32Array {
  if (rows === side && columns === side) return table.slice()
  const result = new Float32Array((1 + rows * columns) * dim)
  result.set(table.subarray(0, dim))
  const tapsOf = resize === 'antialiased' ? antialiasedTaps : taps
  const rowTaps = tapsOf(side, rows)
  const columnTaps = tapsOf(side, columns)
  const sum = new Float64Array(dim)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      sum.fill(0)
      const vertical = rowTaps[row]!
      const horizontal = columnTaps[column]!
      for (let i = 0; i < vertical.index.length; i++)
        for (let j = 0; j < horizontal.index.length; j++) {
          const weight = vertical.weight[i]! * horizontal.weight[j]!
          const base = (1 + vertical.index[i]! * side + horizontal.index[j]!) * dim
          for (let channel = 0; channel < dim; channel++) sum[channel]! += weight * table[base + channel]!
        }
      result.set(sum, (1 + row * columns + column) * dim)
    }
  return result
}
