/** What a run's results become, and how much of it a run that goes on takes as its last word. */
import { expect, it } from 'vitest'
import { EarlierEntries, RunEntries } from '../../../model/process/run-entries.ts'
import type { Trail } from '../../../model/process/trail.ts'
import type { FrameResult } from '../../../model/propagation/index.ts'

const map = { width: 2, height: 1, data: Uint8Array.of(1, 0) }
const result = (kind: FrameResult['kind'], provisional: boolean): FrameResult => ({
  frame: 5,
  seconds: 0,
  provisional,
  ...(kind === 'masks'
    ? { kind, layers: [{ map, objects: [{ id: 1, confidence: 1, area: 1 }] }] }
    : { kind, object: 1, confidence: 1, joints: [{ x: 1, y: 0, confidence: 1 }] }),
})
const trail = { labels: () => undefined } as unknown as Trail

it('a final mask does not make the provisional pose beside it final, nor after the process was lost', () => {
  const entries = new RunEntries(1, [1], [])
  expect(entries.add(result('masks', true))).toMatchObject([{ final: [] }])
  expect(entries.add(result('masks', false))).toMatchObject([{ final: ['masks'] }])
  const given = entries.add(result('pose', true))
  expect(given).toMatchObject([{ final: ['masks'], entry: { mask: { width: 2 }, keypoints: [{ x: 1 }] } }])

  const earlier = new EarlierEntries(given, map, trail)
  expect(earlier.has('pose', 1, 5)).toBe(true)
  expect(earlier.isFinal('masks', 1, 5)).toBe(true)
  expect(earlier.isFinal('pose', 1, 5)).toBe(false)
  expect(new RunEntries(1, [1], given).add(result('pose', false))).toMatchObject([
    { final: ['masks', 'pose'] },
  ])
})
