/** A step on a device: its state stays there, accumulation equals one large batch, the same seed gives the same run. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Engine, type StateTensor } from '../../../model/runtime/index.ts'
import { type SiamMaeConfig, seededRandom, siamMaeConfig } from '../../../model/siammae/index.ts'
import {
  type PairBatch,
  PRETRAINING_OPTIMISER,
  startState,
  TrainStep,
  type TrainStepConfig,
} from '../../../model/training/index.ts'
import { describeOnDevices } from '../../support/devices.ts'
import { expectClose, largestDifference } from '../../support/tensors.ts'

const tiny = siamMaeConfig('Ti', 8, { imageSize: 32, futureRatio: 0.75 })
const model: SiamMaeConfig = {
  ...tiny,
  encoder: { ...tiny.encoder, dim: 32, depth: 2, heads: 2 },
  decoder: { dim: 16, depth: 1, heads: 2, mlpRatio: 4 },
}

/** Waves of a random direction and colour; the future is the past moved by one pixel. */
function pairs(size: number, seed: number): PairBatch {
  const random = seededRandom(seed)
  const waves = Array.from({ length: 3 * size }, () => [random.normal(), random.normal(), random.normal()])
  const picture = (shift: number): Uint8Array =>
    Uint8Array.from({ length: size * 32 * 32 * 3 }, (_, i) => {
      const [a, b, c] = waves[3 * Math.floor(i / (32 * 32 * 3)) + (i % 3)] as [number, number, number]
      const [x, y] = [Math.floor(i / 3) % 32, Math.floor(i / 96) % 32]
      return 128 + 100 * Math.sin(0.3 * a * (x + shift) + 0.3 * b * y + c)
    })
  return { size, past: picture(0), future: picture(1) }
}

function part({ past, future, size }: PairBatch, index: number, parts: number): PairBatch {
  const length = past.length / parts
  const cut = (data: Uint8Array): Uint8Array => data.slice(index * length, (index + 1) * length)
  return { size: size / parts, past: cut(past), future: cut(future) }
}

describeOnDevices('training step', (device) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await Engine.start(device)
  })
  afterAll(() => engine.close())

  const create = (config: Partial<TrainStepConfig> = {}): Promise<TrainStep> =>
    TrainStep.create(
      engine,
      { model, optimiser: PRETRAINING_OPTIMISER, batch: 4, accumulate: 1, ...config },
      startState(model, 3),
    )
  const run = async (
    step: TrainStep,
    steps: number,
    batchOf: (step: number, micro: number) => PairBatch,
    learningRate = 1e-3,
  ) => {
    const losses: number[] = []
    for (let i = 0; i < steps; i++) {
      const result = await step.step(async (micro) => batchOf(i, micro), { seed: 5, learningRate })
      losses.push(result.loss)
    }
    return losses
  }

  it('keeps parameters and moments where they are computed for 20 steps, and learns', async () => {
    const step = await create()
    const losses = await run(step, 20, () => pairs(4, 1), 1e-2)
    expect(losses.every(Number.isFinite)).toBe(true)
    expect(losses.at(-1)).toBeLessThan(0.9 * losses[0]!)
    const places = (await step.places()).map(({ place }: StateTensor) => place)
    expect(new Set(places)).toEqual(new Set([device === 'cpu' ? 'host' : 'device']))
    expect((await step.state()).step).toBe(20)
    await step.close()
  })

  it('gives the same numbers for the same seed', async () => {
    const states = []
    for (let i = 0; i < 2; i++) {
      const step = await create()
      await run(step, 3, (n) => pairs(4, n))
      states.push(await step.state())
      await step.close()
    }
    for (const [name, values] of states[0]!.parameters)
      expect(largestDifference(values, states[1]!.parameters.get(name)!), name).toBe(0)
  })

  it('goes on from a state as if it had never stopped', async () => {
    const whole = await create()
    await run(whole, 4, (n) => pairs(4, n))
    const first = await create()
    await run(first, 2, (n) => pairs(4, n))
    const config = { model, optimiser: PRETRAINING_OPTIMISER, batch: 4, accumulate: 1 }
    const second = await TrainStep.create(engine, config, await first.state())
    await run(second, 2, (n) => pairs(4, n + 2))
    const [a, b] = [await whole.state(), await second.state()]
    for (const kind of ['parameters', 'first', 'second'] as const)
      for (const [name, values] of a[kind])
        expect(largestDifference(values, b[kind].get(name)!), `${kind} ${name}`).toBe(0)
    for (const step of [whole, first, second]) await step.close()
  })

  it('averages the gradients of micro-batches', async () => {
    const halves = [0, 1].map((index) => part(pairs(4, 2), index, 2))
    const rate = { seed: 5, learningRate: 0 }
    // One after the other, with a learning rate of 0: the masks are those of the two micro-batches below.
    const apart = await create({ batch: 2 })
    const one = await apart.step(async () => halves[0]!, rate)
    const afterOne = (await apart.state()).first
    const two = await apart.step(async () => halves[1]!, rate)
    const afterTwo = (await apart.state()).first
    const together = await create({ batch: 2, accumulate: 2 })
    const mean = await together.step(async (micro) => halves[micro]!, rate)
    const first = (await together.state()).first
    expect(mean.loss).toBeCloseTo((one.loss + two.loss) / 2, 5)
    // A moment is b m + (1 - b) g with b = 0.9, so 0.1 g of the second half is what b does not explain.
    for (const [name, values] of first) {
      const [m1, m2] = [afterOne.get(name)!, afterTwo.get(name)!]
      expectClose(
        values,
        m1.map((m, i) => (m + m2[i]! - 0.9 * m) / 2),
        1e-6,
      )
    }
    // The sum starts anew with every step.
    const norms = [mean.gradientNorm]
    for (let i = 0; i < 3; i++)
      norms.push((await together.step(async (micro) => halves[micro]!, rate)).gradientNorm)
    expect(Math.max(...norms)).toBeLessThan(2 * Math.min(...norms))
    await apart.close()
    await together.close()
  })

  it('recomputed attention weights give the same gradients as kept ones', async () => {
    const norms: number[] = []
    for (const weights of ['kept', 'recomputed'] as const) {
      const step = await create({ weights })
      const { gradientNorm, loss } = await step.step(async () => pairs(4, 1), { seed: 5, learningRate: 0 })
      norms.push(gradientNorm, loss)
      await step.close()
    }
    expectClose(norms.slice(2), norms.slice(0, 2), 1e-5)
  })

  it('shortens a long gradient to clipNorm, and leaves a short one', async () => {
    const change = async (clipNorm: number | null): Promise<Float32Array> => {
      const step = await create({ optimiser: { ...PRETRAINING_OPTIMISER, clipNorm, epsilon: 1 } })
      await step.step(async () => pairs(4, 1), { seed: 5, learningRate: 1 })
      const { first } = await step.state()
      await step.close()
      return first.get('decoder_pred.weight')!
    }
    const free = await change(null)
    expectClose(await change(1e6), free, 1e-9)
    const clipped = await change(0.01)
    const length = (x: Float32Array): number => Math.hypot(...x)
    expect(length(clipped)).toBeLessThan(0.1 * 0.01 * 1.001)
    expect(length(clipped)).toBeGreaterThan(0)
  })
})
