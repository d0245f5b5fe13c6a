/** The vision transformer encoder as a graph: pixels in, tokens out. */
import {
  add,
  cast,
  concat,
  divide,
  Graph,
  linear,
  maximum,
  multiply,
  reduceMean,
  reduceSum,
  reshape,
  slice,
  sqrt,
  subtract,
  type Tensor,
  transpose,
} from '../graph/index.ts'
import { type BlockOptions, block, norm, type ParameterLookup } from './blocks.ts'
import { type EncoderConfig, IMAGENET_MEAN, IMAGENET_STD, prefixTokens } from './config.ts'
import { encoderLayout, type Parameters } from './parameters.ts'
import { interpolatePositions } from './positions.ts'

/** Image size in pixels; both multiples of the patch. */
export interface ImageSize {
  readonly height: number
  readonly width: number
}

/** Rows and columns of patches. @throws RangeError unless the patch divides the size */
export function patchGrid(
  config: Pick<EncoderConfig, 'patch'>,
  { height, width }: ImageSize,
): { rows: number; columns: number } {
  const rows = height / config.patch
  const columns = width / config.patch
  if (!Number.isInteger(rows) || !Number.isInteger(columns) || rows < 1 || columns < 1)
    throw new RangeError(
      `An image of ${width}x${height} does not divide into patches of ${config.patch} pixels.`,
    )
  return { rows, columns }
}

/**
 * Pixels 0..255, [height, width, 3], to normalised patches [rows * columns, 3 * patch * patch], each patch in the
 * order channel, row, column, which is the order of a convolution's weight.
 */
export function patchesFromPixels(
  pixels: Tensor,
  config: Pick<EncoderConfig, 'patch' | 'mean' | 'std'>,
): Tensor {
  const { graph } = pixels
  const [height, width] = pixels.shape as readonly [number, number, number]
  const { rows, columns } = patchGrid(config, { height, width })
  const { patch } = config
  const flat = cast(reshape(pixels, [height * width, 3]), 'float32')
  const mean = graph.constant(
    Float32Array.from(config.mean, (value) => 255 * value),
    [1, 3],
  )
  const scale = graph.constant(
    Float32Array.from(config.std, (value) => 255 * value),
    [1, 3],
  )
  const normalised = divide(subtract(flat, mean), scale)
  const blocks = transpose(reshape(normalised, [rows, patch, columns, patch, 3]), [0, 2, 4, 1, 3])
  return reshape(blocks, [rows * columns, 3 * patch * patch])
}

/** x / max(|x|, 1e-12) over the channels, as PyTorch's `normalize`. @param x [n, dim] */
export function unitLength(x: Tensor): Tensor {
  const norm = sqrt(reduceSum(multiply(x, x), [1]))
  return divide(x, maximum(norm, x.graph.scalar(1e-12)))
}

/** The encoder as far as it was built. */
export interface EncoderStart {
  /** Input `image`: uint8 [height, width, 3], RGB. */
  readonly graph: Graph
  /** Tokens behind the blocks so far, [CLS] and registers first: [prefix + patches, dim]. */
  readonly x: Tensor
  /** Tokens in front of the patches, and patches. */
  readonly prefix: number
  readonly count: number
  readonly options: BlockOptions
}

/** The encoder from the picture through its first `blocks` blocks. @throws RangeError unless the patch divides the size */
export function startEncoder(
  config: EncoderConfig,
  parameters: Parameters,
  size: ImageSize,
  blocks: number,
): EncoderStart {
  const { rows, columns } = patchGrid(config, size)
  const { dim, heads, layerNormEpsilon: epsilon } = config
  const count = rows * columns
  const graph = new Graph()
  const layout = encoderLayout(config)
  const constants = new Map<string, Tensor>()
  const parameter: ParameterLookup = (name) => {
    const known = constants.get(name)
    if (known) return known
    const tensor = graph.constant(parameters.get(name)!, layout.get(name)!, name)
    constants.set(name, tensor)
    return tensor
  }

  const image = graph.input('image', 'uint8', [size.height, size.width, 3])
  const positions = interpolatePositions(
    parameters.get('pos_embed')!,
    dim,
    config.positionGrid,
    rows,
    columns,
    config.positionResize,
  )
  const weight = reshape(parameter('patch_embed.proj.weight'), [dim, 3 * config.patch ** 2])
  const embedded = linear(patchesFromPixels(image, config), weight, parameter('patch_embed.proj.bias'))
  let x = placedTokens(config, parameter, embedded, positions)
  const options: BlockOptions = { parameter, heads, epsilon, weights: 'recomputed' }
  const prefix = prefixTokens(config)
  const segments = [{ batch: 1, length: prefix + count }]
  for (let i = 0; i < blocks; i++) x = block(x, options, `blocks.${i}`, segments)
  return { graph, x, prefix, count, options }
}

/**
 * The graph that turns one picture into features.
 *
 * Input `image`: uint8 [height, width, 3], RGB. Outputs: `tokens` float32 [rows * columns, dim], the patch tokens
 * of the last block after the final norm, [CLS] and registers dropped, or those that `featureBlocks` asks for;
 * `tokens_l2`, the same with unit length.
 * @param outputs which of the two to compute
 * @throws RangeError unless the patch divides the size
 */
export function encoderGraph(
  config: EncoderConfig,
  parameters: Parameters,
  size: ImageSize,
  outputs: readonly ('tokens' | 'tokens_l2')[] = ['tokens', 'tokens_l2'],
): Graph {
  const { featureBlocks, depth } = config
  const { graph, x, prefix, count, options } = startEncoder(config, parameters, size, featureBlocks ?? depth)
  const normed = slice(norm(x, options, 'norm'), 0, prefix, prefix + count)
  const tokens = featureBlocks === undefined ? normed : standardised(normed)
  if (outputs.includes('tokens')) graph.output('tokens', tokens)
  if (outputs.includes('tokens_l2')) graph.output('tokens_l2', unitLength(tokens))
  return graph
}

/**
 * The sequence that enters the blocks: [CLS], registers, patches. Registers have no place, the others get theirs added.
 * @param positions [1 + patches, dim], the row of [CLS] first
 */
function placedTokens(
  { dim, classToken, registers }: EncoderConfig,
  parameter: ParameterLookup,
  embedded: Tensor,
  positions: Float32Array,
): Tensor {
  const { graph } = embedded
  const count = embedded.shape[0]!
  const learned = registers ? [reshape(parameter('register_tokens'), [registers, dim])] : []
  if (classToken === false) {
    const patches = add(embedded, graph.constant(positions.slice(dim), [count, dim], 'positions'))
    return learned.length > 0 ? concat([...learned, patches], 0) : patches
  }
  const first = reshape(parameter('cls_token'), [1, dim])
  const table = graph.constant(positions, [1 + count, dim], 'positions')
  const placed = add(concat([first, embedded], 0), table)
  if (learned.length === 0) return placed
  return concat([slice(placed, 0, 0, 1), ...learned, slice(placed, 0, 1, 1 + count)], 0)
}

/** A channel that hardly varies over the picture is not blown up: added to its variance. */
const LEAST_VARIANCE = 1e-6

/**
 * Every channel at mean 0 and deviation 1 over the tokens. A masked autoencoder leaves a large vector common to all
 * tokens of a picture and a few loud channels in its features, as its decoder does not mind; but a cosine does.
 * @param x [n, dim]
 */
function standardised(x: Tensor): Tensor {
  const dim = x.shape[1]!
  const overTokens = (values: Tensor): Tensor => reshape(reduceMean(values, [0]), [1, dim])
  const centred = subtract(x, overTokens(x))
  const variance = overTokens(multiply(centred, centred))
  return divide(centred, sqrt(add(variance, x.graph.scalar(LEAST_VARIANCE))))
}

/** Like {@link encoderGraph} without a network: `tokens_l2` are the normalised pixels of each patch, at unit length. */
export function rawPatchGraph(patch: number, size: ImageSize): Graph {
  const graph = new Graph()
  const image = graph.input('image', 'uint8', [size.height, size.width, 3])
  const patches = patchesFromPixels(image, { patch, mean: IMAGENET_MEAN, std: IMAGENET_STD })
  graph.output('tokens_l2', unitLength(patches))
  return graph
}
