/** Protects: who waits for a run to stop that never will is told what helps, and nobody else is bothered. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Emitter } from '../../../extension/emitter.ts'
import type { Services } from '../../../extension/services.ts'
import { tellHangs } from '../../../extension/status/hangs.ts'
import type { RunView } from '../../../webview/protocol/index.ts'

const asked = vi.hoisted(() => ({ texts: [] as string[], answer: undefined as string | undefined }))
vi.mock('vscode', () => ({
  l10n: {
    t: (text: string, ...values: unknown[]) =>
      text.replaceAll(/\{(\d)\}/g, (_, at) => String(values[Number(at)])),
  },
  window: {
    showWarningMessage: async (text: string) => {
      asked.texts.push(text)
      return asked.answer
    },
  },
}))

const changed = new Emitter<Pick<RunView, 'state'> | undefined>()
const propagation: { current: { run: object } | undefined; onDidChange: unknown } = {
  current: undefined,
  onDidChange: changed.event,
}
const restart = vi.fn(async () => {})
const endProcess = vi.fn(async () => {})
const trainingsChanged = new Emitter<void>()
const trainings: { current: { folder: string; name: string; state: string } | undefined } = {
  current: undefined,
}
let told: { dispose(): void }

beforeEach(() => {
  vi.useFakeTimers()
  asked.texts.length = 0
  asked.answer = undefined
  restart.mockClear()
  propagation.current = { run: {} }
  endProcess.mockClear()
  trainings.current = undefined
  told = tellHangs({
    client: { restart },
    propagation,
    tuning: { trainings: Object.assign(trainings, { onDidChange: trainingsChanged.event, endProcess }) },
  } as unknown as Services)
})
afterEach(() => {
  told.dispose()
  vi.useRealTimers()
})

test('a run that does not stop offers the restart once, and is restarted when that is chosen', async () => {
  asked.answer = 'Restart Model Process'
  changed.fire({ state: 'stopping' })
  await vi.advanceTimersByTimeAsync(19_000)
  changed.fire({ state: 'stopping' })
  expect(asked.texts).toEqual([])
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked.texts).toEqual([expect.stringContaining('has not stopped for 20 seconds')])
  expect(restart).toHaveBeenCalledOnce()
})

test('a run that stops in time says nothing', async () => {
  changed.fire({ state: 'stopping' })
  await vi.advanceTimersByTimeAsync(5000)
  propagation.current = undefined
  changed.fire(undefined)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked.texts).toEqual([])
})

test('an answer that comes when the run has stopped, or another goes on, ends nothing', async () => {
  asked.answer = 'Restart Model Process'
  changed.fire({ state: 'stopping' })
  vi.advanceTimersByTime(20_000)
  propagation.current = { run: {} }
  await vi.advanceTimersByTimeAsync(0)
  expect(asked.texts).toHaveLength(1)
  expect(restart).not.toHaveBeenCalled()
})

const stoppingTraining = (folder = '/runs/a') => {
  trainings.current = { folder, name: 'a', state: 'stopping' }
  trainingsChanged.fire()
}

test('a training that does not stop offers to end its process, later than a propagation', async () => {
  asked.answer = 'End Training Process'
  stoppingTraining()
  await vi.advanceTimersByTimeAsync(119_000)
  stoppingTraining()
  expect(asked.texts).toEqual([])
  await vi.advanceTimersByTimeAsync(300_000)
  expect(asked.texts).toEqual([expect.stringContaining('The training a has not stopped for 120 seconds')])
  expect(endProcess).toHaveBeenCalledExactlyOnceWith('/runs/a')
  expect(restart).not.toHaveBeenCalled()
})

test('a training that stops in time, or goes on, says nothing', async () => {
  trainings.current = { folder: '/runs/a', name: 'a', state: 'running' }
  trainingsChanged.fire()
  await vi.advanceTimersByTimeAsync(300_000)
  stoppingTraining()
  await vi.advanceTimersByTimeAsync(60_000)
  trainings.current = undefined
  trainingsChanged.fire()
  await vi.advanceTimersByTimeAsync(300_000)
  expect(asked.texts).toEqual([])
})
