/** SiamMAE's pre-training task as a graph: from two frames and their masks to the predicted patches and the loss. */
import {
  add,
  broadcastTo,
  cast,
  concat,
  divide,
  type Graph,
  gather,
  multiply,
  reduceMean,
  reduceSum,
  reduceSumSquare,
  reshape,
  selectRows,
  split,
  sqrt,
  subtract,
  type Tensor,
  transpose,
} from '../graph/index.ts'
import {
  type BlockOptions,
  block,
  crossBlock,
  dense,
  type Memory,
  norm,
  type ParameterLookup,
  type Segment,
} from './blocks.ts'
import type { EncoderConfig } from './config.ts'
import type { BatchMask } from './masking.ts'
import { keptTokens, type SiamMaeConfig } from './pretraining-config.ts'

/** Added to a patch's variance before the root, as in MAE. */
const TARGET_EPSILON = 1e-6

/** Index lists of a {@link BatchMask} as inputs of a graph. */
export interface MaskInputs {
  readonly kept: number
  readonly keep: Tensor
  readonly restore: Tensor
  readonly positions: Tensor
  /** float32 [batch * tokens, 1] */
  readonly removed: Tensor
}

/** Two frames of a batch: patches [batch * tokens, patch * patch * 3] in the order row, column, channel. */
export interface PretrainingInputs {
  readonly batch: number
  readonly past: Tensor
  readonly future: Tensor
  /** Absent where the past frame is shown whole. */
  readonly pastMask?: MaskInputs
  readonly futureMask: MaskInputs
}

/** Everything that a test or a preview may look at; a graph computes only what it names as an output. */
export interface Pretraining {
  /** Encoder tokens after the final norm, [batch, 1 + kept past, dim]; without [CLS] in a joint encoder. */
  readonly latentPast: Tensor
  /** [batch, 1 + kept future, dim], [CLS] first. */
  readonly latentFuture: Tensor
  /** What the decoder looks at, [batch, memory, decoder dim]. */
  readonly memory: Tensor
  /** What it starts from, [batch, 1 + tokens, decoder dim]. */
  readonly decoderInput: Tensor
  /** Patches to predict, [batch * tokens, patch * patch * 3]. */
  readonly target: Tensor
  /** Patches predicted, of the same shape. */
  readonly prediction: Tensor
  /** Mean over a patch, then over the removed patches of the future frame; a scalar. */
  readonly loss: Tensor
}

/** Declares the index lists of one frame's mask as inputs `<frame>_keep` and so on. */
export function maskInputs(
  graph: Graph,
  frame: 'past' | 'future',
  batch: number,
  tokens: number,
  ratio: number,
): MaskInputs {
  const kept = keptTokens(tokens, ratio)
  return {
    kept,
    keep: graph.input(`${frame}_keep`, 'int32', [batch * kept]),
    restore: graph.input(`${frame}_restore`, 'int32', [batch * tokens]),
    positions: graph.input(`${frame}_positions`, 'int32', [batch * kept]),
    removed: graph.input(`${frame}_removed`, 'float32', [batch * tokens, 1]),
  }
}

/** Values for the inputs that {@link maskInputs} declares. */
export function maskFeeds(frame: 'past' | 'future', mask: BatchMask) {
  const list = (data: Int32Array) => ({ dtype: 'int32', shape: [data.length], data }) as const
  return {
    [`${frame}_keep`]: list(mask.keep),
    [`${frame}_restore`]: list(mask.restore),
    [`${frame}_positions`]: list(mask.positions),
    [`${frame}_removed`]: { dtype: 'float32', shape: [mask.removed.length, 1], data: mask.removed } as const,
  }
}

/**
 * Pictures [batch, side, side, 3] to patches [batch * tokens, patch * patch * 3] in the order row, column, channel.
 * Bytes are normalised by the encoder's mean and deviation first; float32 is taken as normalised already.
 */
export function patchesOf(pictures: Tensor, { patch, mean, std }: EncoderConfig): Tensor {
  const { graph } = pictures
  const [batch, height, width] = pictures.shape as readonly [number, number, number, number]
  const rows = height / patch
  const columns = width / patch
  // Whole patches are moved while they are still bytes: a fourth of the memory.
  const blocks = transpose(reshape(pictures, [batch, rows, patch, columns, patch * 3]), [0, 1, 3, 2, 4])
  const patches = reshape(blocks, [batch * rows * columns, patch * patch * 3])
  if (pictures.dtype === 'float32') return patches
  const row = (of: readonly number[]): Tensor => {
    const values = Float32Array.from({ length: patch * patch * 3 }, (_, i) => 255 * of[i % 3]!)
    return graph.constant(values, [1, values.length])
  }
  return divide(subtract(cast(patches, 'float32'), row(mean)), row(std))
}

/**
 * The forward pass. Both frames of a siamese encoder go through each layer as one matrix, so that a weight is used
 * once.
 * @param parameter parameters under the names of `siamMaeLayout`, position tables included
 * @param weights   see {@link BlockOptions}
 */
export function pretrainingForward(
  config: SiamMaeConfig,
  inputs: PretrainingInputs,
  parameter: ParameterLookup,
  weights: BlockOptions['weights'] = 'kept',
): Pretraining {
  const { batch, futureMask, pastMask } = inputs
  const { encoder, decoder } = config
  const tokens = encoder.positionGrid ** 2
  const encoding: BlockOptions = {
    parameter,
    weights,
    heads: encoder.heads,
    epsilon: encoder.layerNormEpsilon,
  }
  const decoding: BlockOptions = { ...encoding, heads: decoder.heads }
  const table = reshape(parameter('pos_embed'), [1 + tokens, encoder.dim])
  const decoderTable = reshape(parameter('decoder_pos_embed'), [1 + tokens, decoder.dim])

  const shown = (patches: Tensor, mask: MaskInputs | undefined): Tensor =>
    embed(patches, mask, batch, table, encoder, parameter)
  const classToken = add(reshape(parameter('cls_token'), [1, encoder.dim]), split(table, 0, [1, tokens])[0]!)
  const encoded = encode(
    config,
    encoding,
    batch,
    classToken,
    shown(inputs.past, pastMask),
    shown(inputs.future, futureMask),
  )

  const memory = memoryOf(encoded.past, batch, config, pastMask, decoderTable, decoding)
  const decoderInput = decoderInputOf(encoded.future, batch, futureMask, decoderTable, decoding)
  const prediction = predict(config, decoding, batch, memory, decoderInput)

  const target = config.normaliseTarget ? normalisedPatches(inputs.future) : inputs.future
  const loss = maskedLoss(prediction, target, futureMask.removed, batch * (tokens - futureMask.kept))
  const lengths = (rows: Tensor): Tensor => reshape(rows, [batch, rows.shape[0]! / batch, rows.shape[1]!])
  return {
    latentPast: lengths(encoded.past),
    latentFuture: lengths(encoded.future),
    memory: lengths(memory),
    decoderInput: lengths(decoderInput),
    target,
    prediction,
    loss,
  }
}

/** Kept patches through the patch embedding, with their positions: [batch * kept, dim]. */
function embed(
  patches: Tensor,
  mask: MaskInputs | undefined,
  batch: number,
  table: Tensor,
  { dim, patch }: EncoderConfig,
  parameter: ParameterLookup,
): Tensor {
  // The weight's order is channel, row, column; turning it costs less than turning the pictures.
  const weight = reshape(transpose(parameter('patch_embed.proj.weight'), [0, 2, 3, 1]), [
    dim,
    3 * patch * patch,
  ])
  const shown = mask ? selectRows(patches, mask.keep, mask.restore, { backGaps: true }) : patches
  return add(
    dense(
      shown,
      { parameter: (name) => (name.endsWith('weight') ? weight : parameter(name)) },
      'patch_embed.proj',
    ),
    placesOf(table, mask, batch),
  )
}

/** Rows of a position table ([CLS] first) for the tokens of one frame, without [CLS]. */
function placesOf(table: Tensor, mask: MaskInputs | undefined, batch: number): Tensor {
  const [length, dim] = table.shape as readonly [number, number]
  const places = split(table, 0, [1, length - 1])[1]!
  if (mask) return gather(places, mask.positions)
  const repeated = broadcastTo(reshape(places, [1, length - 1, dim]), [batch, length - 1, dim])
  return reshape(repeated, [batch * (length - 1), dim])
}

/** Sequences joined end to end: rows of equally many sequences, [batch * n, dim] each. */
function joinSequences(parts: readonly Tensor[], batch: number): Tensor {
  const dim = parts[0]!.shape[1]!
  const joined = concat(
    parts.map((part) => reshape(part, [batch, part.shape[0]! / batch, dim])),
    1,
  )
  return reshape(joined, [batch * joined.shape[1]!, dim])
}

/** The reverse of {@link joinSequences}. */
function splitSequences(x: Tensor, batch: number, lengths: readonly number[]): readonly Tensor[] {
  const [rows, dim] = x.shape as readonly [number, number]
  return split(reshape(x, [batch, rows / batch, dim]), 1, lengths).map((part) =>
    reshape(part, [batch * part.shape[1]!, dim]),
  )
}

/** Both frames through the encoder and its final norm. A joint encoder's [CLS] goes with the future frame. */
function encode(
  { encoder, encoderMode }: SiamMaeConfig,
  options: BlockOptions,
  batch: number,
  classToken: Tensor,
  past: Tensor,
  future: Tensor,
): { past: Tensor; future: Tensor } {
  const first = broadcastTo(classToken, [batch, encoder.dim])
  const lengths = [past, future].map((rows) => rows.shape[0]! / batch) as [number, number]
  const run = (x: Tensor, segments: readonly Segment[]): Tensor => {
    let state = x
    for (let i = 0; i < encoder.depth; i++) state = block(state, options, `blocks.${i}`, segments)
    return norm(state, options, 'norm')
  }
  if (encoderMode === 'joint') {
    const length = 1 + lengths[0] + lengths[1]
    const tokens = run(joinSequences([first, past, future], batch), [{ batch, length }])
    const [lead, seen, coming] = splitSequences(tokens, batch, [1, ...lengths]) as [Tensor, Tensor, Tensor]
    return { past: seen, future: joinSequences([lead, coming], batch) }
  }
  const segments = lengths.map((length) => ({ batch, length: 1 + length }))
  const rows = concat(
    [past, future].map((frame) => joinSequences([first, frame], batch)),
    0,
  )
  const sizes = segments.map(({ length }) => batch * length)
  const [seen, coming] = split(run(rows, segments), 0, sizes) as [Tensor, Tensor]
  return { past: seen, future: coming }
}

/** The past frame for the decoder: embedded, with decoder positions; the zero row of the table for [CLS]. */
function memoryOf(
  past: Tensor,
  batch: number,
  { encoderMode }: SiamMaeConfig,
  mask: MaskInputs | undefined,
  table: Tensor,
  options: BlockOptions,
): Tensor {
  const dim = table.shape[1]!
  const embedded = dense(past, options, 'decoder_embed')
  const places = placesOf(table, mask, batch)
  if (encoderMode === 'joint') return add(embedded, places)
  const first = broadcastTo(split(table, 0, [1, table.shape[0]! - 1])[0]!, [batch, dim])
  return add(embedded, joinSequences([first, places], batch))
}

/** The future frame for the decoder: [CLS], visible tokens in their places, the mask token everywhere else. */
function decoderInputOf(
  future: Tensor,
  batch: number,
  mask: MaskInputs,
  table: Tensor,
  options: BlockOptions,
): Tensor {
  const [length, dim] = table.shape as readonly [number, number]
  const embedded = dense(future, options, 'decoder_embed')
  const [first, visible] = splitSequences(embedded, batch, [1, mask.kept]) as [Tensor, Tensor]
  const placed = selectRows(visible, mask.restore, mask.keep, { gaps: true })
  const filled = add(placed, multiply(mask.removed, reshape(options.parameter('mask_token'), [1, dim])))
  const sequence = reshape(joinSequences([first, filled], batch), [batch, length, dim])
  return reshape(add(sequence, reshape(table, [1, length, dim])), [batch * length, dim])
}

/** The decoder's blocks, norm and prediction; [CLS] leaves before the prediction. */
function predict(
  { decoder, decoderMode }: SiamMaeConfig,
  options: BlockOptions,
  batch: number,
  memory: Tensor,
  input: Tensor,
): Tensor {
  const past: Segment = { batch, length: memory.shape[0]! / batch }
  const future: Segment = { batch, length: input.shape[0]! / batch }
  let state = decoderMode === 'joint' ? joinSequences([memory, input], batch) : input
  for (let i = 0; i < decoder.depth; i++) {
    const name = `decoder_blocks.${i}`
    if (decoderMode === 'joint')
      state = block(state, options, name, [{ batch, length: past.length + future.length }])
    else {
      const seen: Memory = { tokens: memory, segment: past }
      state = crossBlock(state, seen, options, name, future, decoderMode === 'cross-self')
    }
  }
  const before = decoderMode === 'joint' ? [past.length + 1] : [1]
  const tokens = splitSequences(state, batch, [...before, future.length - 1])[1]!
  return dense(norm(tokens, options, 'decoder_norm'), options, 'decoder_pred')
}

/**
 * Squared error: mean over a patch, then over the removed patches (MAE, forward_loss).
 * @param prediction [rows, size], as `target`
 * @param removed    [rows, 1], 1 for a patch that counts
 * @param count      how many those are
 * @returns a scalar
 */
export function maskedLoss(prediction: Tensor, target: Tensor, removed: Tensor, count: number): Tensor {
  const errors = reduceSumSquare(subtract(prediction, target), [1])
  const total = reduceSum(multiply(errors, removed), [0, 1])
  return reshape(multiply(total, total.graph.scalar(1 / (count * target.shape[1]!))), [])
}

/** (x - mean) / sqrt(variance + 1e-6) of every patch, with the unbiased variance (MAE, norm_pix_loss). */
export function normalisedPatches(patches: Tensor): Tensor {
  const { graph } = patches
  const size = patches.shape[1]!
  const centred = subtract(patches, reduceMean(patches, [1]))
  const variance = multiply(reduceSumSquare(centred, [1]), graph.scalar(1 / (size - 1)))
  return divide(centred, sqrt(add(variance, graph.scalar(TARGET_EPSILON))))
}
