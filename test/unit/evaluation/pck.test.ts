import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bodySize, normalisedDistances, type PckClip, pck } from '../../../model/evaluation/index.ts'
import { describeWithReference } from '../../support/reference.ts'
import { readGolden } from './golden.ts'

describe('PCK', () => {
  const truth = [
    { x: 0, y: 0 },
    { x: 30, y: 40 },
    { x: 1000, y: 0 },
  ]

  it('measures against 0.6 of the box of the joints that are predicted, without frame 0', () => {
    const near = [{ x: 3, y: 0 }, { x: 30, y: 50 }, undefined]
    const far = [{ x: 900, y: 0 }, { x: 900, y: 0 }, undefined]
    expect(bodySize(truth, near)).toBeCloseTo(30, 12)
    const clips = [{ truth: [truth, truth], predictions: [far, near] }]
    expect(normalisedDistances(clips)).toEqual([[0.1], [1 / 3], []])
    const [tight, loose] = pck(clips, [0.1, 0.5])
    expect(tight!.perJoint).toEqual([1, 0, Number.NaN])
    expect([tight!.mean, loose!.mean]).toEqual([0.5, 1])
  })

  it('refuses clips whose frames or joints do not match', () => {
    expect(() => pck([{ truth: [truth], predictions: [] }], [0.1])).toThrow(RangeError)
    expect(() => pck([{ truth: [truth, truth], predictions: [truth, [truth[0]]] }], [0.1])).toThrow(
      '3 joints',
    )
  })
})

describeWithReference('golden JHMDB values of the public code', (reference) => {
  const golden = JSON.parse(readFileSync(join(reference, 'keypoints/keypoints.json'), 'utf8')) as {
    parameters: { network_size: [number, number]; patch_size: number }
    videos: Record<string, { width: number; height: number; frames: number }>
    pck: Record<string, { per_joint: number[]; mean: number }>
    normaliser_per_video_and_frame: number[][]
    sorted_normalised_distances_per_joint: number[][]
  }
  const tensors = readGolden(join(reference, 'keypoints/keypoints.safetensors'))
  const { network_size, patch_size } = golden.parameters

  const clips = Object.entries(golden.videos).map(([name, { width, height, frames }]): PckClip => {
    const truth = tensors.get(`${name}.pos_img`)!
    const grid = tensors.get(`${name}.coords_grid_xy`)!
    const joints = truth.shape[1]!
    const read = (values: ArrayLike<number>, frame: number, joint: number) => ({
      x: values[joint * frames + frame]!,
      y: values[(joints + joint) * frames + frame]!,
    })
    const each = <T>(make: (frame: number, joint: number) => T) =>
      Array.from({ length: frames }, (_, frame) =>
        Array.from({ length: joints }, (_, joint) => make(frame, joint)),
      )
    return {
      // JHMDB counts pixels from 1.
      truth: each((frame, joint) => {
        const { x, y } = read(truth.values, frame, joint)
        return { x: x - 1, y: y - 1 }
      }),
      predictions: each((frame, joint) => {
        const { x, y } = read(grid.values, frame, joint)
        if (x < 0 || y < 0) return undefined
        return {
          x: (x * patch_size * width) / network_size[1],
          y: (y * patch_size * height) / network_size[0],
        }
      }),
    }
  })

  it('PCK at every threshold', () => {
    const thresholds = Object.keys(golden.pck)
    for (const { threshold, perJoint, mean } of pck(clips, thresholds.map(Number))) {
      const expected = golden.pck[String(threshold)]!
      expect(100 * mean).toBeCloseTo(expected.mean, 9)
      perJoint.forEach((share, joint) => {
        expect(100 * share).toBeCloseTo(expected.per_joint[joint]!, 9)
      })
    }
  })

  it('body sizes and distances', () => {
    clips.forEach(({ truth, predictions }, clip) => {
      truth.forEach((frame, index) => {
        const expected = golden.normaliser_per_video_and_frame[clip]![index]!
        expect(bodySize(frame, predictions[index]!)).toBeCloseTo(expected, 9)
      })
    })
    normalisedDistances(clips).forEach((distances, joint) => {
      const expected = golden.sorted_normalised_distances_per_joint[joint]!
      expect(distances).toHaveLength(expected.length)
      distances
        .sort((a, b) => a - b)
        .forEach((distance, i) => {
          expect(distance).toBeCloseTo(expected[i]!, 9)
        })
    })
  })
})
