/** Protects: marks of other tools and people come in as one step, and never over what a person said here unasked. */
import { strict as assert } from 'node:assert'
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'mocha'
import * as vscode from 'vscode'
import type { AnnotatorDocument } from '../../../extension/editor/index.ts'
import {
  createDocument,
  type Entry,
  encodeMask,
  equalEntries,
  type Rle,
} from '../../../model/annotation/index.ts'
import { encodeIndexedPng, readSidecar, writeSidecar } from '../../../model/formats/index.ts'
import { until } from '../support/until.ts'
import { closeAll, editors, makeClip, marked, OBJECT, open, removeClip, tab } from './support.ts'

const command = <T>(name: string, ...values: unknown[]) => vscode.commands.executeCommand<T>(name, ...values)
const [WIDTH, HEIGHT] = [640, 360]

interface Imported {
  readonly entries: number
  readonly frames: number
  readonly newObjects: number
  readonly conflicts: number
}

function square(x: number, y: number, side = 40): { pixels: Uint8Array; mask: Rle } {
  const pixels = new Uint8Array(WIDTH * HEIGHT)
  for (let row = y; row < y + side; row++) pixels.fill(1, row * WIDTH + x, row * WIDTH + x + side)
  return { pixels, mask: encodeMask(pixels, WIDTH, HEIGHT) }
}

const keyframe = (mask: Rle): Entry => ({ state: 'keyframe', occluded: false, mask })

describe('Import Marks', () => {
  let clip: Awaited<ReturnType<typeof makeClip>>
  let document: AnnotatorDocument
  beforeEach(async () => {
    clip = await makeClip()
    document = await open(clip.sidecar)
    await until('the view', () => editors().active?.document === document)
  })
  afterEach(async () => {
    await closeAll()
    await removeClip(clip.folder)
  })

  const entry = (frame: number, object = OBJECT) => document.annotations.entry(object, frame)
  const set = (frame: number, value: Entry | undefined) =>
    document.perform({ kind: 'setEntry', objectId: OBJECT, frame, entry: value }, 'Draw')
  const same = (a: Entry | undefined, b: Entry | undefined) =>
    assert.ok(a !== undefined && b !== undefined && equalEntries(a, b))
  const bring = (path: string, more: object = {}) =>
    command<Imported | undefined>('siammae.importMarks', { source: vscode.Uri.file(path), ...more })

  /** The question stands until it is answered; Enter takes the first answer. */
  async function withFirstAnswer<T>(asking: Thenable<T>): Promise<T> {
    let ended = false
    void asking.then(() => {
      ended = true
    })
    await until('the question to be answered', async () => {
      if (!ended) await command('workbench.action.acceptSelectedQuickOpenItem')
      return ended
    })
    return asking
  }

  for (const format of ['davis', 'youtube-vis', 'coco'])
    it(`brings back from a ${format} dataset what is not here, as one step`, async () => {
      const drawn = entry(0)
      set(7, keyframe(square(300, 100).mask))
      const folder = join(clip.folder, 'dataset')
      await mkdir(folder)
      await command('siammae.exportDataset', { format, pictures: false, folder: vscode.Uri.file(folder) })
      set(0, undefined)
      set(7, undefined)
      await command('workbench.action.files.save')
      await until('the save', () => !tab().isDirty)

      const found = await bring(folder)
      assert.deepEqual(found, { entries: 2, frames: 2, newObjects: 0, conflicts: 0 })
      same(entry(0), drawn)
      same(entry(7), keyframe(square(300, 100).mask))
      await until('the dirty mark', () => tab().isDirty)
      await command('undo')
      await until('the step to be undone', () => entry(0) === undefined && entry(7) === undefined)
      await command('redo')
      await until('the step to be done again', () => entry(0) !== undefined && entry(7) !== undefined)
      assert.equal((await bring(folder))?.entries, 0)
    })

  it('keeps what a person said here, unless they choose the imported marks', async () => {
    const other = join(clip.folder, 'colleague.siam.json')
    const theirs = await readSidecar(clip.sidecar)
    const [a, b] = [keyframe(square(10, 10).mask), keyframe(square(200, 200).mask)]
    theirs.apply({ kind: 'setEntry', objectId: OBJECT, frame: 0, entry: a })
    theirs.apply({ kind: 'setEntry', objectId: OBJECT, frame: 9, entry: b })
    await writeSidecar(other, theirs)
    const drawn = entry(0)

    const kept = await withFirstAnswer(bring(other))
    assert.deepEqual(kept, { entries: 1, frames: 1, newObjects: 0, conflicts: 1 })
    same(entry(0), drawn)
    same(entry(9), b)

    assert.equal((await bring(other, { replace: true }))?.entries, 1)
    same(entry(0), a)
    await command('undo')
    await until('the step to be undone', () => equalEntries(entry(0)!, drawn!))
  })

  it('asks before it takes marks of another file', async () => {
    await closeAll()
    await rm(clip.sidecar)
    // Made for the clip, so that it says of which file it is.
    await editors().annotate(vscode.Uri.file(clip.video))
    await until('the view', () => editors().active?.document.videoPath === clip.video)
    document = editors().active!.document
    const { video } = document.annotations
    assert.notEqual(video.hash, '')
    const other = join(clip.folder, 'other.siam.json')
    const theirs = await marked('other.mp4')
    const named = createDocument({ ...theirs.video, hash: 'sha256:0123' })
    for (const label of theirs.labels.values()) named.apply({ kind: 'putLabel', label })
    for (const object of theirs.objects.values()) named.apply({ kind: 'putObject', object })
    named.apply({ kind: 'setEntry', objectId: OBJECT, frame: 4, entry: keyframe(square(10, 10).mask) })
    await writeSidecar(other, named)
    assert.equal(await withFirstAnswer(bring(other)), undefined)
    assert.equal(document.annotations.objects.size, 0)
    assert.equal((await bring(other, { anyVideo: true }))?.entries, 1)
    same(entry(4), keyframe(square(10, 10).mask))
  })

  it('puts a black and white picture on the selected object and the frame in sight', async () => {
    const { pixels, mask } = square(120, 60)
    const path = join(clip.folder, 'mask.png')
    const indices = pixels.map((value) => value * 255)
    await writeFile(path, encodeIndexedPng({ width: WIDTH, height: HEIGHT, indices }))
    await command('siammae.goToFrame', 12)
    await until('the frame', () => editors().active?.view.frame === 12)
    editors().active!.command({ name: 'selectObject', objectId: OBJECT })
    await until('the object', () => editors().active?.view.objectId === OBJECT)
    assert.deepEqual(await bring(path), { entries: 1, frames: 1, newObjects: 0, conflicts: 0 })
    same(entry(12), keyframe(mask))
  })

  it('makes an object of a number that is not here', async () => {
    const { pixels, mask } = square(120, 60)
    const path = join(clip.folder, 'mask.png')
    const indices = pixels.map((value) => value * 5)
    await writeFile(path, encodeIndexedPng({ width: WIDTH, height: HEIGHT, indices }))
    assert.deepEqual(await bring(path), { entries: 1, frames: 1, newObjects: 1, conflicts: 0 })
    same(entry(0, 5), keyframe(mask))
    // VS Code must have heard of the step before it can take it back.
    await until('the dirty mark', () => tab().isDirty)
    await command('undo')
    await until('the object to be gone', () => !document.annotations.objects.has(5))
  })

  it('changes nothing where what is chosen does not fit', async () => {
    const before = [...document.annotations.entries(OBJECT)].length
    const text = join(clip.folder, 'notes.json')
    await writeFile(text, '{"not": "a dataset"}')
    const picture = join(clip.folder, 'small.png')
    await writeFile(picture, encodeIndexedPng({ width: 2, height: 2, indices: Uint8Array.of(0, 1, 1, 0) }))
    const folder = join(clip.folder, 'empty')
    await mkdir(folder)
    const damaged = join(clip.folder, 'damaged.siam.json')
    await copyFile(text, damaged)
    for (const path of [text, picture, folder, damaged, join(clip.folder, 'gone.png')])
      assert.equal(await bring(path), undefined)
    assert.equal([...document.annotations.entries(OBJECT)].length, before)
    assert.equal(tab().isDirty, false)
  })
})
