import { describe, expect, test } from 'vitest'
import { otherFrameOf, type Standing, sameFrames, wishOf } from '../../../../webview/app/inspect/wishes.ts'
import type { InspectionWish } from '../../../../webview/protocol/index.ts'

const standing: Standing = {
  what: 'correspondence',
  frame: 4,
  pinned: undefined,
  pointer: { frame: 4, x: 100, y: 50 },
  other: 9,
  topK: 7,
  patches: undefined,
  picture: { width: 640, height: 320 },
}
const found: InspectionWish = {
  kind: 'correspondence',
  reference: 4,
  x: 100,
  y: 50,
  frame: 9,
  topK: 7,
}

describe('what is asked of the model', () => {
  test('is the patch under the pointer, looked for in the other frame', () => {
    expect(wishOf(standing)).toEqual(found)
  })

  test('is the same for all points of a patch, once the patches are known', () => {
    const patches = { rows: 32, columns: 64 }
    const at = (x: number, y: number) => wishOf({ ...standing, patches, pointer: { frame: 4, x, y } })
    expect(at(101, 51)).toEqual({ ...found, x: 105, y: 55 })
    expect(at(109.9, 59.9)).toEqual(at(101, 51))
    expect(at(110, 51)).not.toEqual(at(101, 51))
  })

  test('with a pinned patch is that patch, looked for in the frame on screen, wherever the pointer is', () => {
    const pinned = { frame: 1, x: 20, y: 30 }
    expect(wishOf({ ...standing, pinned })).toEqual({ ...found, reference: 1, x: 20, y: 30, frame: 4 })
    // Also on its own frame: how alike the frame is to itself.
    expect(wishOf({ ...standing, pinned, frame: 1 })).toMatchObject({ reference: 1, frame: 1 })
  })

  test('is nothing while the pointer is nowhere, on another frame, or there is no other frame', () => {
    expect(wishOf({ ...standing, pointer: undefined })).toBeUndefined()
    expect(wishOf({ ...standing, pointer: { frame: 3, x: 1, y: 1 } })).toBeUndefined()
    expect(wishOf({ ...standing, other: undefined })).toBeUndefined()
  })

  test('for attention is the frame on screen alone', () => {
    expect(wishOf({ ...standing, what: 'attention', pointer: undefined })).toEqual({
      kind: 'attention',
      frame: 4,
    })
  })
})

test('wishes of the same two frames wait for each other, others take their place', () => {
  expect(sameFrames(found, { ...found, x: 300 })).toBe(true)
  expect(sameFrames(found, { ...found, frame: 10 })).toBe(false)
  expect(sameFrames(found, { ...found, reference: 5 })).toBe(false)
  expect(sameFrames(found, { kind: 'attention', frame: 9 })).toBe(false)
  expect(sameFrames({ kind: 'attention', frame: 9 }, { kind: 'attention', frame: 9 })).toBe(true)
})

describe('the frame to look in', () => {
  /** A lane with keyframes. */
  const lane = (...keyframes: number[]) => {
    const codes = new Uint8Array(20)
    for (const frame of keyframes) codes[frame] = 1
    return codes
  }

  test('is the one that the person chose, else the one that the person came from', () => {
    expect(otherFrameOf(4, 20, 11, 2, [lane(8)])).toBe(11)
    expect(otherFrameOf(4, 20, 4, 2, [lane(8)])).toBe(4)
    expect(otherFrameOf(4, 20, undefined, 2, [lane(8)])).toBe(2)
    // Chosen in a longer clip.
    expect(otherFrameOf(4, 20, 500, 2, [])).toBe(2)
  })

  test('else is the next keyframe, else the one before, else a neighbour', () => {
    expect(otherFrameOf(4, 20, undefined, 4, [lane(1, 15), lane(8)])).toBe(8)
    expect(otherFrameOf(4, 20, undefined, undefined, [lane(0, 1, 4)])).toBe(1)
    expect(otherFrameOf(4, 20, undefined, undefined, [])).toBe(5)
    expect(otherFrameOf(19, 20, undefined, undefined, [])).toBe(18)
  })

  test('is none in a clip of one frame', () => {
    expect(otherFrameOf(0, 1, undefined, undefined, [])).toBeUndefined()
  })
})
