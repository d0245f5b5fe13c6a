/**
 * A vision transformer as the published code writes it down, slowly and in double precision, with everything that an
 * import folds away: layer scale, split queries, keys and values, convolutions over time, registers.
 */
import type { Tensor } from './checkpoints.ts'

export interface PlainVit {
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly heads: number
  readonly depth: number
  readonly patch: number
  readonly mean: readonly number[]
  readonly std: readonly number[]
  /** [patches, dim], added to the patches. */
  readonly positions: ArrayLike<number>
  /** [CLS] and registers with what is added to them, already summed, [count, dim]. */
  readonly prefix: ArrayLike<number>
}

type Matrix = Float64Array[]

/**
 * @param pixels RGB bytes [side, side, 3]
 * @param onAttention hears of every query of every head what it gives to each token
 * @returns the patch tokens behind the last norm, [patches * dim]
 */
export function plainVit(
  vit: PlainVit,
  pixels: Uint8Array,
  side: number,
  onAttention: (name: string, head: number, query: number, weights: readonly number[]) => void = () => {},
): Float64Array {
  const get = (name: string): Tensor => {
    const tensor = vit.tensors.get(name)
    if (!tensor) throw new Error(`The test's network has no tensor ${name}.`)
    return tensor
  }
  const has = (name: string): boolean => vit.tensors.has(name)
  const bias = (name: string, length: number): ArrayLike<number> =>
    has(name) ? get(name).values : new Float64Array(length)
  const weight = get('patch_embed.proj.weight')
  const dim = weight.shape[0]!
  const frames = weight.shape.length === 5 ? weight.shape[2]! : 1
  const { patch } = vit
  const columns = side / patch

  const patches: Matrix = Array.from({ length: columns * columns }, (_, index) => {
    const top = Math.floor(index / columns) * patch
    const left = (index % columns) * patch
    return Float64Array.from({ length: dim }, (_, out) => {
      let sum = bias('patch_embed.proj.bias', dim)[out]!
      for (let channel = 0; channel < 3; channel++)
        // The same frame at all times: a clip that stands still.
        for (let time = 0; time < frames; time++)
          for (let row = 0; row < patch; row++)
            for (let column = 0; column < patch; column++) {
              const pixel = pixels[((top + row) * side + left + column) * 3 + channel]! / 255
              const at = (((out * 3 + channel) * frames + time) * patch + row) * patch + column
              sum += (weight.values[at]! * (pixel - vit.mean[channel]!)) / vit.std[channel]!
            }
      return sum + vit.positions[index * dim + out]!
    })
  })
  const first: Matrix = Array.from({ length: vit.prefix.length / dim }, (_, row) =>
    Float64Array.from({ length: dim }, (_, i) => vit.prefix[row * dim + i]!),
  )
  let x: Matrix = [...first, ...patches]

  const dense = (
    rows: Matrix,
    name: string,
    biases = bias(`${name}.bias`, get(`${name}.weight`).shape[0]!),
  ): Matrix => {
    const { values, shape } = get(`${name}.weight`)
    const [out, inputs] = shape as [number, number]
    return rows.map((row) =>
      Float64Array.from({ length: out }, (_, o) => {
        let sum = biases[o]!
        for (let i = 0; i < inputs; i++) sum += values[o * inputs + i]! * row[i]!
        return sum
      }),
    )
  }
  const norm = (rows: Matrix, name: string): Matrix => {
    const scale = get(`${name}.weight`).values
    const shift = get(`${name}.bias`).values
    return rows.map((row) => {
      const mean = row.reduce((a, b) => a + b, 0) / dim
      const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / dim
      return row.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-6)) * scale[i]! + shift[i]!)
    })
  }
  const cut = (rows: Matrix, which: number): Matrix =>
    rows.map((row) => row.slice(which * dim, (which + 1) * dim))
  const attention = (rows: Matrix, name: string): Matrix => {
    let parts: Matrix[]
    if (has(`${name}.q.weight`)) parts = ['q', 'k', 'v'].map((which) => dense(rows, `${name}.${which}`))
    else {
      const q = has(`${name}.q_bias`) ? [...get(`${name}.q_bias`).values] : undefined
      const biases = q
        ? [...q, ...new Array<number>(dim).fill(0), ...get(`${name}.v_bias`).values]
        : undefined
      const all = dense(rows, `${name}.qkv`, biases)
      parts = [0, 1, 2].map((which) => cut(all, which))
    }
    const [queries, keys, values] = parts as [Matrix, Matrix, Matrix]
    const width = dim / vit.heads
    const mixed = rows.map((_, i) => {
      const result = new Float64Array(dim)
      for (let head = 0; head < vit.heads; head++) {
        const from = head * width
        const scores = keys.map((key) => {
          let sum = 0
          for (let c = from; c < from + width; c++) sum += queries[i]![c]! * key[c]!
          return Math.exp(sum / Math.sqrt(width))
        })
        const total = scores.reduce((a, b) => a + b, 0)
        onAttention(
          name,
          head,
          i,
          scores.map((score) => score / total),
        )
        for (const [j, score] of scores.entries())
          for (let c = from; c < from + width; c++) result[c]! += (score / total) * values[j]![c]!
      }
      return result
    })
    return dense(mixed, `${name}.proj`)
  }
  const scaled = (rows: Matrix, names: readonly string[]): Matrix => {
    const name = names.find(has)
    return name === undefined ? rows : rows.map((row) => row.map((value, i) => value * get(name).values[i]!))
  }
  const plus = (a: Matrix, b: Matrix): Matrix => a.map((row, i) => row.map((value, j) => value + b[i]![j]!))
  for (let i = 0; i < vit.depth; i++) {
    const block = `blocks.${i}`
    x = plus(
      x,
      scaled(attention(norm(x, `${block}.norm1`), `${block}.attn`), [
        `${block}.ls1.gamma`,
        `${block}.gamma_1`,
      ]),
    )
    const hidden = dense(norm(x, `${block}.norm2`), `${block}.mlp.fc1`).map((row) => row.map(gelu))
    x = plus(x, scaled(dense(hidden, `${block}.mlp.fc2`), [`${block}.ls2.gamma`, `${block}.gamma_2`]))
  }
  const last = norm(x, has('norm.weight') ? 'norm' : 'fc_norm').slice(first.length)
  return Float64Array.from(last.flatMap((row) => [...row]))
}

function gelu(x: number): number {
  return 0.5 * x * (1 + erf(x / Math.SQRT2))
}

/** Maclaurin series for small arguments, where all of the test's values lie; exact to double precision below 3. */
function erf(x: number): number {
  if (Math.abs(x) > 3.5) return Math.sign(x)
  let term = x
  let sum = x
  for (let n = 1; n < 80; n++) {
    term *= -(x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}
