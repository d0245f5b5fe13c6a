/** Protects: curves that say what the steps say. */
import { describe, expect, it } from 'vitest'
import { boundsOf, columns, smooth } from '../../../webview/dashboard/curves.ts'

describe('smoothing', () => {
  it('leaves values as they are without it', () => {
    expect(smooth([3, 1, 2], 0)).toEqual([3, 1, 2])
  })

  it('starts at the first value instead of 0, and never leaves the range of the values', () => {
    const values = [5, 4, 6, 5, 3]
    const smoothed = smooth(values, 0.9)
    expect(smoothed[0]).toBeCloseTo(5, 10)
    for (const value of smoothed) {
      expect(value).toBeGreaterThanOrEqual(3)
      expect(value).toBeLessThanOrEqual(6)
    }
    // Weights 0.9 and 1 for the first two.
    expect(smoothed[1]).toBeCloseTo((0.9 * 5 + 4) / 1.9, 10)
  })

  it('keeps a constant constant', () => {
    for (const value of smooth(Array(50).fill(0.4), 0.99)) expect(value).toBeCloseTo(0.4, 10)
  })
})

describe('the bounds of an axis', () => {
  it('hold all values, with room', () => {
    const [least, most] = boundsOf([1, null, 3, undefined], false)!
    expect(least).toBeLessThan(1)
    expect(most).toBeGreaterThan(3)
  })

  it('of one value are not empty', () => {
    const [least, most] = boundsOf([2, 2], false)!
    expect(most).toBeGreaterThan(least)
    expect(boundsOf([0], false)![1]).toBeGreaterThan(0)
  })

  it('leave out what a log scale cannot show', () => {
    const [least] = boundsOf([0, -1, 0.5, 2], true)!
    expect(least).toBeGreaterThan(0)
  })

  it('are not there where there is no value', () => {
    expect(boundsOf([], false)).toBeUndefined()
    expect(boundsOf([Number.NaN, null], false)).toBeUndefined()
    expect(boundsOf([0], true)).toBeUndefined()
  })
})

it('columns are the steps and one value of each', () => {
  const step = { step: 4, loss: 0.5, gradientNorm: 1, learningRate: 0.1, pairsPerSecond: 9 }
  expect(columns([step, { ...step, step: 5, loss: 0.4 }], ({ loss }) => loss)).toEqual([
    [4, 5],
    [0.5, 0.4],
  ])
})
