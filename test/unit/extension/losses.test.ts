/** Protects: what is said of a lost process is true whatever was under way. */
import { expect, test, vi } from 'vitest'
import type { ProcessState } from '../../../extension/model-client/index.ts'
import type { Services } from '../../../extension/services.ts'
import { tellLosses } from '../../../extension/status/losses.ts'

const said = vi.hoisted(() => ({ texts: [] as string[] }))
vi.mock('vscode', () => ({
  l10n: { t: (text: string) => text },
  window: { showWarningMessage: async (text: string) => void said.texts.push(text) },
}))

test('that an export or an import may be lost with the process is not denied', () => {
  let tell = (_: ProcessState): void => {}
  const client = {
    onState: (listener: typeof tell) => {
      tell = listener
      return { dispose() {} }
    },
  }
  tellLosses({ client, editors: { all: [{}] }, propagation: {} } as unknown as Services)
  tell({ kind: 'lost', reason: 'It ended.', at: 0 })
  expect(said.texts).toEqual([
    'The model process ended unexpectedly and is started again. The annotations are not affected.',
  ])
})
