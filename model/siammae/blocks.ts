/** Transformer blocks over rows of tokens: what encoder and decoder are made of. */
import {
  add,
  attention,
  concat,
  gelu,
  headAttention,
  layerNorm,
  linear,
  reshape,
  slice,
  split,
  type Tensor,
  transpose,
} from '../graph/index.ts'

/** Looks a parameter up as a tensor of the graph: a constant for inference, an input while training. */
export type ParameterLookup = (name: string) => Tensor

/**
 * Sequences of one length that lie one after the other in a matrix of tokens. A matrix may hold several segments:
 * layers run over all of its rows at once and only attention keeps the sequences apart.
 */
export interface Segment {
  /** Number of sequences. */
  readonly batch: number
  /** Tokens in each. */
  readonly length: number
}

export interface BlockOptions {
  readonly parameter: ParameterLookup
  readonly heads: number
  readonly epsilon: number
  /**
   * `kept` leaves the attention weights in memory for a backward pass; `recomputed` does not, which is for inference,
   * and for training where memory is short.
   */
  readonly weights: 'kept' | 'recomputed'
}

export function norm(x: Tensor, { parameter, epsilon }: BlockOptions, name: string): Tensor {
  return layerNorm(x, parameter(`${name}.weight`), parameter(`${name}.bias`), epsilon)
}

export function dense(x: Tensor, { parameter }: Pick<BlockOptions, 'parameter'>, name: string): Tensor {
  return linear(x, parameter(`${name}.weight`), parameter(`${name}.bias`))
}

/**
 * A pre-norm block: x += Attn(norm1(x)); x += Mlp(norm2(x)).
 * @param x [rows, dim], the rows of all segments
 */
export function block(x: Tensor, options: BlockOptions, name: string, segments: readonly Segment[]): Tensor {
  const attended = add(x, selfAttention(norm(x, options, `${name}.norm1`), options, `${name}.attn`, segments))
  return add(attended, mlp(norm(attended, options, `${name}.norm2`), options, `${name}.mlp`))
}

/** Memory that a decoder block looks at. */
export interface Memory {
  /** [rows, dim] */
  readonly tokens: Tensor
  readonly segment: Segment
}

/**
 * A decoder block of SiamMAE (section 3.2; the arrangement of norms is that of public code of this family):
 * x += CrossAttn(norm1(x), norm_kv(memory)); where `self`: x += Attn(norm2(x)); x += Mlp(norm3(x)).
 */
export function crossBlock(
  x: Tensor,
  memory: Memory,
  options: BlockOptions,
  name: string,
  segment: Segment,
  self: boolean,
): Tensor {
  const query = norm(x, options, `${name}.norm1`)
  const seen = norm(memory.tokens, options, `${name}.norm_kv`)
  const looked = { tokens: seen, segment: memory.segment }
  let state = add(x, crossAttention(query, looked, options, `${name}.cross_attn`, segment))
  if (self) {
    const own = selfAttention(norm(state, options, `${name}.norm2`), options, `${name}.attn`, [segment])
    state = add(state, own)
  }
  return add(state, mlp(norm(state, options, `${name}.norm3`), options, `${name}.mlp`))
}

function mlp(x: Tensor, options: BlockOptions, name: string): Tensor {
  return dense(gelu(dense(x, options, `${name}.fc1`)), options, `${name}.fc2`)
}

function selfAttention(x: Tensor, options: BlockOptions, name: string, segments: readonly Segment[]): Tensor {
  const dim = x.shape[1]!
  const qkv = dense(x, options, `${name}.qkv`)
  const rows = split(
    qkv,
    0,
    segments.map(({ batch, length }) => batch * length),
  )
  const mixed = rows.map((part, i) => {
    const { batch, length } = segments[i]!
    if (options.weights === 'recomputed') {
      const [query, key, value] = [0, 1, 2].map((which) =>
        slice(reshape(part, [batch, length, 3 * dim]), 2, which * dim, (which + 1) * dim),
      ) as [Tensor, Tensor, Tensor]
      return reshape(attention(query, key, value, options.heads), [batch * length, dim])
    }
    const [query, key, value] = headsOf(part, segments[i]!, 3, options.heads) as [Tensor, Tensor, Tensor]
    return joinHeads(headAttention(query, key, value).mixed, segments[i]!)
  })
  return dense(concat(mixed, 0), options, `${name}.proj`)
}

function crossAttention(
  x: Tensor,
  memory: Memory,
  options: BlockOptions,
  name: string,
  segment: Segment,
): Tensor {
  const { heads } = options
  const dim = x.shape[1]!
  const q = dense(x, options, `${name}.q`)
  const kv = dense(memory.tokens, options, `${name}.kv`)
  let mixed: Tensor
  if (options.weights === 'recomputed') {
    const { batch, length } = memory.segment
    const [key, value] = [0, 1].map((which) =>
      slice(reshape(kv, [batch, length, 2 * dim]), 2, which * dim, (which + 1) * dim),
    ) as [Tensor, Tensor]
    const query = reshape(q, [segment.batch, segment.length, dim])
    mixed = reshape(attention(query, key, value, heads), [segment.batch * segment.length, dim])
  } else {
    const [query] = headsOf(q, segment, 1, heads) as [Tensor]
    const [key, value] = headsOf(kv, memory.segment, 2, heads) as [Tensor, Tensor]
    mixed = joinHeads(headAttention(query, key, value).mixed, segment)
  }
  return dense(mixed, options, `${name}.proj`)
}

/**
 * Cuts rows [batch * length, parts * dim] into `parts` tensors [batch * heads, length, dim / heads], by one transpose
 * for all parts.
 */
function headsOf(x: Tensor, { batch, length }: Segment, parts: number, heads: number): readonly Tensor[] {
  const width = x.shape[1]! / (parts * heads)
  const apart = transpose(reshape(x, [batch, length, parts, heads, width]), [2, 0, 3, 1, 4])
  const stacked = reshape(apart, [parts * batch * heads, length, width])
  return split(
    stacked,
    0,
    Array.from({ length: parts }, () => batch * heads),
  )
}

/** [batch * heads, length, width] to rows [batch * length, heads * width]. */
function joinHeads(x: Tensor, { batch, length }: Segment): Tensor {
  const [groups, , width] = x.shape as readonly [number, number, number]
  const heads = groups / batch
  const together = transpose(reshape(x, [batch, heads, length, width]), [0, 2, 1, 3])
  return reshape(together, [batch * length, heads * width])
}
