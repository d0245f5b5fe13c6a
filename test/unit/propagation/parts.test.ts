/** The small pieces: votes, packing, decoding, grouping, the feature cache. Each rule that results lean on. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../model/errors.ts'
import { channelConfidence } from '../../../model/propagation/confidence.ts'
import { decodeLabels, decodeNetwork } from '../../../model/propagation/decode.ts'
import { FeatureCache, type FeatureExtractor } from '../../../model/propagation/features.ts'
import { blendLabels, packLabels, type SoftLabels, unpackLabels } from '../../../model/propagation/grid.ts'
import { groupMarks } from '../../../model/propagation/groups.ts'
import { settleJoints } from '../../../model/propagation/joint-pace.ts'
import { decodeJoint, decodePeak, labelsFromJoints } from '../../../model/propagation/keypoints.ts'
import { labelsFromMask, linearTap } from '../../../model/propagation/labels.ts'
import { MAX_TOKENS, networkSize } from '../../../model/propagation/network-size.ts'
import { ObjectPairs } from '../../../model/propagation/overlap.ts'
import { neighbourhoodAt, PRESETS, type PropagationSettings } from '../../../model/propagation/settings.ts'
import { castVotes } from '../../../model/propagation/vote.ts'
import type { Engine } from '../../../model/runtime/index.ts'

const grid = { rows: 4, columns: 5 }

/** Random soft labels whose channels sum to one in every cell. */
const soft = (channels: number): fc.Arbitrary<SoftLabels> =>
  fc.array(fc.nat(6), { minLength: 20 * channels, maxLength: 20 * channels }).map((raw) => {
    const data = new Float32Array(raw.length)
    for (let cell = 0; cell < 20; cell++) {
      const part = raw.slice(cell * channels, (cell + 1) * channels)
      const total = part.reduce((a, b) => a + b, 0)
      part.forEach((value, i) => {
        data[cell * channels + i] = total > 0 ? value / total : i === 0 ? 1 : 0
      })
    }
    return { grid, channels, data }
  })

describe('votes', () => {
  it('stay a distribution: labels that sum to one still do after voting', () => {
    fc.assert(
      fc.property(soft(3), soft(3), fc.integer({ min: 1, max: 6 }), fc.nat(1000), (a, b, k, seed) => {
        const candidates = (shift: number) => ({
          k: 3,
          cosines: Float32Array.from({ length: 60 }, (_, i) => 0.9 - 0.2 * (i % 3) - ((i + shift) % 7) / 100),
          cells: Int32Array.from({ length: 60 }, (_, i) => (i * 7 + shift) % 20),
        })
        const ballots = [
          { candidates: candidates(seed), labels: a, copies: 2 },
          { candidates: candidates(seed + 3), labels: b, copies: 1 },
        ]
        const { data } = castVotes(ballots, k, 0.7)
        for (let cell = 0; cell < 20; cell++)
          expect(data[cell * 3]! + data[cell * 3 + 1]! + data[cell * 3 + 2]!).toBeCloseTo(1, 5)
      }),
      { seed: 7, numRuns: 100 },
    )
  })
})

describe('packing', () => {
  it('gives labels back to within its rounding, and blends are between both ends', () => {
    fc.assert(
      fc.property(soft(4), soft(4), fc.double({ min: 0, max: 1, noNaN: true }), (a, b, weight) => {
        const back = unpackLabels(packLabels(a))
        back.data.forEach((value, i) => {
          expect(Math.abs(value - a.data[i]!)).toBeLessThan(1e-5)
        })
        blendLabels(a, b, weight).data.forEach((value, i) => {
          expect(value).toBeGreaterThanOrEqual(Math.min(a.data[i]!, b.data[i]!) - 1e-6)
          expect(value).toBeLessThanOrEqual(Math.max(a.data[i]!, b.data[i]!) + 1e-6)
        })
      }),
      { seed: 8, numRuns: 100 },
    )
  })
})

it('packing keeps empty cells, and plain background takes no room', () => {
  const data = new Float32Array(40)
  for (let cell = 0; cell < 20; cell++) data[cell * 2] = 1
  data.set([0, 0, 0.5, 0.5], 8)
  const packed = packLabels({ grid, channels: 2, data })
  expect([packed.cells, packed.counts].map((list) => [...list])).toEqual([
    [4, 5],
    [0, 2],
  ])
  expect(packed.weights).toHaveLength(2)
  unpackLabels(packed).data.forEach((value, i) => {
    expect(value).toBeCloseTo(data[i]!, 4)
  })
})

describe('decoding', () => {
  it('equals interpolating every channel at every pixel', () => {
    fc.assert(
      fc.property(
        soft(4),
        fc.constantFrom(2, 8, 14),
        fc.constantFrom('crw' as const, 'dino' as const),
        (labels, patch, protocol) => {
          const [width, height] = [grid.columns * patch, grid.rows * patch]
          const at = (channel: number, x: number, y: number): number => {
            const [h, v] = [linearTap(x, grid.columns, width), linearTap(y, grid.rows, height)]
            const value = (row: number, column: number) =>
              labels.data[(row * grid.columns + column) * 4 + channel]!
            const left = value(v.low, h.low) * (1 - v.weight) + value(v.high, h.low) * v.weight
            const right = value(v.low, h.high) * (1 - v.weight) + value(v.high, h.high) * v.weight
            return left * (1 - h.weight) + right * h.weight
          }
          const planes = [0, 1, 2, 3].map((channel) => {
            const plane = Float64Array.from({ length: width * height }, (_, i) =>
              at(channel, i % width, Math.floor(i / width)),
            )
            if (protocol === 'crw') return plane
            const [low, high] = [
              plane.reduce((a, b) => Math.min(a, b)),
              plane.reduce((a, b) => Math.max(a, b)),
            ]
            return high > 0 && high > low ? plane.map((value) => (value - low) / (high - low)) : plane
          })
          decodeNetwork(labels, patch, protocol).data.forEach((label, i) => {
            const best = Math.max(...planes.map((plane) => plane[i]!))
            expect(best - planes[label]![i]!).toBeLessThan(1e-9)
          })
        },
      ),
      { seed: 9, numRuns: 40 },
    )
  })

  it('a mask that fills whole patches survives grid and back', () => {
    const map = {
      width: 40,
      height: 32,
      data: Uint8Array.from({ length: 1280 }, (_, i) =>
        i % 40 >= 16 && i % 40 < 32 && i >= 320 && i < 960 ? 2 : 0,
      ),
    }
    for (const protocol of ['crw', 'dino'] as const) {
      const labels = labelsFromMask(map, grid, 3, 8, protocol)
      const back = decodeLabels(labels, 8, map, protocol)
      const wrong = back.data.reduce((count, label, i) => count + (label === map.data[i] ? 0 : 1), 0)
      // Bilinear upsampling rounds the corners.
      expect(wrong).toBeLessThan(40)
    }
  })

  it('is sure where votes agree and unsure where they do not; gone means sure of nothing', () => {
    const data = new Float32Array(60)
    for (let cell = 0; cell < 20; cell++)
      data.set(cell < 4 ? [0, 1, 0] : cell < 8 ? [0.45, 0, 0.55] : [1, 0, 0], cell * 3)
    const [, certain, doubtful] = channelConfidence({ grid, channels: 3, data })
    expect(certain).toBeCloseTo(1, 6)
    expect(doubtful).toBeCloseTo(0.1, 5)
    expect(
      channelConfidence({
        grid,
        channels: 2,
        data: Float32Array.from({ length: 40 }, (_, i) => (i % 2 ? 0.2 : 0.8)),
      })[1],
    ).toBeCloseTo(0.8, 5)
  })
})

describe('keypoints', () => {
  it('come back to the cell they were put on', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 2, max: 17, noNaN: true }),
        fc.double({ min: 2, max: 12, noNaN: true }),
        (x, y) => {
          const labels = labelsFromJoints([{ x, y }], { rows: 15, columns: 20 })
          const back = decodeJoint(labels, 1)!
          expect(Math.hypot(back.x - x, back.y - y)).toBeLessThan(0.75)
        },
      ),
      { seed: 10, numRuns: 200 },
    )
  })
})

describe('keypoints at their peak', () => {
  const wide = { rows: 15, columns: 20 }
  const place = fc.record({
    x: fc.double({ min: 3, max: 16, noNaN: true }),
    y: fc.double({ min: 3, max: 11, noNaN: true }),
  })

  it('come back to the cell they were put on', () => {
    fc.assert(
      fc.property(place, ({ x, y }) => {
        const back = decodePeak(labelsFromJoints([{ x, y }], wide), 1)!
        expect(Math.hypot(back.x - x, back.y - y)).toBeLessThan(1.1)
        expect(back.strength).toBe(1)
      }),
      { seed: 11, numRuns: 200 },
    )
  })

  it('stay at one place where two look alike, and are nowhere without votes', () => {
    const labels = labelsFromJoints([{ x: 4, y: 4 }, undefined], wide)
    // A weaker twin far away, which the mean of the strongest cells would be drawn to.
    labels.data[(10 * 20 + 16) * 3 + 1] = 0.9
    const alone = labelsFromJoints([{ x: 4, y: 4 }], wide)
    const { x, y } = decodePeak(labels, 1)!
    expect([x, y]).toEqual([decodePeak(alone, 1)!.x, decodePeak(alone, 1)!.y])
    expect(decodeJoint(labels, 1)!.x).toBeGreaterThan(6)
    expect(decodePeak(labels, 2)).toBeUndefined()
  })

  it('do not jump: votes out of reach are gone, the strongest in reach keeps its strength', () => {
    const settle = settleJoints({ jointPace: 2 }, [1])!
    const before = labelsFromJoints([{ x: 5, y: 6 }], wide)
    const votes = labelsFromJoints([{ x: 6, y: 6 }], wide)
    for (let at = 1; at < votes.data.length; at += 2) votes.data[at]! *= 0.5
    votes.data[(2 * 20 + 17) * 2 + 1] = 1
    const untouched = votes.data.slice()
    const settled = settle(votes, before)
    expect(votes.data).toEqual(untouched)
    expect(settled.data[(2 * 20 + 17) * 2 + 1]).toBe(0)
    const found = decodePeak(settled, 1)!
    expect(
      Math.hypot(found.x - decodePeak(before, 1)!.x - 1, found.y - decodePeak(before, 1)!.y),
    ).toBeLessThan(0.5)
    expect(found.strength).toBeCloseTo(0.5, 6)
    // The background's channel is none of a joint's.
    expect(settled.data.filter((_, at) => at % 2 === 0)).toEqual(votes.data.filter((_, at) => at % 2 === 0))
  })

  it('that were lost are found again anywhere; protocols let them jump', () => {
    const lost = labelsFromJoints([undefined], wide)
    const votes = labelsFromJoints([{ x: 15, y: 3 }], wide)
    expect(settleJoints({ jointPace: 2 }, [1])!(votes, lost).data).toEqual(votes.data)
    const protocol: PropagationSettings = PRESETS.siammae
    expect(settleJoints(protocol, [1])).toBeUndefined()
    expect(settleJoints({ jointPace: 2 }, [])).toBeUndefined()
  })
})

describe('the pace of things', () => {
  it('widens with the frames between, in few steps, up to the neighbourhood', () => {
    const settings = { ...PRESETS.annotator, pace: { radius: 4, perFrame: 2 } }
    const radii = [1, 2, 3, 5, 8, 9, 20].map((apart) => neighbourhoodAt(settings, apart, false)?.radius)
    expect(radii).toEqual([4, 8, 8, 12, 20, 20, 20])
    expect(neighbourhoodAt(settings, 3, true)?.radius).toBe(8)
    expect(neighbourhoodAt(settings, 20, true)).toBeUndefined()
    expect(neighbourhoodAt({ ...settings, restrictMarked: true }, 20, true)?.radius).toBe(20)
  })

  it('is not a matter of the published protocols', () => {
    expect(neighbourhoodAt(PRESETS.siammae, 1, false)).toEqual({ shape: 'disc', radius: 20 })
    expect(neighbourhoodAt(PRESETS.siammae, 1, true)).toBeUndefined()
    expect(neighbourhoodAt(PRESETS.dino, 1, true)).toEqual({ shape: 'square', radius: 12 })
  })
})

describe('groups', () => {
  const context = {
    overlapping: new ObjectPairs(),
    spots: [],
    grid,
    patch: 8,
    protocol: 'crw' as const,
    width: 40,
    height: 32,
  }
  const map = (...ids: number[]) => ({
    width: 40,
    height: 32,
    data: Uint8Array.from({ length: 1280 }, (_, i) => ids[i % (ids.length + 1)] ?? 0),
  })

  it('objects marked on the same frames travel together, others apart', () => {
    const groups = groupMarks(
      [
        { frame: 0, map: map(1, 2, 7), objects: [1, 2, 7] },
        { frame: 9, map: map(2), objects: [2] },
      ],
      [{ frame: 3, object: 8, joints: [{ x: 5, y: 5 }, undefined] }],
      context,
    )
    const shapes = groups.map((group) =>
      group.kind === 'masks'
        ? [group.layers.map(({ objects }) => objects), [...group.marks.keys()]]
        : [group.object, [...group.marks.keys()]],
    )
    expect(shapes).toEqual([
      [[[1, 7]], [0]],
      [[[2]], [0, 9]],
      [8, [3]],
    ])
  })

  it('holds 255 objects', () => {
    const ids = Array.from({ length: 255 }, (_, i) => i + 1)
    const [group] = groupMarks([{ frame: 0, map: map(...ids), objects: ids }], [], context)
    expect(group!.marks.get(0)!.channels).toBe(256)
  })

  it('refuses what does not fit, in a sentence', () => {
    expect(() =>
      groupMarks([{ frame: 0, map: { ...map(1), width: 39 }, objects: [1] }], [], context),
    ).toThrow(/39x32 and the video 40x32/)
    for (const outside of [
      { x: 40.01, y: 0 },
      { x: 0, y: 32.01 },
      { x: -0.01, y: 0 },
    ])
      expect(() => groupMarks([], [{ frame: 0, object: 1, joints: [outside] }], context)).toThrow(
        /outside the video of 40x32/,
      )
  })

  it('takes keypoints up to the edge of the picture, which is beyond the last pixel', () => {
    const grouped = (x: number, y: number) =>
      groupMarks([], [{ frame: 0, object: 1, joints: [{ x, y }] }], context)
    expect(grouped(40, 32)).toEqual(grouped(39, 31))
    expect(grouped(39.6, 3)).toEqual(grouped(39, 3))
    const [edge] = grouped(40, 32)
    expect(decodePeak(edge!.marks.get(0)!, 1)).toBeDefined()
  })

  it('leaves out an object without a pixel on any frame; one that is empty on some is absent there', () => {
    const groups = groupMarks(
      [
        { frame: 0, map: map(1, 3), objects: [1, 2, 3] },
        { frame: 5, map: map(1), objects: [1, 2, 3] },
      ],
      [{ frame: 0, object: 2, joints: [{ x: 5, y: 5 }] }],
      context,
    )
    const [masks, pose] = groups
    if (masks?.kind !== 'masks') throw new Error('There is a group of masks.')
    expect(masks.layers.map(({ objects }) => objects)).toEqual([[1, 3]])
    expect([...masks.marks.keys()]).toEqual([0, 5])
    expect(pose).toMatchObject({ kind: 'pose', object: 2 })
    expect(groups).toHaveLength(2)
    expect(groupMarks([{ frame: 0, map: map(), objects: [1] }], [], context)).toEqual([])
  })
})

describe('network size', () => {
  it('is whole patches, as near to the wanted short side and the aspect as patches allow', () => {
    expect(networkSize({ width: 854, height: 480 }, 480, 16)).toEqual({ width: 848, height: 480 })
    expect(networkSize({ width: 854, height: 480 }, 480, 8)).toEqual({ width: 856, height: 480 })
    expect(networkSize({ width: 480, height: 854 }, 224, 14)).toEqual({ width: 224, height: 392 })
    expect(networkSize({ width: 4000, height: 3 }, 16, 16).height).toBe(16)
    expect(networkSize({ width: 1920, height: 1080 }, 1080, 8)).toEqual({ width: 1920, height: 1080 })
  })

  it('has a bound in tokens, and names the largest size that is possible', () => {
    fc.assert(
      fc.property(
        fc.record({ width: fc.integer({ min: 16, max: 8192 }), height: fc.integer({ min: 16, max: 8192 }) }),
        fc.integer({ min: 16, max: 4096 }),
        fc.constantFrom(8, 14, 16),
        (picture, short, patch) => {
          const tokens = (size: { width: number; height: number }) => (size.width * size.height) / patch ** 2
          try {
            expect(tokens(networkSize(picture, short, patch))).toBeLessThanOrEqual(MAX_TOKENS)
          } catch (error) {
            expect(error).toBeInstanceOf(UsageError)
            const { message, flags } = error as UsageError
            // The editor shows the sentence too; it has no command line.
            expect(message).not.toContain('--')
            expect(flags).toBe('--size')
            const named = Number(/choose a size of (\d+) or less/.exec(message)?.[1])
            expect(named).toBeLessThan(short)
            // The patch grid cannot be coarser than one patch along the short side.
            if (named > patch)
              expect(tokens(networkSize(picture, named, patch))).toBeGreaterThan(MAX_TOKENS / 4)
          }
        },
      ),
      { seed: 11, numRuns: 300 },
    )
  })
})

describe('feature cache', () => {
  it('computes a frame once, keeps frames in use, and gives back the least recently used', async () => {
    const released: number[] = []
    const engine = {
      release: async (...tensors: { resident: number }[]) =>
        void released.push(...tensors.map((t) => t.resident)),
    }
    const extractor = { bytesPerFrame: 10, extract: async (pixels: Uint8Array) => ({ resident: pixels[0]! }) }
    const cache = new FeatureCache(engine as unknown as Engine, extractor as unknown as FeatureExtractor, 20)
    const tokens = cache.tokensOf(async (frame) => Uint8Array.of(frame))
    await Promise.all([tokens.acquire(1), tokens.acquire(1), tokens.acquire(2), tokens.acquire(3)])
    expect(cache.computed).toBe(3)
    expect(released).toEqual([])
    tokens.release(2)
    await new Promise(setImmediate)
    expect(released).toEqual([2])
    tokens.release(1)
    tokens.release(3)
    // Another job finds what is kept, and brings what is missing.
    await cache.tokensOf(async (frame) => Uint8Array.of(frame)).acquire(4)
    await new Promise(setImmediate)
    expect(released).toEqual([2, 3])
    await cache.clear()
    expect(released.sort()).toEqual([1, 2, 3, 4])
  })
})
