import { describe, expect, test } from 'vitest'
import { apart, middleOf, patchAt, patchSize, percentText } from '../../../../webview/app/inspect/geometry.ts'

const picture = { width: 640, height: 360 }
const patches = { rows: 60, columns: 107 }

describe('patches on the picture', () => {
  test('are found by every point in them, and have their middle where the model process sees it', () => {
    const size = patchSize(patches, picture)
    for (const patch of [
      { row: 0, column: 0 },
      { row: 35, column: 33 },
      { row: 59, column: 106 },
    ]) {
      const middle = middleOf(patch, patches, picture)
      expect(patchAt(middle, patches, picture)).toEqual(patch)
      for (const [dx, dy] of [
        [-0.49, -0.49],
        [0.49, 0.49],
      ] as const)
        expect(
          patchAt({ x: middle.x + dx * size.width, y: middle.y + dy * size.height }, patches, picture),
        ).toEqual(patch)
    }
  })

  test('cover the whole picture, and points outside belong to the nearest', () => {
    const size = patchSize(patches, picture)
    expect(size.width * patches.columns).toBeCloseTo(picture.width)
    expect(size.height * patches.rows).toBeCloseTo(picture.height)
    expect(patchAt({ x: -5, y: 400 }, patches, picture)).toEqual({ row: 59, column: 0 })
    expect(patchAt({ x: 640, y: 360 }, patches, picture)).toEqual({ row: 59, column: 106 })
  })
})

describe('labels', () => {
  const box = (left: number, top: number) => ({ left, top, width: 30, height: 18 })

  test('are shown in their order as long as they cover none that is shown', () => {
    expect(apart([box(0, 0), box(10, 10), box(30, 0), box(12, 30), box(20, 17)])).toEqual([
      true,
      false,
      true,
      true,
      false,
    ])
  })

  test('that only touch do not cover each other', () => {
    expect(apart([box(0, 0), box(30, 0), box(0, 18)])).toEqual([true, true, true])
  })
})

test('a share has two digits that count, whatever its size', () => {
  expect([0, 1e-9, 0.000054, 0.00213, 0.042, 0.5, 1].map(percentText)).toEqual([
    '0 %',
    '< 0.001 %',
    '0.0054 %',
    '0.21 %',
    '4.2 %',
    '50 %',
    '100 %',
  ])
})
