/** Looks into the model: the newest of each view, between runs. */
import { LRUCache } from 'lru-cache'
import { CancelledError, Sentence } from '../errors.ts'
import { type Attention, bestMatches, patchAt } from '../inspection/index.ts'
import type { VideoSource } from '../video/index.ts'
import type { Clips } from './clips.ts'
import { fitOf } from './fit.ts'
import type {
  AttentionResult,
  CorrespondenceRequest,
  CorrespondenceResult,
  InspectedNetwork,
  InspectionRequest,
} from './surface.ts'
import type { Look, WarmModel } from './warm-model.ts'

/** Attention maps that are kept: some hundred frames of a small network at 480p. */
const ATTENTION_BYTES = 32 * 1024 ** 2

/** A newer inspection of the view, or its end, made this one superfluous. */
class Overtaken extends Error {}

/** What one inspection asks between its steps, and reads frames by. */
interface Turn {
  readonly source: VideoSource
  /** Throws when the inspection must not go on. */
  check(): void
  /** Pixels of a frame at the network's size. */
  read(frame: number): Promise<Uint8Array>
}

export class Inspections {
  readonly #clips: Clips
  readonly #warm: WarmModel
  readonly #isRunning: () => boolean
  /** The newest inspection of each view. */
  readonly #newest = new Map<string, object>()
  readonly #attention = new LRUCache<string, Attention>({
    maxSize: ATTENTION_BYTES,
    sizeCalculation: ({ maps, mean }) => maps.byteLength + mean.byteLength,
  })
  #stop = new AbortController()

  /** @param isRunning whether a propagation has the model to itself */
  constructor(clips: Clips, warm: WarmModel, isRunning: () => boolean) {
    this.#clips = clips
    this.#warm = warm
    this.#isRunning = isRunning
  }

  /** @throws UserError while a run goes on, and when model, device or frame fail */
  correspondence(request: CorrespondenceRequest): Promise<CorrespondenceResult | undefined> {
    const { reference, frame, x, y, topK } = request
    return this.#look(request, [reference, frame], async (look, { source, check, read }) => {
      const { features, extractor, size } = look
      const { grid } = extractor
      const held: number[] = []
      const acquire = async (index: number) => {
        // Read before it is the engine's turn: a frame that does not decode says nothing about the engine.
        const pixels = features.has(index) ? undefined : await read(index)
        check()
        const tokens = features.tokensOf(async () => pixels ?? read(index))
        const acquired = await look.compute(() => tokens.acquire(index))
        held.push(index)
        return acquired
      }
      try {
        const from = await acquire(reference)
        const other = await acquire(frame)
        const patch = patchAt(x, y, source.table, grid)
        const similarity = await look.compute(async () =>
          (await look.correspondence()).compare(from, patch, other),
        )
        const k = Math.min(Math.max(1, Math.round(topK) || 1), similarity.length)
        return {
          network: networkOf(look, size),
          patch,
          similarity,
          matches: bestMatches(similarity, grid, k),
        }
      } finally {
        for (const index of held) features.tokensOf(read).release(index)
      }
    })
  }

  /** @throws UserError as {@link correspondence} does, and when the model has no [CLS] */
  attention(request: InspectionRequest): Promise<AttentionResult | undefined> {
    const { frame } = request
    return this.#look(request, [frame], async (look, { source, check, read }) => {
      const { size } = look
      const { hash } = look.warm.model
      const key = `${hash} ${size.width}x${size.height} ${source.table.contentHash} ${frame}`
      let seen = this.#attention.get(key)
      if (!seen) {
        const network = await look.compute(() => look.attention())
        check()
        const pixels = await read(frame)
        check()
        seen = await look.compute(() => network.look(pixels))
        this.#attention.set(key, seen)
      }
      return { network: networkOf(look, size), ...seen }
    })
  }

  /** Nothing is wanted by this view any more. */
  end(view: string): void {
    this.#newest.delete(view)
  }

  /** A run is about to start: what goes on ends at its next step. */
  makeRoom(): void {
    this.#stop.abort()
    this.#stop = new AbortController()
  }

  async #look<T>(
    { view, clip, model, settings }: InspectionRequest,
    frames: readonly number[],
    work: (look: Look, turn: Turn) => Promise<T>,
  ): Promise<T | undefined> {
    const inspection = {}
    this.#newest.set(view, inspection)
    const check = (): void => {
      if (this.#newest.get(view) !== inspection) throw new Overtaken()
      if (this.#isRunning())
        throw new Sentence(
          'A propagation has the model to itself; look into the model when it has ended, or stop it.',
        )
    }
    try {
      check()
      const source = await this.#clips.source(clip)
      checkFrames(frames, source)
      const fit = fitOf(source, settings)
      return await this.#warm.look(async (open) => {
        check()
        const { signal } = this.#stop
        const look = await open(model, fit)
        check()
        const { size } = look
        const read = async (frame: number) => (await source.frame(frame, { size, signal })).data
        return await work(look, { source, check, read })
      })
    } catch (error) {
      if (error instanceof Overtaken) return undefined
      // Only a run that starts cancels the reading of a frame.
      if (error instanceof CancelledError) check()
      throw error
    }
  }
}

function networkOf({ warm, extractor }: Look, { width, height }: Look['size']): InspectedNetwork {
  const { name, file, trained } = warm.model
  const { rows, columns } = extractor.grid
  return {
    model: { name, file, trained },
    device: warm.engine.device,
    size: { width, height },
    grid: { rows, columns },
  }
}

/** @throws Sentence naming the frame that the clip does not have */
function checkFrames(frames: readonly number[], { table }: VideoSource): void {
  const count = table.frames.length
  for (const frame of frames)
    if (!(Number.isInteger(frame) && frame >= 0 && frame < count))
      throw new Sentence('The clip has no frame {0}; its frames are 0 to {1}.', frame, count - 1)
}
