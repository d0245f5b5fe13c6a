/** Protects: an export as a person asks for it, read back from the disk; repairing what cannot be opened. */
import { strict as assert } from 'node:assert'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'mocha'
import * as vscode from 'vscode'
import { equalMasks } from '../../../model/annotation/index.ts'
import { formats, readSidecar, writeSidecar } from '../../../model/formats/index.ts'
import type { ExportResult } from '../../../model/process/index.ts'
import { until } from '../support/until.ts'
import {
  closeAll,
  documentOf,
  editors,
  makeClip,
  marked,
  OBJECT,
  open,
  removeClip,
  tab,
  VIEW_TYPE,
} from './support.ts'

const command = <T>(name: string, ...values: unknown[]) => vscode.commands.executeCommand<T>(name, ...values)

describe('commands', () => {
  let clip: Awaited<ReturnType<typeof makeClip>>
  beforeEach(async () => {
    clip = await makeClip()
  })
  afterEach(async () => {
    await closeAll()
    await removeClip(clip.folder)
  })

  /** Opens a side-car that does not open well. */
  async function openBroken(): Promise<void> {
    await command('vscode.openWith', vscode.Uri.file(clip.sidecar), VIEW_TYPE)
    await until('the tab', () => tab().label === 'koi.siam.json')
  }

  it('Export Dataset asks for what it is not told, writes the files, and they hold what was marked', async () => {
    const document = await open(clip.sidecar)
    await until('the view', () => editors().active?.document === document)
    const folder = join(clip.folder, 'dataset')
    await mkdir(folder)
    let result: ExportResult | undefined
    let ended = false
    const exported = command<ExportResult>('siammae.exportDataset', { folder: vscode.Uri.file(folder) }).then(
      (value) => {
        result = value
        ended = true
      },
    )
    // Two lists, one after the other: the format, and whether the frames are written. Enter takes the first of each.
    await until('the end of the export', async () => {
      if (!ended) await command('workbench.action.acceptSelectedQuickOpenItem')
      return ended
    })
    await exported
    const entry = document.annotations.entry(OBJECT, 0)
    assert.ok(entry?.state === 'keyframe' && entry.mask)
    const read = await formats.davis.read(folder)
    const [object] = read.objects.keys()
    const back = read.entry(object!, 0)
    assert.ok(back !== undefined && 'mask' in back && back.mask)
    assert.ok(equalMasks(back.mask, entry.mask))
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((each) =>
      each.isFile(),
    )
    assert.equal(files.length, result?.files)
    assert.equal(files.filter(({ name }) => name.endsWith('.jpg')).length, 0)
  })

  it('a button of the walkthrough acts on the clip that the walkthrough covers', async () => {
    const document = await open(clip.sidecar)
    await until('the view', () => editors().active?.document === document)
    await command('siammae.openWalkthrough')
    await until('the walkthrough', () => editors().active === undefined)
    await command('siammae.tool', 'brush')
    await until('the brush', () => editors().active?.view.tool === 'brush')
    assert.equal(editors().active?.document, document)
  })

  it('Open Annotations as Text makes no empty file of annotations that were never saved', async () => {
    await rm(clip.sidecar)
    await editors().annotate(vscode.Uri.file(clip.video))
    await until('the view', () => editors().active?.document.videoPath === clip.video)
    await command('siammae.openAsText')
    assert.ok(vscode.window.tabGroups.activeTabGroup.activeTab?.input instanceof vscode.TabInputCustom)
    assert.deepEqual(await readdir(clip.folder), ['koi.mp4'])
  })

  it('Export Dataset writes YouTube-VIS with its frames when it is told so', async () => {
    const document = await open(clip.sidecar)
    await until('the view', () => editors().active?.document === document)
    const folder = join(clip.folder, 'vis')
    await mkdir(folder)
    const wish = { format: 'youtube-vis', pictures: true, folder: vscode.Uri.file(folder) }
    const result = await command<ExportResult>('siammae.exportDataset', wish)
    const names = (await readdir(folder, { recursive: true })).map(String)
    assert.ok(names.some((name) => name.endsWith('.jpg')))
    assert.ok(names.some((name) => name.endsWith('.json')))
    let files = 0
    for (const name of names) if ((await stat(join(folder, name))).isFile()) files++
    assert.equal(files, result.files)
  })

  it('Export Dataset writes COCO, which gives back the mask as it was marked', async () => {
    const document = await open(clip.sidecar)
    await until('the view', () => editors().active?.document === document)
    const folder = join(clip.folder, 'coco')
    await mkdir(folder)
    const wish = { format: 'coco', pictures: false, folder: vscode.Uri.file(folder) }
    const result = await command<ExportResult>('siammae.exportDataset', wish)
    const names = (await readdir(folder)).sort()
    assert.deepEqual(names, ['coco.json', 'siammae-export.json'])
    assert.equal(names.length, result.files)
    const entry = document.annotations.entry(OBJECT, 0)
    assert.ok(entry?.state === 'keyframe' && entry.mask)
    const back = (await formats.coco.read(folder)).entry(OBJECT, 0)
    assert.ok(back?.state === 'keyframe' && back.mask)
    assert.ok(equalMasks(back.mask, entry.mask))
  })

  it('a command right after keys is about what they led to', async () => {
    const document = await open(clip.sidecar)
    await until('the view', () => editors().active?.document === document)
    const active = editors().active!
    active.command({ name: 'selectObject', objectId: OBJECT })
    await until('the object to be chosen', () => active.view.objectId === OBJECT)
    for (const frame of [40, 70, 20]) {
      await command('siammae.goToFrame', frame)
      await command('siammae.step', 3)
      await command('siammae.markAbsent')
      assert.equal(document.annotations.entry(OBJECT, frame + 3)?.state, 'absent')
      assert.equal(active.view.frame, frame + 3)
    }
    assert.equal(document.annotations.frames(OBJECT).length, 4)
    await command('siammae.rangeStart')
    await command('siammae.step', 4)
    await command('siammae.rangeEnd')
    await active.refresh()
    assert.deepEqual(active.view.range, [23, 27])
  })

  it('an object that was just made can be chosen at once, also while the view is still coming up', async () => {
    const document = await open(clip.sidecar)
    await until('the view', () => editors().active?.document === document)
    const active = editors().active!
    for (const id of [7, 8]) {
      document.perform({ kind: 'putObject', object: { id, name: `koi ${id}`, labelId: 1 } }, 'New object')
      active.command({ name: 'selectObject', objectId: id })
      await until('the choice', async () => {
        await active.refresh()
        return active.view.objectId === id
      })
    }
  })

  it('Restore Backup puts the last good file in place of a damaged one, which is kept', async () => {
    const first = await marked('koi.mp4')
    const second = await marked('koi.mp4')
    second.apply({
      kind: 'setEntry',
      objectId: OBJECT,
      frame: 3,
      entry: { state: 'absent', by: 'person' },
    })
    await writeSidecar(clip.sidecar, second)
    const damaged = (await readFile(clip.sidecar, 'utf8')).slice(0, -40)
    await writeFile(clip.sidecar, damaged)
    await openBroken()
    // The command is about the tab that has the focus, once that is there.
    await until('the restored document', async () => {
      await command('siammae.restoreBackup')
      return documentOf(clip.sidecar)
    })
    assert.ok((await readSidecar(clip.sidecar)).equals(first))
    assert.equal(documentOf(clip.sidecar)?.annotations.entry(OBJECT, 3), undefined)
    assert.equal(tab().isDirty, false)
    const kept = (await readdir(clip.folder)).filter((name) => name.includes('.damaged-'))
    assert.equal(kept.length, 1)
    assert.equal(await readFile(join(clip.folder, kept[0]!), 'utf8'), damaged)
  })

  it('Restore Backup leaves a side-car alone that only lacks its video', async () => {
    await writeSidecar(clip.sidecar, await marked('gone.mp4'))
    await writeFile(`${clip.sidecar}.bak`, 'older')
    await rename(clip.video, join(clip.folder, '.koi'))
    const before = await readFile(clip.sidecar, 'utf8')
    await openBroken()
    await command('siammae.restoreBackup')
    assert.equal(await readFile(clip.sidecar, 'utf8'), before)
    assert.deepEqual((await readdir(clip.folder)).sort(), ['.koi', 'koi.siam.json', 'koi.siam.json.bak'])
  })

  it('Locate Video opens the annotations with the video that was chosen, and the next save names it', async () => {
    const elsewhere = join(clip.folder, 'elsewhere', 'deep')
    await mkdir(elsewhere, { recursive: true })
    const moved = join(elsewhere, 'other name.mp4')
    await rename(clip.video, moved)
    await openBroken()
    const document = await until('the document', async () => {
      await command('siammae.locateVideo', vscode.Uri.file(moved))
      return documentOf(clip.sidecar)
    })
    assert.equal(document.videoPath, moved)
    assert.equal(document.clip.frameCount, 100)
    document.perform(
      { kind: 'setEntry', objectId: OBJECT, frame: 5, entry: { state: 'absent', by: 'person' } },
      'Mark object as absent',
    )
    await until('the dirty mark', () => tab().isDirty)
    await command('workbench.action.files.save')
    await until('the dirty mark to be gone', () => !tab().isDirty)
    assert.equal((await readSidecar(clip.sidecar)).video.path, 'elsewhere/deep/other name.mp4')
  })
})
