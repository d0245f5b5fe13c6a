import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RunLanes } from '../../../extension/propagation/run-lanes.ts'
import type { EarlierResult, Mark } from '../../../model/process/index.ts'

const MASK = { size: [2, 2], counts: [0, 4] } as const
const KEYPOINTS = [{ x: 1, y: 1, visibility: 'visible' }] as const

function mark(objectId: number, frame: number, shape: 'mask' | 'pose' | 'both'): Mark {
  const mask =
    shape === 'pose' ? {} : { mask: { size: [2, 2] as [number, number], counts: [...MASK.counts] } }
  const keypoints = shape === 'mask' ? {} : { keypoints: KEYPOINTS.map((point) => ({ ...point })) }
  return {
    objectId,
    frame,
    entry: { state: 'keyframe', occluded: false, ...mask, ...keypoints } as Mark['entry'],
  }
}

function result(objectId: number, frame: number, final: EarlierResult['final']): EarlierResult {
  return { objectId, frame, entry: { state: 'absent', by: 'run', run: 1 } as EarlierResult['entry'], final }
}

const koi = { id: 1, name: 'koi', labelId: 1 }
const carp = { id: 2, name: 'carp', labelId: 1 }

describe('how far a run is with each object', () => {
  test('grows over marked frames, backwards too, and only with what is final', () => {
    const lanes = new RunLanes({
      objects: [koi, carp],
      marks: [
        mark(1, 0, 'mask'),
        mark(1, 3, 'mask'),
        mark(1, 4, 'mask'),
        mark(2, 9, 'mask'),
        mark(1, 40, 'mask'),
      ],
      range: [0, 9],
    })
    lanes.add([result(1, 1, []), result(1, 2, ['masks']), result(2, 8, ['masks'])])
    expect(lanes.view()).toEqual([
      { objectId: 1, done: [[2, 4]] },
      { objectId: 2, done: [[8, 9]] },
    ])
    lanes.add([result(1, 5, ['masks']), result(1, 1, ['masks']), result(7, 1, ['masks'])])
    expect(lanes.view()[0]).toEqual({ objectId: 1, done: [[0, 5]] })
    expect(lanes.finalOf(1, 1)).toEqual(['masks'])
    expect(lanes.finalOf(1, 6)).toEqual([])
  })

  test('waits for the keypoints of an object that has a mask as well', () => {
    const lanes = new RunLanes({ objects: [koi], marks: [mark(1, 0, 'both')], range: [0, 9] })
    lanes.add([result(1, 1, ['masks'])])
    expect(lanes.view()).toEqual([{ objectId: 1, done: [] }])
    lanes.add([result(1, 1, ['masks', 'pose'])])
    expect(lanes.view()).toEqual([{ objectId: 1, done: [[0, 1]] }])
  })

  test('is the finished frames and the marks beside them, whatever the order', () => {
    const frame = fc.integer({ min: 0, max: 40 })
    fc.assert(
      fc.property(fc.uniqueArray(frame), fc.array(frame), (marked, finished) => {
        const lanes = new RunLanes({
          objects: [koi],
          marks: marked.map((at) => mark(1, at, 'mask')),
          range: [0, 40],
        })
        for (const at of finished) lanes.add([result(1, at, ['masks'])])
        const wanted = new Set(finished)
        for (const step of [1, -1])
          for (const at of finished)
            for (let next = at + step; marked.includes(next); next += step) wanted.add(next)
        const { done } = lanes.view()[0]!
        const covered = done.flatMap(([first, last]) =>
          Array.from({ length: last - first + 1 }, (_, i) => first + i),
        )
        expect(covered).toEqual([...wanted].sort((a, b) => a - b))
        for (const [at, [first]] of done.slice(1).entries()) expect(first).toBeGreaterThan(done[at]![1] + 1)
      }),
      { seed: 20231 },
    )
  })
})
