import { describe, expect, it } from 'vitest'
import {
  AnnotationError,
  deleteObject,
  type Edit,
  History,
  propagationEdit,
  type RunResult,
} from '../../../model/annotation/index.ts'
import {
  absent,
  contentOf,
  keyframe,
  labels,
  pose,
  propagated,
  sampleDocument,
  sampleRun,
  setEntry,
} from './samples.ts'

const results = (run: number, objectId: number, frames: readonly number[]): RunResult[] =>
  frames.map((frame) => ({ objectId, frame, entry: propagated(run) }))

describe('undo and redo', () => {
  it('go through the steps by their names, and a new step ends what could be redone', () => {
    const document = sampleDocument()
    const history = new History(document)
    expect([history.canUndo, history.canRedo, history.undo(), history.redo()]).toEqual([
      false,
      false,
      undefined,
      undefined,
    ])
    history.perform(setEntry(1, 0, keyframe), 'Draw mask')
    history.perform(setEntry(1, 1, absent), 'Mark absent')
    expect(history.undo()).toBe('Mark absent')
    expect(document.frames(1)).toEqual([0])
    expect(history.redo()).toBe('Mark absent')
    expect(document.frames(1)).toEqual([0, 1])
    history.undo()
    history.undo()
    expect([history.canUndo, history.canRedo]).toEqual([false, true])
    history.perform(setEntry(1, 5, keyframe), 'Draw mask')
    expect(history.canRedo).toBe(false)
  })

  it('keep a model’s result under a person’s mark', () => {
    const document = sampleDocument()
    const history = new History(document)
    history.perform(setEntry(1, 0, propagated()), 'Propagate')
    history.perform(setEntry(1, 0, keyframe), 'Correct')
    for (let round = 0; round < 3; round++) {
      expect(history.undo()).toBe('Correct')
      expect(document.entry(1, 0)).toEqual(propagated())
      expect(history.redo()).toBe('Correct')
      expect(document.entry(1, 0)).toBe(keyframe)
    }
  })

  it('know nothing of refused and of empty edits', () => {
    const document = sampleDocument()
    const history = new History(document)
    history.perform(setEntry(1, 0, keyframe), 'Draw mask')
    history.undo()
    expect(() => history.perform(setEntry(1, 99, keyframe), 'Draw mask')).toThrow(AnnotationError)
    history.perform({ kind: 'group', label: '', edits: [{ kind: 'group', label: '', edits: [] }] }, 'Nothing')
    expect([history.canUndo, history.canRedo]).toEqual([false, true])
  })
})

describe('a run that streams its results in', () => {
  it('is one step, however many pieces it came in', () => {
    const document = sampleDocument()
    const start = contentOf(document)
    const history = new History(document)
    history.beginRun('Propagate')
    for (let frame = 0; frame < 30; frame++)
      expect(history.addToRun(propagationEdit(document, sampleRun(2), results(2, 1, [frame])).edit)).toBe(0)
    expect(history.canUndo).toBe(false)
    history.endRun()
    const end = contentOf(document)
    expect(document.frames(1).length).toBe(30)
    expect(history.undo()).toBe('Propagate')
    expect(contentOf(document)).toEqual(start)
    expect(history.canUndo).toBe(false)
    history.redo()
    expect(contentOf(document)).toEqual(end)
  })

  it('leaves no step when it was stopped before its first result', () => {
    const document = sampleDocument()
    const history = new History(document)
    history.perform(setEntry(1, 0, keyframe), 'Draw mask')
    history.beginRun('Propagate')
    expect(history.undo()).toBeUndefined()
    history.perform(setEntry(1, 1, keyframe), 'Draw again')
    history.endRun()
    expect([history.undo(), history.undo(), history.undo()]).toEqual(['Draw again', 'Draw mask', undefined])
  })

  it('leaves alone what a person touches meanwhile, and both can be taken back', () => {
    const document = sampleDocument()
    const start = contentOf(document)
    const history = new History(document)
    history.beginRun('Propagate')
    const add = (objectId: number, frames: number[]) =>
      history.addToRun({
        kind: 'group',
        label: '',
        edits: results(1, objectId, frames).map((result) => ({ kind: 'setEntry', ...result }) as const),
      })
    expect(add(1, [0, 1, 2])).toBe(0)
    history.perform(setEntry(1, 1, keyframe), 'Correct')
    history.perform(setEntry(1, 2, undefined), 'Delete')
    history.perform(setEntry(1, 4, keyframe), 'Draw mask')
    expect(history.undo()).toBe('Draw mask')
    history.perform(deleteObject(document, 2), 'Delete object')
    history.perform({ kind: 'putObject', object: { id: 3, name: 'new', labelId: 1 } }, 'New object')
    // What was drawn and taken back, deleted or removed is as much a person's word as a mark.
    expect(add(1, [1, 2, 3, 4])).toBe(3)
    expect(add(2, [0, 1])).toBe(2)
    expect(add(3, [0])).toBe(1)
    expect(document.frames(1)).toEqual([0, 1, 3])
    expect(document.entry(1, 1)).toBe(keyframe)
    history.endRun()
    const end = contentOf(document)
    const undone = [1, 2, 3, 4, 5, 6].map(() => history.undo())
    expect(undone).toEqual(['New object', 'Delete object', 'Delete', 'Correct', 'Propagate', undefined])
    expect(contentOf(document)).toEqual(start)
    while (history.canRedo) history.redo()
    expect(contentOf(document)).toEqual(end)
  })

  it('leaves alone an object whose skeleton changes meanwhile', () => {
    const document = sampleDocument()
    const start = contentOf(document)
    const history = new History(document)
    history.beginRun('Propagate')
    const skeleton = { keypoints: ['only'], edges: [] }
    history.perform({ kind: 'putLabel', label: { ...labels[1]!, skeleton } }, 'Change skeleton')
    expect(history.addToRun(setEntry(2, 0, { ...propagated(), keypoints: pose }))).toBe(1)
    history.endRun()
    history.undo()
    expect(contentOf(document)).toEqual(start)
  })

  it('cannot write anything but results', () => {
    const document = sampleDocument()
    document.apply(setEntry(1, 3, keyframe))
    const start = contentOf(document)
    const history = new History(document)
    expect(() => history.addToRun(setEntry(1, 0, propagated()))).toThrow(AnnotationError)
    expect(() => history.endRun()).toThrow(AnnotationError)
    history.beginRun('Propagate')
    expect(() => history.beginRun('Another')).toThrow(AnnotationError)
    const forbidden: Edit[] = [
      setEntry(1, 0, keyframe),
      setEntry(1, 0, absent),
      { kind: 'putLabel', label: labels[0]! },
      { kind: 'putObject', object: { id: 3, name: 'x', labelId: 1 } },
      { kind: 'removeObject', objectId: 2 },
    ]
    for (const edit of forbidden) {
      const piece: Edit = { kind: 'group', label: '', edits: [setEntry(1, 7, propagated()), edit] }
      expect(() => history.addToRun(piece)).toThrow(AnnotationError)
    }
    // Not even removing: a person's frame stays.
    expect(history.addToRun(setEntry(1, 3, undefined))).toBe(1)
    history.endRun()
    expect(contentOf(document)).toEqual(start)
  })

  it('keeps its own record as long as it goes on', () => {
    const document = sampleDocument()
    const history = new History(document)
    history.beginRun('Propagate')
    history.addToRun({ kind: 'putRun', run: sampleRun(2) })
    expect(() => history.perform({ kind: 'removeRun', runId: 2 }, 'Remove run')).toThrow(AnnotationError)
    history.perform({ kind: 'putRun', run: sampleRun(3) }, 'Import')
    expect(() => history.addToRun(setEntry(1, 0, propagated(3)))).toThrow(AnnotationError)
    history.endRun()
    history.perform({ kind: 'removeRun', runId: 2 }, 'Remove run')
    expect([...document.runs.keys()]).toEqual([1, 3])
  })
})
