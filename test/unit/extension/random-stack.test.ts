import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AnnotationFile } from '../../../extension/document/annotation-file.ts'
import type { OpenRun } from '../../../extension/document/open-run.ts'
import { StackBridge } from '../../../extension/document/stack-bridge.ts'
import {
  AnnotationError,
  copyToFrame,
  deleteFrom,
  deleteObject,
  type Edit,
  nextObjectId,
  nextRunId,
  type RunResult,
} from '../../../model/annotation/index.ts'
import { serialiseSidecar } from '../../../model/formats/index.ts'
import { boxMask, labels, sampleRun, video } from '../annotation/samples.ts'
import { settled, temporaryFolder, threads } from './files.ts'
import { randomSource } from './large-documents.ts'
import { WorkbenchStack } from './workbench-stack.ts'

const folder = temporaryFolder()

/** A document as VS Code has it: file, bridge, and VS Code's own stack beside it. */
class Person {
  readonly random: (limit: number) => number
  readonly file: AnnotationFile
  readonly workbench = new WorkbenchStack()
  readonly bridge: StackBridge
  disk: string | undefined
  /** The oldest state that undo leads to: another one after the document was read again. */
  oldest: string
  run: OpenRun | undefined
  record = sampleRun(1)
  counts = { reloads: 0, walks: 0, saves: 0, runs: 0, undos: 0, busy: 0 }

  constructor(seed: number) {
    this.random = randomSource(seed)
    this.file = AnnotationFile.create(threads, join(folder, `random-${seed}.siam.json`), 0.5, {
      path: join(folder, 'clip.mp4'),
      contentHash: video.hash,
      frameCount: video.frameCount,
      width: video.width,
      height: video.height,
    })
    this.bridge = new StackBridge(
      {
        changed: this.workbench.hear,
        clean: () => {},
        failed: (error) => expect.unreachable(String(error)),
      },
      false,
    )
    this.bridge.attach(this.file.model)
    this.oldest = this.text
    this.file.onReplaced(() => {
      this.bridge.attach(this.file.model)
      this.oldest = this.text
      this.counts.reloads++
    })
  }

  get text(): string {
    return serialiseSidecar(this.file.content)
  }

  edit(): void {
    const { content } = this.file.model
    const { random } = this
    const objects = [...content.objects.keys()]
    const objectId = objects[random(objects.length)]
    const frame = random(video.frameCount)
    let edit: Edit
    const kind = random(12)
    if (content.labels.size === 0) edit = { kind: 'putLabel', label: labels[0]! }
    else if (objectId === undefined || (kind === 0 && objects.length < 5))
      edit = {
        kind: 'putObject',
        object: { id: nextObjectId(content), name: `o${random(99)}`, labelId: 1 },
      }
    else if (kind === 1) edit = deleteObject(content, objectId)
    else if (kind === 2) edit = deleteFrom(content, objectId, frame)
    else if (kind === 3 && content.entry(objectId, frame) !== undefined)
      edit = copyToFrame(content, objectId, frame, random(video.frameCount))
    else if (kind === 4) edit = { kind: 'moveVideo', path: `clip-${random(9)}.mp4` }
    else if (kind === 5) edit = { kind: 'setEntry', objectId, frame, entry: undefined }
    else
      edit = {
        kind: 'setEntry',
        objectId,
        frame,
        entry: { state: 'keyframe', occluded: random(2) === 0, mask: boxMask(random(9), random(5), 3) },
      }
    this.file.model.perform(edit, 'edit')
  }

  startRun(): void {
    if (this.run !== undefined && !this.run.ended) return
    this.record = sampleRun(nextRunId(this.file.content))
    this.run = this.file.model.beginRun(async () => {
      await settled()
      this.results()
    })
    this.counts.runs++
  }

  results(): void {
    if (this.run === undefined || this.run.ended) return
    const objects = [...this.file.content.objects.keys()]
    if (objects.length === 0) return
    const { random, run } = this
    const results = Array.from(
      { length: 1 + random(6) },
      (): RunResult => ({
        objectId: objects[random(objects.length)]!,
        frame: random(video.frameCount),
        entry: {
          state: 'propagated',
          run: this.record.id,
          confidence: random(100) / 100,
          occluded: false,
          mask: boxMask(random(9), random(5), 2),
        },
      }),
    )
    run.add(this.record, results)
  }

  async save(): Promise<void> {
    const now = this.text
    await this.workbench.save(() => this.bridge.save(() => this.file.save()))
    this.disk = now
    this.counts.saves++
    await settled()
  }

  /** A save during which the person goes on working. */
  async saveWhileBusy(): Promise<void> {
    const saving = this.save()
    const undoing: Promise<void>[] = []
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, this.random(20)))
      const action = this.random(4)
      if (action === 0) undoing.push(this.workbench.undo())
      else if (action === 1) this.results()
      else this.edit()
      this.counts.busy++
    }
    await saving
    await Promise.all(undoing)
  }

  async revert(): Promise<void> {
    const { reloads } = this.counts
    const asked = await this.workbench.revert(async () => {
      this.bridge.reverted()
      await this.file.revert()
      this.bridge.check()
    })
    if (asked && reloads === this.counts.reloads) this.counts.walks++
    if (asked && this.disk !== undefined) expect(this.text).toBe(this.disk)
    if (asked && this.disk === undefined) expect(this.file.content.objects.size).toBe(0)
  }

  check(): void {
    if (this.disk !== undefined) {
      expect(readFileSync(this.file.path, 'utf8')).toBe(this.disk)
      // Whatever differs from the disk is shown as changed: nothing can be lost by closing a clean tab.
      if (this.text !== this.disk) expect(this.workbench.isDirty).toBe(true)
    } else if (this.text !== this.oldest) expect(this.workbench.isDirty).toBe(true)
  }
}

describe('1,000 random edits, saves and reverts', () => {
  it.each([1, 2, 3])('keep VS Code, the document and the disk in step (seed %i)', async (seed) => {
    const person = new Person(seed)
    for (let done = 0; done < 1000; done++) {
      try {
        const action = person.random(100)
        if (action < 45) person.edit()
        else if (action < 65) {
          await person.workbench.undo()
          person.counts.undos++
        } else if (action < 80) await person.workbench.redo()
        else if (action < 84) person.startRun()
        else if (action < 92) person.results()
        else if (action < 94) person.run?.end()
        else if (action < 96) await person.save()
        else if (action < 97) await person.saveWhileBusy()
        else if (action < 98) await person.revert()
      } catch (error) {
        if (!(error instanceof AnnotationError)) throw error
      }
      person.check()
    }
    expect(person.counts.saves).toBeGreaterThan(15)
    expect(person.counts.walks).toBeGreaterThan(2)
    expect(person.counts.runs).toBeGreaterThan(5)
    expect(person.counts.busy).toBeGreaterThan(10)

    // Everything can be taken back and done again.
    await person.file.model.stopRun()
    while (person.workbench.canRedo) await person.workbench.redo()
    const end = person.text
    while (person.workbench.canUndo) await person.workbench.undo()
    expect(person.text).toBe(person.oldest)
    while (person.workbench.canRedo) await person.workbench.redo()
    expect(person.text).toBe(end)
    person.check()
    await person.save()
    expect(person.workbench.isDirty).toBe(false)
    const again = await AnnotationFile.open(threads, person.file.path, 0.5)
    expect(serialiseSidecar(again.content)).toBe(end)
    again.dispose()
    person.file.dispose()
  })
})
