/** What VS Code is told, and in which order things are done that a person asks for faster than they are done. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AnnotationFile } from '../../../extension/document/annotation-file.ts'
import { StackBridge } from '../../../extension/document/stack-bridge.ts'
import { createDocument, type Edit, type Entry } from '../../../model/annotation/index.ts'
import { serialiseSidecar } from '../../../model/formats/index.ts'
import { boxMask, labels, sampleRun } from '../annotation/samples.ts'
import { temporaryFolder, threads } from './files.ts'
import { WorkbenchStack } from './workbench-stack.ts'

const folder = temporaryFolder()
const video = { hash: 'sha256:1', frameCount: 20_000, width: 12, height: 8 }
const keyframe: Entry = { state: 'keyframe', occluded: false, mask: boxMask(1, 1, 3) }
const mark = (frame: number, entry: Entry | undefined = keyframe): Edit => ({
  ...{ kind: 'setEntry', objectId: 1, frame, entry },
})

let files = 0

/** A new document with one object, as VS Code has it: an undo that comes while one is going on is dropped. */
function opened() {
  const path = join(folder, `bridge-${++files}.siam.json`)
  const file = AnnotationFile.create(threads, path, 0.5, {
    ...{ path: join(folder, 'clip.mp4'), contentHash: video.hash },
    ...{ frameCount: video.frameCount, width: video.width, height: video.height },
  })
  const workbench = new WorkbenchStack()
  let moving = false
  let clean = 0
  const bridge = new StackBridge(
    {
      changed: workbench.hear,
      clean: () => clean++,
      failed: (error) => expect.unreachable(String(error)),
    },
    false,
  )
  bridge.attach(file.model)
  file.onReplaced(() => bridge.attach(file.model))
  onTestFinished(() => file.dispose())
  const { model } = file
  model.perform({ kind: 'putLabel', label: labels[0]! }, 'label')
  model.perform({ kind: 'putObject', object: { id: 1, name: 'one', labelId: labels[0]!.id } }, 'object')
  const press = async (move: () => Promise<void>): Promise<boolean> => {
    if (moving) return false
    moving = true
    await move()
    moving = false
    return true
  }
  return {
    ...{ file, model, workbench, bridge, path },
    save: () => workbench.save(() => bridge.save(() => file.save())),
    undo: () => press(() => workbench.undo()),
    redo: () => press(() => workbench.redo()),
    toldClean: () => clean,
  }
}

const frames = (file: AnnotationFile) => file.content.framesWithEntries()
const group = (from: number, count: number): Edit => ({
  kind: 'group',
  label: '',
  edits: Array.from({ length: count }, (_, i) => mark(from + i)),
})

describe('quick presses of undo', () => {
  it('are none of them lost while a large step is taken back, and done in order', async () => {
    const { file, model, undo, redo, bridge, workbench } = opened()
    model.perform(mark(1), 'a')
    model.perform(mark(2), 'b')
    model.perform(group(100, 15_000), 'large')
    const pressed = [undo()]
    // As fast as keys come: long before the large step is gone.
    await sleep(2)
    expect(model.isBusy).toBe(true)
    pressed.push(undo())
    await sleep(2)
    pressed.push(undo())
    expect(await Promise.all(pressed)).toEqual([true, true, true])
    await bridge.whenMoved()
    expect(frames(file)).toEqual([])
    expect(workbench.index).toBe(1)
    for (let i = 0; i < 3; i++) expect(await redo()).toBe(true)
    await bridge.whenMoved()
    expect(frames(file)).toHaveLength(15_002)
  })

  it('are saved as what they lead to, however fast the save comes', async () => {
    const { file, model, undo, save, workbench } = opened()
    model.perform(mark(1), 'a')
    model.perform(group(100, 15_000), 'large')
    expect(await undo()).toBe(true)
    await save()
    expect(frames(file)).toEqual([1])
    expect(file.isDirty).toBe(false)
    expect(workbench.isDirty).toBe(false)
  })

  it('take back a run that goes on at once, although it never ends', async () => {
    const { file, model, undo } = opened()
    let stopped = 0
    const run = model.beginRun(() => {
      stopped++
      return new Promise(() => {})
    })
    run.add(sampleRun(1), [
      {
        ...{ objectId: 1, frame: 5 },
        entry: { state: 'propagated', run: 1, confidence: 1, occluded: false, mask: boxMask(1, 1, 2) },
      },
    ])
    expect(frames(file)).toEqual([5])
    expect(await undo()).toBe(true)
    expect(frames(file)).toEqual([])
    expect(stopped).toBe(1)
    expect(run.ended).toBe(true)
  })
})

describe('VS Code is told that all is saved again', () => {
  it('when what came during a save is undone', async () => {
    const { model, save, undo, file, toldClean, workbench } = opened()
    model.perform(mark(1), 'a')
    const saving = save()
    // The save reads the document at its beginning; what comes now is not in it.
    await sleep(1)
    model.perform(mark(2), 'b')
    await saving
    await sleep(5)
    expect(file.isDirty).toBe(true)
    expect(workbench.isDirty).toBe(true)
    expect(toldClean()).toBe(0)
    await undo()
    expect(file.isDirty).toBe(false)
    expect(toldClean()).toBe(1)
  })
})

describe('a change on disk', () => {
  /** The file as somebody else writes it. */
  function writeElsewhere(path: string, edits: readonly Edit[], hash = video.hash): void {
    const other = createDocument({ path: 'clip.mp4', ...video, hash })
    other.apply({ kind: 'putLabel', label: { ...labels[0]!, name: 'renamed' } })
    other.apply({ kind: 'putObject', object: { id: 1, name: 'one', labelId: labels[0]!.id } })
    other.apply({ kind: 'putRun', run: sampleRun(1) })
    for (const edit of edits) other.apply(edit)
    writeFileSync(path, serialiseSidecar(other))
  }
  const result: Entry = { state: 'propagated', run: 1, confidence: 0.5, occluded: true }

  it('is a step on top of those before it, all of which can be undone and done again', async () => {
    const { file, model, save, undo, redo, path, workbench } = opened()
    model.perform(mark(1), 'a')
    model.perform(mark(2), 'b')
    await save()
    const before = serialiseSidecar(file.content)
    // A result over a mark, a mark that is gone, one that is new, another label.
    writeElsewhere(path, [mark(1, result), mark(3)])
    await file.follow('Reload from Disk')
    const after = serialiseSidecar(file.content)
    expect(frames(file)).toEqual([1, 3])
    expect(file.content.labels.get(labels[0]!.id)?.name).toBe('renamed')
    expect(file.isDirty).toBe(false)
    expect(await file.checkDisk()).toBe('same')
    expect(file.model).toBe(model)
    expect(workbench.edits.at(-1)?.label).toBe('Reload from Disk')
    await undo()
    expect(serialiseSidecar(file.content)).toBe(before)
    expect(file.isDirty).toBe(true)
    await undo()
    expect(frames(file)).toEqual([1])
    await redo()
    await redo()
    expect(serialiseSidecar(file.content)).toBe(after)
    expect(file.isDirty).toBe(false)
  })

  it('leaves no step where it changes nothing', async () => {
    const { file, model, save, path, workbench } = opened()
    model.perform(mark(1), 'a')
    await save()
    const steps = workbench.edits.length
    writeFileSync(path, `${serialiseSidecar(file.content)}\n`)
    expect(await file.checkDisk()).toBe('changed')
    await file.follow('Reload from Disk')
    expect(workbench.edits).toHaveLength(steps)
    expect(await file.checkDisk()).toBe('same')
  })

  it('of very much, or to another video, replaces the document', async () => {
    const { file, model, save, path } = opened()
    model.perform(mark(1), 'a')
    await save()
    writeElsewhere(path, [group(5, 3_000)])
    await file.follow('Reload from Disk')
    expect(file.model).not.toBe(model)
    expect(frames(file)).toHaveLength(3_000)
    const second = file.model
    writeElsewhere(path, [mark(7)], 'sha256:2')
    await file.follow('Reload from Disk')
    expect(file.model).not.toBe(second)
    expect(file.content.video.hash).toBe('sha256:2')
  })
})
