import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { learningRateAt, scaledLearningRate, smoothLoss } from '../../../model/training/schedule.ts'
import { describeWithReference } from '../../support/reference.ts'

interface Golden {
  readonly learning_rate: {
    peak: number
    min: number
    warmup_epochs: number
    epochs: number
    at: [number, number][]
  }[]
}

describeWithReference("MAE's learning rate", (reference) => {
  const golden = JSON.parse(readFileSync(join(reference, 'siammae', 'mae_arithmetic.json'), 'utf8')) as Golden
  it.each(golden.learning_rate)('peak $peak over $epochs epochs', (run) => {
    const schedule = { peak: run.peak, minimum: run.min, warmupSteps: run.warmup_epochs, steps: run.epochs }
    for (const [at, expected] of run.at)
      expect(Math.abs(learningRateAt(schedule, at) - expected)).toBeLessThan(1e-15)
  })
})

describe('learning rate', () => {
  const schedule = { peak: 1, minimum: 0.1, warmupSteps: 0, steps: 10 }

  it('starts at the peak without a warm-up and ends at the minimum', () => {
    expect(learningRateAt(schedule, 0)).toBe(1)
    expect(learningRateAt(schedule, 10)).toBe(0.1)
    expect(learningRateAt(schedule, 11)).toBe(0.1)
  })

  it('is defined where the whole run is warm-up', () => {
    const short = { ...schedule, warmupSteps: 10 }
    expect(learningRateAt(short, 5)).toBe(0.5)
    expect(learningRateAt(short, 10)).toBe(0.1)
  })

  it('scales with the pairs of a step', () => {
    expect(scaledLearningRate(1.5e-4, 2048)).toBeCloseTo(1.2e-3, 12)
  })
})

describe('running mean of the loss', () => {
  it('is the mean of the first steps, and follows later ones slowly', () => {
    let mean: number | undefined
    for (const [index, loss] of [4, 2, 3].entries()) mean = smoothLoss(mean, loss, index + 1)
    expect(mean).toBeCloseTo(3, 12)
    expect(smoothLoss(1, 2, 1000)).toBeCloseTo(1.02, 12)
  })
})
