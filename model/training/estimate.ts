/** What a run will cost, from real steps on the device that it will run on. Nothing is written. */
import { throwIfCancelled } from '../errors.ts'
import type { Engine } from '../runtime/index.ts'
import type { CachedClip, FrameCache } from './data-cache.ts'
import { PairSource } from './data-loader.ts'
import { framesBetween } from './data-pairs.ts'
import { type InitialWeights, startParameters } from './init.ts'
import { bytesOf, estimateMemory } from './memory.ts'
import type { RunConfig } from './run-schema.ts'
import { scaledLearningRate } from './schedule.ts'
import { GAP_FPS } from './train-run.ts'
import { startState, TrainStep } from './train-step.ts'

/** After a first step of more seconds than this the second one is not worth the wait. */
const PATIENCE_SECONDS = 20

/** How long a step takes. */
export interface MeasuredStep {
  /** Of one whole step, all of its batches. The first one of a device is slow, so it is the second where there is one. */
  readonly secondsPerStep: number
  /** Before the first step: compiling, handing the state over. */
  readonly secondsToStart: number
  /** Greatest memory of this process in bytes where the device computes in it, else what a step needs by counting. */
  readonly peakMemoryBytes: number
  /** Sentences about the weights. */
  readonly notes: readonly string[]
}

/**
 * Does one or two real steps and throws their result away.
 * @throws Error with the runtime's words when memory is too small; CancelledError between batches
 */
export async function measureStep(options: {
  readonly config: RunConfig
  readonly cache: FrameCache
  readonly engine: Engine
  readonly init?: InitialWeights
  readonly signal?: AbortSignal
}): Promise<MeasuredStep> {
  const { config, cache, engine, init, signal } = options
  const { imageSize } = config.model
  const { parameters, notes } = startParameters(config.model, config.seed, init)
  const begin = performance.now()
  const pairs = new PairSource(cache, {
    ...config.data,
    seed: config.seed,
    imageSize,
    gapFps: GAP_FPS,
    batch: config.batch,
  })
  try {
    const train = await TrainStep.create(
      engine,
      { ...config, weights: config.attention },
      startState(config.model, config.seed, parameters),
    )
    try {
      const secondsToStart = (performance.now() - begin) / 1000
      const learningRate = scaledLearningRate(config.optimiser.learningRate, config.batch * config.accumulate)
      const step = async (index: number): Promise<number> => {
        const start = performance.now()
        await train.step(
          (micro) => {
            throwIfCancelled(signal)
            return pairs.batch(index * config.accumulate + micro)
          },
          { seed: config.seed, learningRate },
        )
        return (performance.now() - start) / 1000
      }
      const first = await step(0)
      const secondsPerStep = first > PATIENCE_SECONDS ? first : Math.min(first, await step(1))
      const peakMemoryBytes =
        engine.device === 'cpu'
          ? process.resourceUsage().maxRSS * 1024
          : bytesOf(estimateMemory(config), config.batch)
      return { secondsPerStep, secondsToStart, peakMemoryBytes, notes }
    } finally {
      await train.close()
    }
  } finally {
    await pairs.close()
  }
}

/** How many different pairs of frames the clips have, at the distances that a run draws. */
export function countPairs(
  clips: readonly Pick<CachedClip, 'frames' | 'fps'>[],
  [least, most]: readonly [number, number],
): number {
  let pairs = 0
  for (const clip of clips) {
    const nearest = framesBetween(least, GAP_FPS, clip)
    const farthest = framesBetween(most, GAP_FPS, clip)
    for (let distance = nearest; distance <= farthest; distance++) pairs += clip.frames - distance
  }
  return pairs
}
