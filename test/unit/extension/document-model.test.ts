import { describe, expect, it } from 'vitest'
import { DocumentModel, type ModelChange } from '../../../extension/document/document-model.ts'
import { ObservedDocument } from '../../../extension/document/observed-document.ts'
import type { Step } from '../../../extension/document/open-run.ts'
import { Snapshot } from '../../../extension/document/snapshot.ts'
import { AnnotationError, deleteObject } from '../../../model/annotation/index.ts'
import {
  absent,
  contentOf,
  keyframe,
  labels,
  propagated,
  sampleRun,
  setEntry,
  video,
} from '../annotation/samples.ts'
import { settled } from './files.ts'

function model(frameCount = video.frameCount): DocumentModel {
  const content = new ObservedDocument({ ...video, frameCount })
  content.apply({ kind: 'putLabel', label: labels[0]! })
  content.apply({ kind: 'putObject', object: { id: 1, name: 'ball', labelId: 1 } })
  return new DocumentModel(content)
}

const results = (frames: readonly number[], run = 1) =>
  frames.map((frame) => ({ objectId: 1, frame, entry: propagated(run) }))

const never = async () => {}

describe('Changes', () => {
  it('are told once per turn, however many there are', async () => {
    const document = model()
    const told: ModelChange[] = []
    document.onChange((change) => told.push(change))
    const run = document.beginRun(never)
    for (let frame = 0; frame < 20; frame++) run.add(sampleRun(1), results([frame]))
    document.perform(setEntry(1, 25, keyframe), 'Draw')
    expect(told).toEqual([])
    await settled()
    expect(told).toHaveLength(1)
    expect(told[0]!.catalogue).toBe(true)
    expect(told[0]!.frames.get(1)!.size).toBe(21)
  })

  it('are told at once when somebody waits for them', () => {
    const document = model()
    const told: ModelChange[] = []
    document.onChange((change) => told.push(change))
    document.perform(setEntry(1, 25, keyframe), 'Draw')
    document.flush()
    document.flush()
    expect(told).toHaveLength(1)
    expect(told[0]!.catalogue).toBe(false)
  })

  it('of a refused edit leave the document as it was', () => {
    const document = model()
    const before = contentOf(document.content)
    expect(() =>
      document.perform(
        { kind: 'group', label: '', edits: [setEntry(1, 3, keyframe), setEntry(9, 3, keyframe)] },
        'Draw',
      ),
    ).toThrow(AnnotationError)
    expect(contentOf(document.content)).toEqual(before)
    expect(document.steps).toEqual([])
    expect(document.isDirty).toBe(false)
  })
})

describe('A run', () => {
  it('is one step, which appears with its first results', async () => {
    const document = model()
    const steps: Step[] = []
    document.onStep((step) => steps.push(step))
    const run = document.beginRun(never)
    expect(steps).toEqual([])
    run.add(sampleRun(1), results([1]))
    run.add(sampleRun(1), results([2, 3]))
    expect(steps).toHaveLength(1)
    expect(steps[0]!.isRun).toBe(true)
    run.end()
    await document.undo(steps[0]!)
    expect(document.content.framesWithEntries()).toEqual([])
    expect(document.content.runs.size).toBe(0)
    await document.redo(steps[0]!)
    expect(document.content.framesWithEntries()).toEqual([1, 2, 3])
  })

  it('leaves no step where it has nothing to write', () => {
    const document = model()
    document.perform(setEntry(1, 4, keyframe), 'Draw')
    const run = document.beginRun(never)
    expect(run.add(sampleRun(1), results([4]))).toBe(1)
    run.end()
    expect(document.steps).toHaveLength(1)
    expect(document.content.runs.size).toBe(0)
  })

  it("never changes a person's frame, also one that was marked while it went on", () => {
    const document = model()
    document.perform(setEntry(1, 4, keyframe), 'Draw')
    const run = document.beginRun(never)
    expect(run.add(sampleRun(1), results([3, 4, 5]))).toBe(1)
    document.perform(setEntry(1, 6, absent), 'Absent')
    expect(run.add(sampleRun(1), results([6, 7]))).toBe(1)
    expect(document.content.entry(1, 4)).toEqual(keyframe)
    expect(document.content.entry(1, 6)).toEqual(absent)
  })

  it('that goes on is stopped when it is undone, and what came until then is taken back', async () => {
    const document = model()
    let stopped = 0
    const run = document.beginRun(async () => {
      stopped++
      await settled()
      run.add(sampleRun(1), results([8]))
    })
    run.add(sampleRun(1), results([1, 2]))
    await document.undo(run.step!)
    expect(stopped).toBe(1)
    expect(run.ended).toBe(true)
    expect(document.content.framesWithEntries()).toEqual([])
    expect(run.add(sampleRun(1), results([9]))).toBe(1)
    expect(document.content.framesWithEntries()).toEqual([])
    document.beginRun(never)
  })

  it('beneath what a person did meanwhile is undone after that', async () => {
    const document = model()
    const run = document.beginRun(never)
    run.add(sampleRun(1), results([1, 2]))
    document.perform(setEntry(1, 20, keyframe), 'Draw')
    const [first, second] = document.steps
    run.add(sampleRun(1), results([3]))
    await document.undo(second!)
    expect(document.content.framesWithEntries()).toEqual([1, 2, 3])
    await document.undo(first!)
    expect(document.content.framesWithEntries()).toEqual([])
  })

  it('that has brought nothing yet ends when what it starts from is undone, not when something newer is', async () => {
    const document = model()
    document.perform(setEntry(1, 0, keyframe), 'Draw')
    let stopped = 0
    const run = document.beginRun(async () => {
      stopped++
    })
    document.perform(setEntry(1, 20, keyframe), 'Draw elsewhere')
    const [first, second] = document.steps
    await document.undo(second!)
    expect([stopped, run.ended]).toEqual([0, false])
    await document.undo(first!)
    expect([stopped, run.ended]).toEqual([1, true])
    // Nothing lies on top that would bar the way back.
    expect(run.add(sampleRun(1), results([1]))).toBe(1)
    await document.redo(first!)
    expect(document.content.entry(1, 0)).toEqual(keyframe)
  })

  it('leaves alone what was touched while it was being set up, also an object that was made anew', () => {
    const document = model()
    document.perform({ kind: 'putObject', object: { id: 2, name: 'other', labelId: 1 } }, 'New object')
    const run = document.beginRun(never)
    document.perform(deleteObject(document.content, 1), 'Delete object')
    const both = [1, 2].map((objectId) => ({ objectId, frame: 3, entry: propagated(1) }))
    expect(run.add(sampleRun(1), both)).toBe(1)
    document.perform({ kind: 'putObject', object: { id: 1, name: 'new', labelId: 1 } }, 'New object')
    expect(run.add(sampleRun(1), results([4]))).toBe(1)
    expect([...document.content.entries(1)]).toEqual([])
    expect([...document.content.entries(2)].map(([frame]) => frame)).toEqual([3])
  })

  it('whose first results are refused leaves what was undone to be done again', async () => {
    const document = model()
    document.perform(setEntry(1, 0, keyframe), 'Draw')
    const [step] = document.steps
    await document.undo(step!)
    const run = document.beginRun(never)
    expect(() => run.add(sampleRun(1), results([video.frameCount]))).toThrow(AnnotationError)
    run.end()
    await document.redo(step!)
    expect(document.content.entry(1, 0)).toEqual(keyframe)
  })

  it('can only go on alone', () => {
    const document = model()
    document.beginRun(never)
    expect(() => document.beginRun(never)).toThrow(AnnotationError)
  })

  it('of thousands of results is taken back in slices; results of the next one wait meanwhile', async () => {
    const document = model(20_000)
    const frames = Array.from({ length: 15_000 }, (_, i) => i)
    const run = document.beginRun(never)
    for (let at = 0; at < frames.length; at += 50) run.add(sampleRun(1), results(frames.slice(at, at + 50)))
    run.end()
    const [step] = document.steps
    const undoing = document.undo(step!)
    await new Promise((resolve) => setImmediate(resolve))
    expect(document.isBusy).toBe(true)
    expect(() => document.perform(setEntry(1, 19_000, keyframe), 'Draw')).toThrow(AnnotationError)
    await undoing
    expect(document.content.framesWithEntries()).toEqual([])
    await document.redo(step!)
    expect(document.content.framesWithEntries()).toEqual(frames)
  })

  it('that ends while a large step is taken back keeps all its results', async () => {
    const document = model(20_000)
    const edits = Array.from({ length: 12_000 }, (_, frame) => setEntry(1, frame, keyframe))
    const run = document.beginRun(never)
    run.add(sampleRun(1), results([19_000]))
    document.perform({ kind: 'group', label: '', edits }, 'Draw')
    // One entry at a time, as a step of many parts.
    const large = document.steps.at(-1)!
    const undoing = document.undo(large)
    run.add(sampleRun(1), results([19_001]))
    run.end()
    await undoing
    expect(document.content.framesWithEntries()).toEqual([19_000, 19_001])
    await document.undo(document.steps[0]!)
    expect(document.content.framesWithEntries()).toEqual([])
  })
})

describe('Dirty', () => {
  it('is what differs from the last save, also after undo and redo across it', async () => {
    const document = model()
    document.perform(setEntry(1, 1, keyframe), 'Draw')
    expect(document.isDirty).toBe(true)
    document.beginSave().done()
    expect(document.isDirty).toBe(false)
    const [step] = document.steps
    await document.undo(step!)
    expect(document.isDirty).toBe(true)
    await document.redo(step!)
    expect(document.isDirty).toBe(false)
  })

  it('is told of a run that went on after a save', async () => {
    const document = model()
    const run = document.beginRun(never)
    run.add(sampleRun(1), results([1]))
    document.beginSave().done()
    expect(document.isDirty).toBe(false)
    run.add(sampleRun(1), results([2]))
    expect(document.isDirty).toBe(true)
    expect(await document.returnToSaved()).toBe(false)
  })

  it('stays after a save that failed, and what was unsaved is still known', () => {
    const document = model()
    document.perform(setEntry(1, 1, keyframe), 'Draw')
    document.beginSave().failed()
    expect(document.isDirty).toBe(true)
    expect(document.unsaved.hasFrame(1, 1)).toBe(true)
  })

  it('ends where the steps lead back to what was saved', async () => {
    const document = model()
    document.perform(setEntry(1, 1, keyframe), 'Draw')
    document.beginSave().done()
    const saved = contentOf(document.content)
    const [first] = document.steps
    document.perform(setEntry(1, 2, keyframe), 'Draw')
    expect(await document.returnToSaved()).toBe(true)
    expect(contentOf(document.content)).toEqual(saved)
    await document.undo(first!)
    expect(await document.returnToSaved()).toBe(true)
    expect(contentOf(document.content)).toEqual(saved)
  })

  it('does not end along the steps where the saved step is gone', async () => {
    const document = model()
    document.perform(setEntry(1, 1, keyframe), 'Draw')
    document.beginSave().done()
    await document.undo(document.steps[0]!)
    document.perform(setEntry(1, 2, keyframe), 'Draw')
    expect(document.isDirty).toBe(true)
    expect(await document.returnToSaved()).toBe(false)
  })
})

describe('A snapshot', () => {
  it('stays as it was while the document goes on changing', () => {
    const { content } = model()
    for (let frame = 0; frame < 10; frame++) content.apply(setEntry(1, frame, keyframe))
    const before = contentOf(content).entries
    const snapshot = new Snapshot(content)
    const read = snapshot.entries()
    const first = read.next().value!
    content.apply(setEntry(1, 0, undefined))
    content.apply(setEntry(1, 5, absent))
    content.apply(setEntry(1, 5, undefined))
    content.apply(setEntry(1, 20, keyframe))
    for (let frame = 1; frame < 10; frame++) content.apply(setEntry(1, frame, undefined))
    content.apply(setEntry(1, 20, undefined))
    content.apply({ kind: 'removeObject', objectId: 1 })
    const entries = [first, ...read].map(([, frame, entry]) => [frame, entry])
    expect([[1, entries]]).toEqual(before)
    expect(snapshot.catalogue.objects).toHaveLength(1)
    snapshot.close()
  })
})
