/** Masks: every patch is kept once or removed, the lists are inverse to each other, the same seed draws the same. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { drawMask, keptTokens, maskFromKept, seededRandom, streamSeed } from '../../../model/siammae/index.ts'

const cases = fc.record({
  batch: fc.integer({ min: 1, max: 5 }),
  tokens: fc.integer({ min: 4, max: 60 }),
  ratio: fc.double({ min: 0, max: 0.7, noNaN: true }),
  seed: fc.integer(),
})

describe('a drawn mask', () => {
  it('keeps the right number of patches of each picture, and its lists are inverse', () => {
    fc.assert(
      fc.property(cases, ({ batch, tokens, ratio, seed }) => {
        const mask = drawMask(batch, tokens, ratio, seededRandom(seed))
        const kept = keptTokens(tokens, ratio)
        expect(mask.kept).toBe(kept)
        expect(mask.keep.length).toBe(batch * kept)
        for (const [place, row] of mask.keep.entries()) {
          expect(Math.floor(row / tokens)).toBe(Math.floor(place / kept))
          expect(mask.positions[place]).toBe(row % tokens)
          expect(mask.restore[row]).toBe(place)
          expect(mask.removed[row]).toBe(0)
        }
        const removed = mask.removed.reduce((a, b) => a + b, 0)
        expect(removed).toBe(batch * (tokens - kept))
        for (const [row, place] of mask.restore.entries())
          expect(place === batch * kept).toBe(mask.removed[row] === 1)
      }),
    )
  })

  it('shows everything in order at a ratio of 0', () => {
    const mask = drawMask(2, 5, 0, seededRandom(1))
    expect([...mask.keep]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(mask.removed.every((value) => value === 0)).toBe(true)
  })

  it('is the same for the same seed, differs between pictures, and uses all patches in the long run', () => {
    const draw = (seed: number) => drawMask(2, 40, 0.75, seededRandom(seed))
    expect(draw(3)).toEqual(draw(3))
    const { positions } = draw(3)
    expect([...positions.slice(0, 10)]).not.toEqual([...positions.slice(10)])
    const seen = new Set(Array.from({ length: 60 }, (_, i) => [...draw(i).positions]).flat())
    expect(seen.size).toBe(40)
  })

  it('refuses pictures that keep different numbers', () => {
    expect(() => maskFromKept([[0, 1], [2]], 4)).toThrow(RangeError)
  })
})

describe('stream seeds', () => {
  it('differ by seed, purpose and index', () => {
    const seeds = new Set<number>()
    for (const seed of [0, 1, -1, 7])
      for (const purpose of ['masks', 'pairs'])
        for (let index = 0; index < 200; index++) seeds.add(streamSeed(seed, purpose, index))
    expect(seeds.size).toBe(4 * 2 * 200)
    expect(streamSeed(1, 'masks', 5)).toBe(streamSeed(1, 'masks', 5))
  })
})
