/** Protects: an export that a person has cancelled is not written, however early they did. */
import { expect, test, vi } from 'vitest'
import { exportCommands } from '../../../extension/commands/export.ts'
import type { Services } from '../../../extension/services.ts'

const token = vi.hoisted(() => ({
  isCancellationRequested: false,
  onCancellationRequested: () => ({ dispose() {} }),
}))
vi.mock('vscode', () => ({
  l10n: { t: (text: string) => text },
  ProgressLocation: { Notification: 15 },
  Uri: class {},
  commands: { executeCommand: async () => {} },
  window: {
    withProgress: (_: unknown, work: (progress: unknown, token: unknown) => unknown) => work({}, token),
    showInformationMessage: async () => undefined,
  },
}))

/** Exports, and cancels while the document is put into text or not at all. */
async function exported(isCancelled: boolean) {
  token.isCancellationRequested = false
  const exportDataset = vi.fn(async () => ({ files: 3, warnings: [] }))
  const document = {
    videoPath: '/clips/koi.mp4',
    sidecarText: async () => {
      token.isCancellationRequested = isCancelled
      return '{}'
    },
  }
  const client = { exportDataset, onExporting: () => ({ dispose() {} }) }
  const services = { client, editors: { active: { document } } } as unknown as Services
  const wish = { format: 'davis', pictures: false, folder: { fsPath: '/out' } }
  const result = await exportCommands.exportDataset!(services, wish)
  return { result, asked: exportDataset.mock.calls.length }
}

test('the process is asked for what is still wanted when the document is text', async () => {
  expect(await exported(false)).toEqual({ result: { files: 3, warnings: [] }, asked: 1 })
})

test('it is asked for nothing when the person cancelled by then', async () => {
  expect(await exported(true)).toEqual({ result: undefined, asked: 0 })
})
