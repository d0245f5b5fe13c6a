/** Protects: who waits for a run to stop that never will is told what helps, and nobody else is bothered. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Emitter } from '../../../extension/emitter.ts'
import type { Services } from '../../../extension/services.ts'
import { tellHangs } from '../../../extension/status/hangs.ts'
import type { RunView } from '../../../webview/protocol/index.ts'

const asked = vi.hoisted(() => ({ texts: [] as string[], answer: undefined as string | undefined }))
vi.mock('vscode', () => ({
  l10n: { t: (text: string, ...values: unknown[]) => text.replace('{0}', String(values[0])) },
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
let told: { dispose(): void }

beforeEach(() => {
  vi.useFakeTimers()
  asked.texts.length = 0
  asked.answer = undefined
  restart.mockClear()
  propagation.current = { run: {} }
  told = tellHangs({ client: { restart }, propagation } as unknown as Services)
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
