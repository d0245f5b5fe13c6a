/** How much memory a training step needs, roughly: enough to say which batch would fit. */
import { freemem, totalmem } from 'node:os'
import { keptTokens, siamMaeLayout } from '../siammae/index.ts'
import type { RunConfig } from './run-schema.ts'

/** Copies of every parameter: itself, its gradient, two moments, and the new value of all but the gradient. */
const COPIES = 7
/** The runtime, the program and the frames that wait. */
const BASE_BYTES = 400e6

export interface MemoryEstimate {
  readonly fixedBytes: number
  readonly bytesPerPair: number
}

export type MemorySettings = Pick<RunConfig, 'model' | 'attention'>

/** For a batch of so many pairs. */
export function bytesOf({ fixedBytes, bytesPerPair }: MemoryEstimate, batch: number): number {
  return fixedBytes + batch * bytesPerPair
}

/** Counts what the backward pass needs of the forward pass, and the transient tensors of the widest block. */
export function estimateMemory({ model: config, attention }: MemorySettings): MemoryEstimate {
  const { encoder, decoder } = config
  const tokens = encoder.positionGrid ** 2
  const past = 1 + keptTokens(tokens, config.pastRatio)
  const future = 1 + keptTokens(tokens, config.futureRatio)
  const kept = attention === 'kept' ? 1 : 0
  const encoderSquares = config.encoderMode === 'joint' ? (past + future) ** 2 : past ** 2 + future ** 2
  const encoding =
    encoder.depth *
    ((past + future) * (12 + 2 * encoder.mlpRatio) * encoder.dim + kept * encoder.heads * encoderSquares)
  const target = 1 + tokens
  const decoderSquares =
    config.decoderMode === 'joint'
      ? (past + target) ** 2
      : target * past + (config.decoderMode === 'cross-self' ? target ** 2 : 0)
  const decoding =
    decoder.depth *
    ((target * (14 + 2 * decoder.mlpRatio) + past * 5) * decoder.dim + kept * decoder.heads * decoderSquares)
  const pixels = 6 * tokens * encoder.patch ** 2 * 3
  let parameters = 0
  for (const shape of siamMaeLayout(config).values()) parameters += shape.reduce((a, b) => a * b, 1)
  return {
    fixedBytes: BASE_BYTES + 4 * COPIES * parameters,
    bytesPerPair: 4 * 1.25 * (encoding + decoding + pixels),
  }
}

/** The limit of this process's container in bytes; infinite where there is none. */
function containerLimit(): number {
  const limit = process.constrainedMemory?.() ?? 0
  // Without a limit some systems answer 0, others a number beyond any machine.
  return limit > 0 && limit < 2 ** 50 ? limit : Number.POSITIVE_INFINITY
}

/** Memory that this process may still take, in bytes: what the system has, or what its container leaves. */
export function availableMemory(): number {
  return Math.max(0, Math.min(freemem(), containerLimit() - process.memoryUsage().rss))
}

/** Memory that this process could have at best, in bytes. */
export function totalMemory(): number {
  return Math.min(totalmem(), containerLimit())
}

/**
 * What to set instead, in words: a batch that fits, and the accumulation that keeps the pairs per step.
 * @param available bytes
 * @returns a sentence without its full stop, and the options of the command line that do what it says
 */
export function fittingBatch(
  config: MemorySettings & Pick<RunConfig, 'batch' | 'accumulate'>,
  available: number,
): { readonly advice: string; readonly flags: string | undefined } {
  const { fixedBytes, bytesPerPair } = estimateMemory(config)
  const pairs = config.batch * config.accumulate
  let batch = Math.min(config.batch - 1, Math.floor((available - fixedBytes) / bytesPerPair))
  while (batch > 0 && pairs % batch !== 0) batch--
  if (batch < 1)
    return {
      advice: 'Not even the smallest batch is likely to fit; choose a smaller model or model.imageSize',
      flags: undefined,
    }
  return {
    advice: `A batch of ${batch} would fit: the settings batch ${batch} and accumulate ${pairs / batch} keep the pairs per step`,
    flags: '--batch, --accumulate',
  }
}

const OUT_OF_MEMORY =
  /bad_alloc|out of memory|failed to allocate|allocat\w* failed|not enough memory|\bOOM\b/i

/** Whether an error of an engine says that memory ran out. */
export function isOutOfMemory(message: string): boolean {
  return OUT_OF_MEMORY.test(message)
}
