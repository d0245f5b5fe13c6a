/** Protects: times that were measured beside another training say so, and are shown as measured. */
import { expect, it, vi } from 'vitest'
import { estimateView } from '../../../extension/training/estimate-view.ts'
import type { TrainingEstimate } from '../../../model/process/index.ts'

vi.mock('vscode', () => ({
  l10n: { t: (text: string, ...values: string[]) => text.replace('{0}', values[0] ?? '') },
}))

const measured: TrainingEstimate = {
  config: {},
  steps: 1000,
  secondsPerStep: 4,
  secondsToStart: 9,
  peakMemoryBytes: 2e9,
  memoryBytes: 8e9,
  device: 'cpu',
  clips: [{ name: 'koi', path: '/koi.mp4', frames: 100, fps: 30, licence: 'CC0' }],
  skipped: [{ path: '/no.mp4', reason: '/no.mp4 is empty.' }],
  pairs: 2000,
  pairsPerStep: 32,
  notes: ['The decoder starts from random weights.'],
}

it('alone it is what was measured', () => {
  const view = estimateView(measured, { steps: undefined, beside: undefined })
  expect(view).toMatchObject({ secondsPerStep: 4, steps: undefined, notes: measured.notes })
  expect(view.clips).toEqual([{ name: 'koi', frames: 100, licence: 'CC0' }])
  expect(view.skipped).toEqual(['/no.mp4 is empty.'])
})

it('beside another training it says so first', () => {
  const { secondsPerStep, notes } = estimateView(measured, { steps: 50, beside: 'carp' })
  expect(secondsPerStep).toBe(4)
  expect(notes).toEqual([
    expect.stringMatching(/^Measured while the training carp is running: /),
    ...measured.notes,
  ])
})
