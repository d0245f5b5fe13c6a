/** Each frame's tokens, computed once and kept with the engine while there is room. */
import { atEngine, type Engine, onHost, type ResidentTensor } from '../runtime/index.ts'
import { type EncoderConfig, type ImageSize, patchGrid, rawPatchGraph } from '../siammae/index.ts'
import type { Grid } from './grid.ts'
import { type EncoderNetwork, loadNetwork, type Network } from './network.ts'

/** Pictures of one size in, unit-length tokens out. */
export class FeatureExtractor {
  readonly size: ImageSize
  readonly grid: Grid
  readonly config: Pick<EncoderConfig, 'patch' | 'dim'>
  readonly #network: Network

  private constructor(config: Pick<EncoderConfig, 'patch' | 'dim'>, size: ImageSize, network: Network) {
    this.#network = network
    this.config = config
    this.size = size
    this.grid = patchGrid(config, size)
  }

  /** Compiles the encoder for pictures of `size`, whose sides the patch must divide. */
  static async create(engine: Engine, model: EncoderNetwork, size: ImageSize): Promise<FeatureExtractor> {
    return new FeatureExtractor(
      model.config,
      size,
      await loadNetwork(engine, model, size, ['tokens_l2'], true),
    )
  }

  /** The pixels of a patch as its features: propagation by nearest colour, which a network has to beat. */
  static async ofRawPatches(engine: Engine, patch: number, size: ImageSize): Promise<FeatureExtractor> {
    const program = await engine.load(rawPatchGraph(patch, size), { resident: ['tokens_l2'] })
    const { height, width } = size
    const network: Network = {
      run: (data) => engine.run(program, { image: { dtype: 'uint8', shape: [height, width, 3], data } }),
      close: () => engine.unload(program),
    }
    return new FeatureExtractor({ patch, dim: 3 * patch ** 2 }, size, network)
  }

  /** Bytes of one frame's tokens. */
  get bytesPerFrame(): number {
    return 4 * this.grid.rows * this.grid.columns * this.config.dim
  }

  /** @param pixels RGB, [height, width, 3] */
  async extract(pixels: Uint8Array): Promise<ResidentTensor> {
    return atEngine((await this.#network.run(pixels)).tokens_l2)
  }

  async close(): Promise<void> {
    await this.#network.close()
  }
}

/** Both kinds of features of one picture, for looking at and for other programs. */
export async function extractToHost(
  engine: Engine,
  model: EncoderNetwork,
  size: ImageSize,
  pixels: Uint8Array,
): Promise<{ tokens: Float32Array; unit: Float32Array; grid: Grid }> {
  const network = await loadNetwork(engine, model, size, ['tokens', 'tokens_l2'], false)
  const result = await network.run(pixels)
  await network.close()
  return {
    tokens: onHost(result.tokens).data as Float32Array,
    unit: onHost(result.tokens_l2).data as Float32Array,
    grid: patchGrid(model.config, size),
  }
}

/** Where a walk gets the tokens of a frame from. */
export interface TokenSource {
  /** The tokens of a frame, kept until {@link release} was called as often as this. */
  acquire(frame: number): Promise<ResidentTensor>
  release(frame: number): void
}

interface CacheEntry {
  readonly tokens: Promise<ResidentTensor>
  uses: number
}

/**
 * Tokens of one clip by frame, least recently used first out once `capacityBytes` are exceeded. Frames in use are
 * never dropped, so a long context may exceed the capacity. Serves one job after the other.
 */
export class FeatureCache {
  readonly #entries = new Map<number, CacheEntry>()
  readonly #engine: Engine
  readonly #extractor: FeatureExtractor
  readonly #capacity: number
  /** Frames whose tokens were computed, for reports and tests. */
  computed = 0

  constructor(engine: Engine, extractor: FeatureExtractor, capacityBytes: number) {
    this.#engine = engine
    this.#extractor = extractor
    this.#capacity = Math.max(1, Math.floor(capacityBytes / extractor.bytesPerFrame))
  }

  /** The cache for one job, which brings the frames' pixels. */
  tokensOf(pixels: (frame: number) => Promise<Uint8Array>): TokenSource {
    return {
      acquire: (frame) => this.#acquire(frame, pixels),
      release: (frame) => this.#release(frame),
    }
  }

  /** Whether the tokens of a frame are kept, or being computed. */
  has(frame: number): boolean {
    return this.#entries.has(frame)
  }

  #acquire(frame: number, pixels: (frame: number) => Promise<Uint8Array>): Promise<ResidentTensor> {
    let entry = this.#entries.get(frame)
    if (entry) {
      // Insertion order is the order of use.
      this.#entries.delete(frame)
    } else {
      this.computed++
      const tokens = pixels(frame).then((picture) => this.#extractor.extract(picture))
      entry = { tokens, uses: 0 }
      const made = entry
      tokens.catch(() => {
        if (this.#entries.get(frame) === made) this.#entries.delete(frame)
      })
    }
    entry.uses++
    this.#entries.set(frame, entry)
    this.#trim()
    return entry.tokens
  }

  #release(frame: number): void {
    const entry = this.#entries.get(frame)
    if (!entry) return
    entry.uses--
    this.#trim()
  }

  /** Gives everything back to the engine. */
  async clear(): Promise<void> {
    const entries = [...this.#entries.values()]
    this.#entries.clear()
    for (const { tokens } of entries) await this.#drop(tokens)
  }

  #trim(): void {
    if (this.#entries.size <= this.#capacity) return
    for (const [frame, entry] of this.#entries) {
      if (entry.uses > 0) continue
      this.#entries.delete(frame)
      void this.#drop(entry.tokens)
      if (this.#entries.size <= this.#capacity) return
    }
  }

  async #drop(tokens: Promise<ResidentTensor>): Promise<void> {
    const resident = await tokens.catch(() => undefined)
    if (resident) await this.#engine.release(resident).catch(() => {})
  }
}
