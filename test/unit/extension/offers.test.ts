/** Protects: every correction that stands is offered, or propagated, once; what was undone or declined is not. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { AnnotatorDocument, Corrections, DocumentChange } from '../../../extension/editor/index.ts'
import { Emitter } from '../../../extension/emitter.ts'
import { CorrectionOffers, type Propagation } from '../../../extension/propagation/index.ts'
import { type AnnotationDocument, deleteObject, type Edit } from '../../../model/annotation/index.ts'
import type { RunView, SpanOffer } from '../../../webview/protocol/index.ts'
import { clip } from './support.ts'

const REST = 1500

let annotations: AnnotationDocument
let automatic: boolean
let shown: SpanOffer | undefined
let started: SpanOffer[]
let running: object | undefined
let document: AnnotatorDocument
let offers: CorrectionOffers
const corrections = new Emitter<Corrections>()
const changes = new Emitter<DocumentChange>()
const dismissals = new Emitter<SpanOffer>()
const runs = new Emitter<RunView | undefined>()

beforeEach(() => {
  vi.useFakeTimers()
  annotations = clip('kppppppk', 'kppppppk', 'ppppkppp')
  automatic = false
  shown = undefined
  started = []
  running = undefined
  document = {
    get annotations() {
      return annotations
    },
    onDidCorrect: corrections.event,
    onDidChange: changes.event,
    onDidDismissOffer: dismissals.event,
    showOffer: (offer: SpanOffer | undefined) => {
      shown = offer
    },
  } as Partial<AnnotatorDocument> as AnnotatorDocument
  const propagation = {
    get current() {
      return running
    },
    onDidChange: runs.event,
  } as unknown as Propagation
  offers = new CorrectionOffers(
    document,
    propagation,
    () => automatic,
    (offer) => {
      started.push(offer)
      run([offer.objectId], offer.range)
    },
  )
})
afterEach(() => {
  offers.dispose()
  vi.useRealTimers()
})

/** A run begins: on the document, or on one that is only looked at. */
function run(objects: readonly number[], range: SpanOffer['range'], on: unknown = document): void {
  running = { run: { document: on, plan: { objects: objects.map((id) => ({ id })), range } } }
  runs.fire({ state: 'starting' } as RunView)
}

function runEnds(): void {
  running = undefined
  runs.fire(undefined)
}

/** A stroke on a frame of each object, as one step. @returns what undoes it */
function correct(frame: number, ...objectIds: readonly number[]): () => void {
  const drawn = annotations.entry(objectIds[0]!, annotations.personsFrames(objectIds[0]!)[0]!)
  const before = new Map(objectIds.map((objectId) => [objectId, annotations.entry(objectId, frame)]))
  const frames = new Map(objectIds.map((objectId) => [objectId, new Set([frame])]))
  const edit = (edits: readonly Edit[]) => {
    const inverses = edits.map((each) => annotations.apply(each))
    changes.fire({ kind: 'entries', frames })
    return inverses
  }
  const inverses = edit(
    objectIds.map((objectId) => ({ kind: 'setEntry', objectId, frame, entry: drawn && { ...drawn } })),
  )
  corrections.fire(new Map([...before].map(([objectId, entry]) => [objectId, new Map([[frame, entry]])])))
  return () => void edit(inverses)
}

test('a correction that is undone is neither propagated nor offered', () => {
  automatic = true
  const undo = correct(3, 1)
  vi.advanceTimersByTime(REST - 1)
  undo()
  vi.advanceTimersByTime(10 * REST)
  expect(started).toEqual([])
  automatic = false
  const undoNext = correct(4, 1)
  expect(shown).toEqual({ objectId: 1, range: [0, 7] })
  undoNext()
  expect(shown).toBeUndefined()
})

test('strokes on a frame that a person had marked are offered until all of them are undone', () => {
  const undoFirst = correct(4, 3)
  expect(shown).toEqual({ objectId: 3, range: [0, 7] })
  const undoSecond = correct(4, 3)
  undoSecond()
  expect(shown).toEqual({ objectId: 3, range: [0, 7] })
  undoFirst()
  expect(shown).toBeUndefined()
  correct(4, 3)
  dismissals.fire(shown!)
  const undoLater = correct(4, 3)
  expect(shown).toEqual({ objectId: 3, range: [0, 7] })
  undoLater()
  expect(shown).toBeUndefined()
})

test('corrections of two objects are both propagated, one after the other', () => {
  automatic = true
  correct(3, 1)
  vi.advanceTimersByTime(REST / 2)
  correct(5, 2)
  vi.advanceTimersByTime(REST)
  expect(started).toEqual([{ objectId: 2, range: [0, 7] }])
  vi.advanceTimersByTime(10 * REST)
  expect(started).toHaveLength(1)
  runEnds()
  vi.advanceTimersByTime(REST)
  expect(started.slice(1)).toEqual([{ objectId: 1, range: [0, 7] }])
  runEnds()
  vi.advanceTimersByTime(10 * REST)
  expect(started).toHaveLength(2)
})

test('spans of one object are one where they touch, and each for itself where they do not', () => {
  correct(2, 1)
  correct(5, 1)
  expect(shown).toEqual({ objectId: 1, range: [0, 7] })
  annotations = clip('kpppk...kpppk')
  changes.fire({ kind: 'replaced' })
  expect(shown).toBeUndefined()
  correct(2, 1)
  correct(10, 1)
  expect(shown).toEqual({ objectId: 1, range: [8, 12] })
  dismissals.fire({ objectId: 1, range: [8, 12] })
  expect(shown).toEqual({ objectId: 1, range: [0, 4] })
})

test('of one step, what was drawn is offered before what lost pixels to it', () => {
  correct(3, 1, 2)
  expect(shown?.objectId).toBe(1)
})

test('an offer that was declined does not come back, nor as a part of the next', () => {
  correct(2, 1)
  correct(1, 3)
  dismissals.fire({ objectId: 3, range: [0, 4] })
  expect(shown).toEqual({ objectId: 1, range: [0, 7] })
  dismissals.fire(shown!)
  expect(shown).toBeUndefined()
  run([1, 3], [0, 7], 'another document')
  runEnds()
  expect(shown).toBeUndefined()
  correct(4, 1)
  expect(shown).toEqual({ objectId: 1, range: [2, 7] })
})

test('a run takes the offers that it covers; the others wait for its end', () => {
  correct(1, 3)
  correct(3, 2)
  correct(3, 1)
  expect(shown?.objectId).toBe(1)
  run([1, 2], [0, 7])
  expect(shown).toBeUndefined()
  runEnds()
  expect(shown).toEqual({ objectId: 3, range: [0, 4] })
})

test('what is corrected while a run goes on is offered as far as the run came in the end', () => {
  annotations = clip('kppp....')
  run([1], [0, 7])
  correct(2, 1)
  correct(6, 1)
  for (const frame of [4, 5, 7]) {
    const entry = annotations.entry(1, 1)
    annotations.apply({ kind: 'setEntry', objectId: 1, frame, entry })
  }
  expect(shown).toBeUndefined()
  runEnds()
  expect(shown).toEqual({ objectId: 1, range: [0, 7] })
})

test('an object that was deleted has no offer any more', () => {
  correct(3, 1)
  annotations.apply(deleteObject(annotations, 1))
  changes.fire({ kind: 'catalogue' })
  expect(shown).toBeUndefined()
})
