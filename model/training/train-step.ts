/** One step of training on a device: the compiled graphs and the state they work on. */
import {
  type AnyTensor,
  type Engine,
  type HostTensor,
  onHost,
  type Program,
  type State,
  type StateTensor,
} from '../runtime/index.ts'
import {
  type BlockOptions,
  initialiseSiamMae,
  type Parameters,
  POSITION_TABLES,
  type SiamMaeConfig,
  siamMaeLayout,
} from '../siammae/index.ts'
import type { PairBatch } from './data-loader.ts'
import { type OptimiserConfig, trainableLayout } from './optimiser.ts'
import { drawMasks, pairFeeds } from './pair-feeds.ts'
import {
  accumulateGraph,
  applyGraph,
  firstMoment,
  gradientSum,
  reconstructionGraph,
  type StatefulGraph,
  secondMoment,
  stepGraph,
} from './step-graph.ts'

/** All that a run needs to go on: parameters (position tables included) and the moments of AdamW, by name. */
export interface TrainingState {
  /** Optimiser steps that were done. */
  readonly step: number
  readonly parameters: Parameters
  /** Running mean of the gradient of every trainable parameter, and of its square. */
  readonly first: Parameters
  readonly second: Parameters
}

/** The state before the first step. @param parameters start values, drawn from `seed` when left out */
export function startState(config: SiamMaeConfig, seed: number, parameters?: Parameters): TrainingState {
  const values = parameters ?? initialiseSiamMae(config, seed)
  const zeros = (): Parameters =>
    new Map(
      [...trainableLayout(siamMaeLayout(config)).keys()].map((name) => [
        name,
        new Float32Array(values.get(name)!.length),
      ]),
    )
  return { step: 0, parameters: values, first: zeros(), second: zeros() }
}

export interface TrainStepConfig {
  readonly model: SiamMaeConfig
  readonly optimiser: OptimiserConfig
  /** Pairs in one micro-batch, which is what has to fit into memory. */
  readonly batch: number
  /** Micro-batches whose gradients are averaged before a step. */
  readonly accumulate: number
  /** See {@link BlockOptions}; {@link attentionWeights} chooses when left out. */
  readonly weights?: BlockOptions['weights']
}

/** Attention weights up to this many bytes are kept for the backward pass; above, they are computed once more. */
const KEPT_WEIGHT_BYTES = 512 * 2 ** 20

/**
 * Whether a step keeps its attention weights. They grow with the square of the tokens: 140 MB for ViT-S/16 and a batch
 * of 8, but 2 GB for ViT-S/8, where computing them once more costs little beside everything else.
 */
export function attentionWeights(model: SiamMaeConfig, batch: number): BlockOptions['weights'] {
  const { encoder, decoder } = model
  const squares = (1 + encoder.positionGrid ** 2) ** 2
  const perDecoderBlock = model.decoderMode === 'cross-self' ? 2 : model.decoderMode === 'joint' ? 4 : 1
  const maps = encoder.depth * encoder.heads + decoder.depth * decoder.heads * perDecoderBlock
  return 4 * batch * maps * squares > KEPT_WEIGHT_BYTES ? 'recomputed' : 'kept'
}

export interface StepResult {
  /** Mean over all pairs of the step, before the step changed the parameters. */
  readonly loss: number
  readonly gradientNorm: number
  /** Seconds spent waiting for data. */
  readonly waited: number
}

/** A tensor is read from the engine in portions of about this many values, so that copies stay small. */
const READ_VALUES = 16 * 2 ** 20

const scalar = (value: number): HostTensor => ({
  dtype: 'float32',
  shape: [],
  data: new Float32Array([value]),
})

/** The state of a training on a device, and the step that advances it. One step at a time. */
export class TrainStep {
  readonly #engine: Engine
  readonly #config: TrainStepConfig
  readonly #tables: Parameters
  readonly #state: State
  /** The whole step where nothing is accumulated, else forward and backward. */
  readonly #main: Program
  /** AdamW on accumulated gradients. */
  readonly #apply: Program | undefined
  #steps: number
  readonly #reconstructions = new Map<number, Program>()

  private constructor(
    engine: Engine,
    config: TrainStepConfig,
    parts: { tables: Parameters; state: State; main: Program; apply: Program | undefined; steps: number },
  ) {
    this.#engine = engine
    this.#config = config
    this.#tables = parts.tables
    this.#state = parts.state
    this.#main = parts.main
    this.#apply = parts.apply
    this.#steps = parts.steps
  }

  /**
   * Compiles the graphs and hands the state to the engine.
   * @throws Error with the runtime's words when the device cannot run the graph or its memory is too small
   */
  static async create(engine: Engine, config: TrainStepConfig, start: TrainingState): Promise<TrainStep> {
    const { model, accumulate } = config
    const tables = new Map([...start.parameters].filter(([name]) => POSITION_TABLES.has(name)))
    const graphs = { ...config, weights: config.weights ?? attentionWeights(model, config.batch) }
    const load = ({ graph, updates }: StatefulGraph): Promise<Program> =>
      engine.load(graph, { updates, asWritten: true })
    const main = await load(accumulate > 1 ? accumulateGraph(graphs, tables) : stepGraph(graphs, tables))
    const apply = accumulate > 1 ? await load(applyGraph(graphs, accumulate, tables)) : undefined
    const state = await engine.createState({})
    for (const [name, shape] of trainableLayout(siamMaeLayout(model))) {
      const tensor = (data: Float32Array): HostTensor => ({ dtype: 'float32', shape, data })
      const values = start.parameters.get(name)!
      await engine.writeState(state, {
        [name]: tensor(values),
        [firstMoment(name)]: tensor(start.first.get(name)!),
        [secondMoment(name)]: tensor(start.second.get(name)!),
        ...(apply && { [gradientSum(name)]: tensor(new Float32Array(values.length)) }),
      })
    }
    return new TrainStep(engine, config, { tables, state, main, apply, steps: start.step })
  }

  /** Optimiser steps done so far. */
  get steps(): number {
    return this.#steps
  }

  /**
   * One optimiser step. The masks of micro-batch i follow from the seed and the step alone.
   * @param batchOf gives the pairs of micro-batch 0 to accumulate - 1
   */
  async step(
    batchOf: (micro: number) => Promise<PairBatch>,
    options: { seed: number; learningRate: number },
  ): Promise<StepResult> {
    const { optimiser, accumulate } = this.#config
    const [beta1, beta2] = optimiser.betas
    const update = {
      learning_rate: scalar(options.learningRate),
      first_correction: scalar(1 - beta1 ** (this.#steps + 1)),
      second_correction: scalar(1 - beta2 ** (this.#steps + 1)),
    }
    let loss = 0
    let waited = 0
    let last: Record<string, AnyTensor> = {}
    for (let micro = 0; micro < accumulate; micro++) {
      const start = performance.now()
      const batch = await batchOf(micro)
      waited += (performance.now() - start) / 1000
      const feeds = this.#feeds(batch, this.#steps * accumulate + micro, options.seed)
      const own = this.#apply ? { carry: scalar(micro === 0 ? 0 : 1) } : update
      last = await this.#engine.run(this.#main, { ...feeds, ...own }, this.#state)
      loss += numberOf(last.loss) / accumulate
    }
    if (this.#apply) last = await this.#engine.run(this.#apply, update, this.#state)
    this.#steps++
    return { loss, gradientNorm: numberOf(last.gradient_norm), waited }
  }

  /**
   * Predicts the removed patches of a batch without training.
   * @param index draws the mask: the same index gives the same mask
   * @returns prediction [size, tokens, patch * patch * 3] in target space; removed [size, tokens], 1 where a patch of
   *   the future frame was hidden; the loss
   */
  async reconstruct(
    batch: PairBatch,
    options: { seed: number; index: number },
  ): Promise<{ prediction: Float32Array; removed: Float32Array; loss: number }> {
    const { model } = this.#config
    let program = this.#reconstructions.get(batch.size)
    if (!program) {
      program = await this.#engine.load(reconstructionGraph(model, batch.size, this.#tables))
      this.#reconstructions.set(batch.size, program)
    }
    const masks = drawMasks(model, batch.size, options.seed, options.index, 'preview')
    const results = await this.#engine.run(
      program,
      { ...pairFeeds(batch, model), ...masks.feeds },
      this.#state,
    )
    return {
      prediction: onHost(results.prediction).data as Float32Array,
      removed: masks.future.removed,
      loss: numberOf(results.loss),
    }
  }

  /** A copy of the whole state. */
  async state(): Promise<TrainingState> {
    const layout = siamMaeLayout(this.#config.model)
    const names = [...trainableLayout(layout).keys()]
    const read = async (nameOf: (name: string) => string): Promise<Map<string, Float32Array>> => {
      const values = new Map<string, Float32Array>()
      const portion: string[] = []
      let size = 0
      const take = async (): Promise<void> => {
        const tensors = await this.#engine.readState(this.#state, portion.map(nameOf))
        for (const name of portion) values.set(name, tensors[nameOf(name)]!.data as Float32Array)
        portion.length = 0
        size = 0
      }
      for (const name of names) {
        portion.push(name)
        size += layout.get(name)!.reduce((a, b) => a * b, 1)
        if (size >= READ_VALUES) await take()
      }
      if (portion.length > 0) await take()
      return values
    }
    const learned = await read((name) => name)
    const parameters = new Map(
      [...layout.keys()].map((name) => [name, learned.get(name) ?? this.#tables.get(name)!]),
    )
    return { step: this.#steps, parameters, first: await read(firstMoment), second: await read(secondMoment) }
  }

  /** Where the tensors of the state are: with the device, unless it computes in host memory. */
  places(): Promise<StateTensor[]> {
    const names = [...trainableLayout(siamMaeLayout(this.#config.model)).keys()]
    return this.#engine.describeState(
      this.#state,
      names.flatMap((name) => [name, firstMoment(name), secondMoment(name)]),
    )
  }

  /** Frees everything on the device. */
  async close(): Promise<void> {
    await this.#engine.dropState(this.#state)
    for (const program of [this.#main, this.#apply, ...this.#reconstructions.values()])
      if (program) await this.#engine.unload(program)
  }

  #feeds(batch: PairBatch, index: number, seed: number): Record<string, HostTensor> {
    const { model, batch: size } = this.#config
    if (batch.size !== size) throw new RangeError(`The step takes ${size} pairs, not ${batch.size}.`)
    return { ...pairFeeds(batch, model), ...drawMasks(model, size, seed, index, 'masks').feeds }
  }
}

function numberOf(tensor: AnyTensor | undefined): number {
  return Number(onHost(tensor).data[0])
}
