/** Protects: a video that is renamed in VS Code keeps its annotations: the side-car goes along, and nothing is lost. */
import { strict as assert } from 'node:assert'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, before, beforeEach, describe, it } from 'mocha'
import * as vscode from 'vscode'
import type { AnnotatorDocument } from '../../../extension/editor/index.ts'
import type { Edit } from '../../../model/annotation/index.ts'
import { readSidecar, writeSidecar } from '../../../model/formats/index.ts'
import { until } from '../support/until.ts'
import {
  closeAll,
  documentOf,
  editors,
  extension,
  makeClip,
  marked,
  OBJECT,
  open,
  RUN,
  removeClip,
  tab,
} from './support.ts'

const absent = (frame: number): Edit => ({
  kind: 'setEntry',
  objectId: OBJECT,
  frame,
  entry: { state: 'absent', by: 'person' },
})

async function rename(from: string, to: string): Promise<void> {
  const edit = new vscode.WorkspaceEdit()
  edit.renameFile(vscode.Uri.file(from), vscode.Uri.file(to))
  assert.equal(await vscode.workspace.applyEdit(edit), true)
}

/** Cuts the end off, so that no save goes over it. */
async function damage(path: string): Promise<void> {
  const text = await readFile(path, 'utf8')
  await writeFile(path, text.slice(0, -30))
}

const tabs = () => vscode.window.tabGroups.all.flatMap((group) => group.tabs.map(({ label }) => label))

/** The document of a side-car, once it shows the clip under this name. */
const openWith = (sidecar: string, video: string): Promise<AnnotatorDocument> =>
  until(`${sidecar} with ${video}`, () => {
    const document = documentOf(sidecar)
    return document?.videoPath === video ? document : undefined
  })

const named = async (sidecar: string) => (await readSidecar(sidecar)).video.path

describe('a renamed video', () => {
  let clip: Awaited<ReturnType<typeof makeClip>>
  let video: string
  let sidecar: string
  before(async () => void (await extension().activate()))
  beforeEach(async () => {
    clip = await makeClip()
    video = join(clip.folder, 'carp.mp4')
    sidecar = join(clip.folder, 'carp.siam.json')
  })
  afterEach(async () => {
    await closeAll()
    await removeClip(clip.folder)
  })

  it('has its side-car along, which names it then', async () => {
    await rename(clip.video, video)
    await until('the side-car to name the video', async () => (await named(sidecar)) === 'carp.mp4')
    assert.equal(existsSync(clip.sidecar), false)
    assert.equal((await readSidecar(sidecar)).entry(OBJECT, 0)?.state, 'keyframe')
    const document = await open(sidecar)
    assert.equal(document.videoPath, video)
  })

  it('is shown with its side-car under the new name where that alone was renamed', async () => {
    await rm(clip.sidecar)
    await editors().annotate(vscode.Uri.file(clip.video))
    const document = await until('the document', () => documentOf(clip.sidecar))
    document.perform({ kind: 'putLabel', label: { id: 9, name: 'new', colour: '#ff00ff' } }, 'New label')
    await vscode.workspace.save(document.uri)
    const other = join(clip.folder, 'v1.siam.json')
    await rename(clip.sidecar, other)
    const again = await openWith(other, clip.video)
    assert.ok(again.annotations.labels.has(9))
    await until('the old tab to go', () => tabs().length === 1 && documentOf(clip.sidecar) === undefined)
    assert.equal(existsSync(clip.sidecar), false)
  })

  it('is open in the editor of the renamed side-car, with what was not saved, on the same frame', async () => {
    const old = await open(clip.sidecar)
    // A view that is not there yet does not hear of it.
    await until('that frame', async () => {
      await vscode.commands.executeCommand('siammae.goToFrame', 40)
      return old.views[0]?.view.frame === 40
    })
    old.perform(absent(5), 'Mark object as absent')
    await until('the dirty mark', () => tab().isDirty)
    await rename(clip.video, video)
    const document = await openWith(sidecar, video)
    assert.equal(document.annotations.entry(OBJECT, 5)?.state, 'absent')
    await until('the side-car to name the video', async () => (await named(sidecar)) === 'carp.mp4')
    assert.equal((await readSidecar(sidecar)).entry(OBJECT, 5)?.state, 'absent')
    assert.equal(existsSync(clip.sidecar), false)
    assert.deepEqual(tabs(), ['carp.siam.json'])
    assert.equal(tab().isDirty, false)
    assert.equal(existsSync(`${clip.sidecar}.bak`), false)
    await until('the frame from before', () => document.views[0]?.view.frame === 40)
  })

  it('ends a run that goes on, and has what that has brought', async () => {
    const old = await open(clip.sidecar)
    let stopped = 0
    const writer = old.beginRun(async () => {
      stopped++
    })
    const entry = { state: 'propagated', run: RUN.id, confidence: 0.9, occluded: false } as const
    writer.add(RUN, [{ objectId: OBJECT, frame: 1, entry }])
    await until('the dirty mark', () => tab().isDirty)
    await rename(clip.video, video)
    const document = await openWith(sidecar, video)
    assert.equal(document.annotations.entry(OBJECT, 1)?.state, 'propagated')
    assert.deepEqual([stopped, writer.ended], [1, true])
  })

  it('may be a folder of images', async () => {
    const shots = join(clip.folder, 'shots')
    const masks = join(extension().extensionPath, 'media', 'sample', 'masks')
    await mkdir(shots)
    for (const name of ['00000.png', '00001.png', '00002.png'])
      await copyFile(join(masks, name), join(shots, name))
    await editors().annotate(vscode.Uri.file(shots))
    await openWith(`${shots}.siam.json`, shots)
    const takes = join(clip.folder, 'takes')
    await rename(shots, takes)
    const document = await openWith(`${takes}.siam.json`, takes)
    assert.equal(document.clip.frameCount, 3)
    await until('the side-car to name it', async () => (await named(`${takes}.siam.json`)) === 'takes')
    assert.deepEqual(tabs(), ['takes.siam.json'])
  })

  it('has first work that was never saved in its side-car', async () => {
    await rm(clip.sidecar)
    await vscode.commands.executeCommand('vscode.openWith', vscode.Uri.file(clip.video), 'siammae.video')
    const old = await until('the video', () => documentOf(clip.sidecar))
    old.perform({ kind: 'putLabel', label: { id: 1, name: 'koi', colour: '#ff00ff' } }, 'New object')
    old.perform({ kind: 'putObject', object: { id: OBJECT, name: 'white', labelId: 1 } }, 'New object')
    old.perform(absent(7), 'Mark object as absent')
    await until('the dirty mark', () => tab().isDirty)
    await rename(clip.video, video)
    const document = await openWith(sidecar, video)
    assert.equal(document.annotations.entry(OBJECT, 7)?.state, 'absent')
    await until('one tab', () => tabs().length === 1)
    assert.deepEqual(tabs(), ['carp.siam.json'])
    assert.equal((await readSidecar(sidecar)).entry(OBJECT, 7)?.state, 'absent')
    assert.equal(existsSync(clip.sidecar), false)
  })

  it('goes back with its side-car when the rename is undone', async () => {
    await open(clip.sidecar)
    await rename(clip.video, video)
    await openWith(sidecar, video)
    await until('the side-car to name the video', async () => (await named(sidecar)) === 'carp.mp4')
    await vscode.commands.executeCommand('undo')
    await openWith(clip.sidecar, clip.video)
    await until('the side-car to name the video', async () => (await named(clip.sidecar)) === 'koi.mp4')
    assert.equal(existsSync(sidecar), false)
    assert.equal(existsSync(video), false)
  })

  it('takes along what can not be saved, when its side-car itself is renamed', async () => {
    const old = await open(clip.sidecar)
    old.perform(absent(5), 'Mark object as absent')
    await until('the dirty mark', () => tab().isDirty)
    await damage(clip.sidecar)
    const damaged = await readFile(clip.sidecar)
    await rename(clip.sidecar, sidecar)
    const document = await openWith(sidecar, clip.video)
    assert.equal(document.annotations.entry(OBJECT, 5)?.state, 'absent')
    await until('the dirty mark', () => tab().isDirty)
    assert.deepEqual(await readFile(sidecar), damaged)
  })

  it('keeps what can not be saved in its own tab', async () => {
    await rm(clip.sidecar)
    await vscode.commands.executeCommand('vscode.openWith', vscode.Uri.file(clip.video), 'siammae.video')
    const old = await until('the video', () => documentOf(clip.sidecar))
    old.perform({ kind: 'putLabel', label: { id: 1, name: 'koi', colour: '#ff00ff' } }, 'New object')
    await until('the dirty mark', () => tab().isDirty)
    await writeSidecar(clip.sidecar, await marked('koi.mp4'))
    await damage(clip.sidecar)
    const damaged = await readFile(clip.sidecar)
    await rename(clip.video, video)
    const document = await openWith(clip.sidecar, video)
    assert.deepEqual([...document.annotations.labels.keys()], [1])
    assert.equal(document.annotations.objects.size, 0)
    await until('the dirty mark', () => tab().isDirty)
    assert.deepEqual(await readFile(clip.sidecar), damaged)
  })

  it('is shown in its own tab again where it has no annotations', async () => {
    await rm(clip.sidecar)
    await vscode.commands.executeCommand('vscode.openWith', vscode.Uri.file(clip.video), 'siammae.video')
    await until('the video', () => documentOf(clip.sidecar))
    await rename(clip.video, video)
    await openWith(sidecar, video)
    await until('one tab', () => tabs().length === 1)
    assert.equal(tab().isDirty, false)
    assert.equal(existsSync(sidecar), false)
  })

  it('leaves a side-car alone that lies at the new place, and its own as well', async () => {
    const other = await marked('carp.mp4')
    other.apply(absent(33))
    await writeSidecar(sidecar, other)
    const [ours, theirs] = [await readFile(clip.sidecar), await readFile(sidecar)]
    await rename(clip.video, video)
    assert.deepEqual(await readFile(clip.sidecar), ours)
    assert.deepEqual(await readFile(sidecar), theirs)
  })
})
