/** Protects: what a person said becomes marks; an emptied mask is absence, and no object stops the others. */
import { describe, expect, it } from 'vitest'
import { type Entry, encodeMask, type KeyframeEntry } from '../../../model/annotation/index.ts'
import { maskMarks, type PersonsMark, poseMarks } from '../../../model/marks/index.ts'
import { PRESETS, type PropagationJob, propagate } from '../../../model/propagation/index.ts'

const SIZE = { width: 16, height: 8 }
const PIXELS = SIZE.width * SIZE.height

/** A mask of the first `count` pixels. */
const masked = (count: number, more: Partial<KeyframeEntry> = {}): KeyframeEntry => ({
  state: 'keyframe',
  occluded: false,
  mask: encodeMask(new Uint8Array(PIXELS).fill(1, 0, count), SIZE.width, SIZE.height),
  ...more,
})
const absent = { state: 'absent', by: 'person' } as const satisfies Entry

/** Objects known by frame. */
const known = (marks: readonly PersonsMark[]) =>
  maskMarks(marks, SIZE).map(({ frame, objects }) => [frame, [...objects]])

describe('emptied masks', () => {
  it('beside frames with pixels say that the object is absent there', () => {
    const marks = [
      { objectId: 1, frame: 0, entry: masked(20) },
      { objectId: 1, frame: 5, entry: masked(0) },
    ]
    expect(known(marks)).toEqual([
      [0, [1]],
      [5, [1]],
    ])
    expect(maskMarks(marks, SIZE)[1]!.map.data.every((id) => id === 0)).toBe(true)
  })

  it('alone are no masks, and keypoints beside them still travel', () => {
    const keypoints = [{ x: 3, y: 3, visibility: 'visible' }] as const
    const marks = [
      { objectId: 1, frame: 0, entry: masked(20) },
      { objectId: 2, frame: 0, entry: masked(0, { keypoints }) },
      { objectId: 2, frame: 4, entry: absent },
      { objectId: 3, frame: 2, entry: masked(0) },
    ]
    expect(known(marks)).toEqual([[0, [1]]])
    expect(poseMarks(marks)).toMatchObject([
      { frame: 0, object: 2, joints: [{ x: 3 }] },
      { frame: 4, object: 2, joints: [] },
    ])
  })

  it('refuse a job only when nothing else is marked', () => {
    const job = (marks: readonly PersonsMark[]) =>
      propagate({
        extractor: { grid: { rows: 1, columns: 2 }, config: { patch: 8 } },
        video: { table: SIZE },
        settings: PRESETS.siammae,
        masks: maskMarks(marks, SIZE),
        poses: poseMarks(marks),
        direction: 'forward',
        range: [0, 9],
      } as unknown as PropagationJob)
    const emptied = { objectId: 2, frame: 0, entry: masked(0) }
    expect(job([{ objectId: 1, frame: 0, entry: masked(20) }, emptied]).total).toBe(9)
    expect(() => job([emptied])).toThrow(/^Nothing is marked/)
  })
})
