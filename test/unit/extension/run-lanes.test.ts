import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RunLanes } from '../../../extension/propagation/run-lanes.ts'
import { encodeMask, type KeyframeEntry } from '../../../model/annotation/index.ts'
import type { EarlierResult, Mark } from '../../../model/process/index.ts'

const mask = encodeMask(new Uint8Array(4).fill(1), 2, 2)
const empty = encodeMask(new Uint8Array(4), 2, 2)
const keypoints = [{ x: 1, y: 1, visibility: 'visible' }] as const

function mark(objectId: number, frame: number, shape: Pick<KeyframeEntry, 'mask' | 'keypoints'>): Mark {
  return { objectId, frame, entry: { state: 'keyframe', occluded: false, ...shape } }
}

function result(
  objectId: number,
  frame: number,
  ...final: NonNullable<EarlierResult['final']>
): EarlierResult {
  return { objectId, frame, entry: { state: 'absent', by: 'run', run: 1, confidence: 1 }, final }
}

function lanesOf(
  marks: readonly Mark[],
  range: readonly [number, number] = [0, 9],
  direction: 'forward' | 'backward' | 'both' = 'both',
): RunLanes {
  const ids = [...new Set(marks.map(({ objectId }) => objectId))]
  return new RunLanes({ objects: ids.map((id) => ({ id })), marks, range, direction })
}

describe('how far a run is with each object', () => {
  test('grows over marked frames, backwards too, and only with what is final', () => {
    const lanes = lanesOf([...[0, 3, 4, 40].map((frame) => mark(1, frame, { mask })), mark(2, 9, { mask })])
    lanes.add([result(1, 1), result(1, 2, 'masks'), result(2, 8, 'masks')])
    expect(lanes.view()).toEqual([
      { objectId: 1, range: [0, 9], done: [[2, 4]] },
      { objectId: 2, range: [0, 9], done: [[8, 9]] },
    ])
    lanes.add([result(1, 5, 'masks'), result(1, 1, 'masks'), result(7, 1, 'masks')])
    expect(lanes.view()[0]?.done).toEqual([[0, 5]])
    expect(lanes.finalOf(1, 1)).toEqual(['masks'])
    expect(lanes.finalOf(1, 6)).toEqual([])
  })

  test('waits for the keypoints of an object that has a mask as well, where they are given', () => {
    const lanes = lanesOf([mark(1, 0, { mask }), mark(1, 5, { keypoints })], [0, 9], 'forward')
    lanes.add([1, 2, 6].map((frame) => result(1, frame, 'masks')))
    // Before frame 5 no keypoints come.
    expect(lanes.view()[0]?.done).toEqual([[0, 2]])
    lanes.add([result(1, 6, 'masks', 'pose')])
    expect(lanes.view()[0]?.done).toEqual([
      [0, 2],
      [5, 6],
    ])
  })

  test('does not wait for what has nothing to start from', () => {
    const emptied = lanesOf([mark(1, 0, { mask: empty, keypoints })])
    emptied.add([result(1, 1, 'pose')])
    expect(emptied.view()[0]?.done).toEqual([[0, 1]])
    const unseen = lanesOf([mark(1, 0, { mask, keypoints: [{ x: 0, y: 0, visibility: 'absent' }] })])
    unseen.add([result(1, 1, 'masks')])
    expect(unseen.view()[0]?.done).toEqual([[0, 1]])
  })

  test('is to go no further than there is something to carry', () => {
    expect(lanesOf([mark(1, 6, { mask })], [0, 9], 'forward').view()[0]?.range).toEqual([6, 9])
    expect(lanesOf([mark(1, 6, { mask })], [0, 9], 'backward').view()[0]?.range).toEqual([0, 6])
    expect(lanesOf([mark(1, 60, { mask })], [0, 9], 'forward').view()[0]?.range).toBeUndefined()
    expect(lanesOf([mark(1, 0, { mask: empty })]).view()[0]?.range).toBeUndefined()
  })

  test('is the finished frames and the marks beside them, whatever the order', () => {
    const frame = fc.integer({ min: 0, max: 40 })
    fc.assert(
      fc.property(fc.uniqueArray(frame, { minLength: 1 }), fc.array(frame), (marked, finished) => {
        const lanes = lanesOf(
          marked.map((at) => mark(1, at, { mask })),
          [0, 40],
        )
        for (const at of finished) lanes.add([result(1, at, 'masks')])
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
