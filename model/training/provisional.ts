/** Stands in for the data path and the train step until they are there; not to be kept. */
import { basename } from 'node:path'
import type { Engine } from '../runtime/index.ts'
import {
  initialiseSiamMae,
  type Parameters,
  type SiamMaeConfig,
  seededRandom,
  streamSeed,
} from '../siammae/index.ts'
import { openVideo } from '../video/index.ts'

export interface PairBatch {
  readonly size: number
  readonly past: Uint8Array
  readonly future: Uint8Array
}
export interface TrainingState {
  readonly step: number
  readonly parameters: Parameters
  readonly first: Parameters
  readonly second: Parameters
}
export interface OptimiserConfig {
  readonly betas: readonly [number, number]
  readonly epsilon: number
  readonly weightDecay: number
  readonly clipNorm: number | null
  readonly layerDecay: number
}
export function startState(config: SiamMaeConfig, seed: number): TrainingState {
  const parameters = initialiseSiamMae(config, seed)
  const zeros = () =>
    new Map(
      [...parameters]
        .filter(([n]) => !n.endsWith('pos_embed'))
        .map(([n, p]) => [n, new Float32Array(p.length)]),
    )
  return { step: 0, parameters, first: zeros(), second: zeros() }
}
export class TrainStep {
  #state: TrainingState
  #config: { model: SiamMaeConfig; batch: number; accumulate: number }
  constructor(config: { model: SiamMaeConfig; batch: number; accumulate: number }, state: TrainingState) {
    this.#state = state
    this.#config = config
  }
  static async create(
    _engine: Engine,
    config: { model: SiamMaeConfig; optimiser: OptimiserConfig; batch: number; accumulate: number },
    state: TrainingState,
  ): Promise<TrainStep> {
    return new TrainStep(config, structuredClone(state))
  }
  async step(
    batches: (micro: number) => Promise<PairBatch>,
    options: { step: number; seed: number; learningRate: number },
  ): Promise<{ loss: number; gradientNorm: number; waited: number }> {
    let sum = 0
    for (let i = 0; i < this.#config.accumulate; i++) {
      const batch = await batches(i)
      sum += batch.past.reduce((a, b) => a + b, 0) / batch.past.length / 255
    }
    const random = seededRandom(streamSeed(options.seed, 'masks', options.step))
    const { first, second, parameters } = this.#state
    for (const [name, m] of first) {
      const p = parameters.get(name)!
      const s = second.get(name)!
      for (let i = 0; i < p.length; i++) {
        const g = p[i]! * sum * 0.1
        m[i] = 0.9 * m[i]! + 0.1 * g
        s[i] = 0.95 * s[i]! + 0.05 * g * g
        p[i] = p[i]! - (options.learningRate * m[i]!) / (Math.sqrt(s[i]!) + 1e-8)
      }
    }
    this.#state = { step: options.step + 1, parameters, first, second }
    const p = parameters.get('patch_embed.proj.weight')!
    const loss = sum + Math.abs(p[0]!) + random.uniform() / (1 + options.step)
    return { loss: loss * (Math.abs(p[0]!) > 1e3 ? Number.NaN : 1), gradientNorm: 1, waited: 0 }
  }
  async state(): Promise<TrainingState> {
    return structuredClone(this.#state)
  }
  async reconstruct(
    batch: PairBatch,
    _options: { step: number; seed: number },
  ): Promise<{ prediction: Float32Array; mask: Float32Array }> {
    const { patch, positionGrid } = this.#config.model.encoder
    const n = positionGrid ** 2
    const mask = new Float32Array(batch.size * n)
    for (let i = 0; i < mask.length; i++) mask[i] = i % 7 === 0 ? 0 : 1
    return { prediction: new Float32Array(batch.size * n * 3 * patch ** 2), mask }
  }
  async close(): Promise<void> {}
}

export interface CachedClip {
  readonly name: string
  readonly path: string
  readonly contentHash: string
  readonly width: number
  readonly height: number
  readonly frames: number
  readonly fps: number
}
export interface FrameCache {
  readonly clips: readonly CachedClip[]
  readonly skipped: readonly { path: string; reason: string }[]
  close(): Promise<void>
}
export interface CacheProgress {
  clip: number
  clips: number
  frame: number
  frames: number
  name: string
}
export async function openFrameCache(
  sources: readonly string[],
  options: {
    folder: string
    shortSide: number
    limitBytes: number
    signal?: AbortSignal
    onProgress?(p: CacheProgress): void
    tableFolder?: string
  },
): Promise<FrameCache> {
  const clips: CachedClip[] = []
  for (const source of sources) {
    const video = await openVideo(source, { cacheFolder: options.tableFolder, signal: options.signal })
    const { path, contentHash, width, height, frames, averageFps } = video.table
    clips.push({
      name: basename(path),
      path,
      contentHash,
      width,
      height,
      frames: frames.length,
      fps: averageFps,
    })
    await video.close()
  }
  return { clips, skipped: [], close: async () => {} }
}
export class PairSource {
  readonly #o: { seed: number; imageSize: number; batch: number }
  constructor(
    _cache: FrameCache,
    options: {
      seed: number
      imageSize: number
      batch: number
      repeated: number
      gap: readonly [number, number]
      gapFps: 30
      cropScale: readonly [number, number]
      flip: boolean
      ahead?: number
    },
  ) {
    this.#o = options
  }
  async batch(index: number): Promise<PairBatch> {
    const random = seededRandom(streamSeed(this.#o.seed, 'pairs', index))
    const size = this.#o.batch
    const bytes = () =>
      Uint8Array.from({ length: size * this.#o.imageSize ** 2 * 3 }, () => 255 * random.uniform())
    return { size, past: bytes(), future: bytes() }
  }
  async close(): Promise<void> {}
}
