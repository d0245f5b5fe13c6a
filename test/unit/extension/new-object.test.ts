import { beforeEach, describe, expect, test, vi } from 'vitest'
import { objectCommands } from '../../../extension/commands/objects.ts'
import { labelNow } from '../../../extension/commands/pick-label.ts'
import type { AnnotatorDocument } from '../../../extension/editor/index.ts'
import type { Services } from '../../../extension/services.ts'
import {
  type AnnotationDocument,
  deleteObject,
  type Edit,
  nextLabelId,
  nextObjectId,
} from '../../../model/annotation/index.ts'
import type { ViewCommand } from '../../../webview/protocol/index.ts'
import { sampleDocument } from '../annotation/samples.ts'

const answers = vi.hoisted(() => ({
  pick: undefined as unknown,
  name: undefined as unknown,
  /** What happens while the box for a name is open. */
  meanwhile: () => {},
}))
vi.mock('vscode', () => ({
  l10n: { t: (text: string) => text },
  QuickPickItemKind: { Separator: -1 },
  Uri: { from: (parts: object) => parts },
  window: {
    showQuickPick: async (items: { chosen?: unknown }[]) =>
      answers.pick ? items.find(({ chosen }) => chosen) : undefined,
    showInputBox: async () => {
      answers.meanwhile()
      return answers.name
    },
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

describe('While a box for a name is open, the document changes:', () => {
  let annotations: AnnotationDocument
  beforeEach(() => {
    annotations = sampleDocument()
  })

  /** Runs a command on the document, whose first label is picked; `edits` are done while the box is open. */
  async function during(command: string, argument: unknown, ...edits: Edit[]): Promise<void> {
    Object.assign(answers, {
      pick: true,
      name: 'new name',
      meanwhile: () => {
        for (const edit of edits) annotations.apply(edit)
      },
    })
    const view = {
      document: { annotations, perform: (edit: Edit) => annotations.apply(edit) },
      view: { tool: 'brush' },
      command: () => {},
      refresh: async () => {},
    }
    const services = { editors: { active: view }, settings: { labels: () => [] } } as unknown as Services
    try {
      await objectCommands[command]!(services, argument)
    } finally {
      answers.meanwhile = () => {}
    }
  }

  test('a new object does not take the place of one that comes back', async () => {
    const before = [...annotations.objects.values()]
    const last = before.reduce((a, b) => (b.id > a.id ? b : a))
    const back = { ...last, id: nextObjectId(annotations), name: 'back' }
    await during('newObject', undefined, { kind: 'putObject', object: back })
    expect(annotations.objects.get(back.id)).toEqual(back)
    expect([...annotations.objects.values()].map(({ name }) => name)).toContain('new name')
    expect(annotations.objects.size).toBe(before.length + 2)
  })

  test('a label that was made meanwhile keeps its place', async () => {
    const labels = [...annotations.labels.values()]
    const chosen = labels.reduce((a, b) => (b.id < a.id ? b : a))
    const other = { id: nextLabelId(annotations), name: 'other', colour: '#123456' }
    const catalogue = labelNow({ annotations } as AnnotatorDocument, { name: 'new', colour: '#654321' })
    annotations.apply({ kind: 'putLabel', label: other })
    const now = labelNow({ annotations } as AnnotatorDocument, { name: 'new', colour: '#654321' })
    expect(catalogue.label.id).toBe(other.id)
    expect(now.label.id).not.toBe(other.id)
    expect(now.edits).toEqual([{ kind: 'putLabel', label: now.label }])
    const recoloured = { ...chosen, colour: '#abcdef' }
    annotations.apply({ kind: 'putLabel', label: recoloured })
    expect(labelNow({ annotations } as AnnotatorDocument, chosen)).toEqual({ label: recoloured, edits: [] })
    expect(labelNow({ annotations } as AnnotatorDocument, { name: 'other', colour: '#000000' })).toEqual({
      label: other,
      edits: [],
    })
  })

  test('a renamed object keeps what else was changed', async () => {
    const [object] = annotations.objects.values()
    const recoloured = { ...object!, colour: '#123456' }
    await during('renameObject', object!.id, { kind: 'putObject', object: recoloured })
    expect(annotations.objects.get(object!.id)).toEqual({ ...recoloured, name: 'new name' })
  })

  test('an object that is gone is not made anew', async () => {
    const [object] = annotations.objects.values()
    await expect(during('renameObject', object!.id, deleteObject(annotations, object!.id))).rejects.toThrow(
      /deleted meanwhile/,
    )
    expect(annotations.objects.has(object!.id)).toBe(false)
  })
})
