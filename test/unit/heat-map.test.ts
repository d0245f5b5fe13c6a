import { describe, expect, it } from 'vitest'
import { clippedScaleOf, heatColour, heatPixels, scaleOf } from '../../model/heat-map.ts'

/** CIE lightness, 0 to 100. */
function lightness(colour: readonly number[]): number {
  const [r, g, b] = colour.map((value) => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  const y = 0.2126 * r + 0.7152 * g + 0.0722 * b
  return y > 0.008856 ? 116 * Math.cbrt(y) - 16 : 903.3 * y
}

describe('the colours of a heat map', () => {
  it('grow lighter in even steps, so that equal differences look equal', () => {
    const steps = Array.from({ length: 21 }, (_, i) => lightness(heatColour(i / 20)))
    const differences = steps.slice(1).map((value, i) => value - steps[i]!)
    const mean = (steps.at(-1)! - steps[0]!) / 20
    expect(mean).toBeGreaterThan(3)
    for (const difference of differences) expect(Math.abs(difference - mean)).toBeLessThan(0.35 * mean)
  })

  it('begin and end as viridis does, also for values beyond the scale', () => {
    expect(heatColour(0)).toEqual([0x44, 0x01, 0x54])
    expect(heatColour(1)).toEqual([0xfd, 0xe7, 0x25])
    expect(heatColour(-4)).toEqual(heatColour(0))
    expect(heatColour(7)).toEqual(heatColour(1))
    expect(heatColour(Number.NaN)).toEqual(heatColour(0))
  })
})

describe('a heat map', () => {
  it('has one opaque pixel per value, coloured by its place on the scale', () => {
    const pixels = heatPixels(Float32Array.of(0.25, 0.75, 0.5), { low: 0.25, high: 0.75 })
    expect([...pixels]).toEqual([0, 1, 0.5].flatMap((share) => [...heatColour(share), 255]))
  })

  it('scales from the smallest to the largest value, also where all are the same or there are none', () => {
    expect(scaleOf([0.5, -0.25, 0.75])).toEqual({ low: -0.25, high: 0.75 })
    expect(scaleOf([0.5, 0.5])).toEqual({ low: 0, high: 1 })
    expect(scaleOf([])).toEqual({ low: 0, high: 1 })
  })

  it('can leave the few patches that take everything out of its scale', () => {
    const values = Float32Array.from({ length: 200 }, (_, i) => (i < 2 ? 50 : (i % 100) / 100))
    const { low, high } = clippedScaleOf(values)
    expect(low).toBe(0)
    expect(high).toBeCloseTo(0.99, 5)
    expect(clippedScaleOf(new Float32Array(9))).toEqual({ low: 0, high: 1 })
  })
})
