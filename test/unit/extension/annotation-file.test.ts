import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { AnnotationFile } from '../../../extension/document/annotation-file.ts'
import { logOf } from '../../../extension/document/backup.ts'
import { SidecarProblem } from '../../../extension/document/document-thread.ts'
import { deleteObject } from '../../../model/annotation/index.ts'
import { serialiseSidecar, writeSidecar } from '../../../model/formats/index.ts'
import {
  absent,
  boxMask,
  keyframe,
  labels,
  propagated,
  sampleDocument,
  sampleRun,
  setEntry,
  video,
} from '../annotation/samples.ts'
import { settled, temporaryFolder, threads } from './files.ts'

const folder = temporaryFolder()
const open: AnnotationFile[] = []
let count = 0

afterEach(() => {
  for (const file of open.splice(0)) file.dispose()
})

/** A side-car on disk: two objects, three marks. */
async function sidecar(): Promise<string> {
  const path = join(folder, `clip-${++count}.siam.json`)
  const document = sampleDocument()
  document.apply(setEntry(1, 0, keyframe))
  document.apply(setEntry(1, 1, propagated()))
  document.apply(setEntry(2, 5, absent))
  await writeSidecar(path, document)
  return path
}

async function opened(path: string): Promise<AnnotationFile> {
  const file = await AnnotationFile.open(threads, path, 0.5)
  open.push(file)
  return file
}

async function restored(id: string, path: string): Promise<AnnotationFile> {
  const file = await AnnotationFile.restore(threads, id, path, 0.5)
  open.push(file)
  return file
}

const textOf = (file: AnnotationFile): string => serialiseSidecar(file.content)
const mark = setEntry(1, 9, { state: 'keyframe', occluded: false, mask: boxMask(1, 1, 2) })

describe('A side-car', () => {
  it('is read with everything in it, and saved again without a difference', async () => {
    const path = await sidecar()
    const before = readFileSync(path, 'utf8')
    const file = await opened(path)
    expect(textOf(file)).toBe(before)
    expect(file.isDirty).toBe(false)
    expect(await file.save()).toBe('saved')
    expect(readFileSync(path, 'utf8')).toBe(before)
  })

  it('gives its text without being saved', async () => {
    const file = await opened(await sidecar())
    file.model.perform(mark, 'Draw')
    expect(await file.text()).toBe(textOf(file))
    expect(file.isDirty).toBe(true)
  })

  it('is saved as it was when the save began, whatever is done meanwhile', async () => {
    const path = await sidecar()
    const file = await opened(path)
    file.model.perform(mark, 'Draw')
    const now = textOf(file)
    const saving = file.save()
    file.model.perform(setEntry(1, 0, undefined), 'Delete')
    await settled()
    file.model.perform(setEntry(2, 5, keyframe), 'Draw')
    await saving
    expect(readFileSync(path, 'utf8')).toBe(now)
    expect(file.isDirty).toBe(true)
  })

  it('that does not exist yet is written by the first save only', async () => {
    const path = join(folder, 'new.siam.json')
    const clip = {
      path: join(folder, 'sub', 'new.mp4'),
      contentHash: 'sha256:1',
      frameCount: 3,
      width: 8,
      height: 8,
    }
    const file = AnnotationFile.create(threads, path, 0.5, clip)
    open.push(file)
    expect(file.content.video.path).toBe('sub/new.mp4')
    expect(existsSync(path)).toBe(false)
    expect(await file.checkDisk()).toBe('same')
    file.model.perform({ kind: 'putLabel', label: labels[0]! }, 'New label')
    await file.save()
    expect(textOf(await opened(path))).toBe(textOf(file))
  })

  it('is saved elsewhere with the path of the video from there', async () => {
    const file = await opened(await sidecar())
    const other = join(folder, 'elsewhere.siam.json')
    await file.saveAs(other, join(folder, 'videos', 'clip.mp4'))
    expect((await opened(other)).content.video.path).toBe('videos/clip.mp4')
    expect(file.content.video.path).toBe('clip.mp4')
  })

  it('that is damaged is refused with the place, never overwritten, and its backup is told of', async () => {
    const path = await sidecar()
    const file = await opened(path)
    file.model.perform(mark, 'Draw')
    await file.save()
    const damaged = readFileSync(path, 'utf8').replace('"frame":9', '"frame":99999')
    writeFileSync(path, damaged)
    const problem = await opened(path).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(problem).toBeInstanceOf(SidecarProblem)
    expect((problem as SidecarProblem).message).toMatch(/line \d+, column \d+/)
    expect((problem as SidecarProblem).backup).toBe(true)
    expect((problem as SidecarProblem).missing).toBe(false)
    file.model.perform(setEntry(1, 0, undefined), 'Delete')
    await expect(file.save(true)).rejects.toThrow(/not overwritten/)
    await expect(file.save()).rejects.toThrow(/not overwritten/)
    expect(readFileSync(path, 'utf8')).toBe(damaged)
    expect(file.isDirty).toBe(true)
  })

  it('that is damaged is not overwritten either when a person keeps what is in the editor', async () => {
    const path = await sidecar()
    const file = await opened(path)
    file.model.perform(mark, 'Draw')
    const damaged = readFileSync(path, 'utf8').slice(0, -30)
    writeFileSync(path, damaged)
    await file.keepMine()
    await expect(file.save()).rejects.toThrow(/not overwritten/)
    await expect(file.save(true)).rejects.toThrow(/not overwritten/)
    expect(readFileSync(path, 'utf8')).toBe(damaged)
  })

  it('of a newer version is refused and never overwritten', async () => {
    const path = await sidecar()
    const file = await opened(path)
    const newer = readFileSync(path, 'utf8').replace('"version": 1', '"version": 2')
    writeFileSync(path, newer)
    await expect(opened(path)).rejects.toThrow(/newer version/)
    file.model.perform(mark, 'Draw')
    await expect(file.save(true)).rejects.toThrow(/newer version/)
    expect(readFileSync(path, 'utf8')).toBe(newer)
  })

  it('that is not there is said to be missing', async () => {
    const problem = await opened(join(folder, 'nowhere.siam.json')).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect((problem as SidecarProblem).missing).toBe(true)
  })
})

describe('The file on disk', () => {
  it('is the same after our own save, and when it is only touched', async () => {
    const path = await sidecar()
    const file = await opened(path)
    file.model.perform(mark, 'Draw')
    await file.save()
    expect(await file.checkDisk()).toBe('same')
    writeFileSync(path, readFileSync(path))
    expect(await file.checkDisk()).toBe('same')
  })

  it('that somebody else changed is noticed, and not overwritten unless asked', async () => {
    const path = await sidecar()
    const file = await opened(path)
    const theirs = readFileSync(path, 'utf8').replace('"name":"ball"', '"name":"rugby ball"')
    writeFileSync(path, theirs)
    expect(await file.checkDisk()).toBe('changed')
    file.model.perform(mark, 'Draw')
    expect(await file.save()).toBe('conflict')
    expect(readFileSync(path, 'utf8')).toBe(theirs)
    expect(file.isDirty).toBe(true)
    expect(await file.save(true)).toBe('saved')
    expect(readFileSync(path, 'utf8')).toBe(textOf(file))
  })

  it('is what a revert leads to, also when somebody else has changed it', async () => {
    const path = await sidecar()
    const file = await opened(path)
    file.model.perform(mark, 'Draw')
    const theirs = readFileSync(path, 'utf8').replace('"name":"ball"', '"name":"rugby ball"')
    writeFileSync(path, theirs)
    await file.revert()
    expect(textOf(file)).toBe(theirs)
    expect(file.isDirty).toBe(false)
  })

  it('is not reverted to where something is done while it is read', async () => {
    const path = await sidecar()
    const file = await opened(path)
    await writeSidecar(path, sampleDocument())
    const reverting = file.revert()
    await settled()
    file.model.perform(mark, 'Draw')
    await expect(reverting).rejects.toThrow('was not read again: something was changed here meanwhile')
    expect(file.content.entry(1, 9)?.state).toBe('keyframe')
    expect(file.isDirty).toBe(true)
  })

  it('that was deleted is not reverted to: what is open is all there is, also after a restart', async () => {
    const path = await sidecar()
    const file = await opened(path)
    file.model.perform(mark, 'Draw')
    rmSync(path)
    await expect(file.revert()).rejects.toThrow(/not on disk any more/)
    await file.keepMine()
    const mine = textOf(file)
    const id = join(folder, 'storage', 'deleted')
    await file.backup(id)
    const again = await restored(id, path)
    for (const each of [file, again]) {
      await expect(each.revert()).rejects.toThrow(/not on disk any more/)
      expect(textOf(each)).toBe(mine)
      expect(each.isDirty).toBe(true)
    }
    const theirs = mine.replace('"name":"ball"', '"name":"rugby ball"')
    writeFileSync(path, theirs)
    await again.revert()
    expect(textOf(again)).toBe(theirs)
  })

  it('that was never there is what a revert goes back to: nothing', async () => {
    const path = join(folder, 'never-there.siam.json')
    const clip = { path: join(folder, 'clip.mp4'), contentHash: '', frameCount: 3, width: 8, height: 8 }
    const file = AnnotationFile.create(threads, path, 0.5, clip)
    open.push(file)
    file.model.perform({ kind: 'putLabel', label: labels[0]! }, 'New label')
    const id = join(folder, 'storage', 'never-there')
    await file.backup(id)
    const again = await restored(id, path)
    for (const each of [file, again]) {
      await each.revert()
      expect(each.content.labels.size).toBe(0)
      expect(each.isDirty).toBe(false)
    }
  })

  it('that was deleted is written again', async () => {
    const path = await sidecar()
    const file = await opened(path)
    rmSync(path)
    expect(await file.checkDisk()).toBe('missing')
    await file.keepMine()
    expect(file.isDirty).toBe(true)
    expect(await file.save()).toBe('saved')
    expect(textOf(await opened(path))).toBe(textOf(file))
  })

  it('stays unread where a person keeps what is open, and the next save overwrites it', async () => {
    const path = await sidecar()
    const file = await opened(path)
    const mine = textOf(file)
    writeFileSync(path, mine.replace('"name":"ball"', '"name":"rugby ball"'))
    await file.keepMine()
    expect(file.isDirty).toBe(true)
    expect(await file.checkDisk()).toBe('same')
    expect(await file.save()).toBe('saved')
    expect(readFileSync(path, 'utf8')).toBe(mine)
  })
})

describe('A backup', () => {
  it('holds what is not saved, and gives it back as unsaved', async () => {
    const path = await sidecar()
    const file = await opened(path)
    file.model.perform(mark, 'Draw')
    file.model.perform(setEntry(1, 1, undefined), 'Delete')
    file.model.perform({ kind: 'putObject', object: { id: 3, name: 'third', labelId: 1 } }, 'New object')
    const id = join(folder, 'storage', 'one')
    await file.backup(id)
    const again = await restored(id, file.path)
    expect(textOf(again)).toBe(textOf(file))
    expect(again.isDirty).toBe(true)
    expect(again.path).toBe(path)
    await again.save()
    expect(readFileSync(path, 'utf8')).toBe(textOf(file))
    expect(again.isDirty).toBe(false)
  })

  it('knows the side-car that it lies on: only one that was changed since is another', async () => {
    const path = await sidecar()
    const file = await opened(path)
    file.model.perform(mark, 'Draw')
    const id = join(folder, 'storage', 'known')
    await file.backup(id)
    const again = await restored(id, path)
    expect(await again.checkDisk()).toBe('same')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"name":"ball"', '"name":"rugby ball"'))
    expect(await again.checkDisk()).toBe('changed')
  })

  it('keeps what went with an object gone, also for another object of the same number', async () => {
    const path = await sidecar()
    const file = await opened(path)
    file.model.perform(deleteObject(file.content, 2), 'Delete object')
    const first = join(folder, 'storage', 'gone')
    await file.backup(first)
    const again = await restored(first, path)
    again.model.perform({ kind: 'putObject', object: { id: 2, name: 'another', labelId: 1 } }, 'New object')
    again.model.perform(setEntry(2, 7, keyframe), 'Draw')
    const second = join(folder, 'storage', 'gone again')
    await again.backup(second)
    const last = await restored(second, path)
    expect([...last.content.entries(2)].map(([frame]) => frame)).toEqual([7])
    expect(textOf(last)).toBe(textOf(again))
  })

  it('is restored under the name that the side-car has now', async () => {
    const path = await sidecar()
    const file = await opened(path)
    file.model.perform(mark, 'Draw')
    const id = join(folder, 'storage', 'renamed')
    await file.backup(id)
    const renamed = join(folder, 'renamed.siam.json')
    renameSync(path, renamed)
    const again = await restored(id, renamed)
    expect(again.path).toBe(renamed)
    expect(await again.save()).toBe('saved')
    expect(readFileSync(renamed, 'utf8')).toBe(textOf(file))
    expect(existsSync(path)).toBe(false)
  })

  it('that is asked for while a save goes on holds what is being saved, and what is done meanwhile', async () => {
    const file = await opened(await sidecar())
    file.model.perform(mark, 'Draw')
    const saving = file.save()
    const id = join(folder, 'storage', 'during')
    const backing = file.backup(id)
    file.model.perform(setEntry(1, 0, undefined), 'Delete')
    await Promise.all([saving, backing])
    expect(textOf(await restored(id, file.path))).toBe(textOf(file))
  })

  it('that is being written when a save begins holds all of it, and the next one does', async () => {
    const file = await opened(await sidecar())
    file.model.perform(mark, 'Draw')
    const drawn = textOf(file)
    const [first, second] = [join(folder, 'storage', 'before'), join(folder, 'storage', 'after')]
    await Promise.all([file.backup(first), file.save()])
    expect(textOf(await restored(first, file.path))).toBe(drawn)
    file.model.perform(setEntry(1, 0, undefined), 'Delete')
    await file.backup(second)
    expect(textOf(await restored(second, file.path))).toBe(textOf(file))
  })

  it('that was begun of a document that was replaced meanwhile is not gone on with', async () => {
    const path = join(folder, 'replaced.siam.json')
    const clip = { path: join(folder, 'clip.mp4'), contentHash: '', frameCount: 3, width: 8, height: 8 }
    const first = AnnotationFile.create(threads, path, 0.5, clip)
    open.push(first)
    first.model.perform({ kind: 'putLabel', label: labels[0]! }, 'New label')
    const [before, during, after] = ['before', 'during', 'after'].map((name) =>
      join(folder, 'replaced', name),
    )
    await first.backup(before!)
    const file = await restored(before!, path)
    // No step leads back from what was restored, so this makes the document anew.
    await Promise.all([file.backup(during!), file.revert()])
    file.model.perform({ kind: 'putLabel', label: labels[1]! }, 'New label')
    await file.backup(after!)
    expect(textOf(await restored(after!, path))).toBe(textOf(file))
  })

  it('follows a run that goes on after it was made', async () => {
    const file = await opened(await sidecar())
    file.model.perform(mark, 'Draw')
    const id = join(folder, 'storage', 'two')
    await file.backup(id)
    const run = file.model.beginRun(async () => {})
    for (let frame = 10; frame < 20; frame++) {
      run.add(sampleRun(2), [{ objectId: 1, frame, entry: propagated(2) }])
      await settled()
    }
    await file.flushBackup()
    expect(textOf(await restored(id, file.path))).toBe(textOf(file))
  })

  it('is as good after a run was taken back and something else was done', async () => {
    const file = await opened(await sidecar())
    const id = join(folder, 'storage', 'three')
    const run = file.model.beginRun(async () => {})
    run.add(
      sampleRun(2),
      [2, 3, 4].map((frame) => ({ objectId: 1, frame, entry: propagated(2) })),
    )
    await file.backup(id)
    await file.model.undo(run.step!)
    file.model.perform(setEntry(1, 3, keyframe), 'Draw')
    await file.flushBackup()
    expect(textOf(await restored(id, file.path))).toBe(textOf(file))
  })

  it('that VS Code may have noted down is never deleted by the next one', async () => {
    const file = await opened(await sidecar())
    const [first, second] = [join(folder, 'storage', 'four'), join(folder, 'storage', 'five')]
    file.model.perform(mark, 'Draw')
    expect(await file.backup(first)).toBe(first)
    file.model.perform(setEntry(2, 7, absent), 'Absent')
    // VS Code forgets the one before as soon as it has the next, and notes that one down later, or never.
    expect(await file.backup(second)).toBe(first)
    await file.forgetBackup(first)
    file.model.perform(setEntry(2, 8, absent), 'Absent')
    await file.flushBackup()
    expect(textOf(await restored(first, file.path))).toBe(textOf(file))
    await file.forgetBackup(first)
    expect(existsSync(logOf(first))).toBe(false)
  })

  it('that could not be gone on with stays until the one in its place is not needed either', async () => {
    const path = await sidecar()
    const file = await opened(path)
    const [first, second] = [join(folder, 'storage', 'gone-on'), join(folder, 'storage', 'in-its-place')]
    file.model.perform(mark, 'Draw')
    await file.backup(first)
    await file.keepMine()
    expect(await file.backup(second)).toBe(second)
    await file.forgetBackup(first)
    for (const id of [first, second]) expect(textOf(await restored(id, path))).toBe(textOf(file))
    await file.forgetBackup(second)
    for (const id of [first, second]) expect(existsSync(logOf(id))).toBe(false)
  })

  it('that a document was restored from stays until all of it is on disk', async () => {
    const path = await sidecar()
    const file = await opened(path)
    file.model.perform(mark, 'Draw')
    const [before, after] = [join(folder, 'storage', 'last-window'), join(folder, 'storage', 'this-window')]
    await file.backup(before)
    const again = await restored(before, path)
    await again.backup(after)
    expect(textOf(await restored(before, path))).toBe(textOf(again))
    await again.save()
    expect(existsSync(logOf(before))).toBe(true)
    await again.forgetBackup(after)
    for (const id of [before, after]) expect(existsSync(logOf(id))).toBe(false)
  })

  it('apart is not gone on with', async () => {
    const file = await opened(await sidecar())
    file.model.perform(mark, 'Draw')
    const drawn = textOf(file)
    const [known, apart] = [join(folder, 'storage', 'known'), join(folder, 'storage', 'apart')]
    await file.backup(known)
    await file.backupApart(apart)
    file.model.perform(setEntry(1, 0, undefined), 'Delete')
    await file.flushBackup()
    expect(textOf(await restored(apart, file.path))).toBe(drawn)
    expect(textOf(await restored(known, file.path))).toBe(textOf(file))
  })

  it('begins anew after a save', async () => {
    const path = await sidecar()
    const file = await opened(path)
    file.model.perform(mark, 'Draw')
    await file.backup(join(folder, 'storage', 'six'))
    await file.save()
    file.model.perform(setEntry(1, 0, undefined), 'Delete')
    const id = join(folder, 'storage', 'seven')
    await file.backup(id)
    expect(textOf(await restored(id, file.path))).toBe(textOf(file))
  })

  it('loses its last record and no more when the machine went down in the middle of it', async () => {
    const file = await opened(await sidecar())
    const id = join(folder, 'storage', 'eight')
    file.model.perform(mark, 'Draw')
    await file.backup(id)
    const expected = textOf(file)
    const { size } = statSync(logOf(id))
    file.model.perform(setEntry(1, 0, undefined), 'Delete')
    await file.flushBackup()
    const whole = statSync(logOf(id)).size
    expect(whole).toBeGreaterThan(size)
    truncateSync(logOf(id), whole - 1)
    expect(textOf(await restored(id, file.path))).toBe(expected)
  })

  it('that could not be appended to for a while has all of it afterwards', async () => {
    const file = await opened(await sidecar())
    const id = join(folder, 'storage', 'full')
    file.model.perform(mark, 'Draw')
    await file.backup(id)
    // A full disk, and half a record on it.
    const log = readFileSync(logOf(id))
    rmSync(logOf(id))
    mkdirSync(logOf(id))
    file.model.perform(setEntry(1, 0, undefined), 'Delete')
    await file.flushBackup()
    rmSync(logOf(id), { recursive: true })
    writeFileSync(logOf(id), Buffer.concat([log, Buffer.from([200, 1, 0, 0, 7, 7])]))
    file.model.perform(setEntry(2, 5, undefined), 'Delete')
    await file.flushBackup()
    expect(textOf(await restored(id, file.path))).toBe(textOf(file))
    expect(await file.backup(join(folder, 'storage', 'another'))).toBe(id)
  })

  it('ends before what does not read', async () => {
    const file = await opened(await sidecar())
    const id = join(folder, 'storage', 'torn')
    file.model.perform(mark, 'Draw')
    await file.backup(id)
    const expected = textOf(file)
    const whole = readFileSync(logOf(id))
    const torn = Buffer.from(whole.subarray(0, 40))
    writeFileSync(logOf(id), Buffer.concat([whole, torn.fill(0xff, 4), whole]))
    expect(textOf(await restored(id, file.path))).toBe(expected)
  })

  it('of what a person kept against a change on disk stays without that, however often it is restored', async () => {
    const path = await sidecar()
    const file = await opened(path)
    file.model.perform(mark, 'Draw')
    const mine = textOf(file)
    const theirs = sampleDocument()
    theirs.apply(setEntry(1, 20, keyframe))
    await writeSidecar(path, theirs)
    await file.keepMine()
    const ids = ['kept-1', 'kept-2', 'kept-3'].map((name) => join(folder, 'storage', name))
    await file.backup(ids[0]!)
    for (const [at, id] of ids.slice(1).entries()) {
      const again = await restored(ids[at]!, path)
      expect(textOf(again)).toBe(mine)
      await again.backup(id)
    }
    expect(textOf(await restored(ids[2]!, path))).toBe(mine)
  })

  it('stands alone where the side-car was changed on disk meanwhile', async () => {
    const path = await sidecar()
    const file = await opened(path)
    file.model.perform(mark, 'Draw')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"name":"ball"', '"name":"rugby ball"'))
    const id = join(folder, 'storage', 'nine')
    await file.backup(id)
    const again = await restored(id, file.path)
    expect(textOf(again)).toBe(textOf(file))
    // What the others wrote is noticed after the restart, too.
    expect(await again.save()).toBe('conflict')
  })

  it('of a clip without a side-car holds everything', async () => {
    const path = join(folder, 'never-saved.siam.json')
    const file = AnnotationFile.create(threads, path, 0.5, {
      path: join(folder, 'clip.mp4'),
      contentHash: video.hash,
      frameCount: video.frameCount,
      width: video.width,
      height: video.height,
    })
    open.push(file)
    file.model.perform({ kind: 'putLabel', label: labels[0]! }, 'New label')
    file.model.perform({ kind: 'putObject', object: { id: 1, name: 'ball', labelId: 1 } }, 'New object')
    file.model.perform(mark, 'Draw')
    const id = join(folder, 'storage', 'ten')
    await file.backup(id)
    const again = await restored(id, file.path)
    expect(textOf(again)).toBe(textOf(file))
    await again.save()
    expect(readFileSync(path, 'utf8')).toBe(textOf(file))
  })
})
