/** Protects: a video opened by itself: undo, redo, runs, save and revert before and after its side-car exists. */
import { strict as assert } from 'node:assert'
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, before, describe, it } from 'mocha'
import * as vscode from 'vscode'
import type { AnnotatorDocument, AnnotatorEditors } from '../../../extension/editor/index.ts'
import { type Edit, encodeMask, type RunResult } from '../../../model/annotation/index.ts'
import { extension, RUN, VIEW_TYPE, workspace } from './support.ts'

let editors: AnnotatorEditors
let folder: string

const sidecar = () => join(folder, 'sample.siam.json')
const video = () => vscode.Uri.file(join(folder, 'sample.mp4'))

async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  for (let waited = 0; waited < 30_000; waited += 50) {
    const found = look()
    if (found !== undefined && found !== false) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`Waited in vain for: ${what}`)
}

async function open(uri: vscode.Uri): Promise<AnnotatorDocument> {
  const viewType = uri.path.endsWith('.mp4') ? 'siammae.video' : VIEW_TYPE
  await vscode.commands.executeCommand('vscode.openWith', uri, viewType)
  return until(`${uri.path} to be open and active`, () => editors.active?.document)
}

const tabs = () => vscode.window.tabGroups.all.flatMap((group) => group.tabs)
const isDirty = () => tabs().some((tab) => tab.isDirty)
const command = (name: string) => vscode.commands.executeCommand(name)

function addBall(document: AnnotatorDocument): void {
  document.perform(
    {
      kind: 'group',
      label: '',
      edits: [
        { kind: 'putLabel', label: { id: 1, name: 'ball', colour: '#ff0000' } },
        { kind: 'putObject', object: { id: 1, name: 'ball', labelId: 1 } },
      ],
    },
    'New object',
  )
}

function box(document: AnnotatorDocument, at: number) {
  const { width, height } = document.clip
  const pixels = new Uint8Array(width * height)
  for (let y = at; y < at + 20; y++) pixels.fill(1, y * width + at, y * width + at + 20)
  return encodeMask(pixels, width, height)
}

function keyframe(document: AnnotatorDocument, frame: number): Edit {
  return {
    kind: 'setEntry',
    objectId: 1,
    frame,
    entry: { state: 'keyframe', occluded: false, mask: box(document, frame + 1) },
  }
}

function results(document: AnnotatorDocument, frames: readonly number[]): RunResult[] {
  return frames.map((frame) => ({
    objectId: 1,
    frame,
    entry: { state: 'propagated', run: 1, confidence: 0.9, occluded: false, mask: box(document, 5) },
  }))
}

const marked = (document: AnnotatorDocument) => document.annotations.framesWithEntries()

describe('a video opened by itself', () => {
  before(async () => {
    editors = (await extension().activate()).editors
    folder = join(workspace(), 'by-video')
    mkdirSync(folder)
    copyFileSync(join(extension().extensionPath, 'media', 'sample.mp4'), video().fsPath)
  })

  afterEach(async () => {
    await command('workbench.action.revertAndCloseActiveEditor')
    await command('workbench.action.closeAllEditors')
    await until('documents to close', () => editors.all.length === 0)
    for (const path of [sidecar(), `${sidecar()}.bak`]) rmSync(path, { force: true })
  })

  it('is written by the first save only', async () => {
    const document = await open(video())
    assert.equal(document.clip.frameCount, document.annotations.video.frameCount)
    assert.equal(isDirty(), false)
    assert.equal(existsSync(sidecar()), false)
    addBall(document)
    document.perform(keyframe(document, 0), 'Draw')
    await until('the dirty mark', isDirty)
    assert.equal(existsSync(sidecar()), false)
    await command('workbench.action.files.save')
    await until('a clean tab', () => !isDirty())
    assert.match(readFileSync(sidecar(), 'utf8'), /"path":"sample\.mp4"/)
  })

  it('undoes and redoes every edit and keeps the dirty mark right', async () => {
    const document = await open(video())
    addBall(document)
    document.perform(keyframe(document, 0), 'Draw')
    document.perform(keyframe(document, 3), 'Draw')
    await until('the dirty mark', isDirty)
    await command('undo')
    await until('one mark', () => marked(document).length === 1)
    await command('undo')
    await command('undo')
    await until('nothing', () => document.annotations.labels.size === 0)
    await until('a clean tab', () => !isDirty())
    for (let i = 0; i < 3; i++) await command('redo')
    await until('two marks', () => marked(document).length === 2)
    await command('workbench.action.files.save')
    await until('a clean tab', () => !isDirty())
    await command('undo')
    await until('the dirty mark', isDirty)
    await command('redo')
    await until('a clean tab', () => !isDirty())
  })

  it('takes a run back as one step, also while it goes on, and is dirty after results that came after a save', async () => {
    const document = await open(video())
    addBall(document)
    document.perform(keyframe(document, 0), 'Draw')
    let stopped = 0
    const writer = document.beginRun(async () => {
      stopped++
    })
    for (let frame = 1; frame <= 10; frame++) writer.add(RUN, results(document, [frame]))
    await command('workbench.action.files.save')
    await until('a clean tab', () => !isDirty())
    writer.add(RUN, results(document, [11, 12]))
    await until('the dirty mark', isDirty)
    await command('undo')
    await until('the run to be gone', () => marked(document).length === 1)
    assert.equal(stopped, 1)
    assert.equal(writer.ended, true)
    await command('redo')
    await until('the run to be back', () => marked(document).length === 13)
    await command('workbench.action.files.save')
    await until('a clean tab', () => !isDirty())
  })

  it('goes back to what is on disk, and can be undone further', async () => {
    const document = await open(video())
    addBall(document)
    document.perform(keyframe(document, 0), 'Draw')
    await command('workbench.action.files.save')
    await until('a clean tab', () => !isDirty())
    document.perform(keyframe(document, 4), 'Draw')
    await until('the dirty mark', isDirty)
    await command('workbench.action.files.revert')
    await until('one mark', () => marked(document).length === 1)
    await until('a clean tab', () => !isDirty())
    await command('undo')
    await until('no mark', () => marked(document).length === 0)
  })

  it('is one document with its side-car', async () => {
    const document = await open(video())
    addBall(document)
    await command('workbench.action.files.save')
    await until('the side-car', () => existsSync(sidecar()))
    await vscode.commands.executeCommand('vscode.openWith', vscode.Uri.file(sidecar()), VIEW_TYPE)
    await until('one tab', () => tabs().length === 1)
    assert.equal(editors.all.length, 1)
    assert.equal(editors.all[0], document)
  })

  it('is found again under another name', async () => {
    const document = await open(video())
    addBall(document)
    await command('workbench.action.files.save')
    await until('a clean tab', () => !isDirty())
    await command('workbench.action.closeAllEditors')
    await until('documents to close', () => editors.all.length === 0)
    const other = join(folder, 'renamed.mp4')
    renameSync(video().fsPath, other)
    try {
      const again = await open(vscode.Uri.file(sidecar()))
      assert.equal(again.videoPath, other)
      assert.equal(again.annotations.video.path, 'renamed.mp4')
      await command('workbench.action.closeAllEditors')
      await until('documents to close', () => editors.all.length === 0)
    } finally {
      renameSync(other, video().fsPath)
    }
  })
})
