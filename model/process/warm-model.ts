/** Device, model and compiled networks, kept from run to run so that the next one starts at once. */
import { CancelledError, Sentence, UsageError } from '../errors.ts'
import { ClassAttention, Correspondence } from '../inspection/index.ts'
import { readModel, untrainedNote } from '../installation/index.ts'
import {
  Affinity,
  FeatureCache,
  FeatureExtractor,
  modelSize,
  neighbourhoodAt,
  type PropagationSettings,
} from '../propagation/index.ts'
import { chooseDevice, type DeviceChoice, Engine, parseDevice } from '../runtime/index.ts'
import { type FileStamp, type FrameSize, stampOf, type VideoSource } from '../video/index.ts'
import type { FeatureModel } from '../weights/index.ts'
import type { ModelChoice } from './surface.ts'

/** What a run needs besides its clip. */
export interface Warm {
  readonly engine: Engine
  readonly model: FeatureModel
  /** Sentences for the person. */
  readonly notes: readonly string[]
}

/** The network for one clip and its settings. */
export interface Tools {
  readonly extractor: FeatureExtractor
  readonly features: FeatureCache
  readonly affinity: Affinity
  readonly size: FrameSize
}

/** What a look into the model uses: the network of a run on the clip, and what only looking needs. */
export interface Look extends Tools {
  readonly warm: Warm
  /** Compiled when first asked for. */
  correspondence(): Promise<Correspondence>
  /** Another network; compiled when first asked for. @throws UserError when the model has no [CLS] */
  attention(): Promise<ClassAttention>
  /** Work of the engine, which is started anew next time when it fails. */
  compute<T>(work: () => Promise<T>): Promise<T>
}

/** What the network has to fit. */
export interface Fit {
  readonly source: VideoSource
  readonly settings: PropagationSettings
  /** Short side at which the network sees the clip. */
  readonly short: number
  readonly featureBytes: number
}

interface Kept<T> {
  readonly key: string
  readonly value: T
}

/** One engine and one model at a time: a second one would take its memory from the first. */
export class WarmModel {
  readonly #choices = new Map<string, DeviceChoice>()
  #engine: Kept<Engine> | undefined
  #model: Kept<FeatureModel> | undefined
  #extractor: Kept<FeatureExtractor> | undefined
  #features: Kept<FeatureCache> | undefined
  #affinity: Kept<Affinity> | undefined
  #correspondence: Kept<Correspondence> | undefined
  #attention: Kept<ClassAttention> | undefined
  /** What has made its first comparison, which is slow too. */
  #compared: Affinity | undefined
  #queue: Promise<unknown> = Promise.resolve()

  /** @throws UserError when the device does not work or the model cannot be read */
  prepare(choice: ModelChoice): Promise<Warm> {
    return this.#inOrder(() => this.#prepare(choice))
  }

  /**
   * The same for a run that is likely to come: the network is compiled for its clip, and the frame that it will start
   * from goes through it, because first passes are slow. The features of that frame are kept for the run.
   * @returns what is ready, and the seconds of the pass; undefined where there was nothing to do
   */
  prepareFor(
    choice: ModelChoice,
    fit: Fit,
    frame: number,
  ): Promise<{ readonly warm: Warm; readonly seconds: number | undefined }> {
    return this.#inOrder(async () => {
      const warm = await this.#prepare(choice)
      const seconds = await this.#relying(async () =>
        this.#passThrough(await this.#fit(warm, fit), fit, frame),
      )
      return { warm, seconds }
    })
  }

  /** The network for a clip. @throws UserError when the picture is too large for it, or memory runs out */
  fit(warm: Warm, fit: Fit): Promise<Tools> {
    return this.#inOrder(() =>
      this.#relying(async () => {
        // A run needs the memory more.
        await this.#dropAttention()
        return this.#fit(warm, fit)
      }),
    )
  }

  /**
   * Some work with the model, during which nothing else changes what is kept. It opens what it needs when its turn has
   * come, and finds the features of former runs there.
   */
  look<T>(work: (open: (choice: ModelChoice, fit: Fit) => Promise<Look>) => Promise<T>): Promise<T> {
    return this.#inOrder(() =>
      work(async (choice, fit) => {
        const warm = await this.#prepare(choice)
        const tools = await this.#relying(() => this.#fit(warm, fit))
        return {
          ...tools,
          warm,
          correspondence: () => this.#correspond(warm, tools),
          attention: () => this.#attend(warm, tools),
          compute: (task) => this.#relying(task),
        }
      }),
    )
  }

  /** Gives the features of a clip back, which nobody will need again. */
  forgetClip(contentHash: string): Promise<void> {
    return this.#inOrder(async () => {
      if (this.#features?.key.startsWith(contentHash)) await this.#dropFeatures()
    })
  }

  /** Ends the engine; the next run starts a new one. Needed when it has failed. */
  discard(): Promise<void> {
    return this.#inOrder(() => this.#dropEngine())
  }

  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work)
    this.#queue = result.catch(() => {})
    return result
  }

  /** Work of the engine: one that has failed is not relied on again, the next call starts another. */
  async #relying<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      // A wrong setting, a stop or a model without what is asked for say nothing about the engine.
      const isOther =
        error instanceof UsageError || error instanceof CancelledError || error instanceof Sentence
      if (!isOther) await this.#dropEngine().catch(() => {})
      throw error
    }
  }

  async #prepare({ file, device: word }: ModelChoice): Promise<Warm> {
    // The model first: a wrong file is told at once, trying devices takes seconds.
    const stamp: FileStamp | undefined = file === undefined ? undefined : await stampOf(file)
    const key = JSON.stringify([file, stamp])
    if (this.#model?.key !== key) {
      const value = await readModel(file)
      // An engine that cannot give memory back any more is replaced below.
      await this.#dropExtractor().catch(() => this.#dropEngine())
      this.#model = { key, value }
    }
    const model = this.#model.value
    let choice = this.#choices.get(word)
    if (!choice) {
      choice = await chooseDevice(parseDevice(word))
      this.#choices.set(word, choice)
    }
    if (this.#engine?.key !== choice.device) {
      await this.#dropEngine()
      this.#engine = { key: choice.device, value: await Engine.start(choice.device) }
    }
    const note = untrainedNote(model)
    return { engine: this.#engine.value, model, notes: [...choice.notes, ...(note ? [note] : [])] }
  }

  async #fit({ engine, model }: Warm, { source, settings, short, featureBytes }: Fit): Promise<Tools> {
    const { table } = source
    const size = modelSize(table, short, model)
    const network = `${model.hash} ${size.width}x${size.height}`
    if (this.#extractor?.key !== network) {
      await this.#dropExtractor()
      this.#extractor = { key: network, value: await FeatureExtractor.create(engine, model, size) }
    }
    const extractor = this.#extractor.value
    const clip = `${table.contentHash} ${featureBytes}`
    if (this.#features?.key !== clip) {
      await this.#dropFeatures()
      this.#features = { key: clip, value: new FeatureCache(engine, extractor, featureBytes) }
    }
    const votes = `${settings.topK}`
    if (this.#affinity?.key !== votes) {
      await this.#dropAffinity()
      this.#affinity = { key: votes, value: Affinity.of(engine, extractor, settings) }
    }
    // What the first frame of a run needs; programs for frames further apart are compiled when one comes up.
    for (const marked of [true, false])
      await this.#affinity.value.prepare(neighbourhoodAt(settings, 1, marked))
    return { extractor, features: this.#features.value, affinity: this.#affinity.value, size }
  }

  async #correspond({ engine, model }: Warm, { extractor }: Tools): Promise<Correspondence> {
    const key = this.#extractor!.key
    if (this.#correspondence?.key !== key) {
      await this.#dropCorrespondence()
      const value = await Correspondence.create(engine, extractor.grid, model.config.dim)
      this.#correspondence = { key, value }
    }
    return this.#correspondence.value
  }

  async #attend({ engine, model }: Warm, { size }: Tools): Promise<ClassAttention> {
    const key = this.#extractor!.key
    if (this.#attention?.key !== key) {
      await this.#dropAttention()
      this.#attention = { key, value: await ClassAttention.create(engine, model, size) }
    }
    return this.#attention.value
  }

  async #passThrough(
    { features, affinity, size }: Tools,
    { source, settings }: Fit,
    frame: number,
  ): Promise<number | undefined> {
    if (features.has(frame)) return undefined
    // A clip that was closed meanwhile, or does not decode there, is told by the run, if there will be one.
    const picture = await source.frame(frame, { size }).catch(() => undefined)
    if (!picture) return undefined
    const start = performance.now()
    const kept = features.tokensOf(async () => picture.data)
    const tokens = await kept.acquire(frame)
    const seconds = (performance.now() - start) / 1000
    try {
      if (this.#compared !== affinity)
        await affinity.compare(tokens, tokens, neighbourhoodAt(settings, 1, true))
      this.#compared = affinity
    } finally {
      kept.release(frame)
    }
    return seconds
  }

  async #dropEngine(): Promise<void> {
    const engine = this.#engine
    // What belongs to it goes with it.
    this.#engine = undefined
    this.#extractor = undefined
    this.#features = undefined
    this.#affinity = undefined
    this.#correspondence = undefined
    this.#attention = undefined
    await engine?.value.close()
  }

  async #dropExtractor(): Promise<void> {
    await this.#dropFeatures()
    await this.#dropAffinity()
    await this.#dropCorrespondence()
    await this.#dropAttention()
    const extractor = this.#extractor
    this.#extractor = undefined
    await extractor?.value.close()
  }

  async #dropFeatures(): Promise<void> {
    const features = this.#features
    this.#features = undefined
    await features?.value.clear()
  }

  async #dropAffinity(): Promise<void> {
    const affinity = this.#affinity
    this.#affinity = undefined
    await affinity?.value.close()
  }

  async #dropCorrespondence(): Promise<void> {
    const correspondence = this.#correspondence
    this.#correspondence = undefined
    await correspondence?.value.close()
  }

  async #dropAttention(): Promise<void> {
    const attention = this.#attention
    this.#attention = undefined
    await attention?.value.close()
  }
}
