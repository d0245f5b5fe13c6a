/** Protects: the document's life in VS Code, with no view's help: open, edit, undo, save, revert, reload, rename. */
import { strict as assert } from 'node:assert'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'mocha'
import * as vscode from 'vscode'
import type { OpenDocument } from '../../../extension/editor/open-document.ts'
import { deleteOnFrame, type Edit } from '../../../model/annotation/index.ts'
import { readSidecar, serialiseSidecar, writeSidecar } from '../../../model/formats/index.ts'
import { until } from '../support/until.ts'
import { closeAll, documentOf, makeClip, marked, OBJECT, open, removeClip, tab } from './support.ts'

const absent = (frame: number): Edit => ({
  kind: 'setEntry',
  objectId: OBJECT,
  frame,
  entry: { state: 'absent', by: 'person' },
})

const run = (command: string) => vscode.commands.executeCommand(command)

describe('a document', () => {
  let clip: Awaited<ReturnType<typeof makeClip>>
  beforeEach(async () => {
    clip = await makeClip()
  })
  afterEach(async () => {
    await closeAll()
    await removeClip(clip.folder)
  })

  it('opens with its clip and is clean', async () => {
    const document = await open(clip.sidecar)
    assert.equal(document.clip.frameCount, 100)
    assert.deepEqual([document.clip.width, document.clip.height], [640, 360])
    assert.equal(document.annotations.entry(OBJECT, 0)?.state, 'keyframe')
    assert.equal(tab().isDirty, false)
  })

  it('is dirty after an edit, clean after undo, and has the edit again after redo', async () => {
    const document = await open(clip.sidecar)
    document.perform(absent(5), 'Mark object as absent')
    await until('the dirty mark', () => tab().isDirty)
    await run('undo')
    await until('the edit to be gone', () => document.annotations.entry(OBJECT, 5) === undefined)
    await until('the dirty mark to be gone', () => !tab().isDirty)
    await run('redo')
    await until('the edit to be back', () => document.annotations.entry(OBJECT, 5)?.state === 'absent')
    await until('the dirty mark to be back', () => tab().isDirty)
  })

  it('undoes many edits one by one in their order', async () => {
    const document = await open(clip.sidecar)
    for (let frame = 10; frame < 20; frame++) document.perform(absent(frame), 'Mark object as absent')
    await until('the dirty mark', () => tab().isDirty)
    for (let frame = 19; frame >= 10; frame--) {
      await run('undo')
      await until(
        `frame ${frame} to be undone`,
        () => document.annotations.entry(OBJECT, frame) === undefined,
      )
      if (frame > 10) assert.equal(document.annotations.entry(OBJECT, frame - 1)?.state, 'absent')
    }
    await until('the dirty mark to be gone', () => !tab().isDirty)
  })

  it('saves what it holds, and keeps the last good file', async () => {
    const document = await open(clip.sidecar)
    const before = await readFile(clip.sidecar, 'utf8')
    document.perform(absent(7), 'Mark object as absent')
    await run('workbench.action.files.save')
    await until('the dirty mark to be gone', () => !tab().isDirty)
    const saved = await readSidecar(clip.sidecar)
    assert.equal(saved.entry(OBJECT, 7)?.state, 'absent')
    assert.equal(await readFile(clip.sidecar, 'utf8'), serialiseSidecar(document.annotations))
    assert.equal(await readFile(`${clip.sidecar}.bak`, 'utf8'), before)
  })

  it('undoes past a save, and is dirty then', async () => {
    const document = await open(clip.sidecar)
    document.perform(absent(7), 'Mark object as absent')
    await run('workbench.action.files.save')
    await until('the dirty mark to be gone', () => !tab().isDirty)
    await run('undo')
    await until('the edit to be gone', () => document.annotations.entry(OBJECT, 7) === undefined)
    await until('the dirty mark', () => tab().isDirty)
  })

  it('reverts to the file', async () => {
    const document = await open(clip.sidecar)
    document.perform(deleteOnFrame(document.annotations, OBJECT, 0), 'Delete object on this frame')
    await until('the dirty mark', () => tab().isDirty)
    await run('workbench.action.files.revert')
    await until('the keyframe to be back', () => document.annotations.entry(OBJECT, 0)?.state === 'keyframe')
    await until('the dirty mark to be gone', () => !tab().isDirty)
  })

  it('is dirty again after a revert to a file that is damaged, with all that was done', async () => {
    const document = await open(clip.sidecar)
    document.perform(absent(5), 'Mark object as absent')
    await until('the dirty mark', () => tab().isDirty)
    const text = await readFile(clip.sidecar, 'utf8')
    await writeFile(clip.sidecar, text.slice(0, -30))
    const seen: boolean[] = []
    const listener = vscode.window.tabGroups.onDidChangeTabs(() => seen.push(tab().isDirty))
    await run('workbench.action.files.revert')
    await until('VS Code to take it for clean, and not any more', () => seen.includes(false) && tab().isDirty)
    listener.dispose()
    assert.equal(document.annotations.entry(OBJECT, 5)?.state, 'absent')
  })

  it('follows a change on disk while it is clean', async () => {
    const document = await open(clip.sidecar)
    const other = await marked('koi.mp4')
    other.apply(absent(33))
    await writeSidecar(clip.sidecar, other)
    await until('the change to be seen', () => document.annotations.entry(OBJECT, 33)?.state === 'absent')
    await until('the dirty mark to be gone', () => !tab().isDirty)
  })

  it('takes a change on disk as a step: it and those before it can be undone', async () => {
    const document = await open(clip.sidecar)
    document.perform(absent(7), 'Mark object as absent')
    await run('workbench.action.files.save')
    await until('the dirty mark to be gone', () => !tab().isDirty)
    const other = await marked('koi.mp4')
    other.apply(absent(33))
    await writeSidecar(clip.sidecar, other)
    await until('the change to be seen', () => document.annotations.entry(OBJECT, 33)?.state === 'absent')
    assert.equal(document.annotations.entry(OBJECT, 7), undefined)
    await until(
      'VS Code to know that it is saved',
      () => !(document as OpenDocument).isDirty && !tab().isDirty,
    )
    await run('undo')
    await until('what was there before', () => document.annotations.entry(OBJECT, 7)?.state === 'absent')
    assert.equal(document.annotations.entry(OBJECT, 33), undefined)
    await until('the dirty mark', () => tab().isDirty)
    await run('undo')
    await until('the step before it to be undone', () => document.annotations.entry(OBJECT, 7) === undefined)
    await run('redo')
    await until('that step again', () => document.annotations.entry(OBJECT, 7) !== undefined)
    await run('redo')
    await until('the file again', () => document.annotations.entry(OBJECT, 33)?.state === 'absent')
    await until('the dirty mark to be gone', () => !tab().isDirty)
  })

  it('keeps unsaved edits when the file changes on disk', async () => {
    const document = await open(clip.sidecar)
    document.perform(absent(7), 'Mark object as absent')
    await until('the dirty mark', () => tab().isDirty)
    const other = await marked('koi.mp4')
    other.apply(absent(33))
    await writeSidecar(clip.sidecar, other)
    // A clean document would have followed by then (the test above); this one asks first.
    await assert.rejects(
      until('the change to be taken over', () => document.annotations.entry(OBJECT, 33) !== undefined, 2),
    )
    assert.equal(document.annotations.entry(OBJECT, 7)?.state, 'absent')
    assert.equal(tab().isDirty, true)
  })

  it('never opens a damaged file as empty, and never writes over it', async () => {
    const text = await readFile(clip.sidecar, 'utf8')
    const damaged = text.slice(0, Math.floor(text.length * 0.7))
    await writeFile(clip.sidecar, damaged)
    await vscode.commands.executeCommand(
      'vscode.openWith',
      vscode.Uri.file(clip.sidecar),
      'siammae.annotator',
    )
    await until('the tab', () => vscode.window.tabGroups.activeTabGroup.activeTab?.label === 'koi.siam.json')
    await run('workbench.action.files.save').then(undefined, () => {})
    assert.equal(documentOf(clip.sidecar), undefined)
    assert.equal(await readFile(clip.sidecar, 'utf8'), damaged)
  })

  it('is one document in two editors', async () => {
    const document = await open(clip.sidecar)
    await open(clip.sidecar, vscode.ViewColumn.Beside)
    await until('two views', () => document.views.length === 2)
    document.perform(absent(9), 'Mark object as absent')
    await until('both tabs to be dirty', () =>
      vscode.window.tabGroups.all.every((group) => group.activeTab?.isDirty === true),
    )
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor')
    await until('one view', () => document.views.length === 1)
    assert.equal(documentOf(clip.sidecar), document)
    assert.equal(document.annotations.entry(OBJECT, 9)?.state, 'absent')
  })

  it('that is renamed with unsaved work has it under its new name', async () => {
    const document = await open(clip.sidecar)
    document.perform(absent(5), 'Mark object as absent')
    await until('the dirty mark', () => tab().isDirty)
    const renamed = join(clip.folder, 'renamed.siam.json')
    const edit = new vscode.WorkspaceEdit()
    edit.renameFile(vscode.Uri.file(clip.sidecar), vscode.Uri.file(renamed))
    assert.equal(await vscode.workspace.applyEdit(edit), true)
    const moved = await until('the document under its new name', () => documentOf(renamed))
    assert.equal(moved.annotations.entry(OBJECT, 5)?.state, 'absent')
    assert.equal((await readSidecar(renamed)).entry(OBJECT, 5)?.state, 'absent')
    await assert.rejects(readFile(clip.sidecar))
  })

  it('finds its video again after that was renamed by VS Code', async () => {
    await open(clip.sidecar)
    const edit = new vscode.WorkspaceEdit()
    edit.renameFile(vscode.Uri.file(clip.video), vscode.Uri.file(join(clip.folder, 'renamed.mp4')))
    assert.equal(await vscode.workspace.applyEdit(edit), true)
    await until('the document to name the new file', () => {
      const found = documentOf(clip.sidecar) ?? documentOf(join(clip.folder, 'renamed.siam.json'))
      return found?.videoPath === join(clip.folder, 'renamed.mp4')
    })
  })
})
