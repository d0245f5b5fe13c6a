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

/** Tells of losses with an editor open and this propagation going on; @returns what has the process lost. */
function watch(propagation: { current?: unknown }): (state: ProcessState) => void {
  said.texts.length = 0
  let tell = (_: ProcessState): void => {}
  const client = {
    onState: (listener: typeof tell) => {
      tell = listener
      return { dispose() {} }
    },
  }
  tellLosses({ client, editors: { all: [{}] }, propagation } as unknown as Services)
  return (state) => tell(state)
}

const LOST: ProcessState = { kind: 'lost', reason: 'It ended.', at: 0 }
const SAFE = 'The model process ended unexpectedly and is started again. The annotations are not affected.'

test('that an export or an import may be lost with the process is not denied', async () => {
  watch({})(LOST)
  await vi.waitFor(() => expect(said.texts).toEqual([SAFE]))
})

test('a propagation that gives up with the loss is not said to go on', async () => {
  const propagation: { current?: unknown } = { current: {} }
  watch(propagation)(LOST)
  propagation.current = undefined
  await vi.waitFor(() => expect(said.texts).toEqual([SAFE]))
})

test('a restart that a person asked for is no news to them', async () => {
  watch({})({ ...LOST, wanted: true })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(said.texts).toEqual([])
})
