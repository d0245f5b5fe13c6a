import { expect, it } from 'vitest'
import type { Entry } from '../../../../model/annotation/index.ts'
import { describeFrame } from '../../../../webview/app/stage/describe.ts'

it('tells frames as the timeline does: the last of 120 is 119 of 119', () => {
  const objects = [
    { id: 1, name: 'Koi', labelId: 1 },
    { id: 2, name: 'Frog', labelId: 1 },
  ]
  const entries = new Map<number, Entry>([
    [2, { state: 'propagated', run: 1, confidence: 0.8, occluded: true }],
  ])
  expect(describeFrame(119, 120, objects, entries)).toBe(
    'Frame 119 of 119. Frog: propagated, 80 % sure, occluded',
  )
  expect(describeFrame(0, 120, objects, undefined)).toBe('Frame 0 of 119. nothing marked')
})
