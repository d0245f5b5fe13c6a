/** What the [CLS] token of the last block looks at. */
import { type Graph, linear, matmul, reshape, slice, softmax, transpose } from '../graph/index.ts'
import { norm } from './blocks.ts'
import type { EncoderConfig } from './config.ts'
import { type ImageSize, startEncoder } from './encoder.ts'
import type { Parameters } from './parameters.ts'

/**
 * The graph that turns one picture into the attention of [CLS] in the last block: per head
 * softmax(q k^T / sqrt(head width)) of the one query, over all tokens. Because it is one query, it costs nothing beside
 * the blocks before it, however many tokens there are.
 *
 * Input `image`: uint8 [height, width, 3], RGB. Output `attention`: float32 [heads, rows * columns], the part of it that
 * lies on patches; what is missing to a sum of 1 lies on [CLS] itself and on registers.
 * @throws RangeError unless the patch divides the size, or when the network has no [CLS]
 */
export function classAttentionGraph(config: EncoderConfig, parameters: Parameters, size: ImageSize): Graph {
  if (config.classToken === false) throw new RangeError('This network has no [CLS] token.')
  const { dim, heads, depth } = config
  const { graph, x, prefix, count, options } = startEncoder(config, parameters, size, depth - 1)
  const last = `blocks.${depth - 1}`
  const seen = norm(x, options, `${last}.norm1`)
  const weight = options.parameter(`${last}.attn.qkv.weight`)
  const bias = options.parameter(`${last}.attn.qkv.bias`)
  const project = (tokens: typeof seen, which: number) => {
    const [from, to] = [which * dim, (which + 1) * dim]
    const projected = linear(tokens, slice(weight, 0, from, to), slice(bias, 0, from, to))
    return transpose(reshape(projected, [tokens.shape[0]!, heads, dim / heads]), [1, 0, 2])
  }
  const scores = matmul(project(slice(seen, 0, 0, 1), 0), project(seen, 1), {
    transposeB: true,
    scale: 1 / Math.sqrt(dim / heads),
  })
  const onPatches = slice(softmax(scores), 2, prefix, prefix + count)
  graph.output('attention', reshape(onPatches, [heads, count]))
  return graph
}
