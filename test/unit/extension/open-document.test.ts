/** Protects: what a document in VS Code tells its views and VS Code, in which order, and when it cannot go back. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type * as vscode from 'vscode'
import { Lanes } from '../../../extension/document/lanes.ts'
import type { Corrections } from '../../../extension/editor/index.ts'
import { OpenDocument, type StackEvent } from '../../../extension/editor/open-document.ts'
import type { EditorServices } from '../../../extension/editor/types.ts'
import { serialiseSidecar, writeSidecar } from '../../../model/formats/index.ts'
import { keyframe, propagated, sampleDocument, sampleRun, setEntry, video } from '../annotation/samples.ts'
import { temporaryFolder, threads } from './files.ts'

const { errors, questions } = vi.hoisted(() => ({ errors: [] as string[], questions: [] as string[] }))

vi.mock('vscode', () => {
  const listen = () => ({ dispose: () => {} })
  return {
    l10n: { t: (text: string) => text },
    window: {
      showErrorMessage: async (text: string) => void errors.push(text),
      // Nobody answers.
      showWarningMessage: (text: string) => {
        questions.push(text)
        return new Promise(() => {})
      },
    },
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
  questions.length = 0
})

interface Opened {
  document: OpenDocument
  path: string
  told: StackEvent[]
}

/** A side-car with one mark, open beside its clip, and what VS Code is told of it. */
async function opened(): Promise<Opened> {
  const made = await makeDocument()
  await made.document.open()
  expect(made.document.phase).toEqual({ kind: 'open' })
  return made
}

async function makeDocument(client: Partial<EditorServices['client']> = {}): Promise<Opened> {
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
      ...client,
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
  return { document, path, told }
}

/** A document whose clip is open when the test says what was found. */
async function beingRead() {
  const closed: string[] = []
  let found: (clip: never) => void = () => {}
  const { document } = await makeDocument({
    openClip: () =>
      new Promise((resolve) => {
        found = resolve
      }),
    closeClip: (clip) => void closed.push(clip),
  })
  const opening = document.open()
  await vi.waitUntil(() => document.videoPath !== '', 5_000)
  return { document, opening, closed, found: (clip: object) => found(clip as never) }
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

test('annotations that are about another video by now are never shown on this one', async () => {
  const { document, path } = await opened()
  const right = readFileSync(path, 'utf8')
  writeFileSync(path, right.replace(video.hash, `sha256:${'f'.repeat(64)}`))
  await vi.waitUntil(() => document.phase.kind === 'failed', 10_000)
  // As the next sign of change, and the person who locates a video, have it.
  for (const chosen of [undefined, join(folder, video.path)]) {
    await document.open(chosen)
    expect(document.phase.kind).toBe('failed')
  }
  writeFileSync(path, right)
  await document.open()
  expect(document.phase).toEqual({ kind: 'open' })
  expect(document.annotations.video.hash).toBe(video.hash)
  expect(document.annotations.entry(1, 0)).toEqual(keyframe)
})

test('a question about a change on disk that nobody answers does not hide the next one', async () => {
  const { document, path } = await opened()
  document.perform(setEntry(1, 5, keyframe), 'Draw')
  await writeSidecar(path, sampleDocument())
  await vi.waitUntil(() => questions.length > 0, 10_000)
  await document.revert()
  expect(document.annotations.entry(1, 5)).toBeUndefined()
  const other = sampleDocument()
  other.apply(setEntry(1, 6, keyframe))
  await writeSidecar(path, other)
  await vi.waitUntil(() => document.isOpen && document.annotations.entry(1, 6) !== undefined, 10_000)
  expect(questions).toHaveLength(1)
})

test('a save that goes on when it is reverted ends first, and what is clean is what is on disk', async () => {
  const { document, path } = await opened()
  const run = document.beginRun(async () => {})
  run.add(sampleRun(1), [{ objectId: 1, frame: 8, entry: propagated() }])
  const saving = document.save()
  run.add(sampleRun(1), [{ objectId: 1, frame: 9, entry: propagated() }])
  run.end()
  await Promise.all([saving, document.revert()])
  await document.whenOpened()
  expect(document.file.isDirty).toBe(false)
  expect(serialiseSidecar(document.annotations)).toBe(readFileSync(path, 'utf8'))
})

test('what is drawn while a change on disk is read is asked about, not taken away', async () => {
  const { document, path } = await opened()
  const other = sampleDocument()
  other.apply(setEntry(1, 6, keyframe))
  await writeSidecar(path, other)
  const reloading = document.saving.reloadFromDisk()
  await new Promise((resolve) => setImmediate(resolve))
  document.perform(setEntry(1, 5, keyframe), 'Draw')
  expect(await reloading).toBe(false)
  expect(document.annotations.entry(1, 5)).toBe(keyframe)
  expect(document.annotations.entry(1, 6)).toBeUndefined()
  expect(await document.saving.reloadFromDisk()).toBe(true)
  expect(document.annotations.entry(1, 6)).toEqual(keyframe)
})

test('who keeps what is open has a backup made anew: VS Code hears of a change, also where it knows of others', async () => {
  const { document, path, told } = await opened()
  document.perform(setEntry(1, 5, keyframe), 'Draw')
  await writeSidecar(path, sampleDocument())
  told.length = 0
  await document.saving.keepMine()
  expect(told).toEqual([{ document }])
})

test('saved under another name, its own file still lacks the work, and a tab that stays open shows that', async () => {
  const { document, path, told } = await opened()
  document.perform(setEntry(1, 5, keyframe), 'Draw')
  const before = readFileSync(path, 'utf8')
  await document.saveAs(join(folder, `copy-${files}.siam.json`))
  expect(readFileSync(path, 'utf8')).toBe(before)
  // That is what VS Code believes until the tab is replaced, or is not.
  expect([document.isDirty, document.file.isDirty]).toEqual([false, true])
  told.length = 0
  await vi.waitUntil(() => document.isDirty, 5_000)
  expect(told).toEqual([{ document }])
})

test('saved under another name and closed, as VS Code does, it says nothing any more', async () => {
  const { document, told } = await opened()
  document.perform(setEntry(1, 5, keyframe), 'Draw')
  await document.saveAs(join(folder, `copy-${files}.siam.json`))
  told.length = 0
  document.dispose()
  await new Promise((resolve) => setTimeout(resolve, 1200))
  expect(told).toEqual([])
})

test('saved as itself, it is saved', async () => {
  const { document, path } = await opened()
  document.perform(setEntry(1, 5, keyframe), 'Draw')
  await document.saveAs(path)
  expect([document.isDirty, document.file.isDirty]).toEqual([false, false])
  expect(await document.file.checkDisk()).toBe('same')
})

test('a copy of work whose video is not found names the video where the side-car did', async () => {
  const { document } = await makeDocument({
    openClip: async () => {
      throw new Error('There is no such video.')
    },
  })
  await document.open()
  expect(document.phase.kind).toBe('failed')
  const copy = join(folder, 'sub', `copy-${files}.siam.json`)
  mkdirSync(join(folder, 'sub'), { recursive: true })
  await document.saveAs(copy)
  expect(JSON.parse(readFileSync(copy, 'utf8')).video.path).toBe(`../${video.path}`)
})

test('the reading of a clip can be stopped, and begun again', async () => {
  const { document, opening, found, closed } = await beingRead()
  document.cancelOpening()
  found({})
  await opening
  expect(document.phase).toMatchObject({ kind: 'failed', actions: [{ command: 'siammae.openAgain' }] })
  expect(closed).toEqual([document.videoPath])
  // Nothing begins it again by itself.
  await new Promise((resolve) => setTimeout(resolve, 700))
  expect(document.phase.kind).toBe('failed')
  const again = document.open()
  await vi.waitUntil(() => document.phase.kind === 'opening', 5_000)
  await new Promise((resolve) => setImmediate(resolve))
  found({ ...video, path: document.videoPath, contentHash: video.hash })
  await again
  expect(document.phase).toEqual({ kind: 'open' })
})

test('stopped while its side-car is being read, it does not go on to the clip', async () => {
  let asked = 0
  const { document } = await makeDocument({
    openClip: async (clip) => {
      asked++
      return { ...video, path: clip, contentHash: video.hash } as never
    },
  })
  const opening = document.open()
  await vi.waitUntil(() => document.phase.kind === 'opening', 5_000)
  document.cancelOpening()
  await opening
  expect(document.phase).toMatchObject({ kind: 'failed', actions: [{ command: 'siammae.openAgain' }] })
  expect(asked).toBe(0)
  await document.open()
  expect(document.phase).toEqual({ kind: 'open' })
})

test('closed while a change on disk is read, it does not read it again and again', async () => {
  const { document, path } = await opened()
  const load = vi.spyOn(threads, 'load')
  onTestFinished(() => load.mockRestore())
  const other = sampleDocument()
  other.apply(setEntry(1, 6, keyframe))
  await writeSidecar(path, other)
  await vi.waitUntil(() => load.mock.calls.length > 0, { timeout: 10_000, interval: 1 })
  document.dispose()
  await new Promise((resolve) => setTimeout(resolve, 1000))
  expect(load).toHaveBeenCalledTimes(1)
})

test('closed while its lanes are filled, it watches nothing any more', async () => {
  const { document, path } = await makeDocument()
  const fill = vi.spyOn(Lanes.prototype, 'fill').mockImplementation(function* () {
    document.dispose()
    yield
  })
  onTestFinished(() => fill.mockRestore())
  await document.open()
  expect(fill).toHaveBeenCalled()
  expect(document.phase.kind).not.toBe('open')
  const load = vi.spyOn(threads, 'load')
  onTestFinished(() => load.mockRestore())
  await writeSidecar(path, sampleDocument())
  await new Promise((resolve) => setTimeout(resolve, 3000))
  expect(load).not.toHaveBeenCalled()
})

test('closed while its clip is being read, it leaves no clip open', async () => {
  const { document, opening, found, closed } = await beingRead()
  document.dispose()
  found({})
  await opening
  expect(closed).toEqual([document.videoPath])
})

test('a side-car that could not be shown is read again when it was changed', async () => {
  const { document, path } = await makeDocument({
    openClip: async (clip) => {
      if (clip.endsWith('wrong.mp4')) throw new Error('There is no such video.')
      return { ...video, path: clip, contentHash: video.hash } as never
    },
  })
  const right = readFileSync(path, 'utf8')
  writeFileSync(join(folder, 'wrong.mp4'), '')
  writeFileSync(path, right.replace(video.path, 'wrong.mp4'))
  await document.open()
  expect(document.phase.kind).toBe('failed')
  writeFileSync(path, right)
  await document.open()
  expect(document.phase).toEqual({ kind: 'open' })
})
