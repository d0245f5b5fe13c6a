import { describe, expect, test, vi } from 'vitest'
import { objectCommands } from '../../../extension/commands/objects.ts'
import type { Services } from '../../../extension/services.ts'
import type { ViewCommand } from '../../../webview/protocol/index.ts'
import { sampleDocument } from '../annotation/samples.ts'

const answers = vi.hoisted(() => ({ pick: undefined as unknown, name: undefined as unknown }))
vi.mock('vscode', () => ({
  l10n: { t: (text: string) => text },
  QuickPickItemKind: { Separator: -1 },
  Uri: { from: (parts: object) => parts },
  window: {
    showQuickPick: async (items: { chosen?: unknown }[]) =>
      answers.pick ? items.find(({ chosen }) => chosen) : undefined,
    showInputBox: async () => answers.name,
  },
}))

/** What a view is told while the person answers like this. */
async function commandsOf(pick: boolean, name: string | undefined, request?: unknown, error?: Error) {
  answers.pick = pick
  answers.name = name
  const told: ViewCommand[] = []
  const view = {
    document: {
      annotations: sampleDocument(),
      perform() {
        if (error) throw error
      },
    },
    view: { tool: 'brush' },
    command: (command: ViewCommand) => told.push(command),
    refresh: async () => {},
  }
  const services = { editors: { active: view }, settings: { labels: () => [] } } as unknown as Services
  await Promise.resolve(objectCommands.newObject!(services, request)).catch((thrown) => {
    if (thrown !== error) throw thrown
  })
  return told
}

describe('A view that waits for a new object', () => {
  const none = [{ name: 'noNewObject', request: 7 }]

  test('is told that there is none when the person gives up the label or the name', async () => {
    expect(await commandsOf(false, 'koi', 7)).toEqual(none)
    expect(await commandsOf(true, undefined, 7)).toEqual(none)
  })

  test('is told so when the document refuses it', async () => {
    expect(await commandsOf(true, 'koi', 7, new Error('refused'))).toEqual(none)
  })

  test('is told of the object when there is one, and nothing when it did not wait', async () => {
    expect((await commandsOf(true, 'koi', 7)).map(({ name }) => name)).toContain('selectObject')
    expect((await commandsOf(true, 'koi', 7)).map(({ name }) => name)).not.toContain('noNewObject')
    expect(await commandsOf(false, undefined)).toEqual([])
  })
})
