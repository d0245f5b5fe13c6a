/** Protects: what a document in VS Code tells its views and VS Code, in which order, and when it cannot go back. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type * as vscode from 'vscode'
import type { Corrections } from '../../../extension/editor/index.ts'
import { OpenDocument, type StackEvent } from '../../../extension/editor/open-document.ts'
import type { EditorServices } from '../../../extension/editor/types.ts'
import { writeSidecar } from '../../../model/formats/index.ts'
import { keyframe, sampleDocument, setEntry, video } from '../annotation/samples.ts'
import { temporaryFolder, threads } from './files.ts'

const { errors } = vi.hoisted(() => ({ errors: [] as string[] }))

vi.mock('vscode', () => {
  const listen = () => ({ dispose: () => {} })
  return {
    l10n: { t: (text: string) => text },
    window: { showErrorMessage: async (text: string) => void errors.push(text) },
    workspace: {
      save: async () => {},
      createFileSystemWatcher: () => ({
        ...{ onDidChange: listen, onDidCreate: listen, onDidDelete: listen },
        dispose: () => {},
      }),
    },
    Uri: { file: (fsPath: string) => ({ fsPath }) },
    RelativePattern: class {},
  }
})

const folder = temporaryFolder()
let files = 0

beforeEach(() => {
  errors.length = 0
})

/** A side-car with one mark, open beside its clip, and what VS Code is told of it. */
async function opened(): Promise<{ document: OpenDocument; path: string; told: StackEvent[] }> {
  const path = join(folder, `clip-${++files}.siam.json`)
  const content = sampleDocument()
  content.apply(setEntry(1, 0, keyframe))
  await writeSidecar(path, content)
  const clip = join(folder, video.path)
  writeFileSync(clip, '')
  const listen = () => ({ dispose: () => {} })
  const services = {
    client: {
      onOpening: listen,
      openClip: async () => ({ ...video, path: clip, contentHash: video.hash }),
      closeClip: () => {},
    },
    log: { error: () => {}, info: () => {}, debug: () => {} },
    settings: { display: () => ({ doubtBelow: 0.5 }), onDidChange: listen },
  } as unknown as EditorServices
  const told: StackEvent[] = []
  const document = new OpenDocument({ fsPath: path } as vscode.Uri, 'siammae.annotator', services, threads, {
    fromBackup: false,
    sidecarPath: path,
    fire: (event) => told.push(event),
  })
  onTestFinished(() => document.dispose())
  await document.open()
  expect(document.phase).toEqual({ kind: 'open' })
  return { document, path, told }
}

test('the views have heard of an edit when it is done, so that a command can be about what is new', async () => {
  const { document } = await opened()
  const heard: string[] = []
  document.onViewChange(({ kind }) => heard.push(kind))
  document.perform({ kind: 'putObject', object: { id: 3, name: 'third', labelId: 1 } }, 'New object')
  expect(heard).toContain('catalogue')
})

test('a correction tells what was there before, which is what an undo puts back', async () => {
  const { document, told } = await opened()
  const corrections: Corrections[] = []
  document.onDidCorrect((corrected) => corrections.push(corrected))
  const before = document.annotations.entry(1, 0)
  await document.performFromView([setEntry(1, 0, { state: 'absent', by: 'person' })], 'Mark as absent')
  expect(document.annotations.entry(1, 0)?.state).toBe('absent')
  expect(corrections).toEqual([new Map([[1, new Map([[0, before]])]])])
  const step = told.at(-1) as vscode.CustomDocumentEditEvent
  await step.undo()
  expect(document.annotations.entry(1, 0)).toBe(before)
  expect(corrections[0]!.get(1)!.get(0)).toBe(before)
})

test.each([
  {
    what: 'damaged',
    change: (path: string) => writeFileSync(path, readFileSync(path, 'utf8').slice(0, -30)),
  },
  { what: 'gone', change: (path: string) => rmSync(path) },
])(
  'a revert to a file that is $what says so; the work stays, and VS Code hears that it is unsaved',
  async ({ change }) => {
    const { document, path, told } = await opened()
    document.perform(setEntry(1, 5, keyframe), 'Draw')
    change(path)
    told.length = 0
    await document.revert()
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatch(/damaged|not on disk any more/)
    expect(document.annotations.entry(1, 5)).toBe(keyframe)
    expect(document.isDirty).toBe(true)
    expect(told).toEqual([{ document }])
  },
)

test('a tab that is closed without saving is not told of a revert that could not be', async () => {
  const { document, path, told } = await opened()
  document.perform(setEntry(1, 5, keyframe), 'Draw')
  rmSync(path)
  told.length = 0
  const reverting = document.revert()
  document.dispose()
  await reverting
  expect([errors, told]).toEqual([[], []])
})

test('a change on disk is followed where no watcher of VS Code tells of it, as on a network drive', async () => {
  const { document, path } = await opened()
  // The first may have been there before anything watched; the second can only be seen by looking.
  for (const frame of [5, 6]) {
    const other = sampleDocument()
    other.apply(setEntry(1, frame, keyframe))
    await writeSidecar(path, other)
    await vi.waitUntil(() => document.isOpen && document.annotations.entry(1, frame) !== undefined, 10_000)
    expect(document.file.isDirty).toBe(false)
  }
})
