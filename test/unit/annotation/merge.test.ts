/** Taking over the marks of another document: nothing that a person said is lost, and nothing is put in the wrong place. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AnnotationDocument,
  createDocument,
  type Entry,
  equalEntries,
  equalMasks,
  History,
  isOtherVideo,
  isPersons,
  type Merge,
  mergeDocuments,
} from '../../../model/annotation/index.ts'
import { documents, emptyDocument, ring, run, video } from '../formats/documents.ts'

function merge(document: AnnotationDocument, other: AnnotationDocument, replace = false): Merge {
  const work = mergeDocuments(document, other, { label: 'Import', replace })
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}

function merged(document: AnnotationDocument, other: AnnotationDocument, replace = false): Merge {
  const result = merge(document, other, replace)
  document.apply(result.edit)
  return result
}

function set(document: AnnotationDocument, objectId: number, frame: number, entry: Entry | undefined): void {
  document.apply({ kind: 'setEntry', objectId, frame, entry })
}

const keyframe = (x: number, y: number): Entry => ({ state: 'keyframe', occluded: false, mask: ring(x, y) })

function* placed(document: AnnotationDocument): Generator<[object: number, frame: number, entry: Entry]> {
  for (const id of document.objects.keys())
    for (const [frame, entry] of document.entries(id)) yield [id, frame, entry]
}

describe('merging documents', () => {
  it('never changes what a person said, unless that is wanted', () => {
    fc.assert(
      fc.property(documents, documents, (document, other) => {
        const before = [...placed(document)].filter(([, , entry]) => isPersons(entry))
        merged(document, other)
        for (const [id, frame, entry] of before)
          expect(equalEntries(document.entry(id, frame)!, entry)).toBe(true)
      }),
      { seed: 20, numRuns: 200 },
    )
  })

  it('takes over all that a person said in the other document when that is wanted', () => {
    fc.assert(
      fc.property(documents, documents, (document, other) => {
        merged(document, other, true)
        for (const [id, frame, entry] of placed(other)) {
          if (!isPersons(entry)) continue
          const now = document.entry(id, frame)!
          expect(now.state).toBe(entry.state)
          if (entry.state !== 'keyframe' || now.state !== 'keyframe') continue
          expect(now.occluded).toBe(entry.occluded)
          if (entry.mask) expect(equalMasks(now.mask!, entry.mask)).toBe(true)
          if (entry.keypoints) expect(now.keypoints).toEqual(entry.keypoints)
        }
      }),
      { seed: 21, numRuns: 200 },
    )
  })

  it('makes an empty document the other one, and a second time changes nothing', () => {
    fc.assert(
      fc.property(documents, (other) => {
        const document = createDocument(video)
        const { entries, conflicts } = merged(document, other)
        expect(entries).toBe([...placed(other)].length)
        expect(conflicts).toBe(0)
        for (const [id, frame, entry] of placed(other)) {
          const now = document.entry(id, frame)!
          const run = 'run' in entry ? { run: 'run' in now ? now.run : 0 } : {}
          expect(equalEntries(now, { ...entry, ...run } as Entry)).toBe(true)
          const label = (one: AnnotationDocument) => one.labels.get(one.objects.get(id)!.labelId)!.name
          expect(label(document)).toBe(label(other))
        }
        expect(merge(document, other)).toMatchObject({ entries: 0, conflicts: 0, newObjects: 0 })
      }),
      { seed: 22, numRuns: 100 },
    )
  })

  it('is one step that is undone as a whole', () => {
    fc.assert(
      fc.property(documents, documents, fc.boolean(), (document, other, replace) => {
        const before = createDocument(video)
        merged(before, document)
        const history = new History(document)
        history.perform(merge(document, other, replace).edit, 'Import')
        history.undo()
        const after = createDocument(video)
        merged(after, document)
        expect(after.equals(before)).toBe(true)
      }),
      { seed: 23, numRuns: 100 },
    )
  })

  it('puts a person’s word over a model’s, and never a model’s over anything', () => {
    const [document, other] = [emptyDocument(), emptyDocument()]
    const found: Entry = { state: 'propagated', run: 3, confidence: 0.5, occluded: false, mask: ring(4, 4) }
    set(document, 1, 0, found)
    set(document, 1, 1, { ...found, confidence: 0.9 })
    set(other, 1, 0, keyframe(6, 4))
    set(other, 1, 1, found)
    set(other, 1, 2, found)
    expect(merged(document, other)).toMatchObject({ entries: 2, frames: 2, conflicts: 0, newObjects: 0 })
    expect(document.entry(1, 0)).toEqual(keyframe(6, 4))
    expect(document.entry(1, 1)).toMatchObject({ confidence: 0.9 })
    expect(document.entry(1, 2)).toMatchObject({ confidence: 0.5, run: 3 })
    expect([...document.runs.keys()]).toEqual([3])
  })

  it('counts where two people said different things, and keeps the document’s own', () => {
    const [document, other] = [emptyDocument(), emptyDocument()]
    set(document, 1, 0, keyframe(4, 4))
    set(document, 1, 1, keyframe(4, 4))
    set(document, 1, 2, { state: 'absent', by: 'person' })
    for (const frame of [0, 1, 2]) set(other, 1, frame, keyframe(frame === 0 ? 4 : 6, 4))
    expect(merge(document, other)).toMatchObject({ entries: 0, conflicts: 2 })
    expect(merged(document, other, true)).toMatchObject({ entries: 2, conflicts: 2 })
    expect(document.entry(1, 2)).toEqual(keyframe(6, 4))
  })

  it('keeps keypoints beside a mask that is taken over, as a person’s', () => {
    const [document, other] = [emptyDocument(), emptyDocument()]
    const keypoints = [0, 1].map((x) => ({ x, y: 2, visibility: 'visible' as const }))
    const sure = keypoints.map((point) => ({ ...point, confidence: 0.5 }))
    set(document, 7, 0, { state: 'propagated', run: 3, confidence: 0.5, occluded: false, keypoints: sure })
    set(other, 7, 0, keyframe(4, 4))
    merged(document, other)
    expect(document.entry(7, 0)).toEqual({ ...keyframe(4, 4), keypoints })
  })

  it('knows an object by its name and label, whatever its number, and makes new ones of others', () => {
    const document = emptyDocument()
    const other = createDocument(video)
    other.apply({ kind: 'putLabel', label: { id: 5, name: 'car', colour: '#000000' } })
    other.apply({ kind: 'putLabel', label: { id: 6, name: 'boat', colour: '#123456' } })
    other.apply({ kind: 'putObject', object: { id: 9, name: 'blue car', labelId: 5 } })
    other.apply({ kind: 'putObject', object: { id: 1, name: 'dinghy', labelId: 6 } })
    other.apply({ kind: 'putObject', object: { id: 30, name: 'nothing marked', labelId: 6 } })
    set(other, 9, 3, keyframe(4, 4))
    set(other, 1, 3, keyframe(6, 4))
    expect(merged(document, other)).toMatchObject({ entries: 2, frames: 1, newObjects: 1 })
    expect(document.entry(2, 3)).toEqual(keyframe(4, 4))
    // 1 and 2 are taken.
    expect(document.objects.get(3)).toMatchObject({ name: 'dinghy' })
    expect(document.labels.get(document.objects.get(3)!.labelId)).toEqual({
      id: 3,
      name: 'boat',
      colour: '#123456',
    })
    expect(document.objects.size).toBe(4)
  })

  it('gives a label of another skeleton a name of its own, once', () => {
    const document = emptyDocument()
    const other = createDocument(video)
    const skeleton = { keypoints: ['nose'], edges: [] }
    other.apply({ kind: 'putLabel', label: { id: 1, name: 'car', colour: '#000000', skeleton } })
    other.apply({ kind: 'putObject', object: { id: 1, name: 'red car', labelId: 1 } })
    const pose = [{ x: 1, y: 2, visibility: 'visible' as const }]
    set(other, 1, 0, { state: 'keyframe', occluded: false, keypoints: pose })
    merged(document, other)
    expect([...document.labels.values()].map(({ name }) => name).sort()).toEqual([
      'car',
      'car 2',
      'fish "gold"\\',
    ])
    expect(document.objects.get(1)).toMatchObject({ name: 'red car', labelId: 1 })
    expect(document.entry(3, 0)).toMatchObject({ keypoints: pose })
    expect(merge(document, other)).toMatchObject({ entries: 0, newObjects: 0 })
  })

  it('gives no run a number that is taken by one which has brought nothing yet', () => {
    const [document, other] = [createDocument(video), emptyDocument()]
    set(other, 1, 5, { state: 'absent', by: 'run', run: 3, confidence: 1 })
    const work = mergeDocuments(document, other, { label: 'Import', replace: false, firstRun: 8 })
    let step = work.next()
    while (!step.done) step = work.next()
    document.apply(step.value.edit)
    expect([...document.runs.keys()]).toEqual([8])
    expect(document.entry(1, 5)).toMatchObject({ run: 8 })
  })

  it('takes keypoints that are absent in both for the same, and keeps their place', () => {
    const [document, other] = [emptyDocument(), emptyDocument()]
    const nose = { x: 3, y: 4, visibility: 'visible' as const }
    const gone = { x: 5, y: 6, visibility: 'absent' as const }
    set(document, 7, 0, { state: 'keyframe', occluded: false, keypoints: [nose, gone] })
    set(other, 7, 0, { state: 'keyframe', occluded: false, keypoints: [nose, { ...gone, x: 0, y: 0 }] })
    expect(merge(document, other, true)).toMatchObject({ entries: 0, conflicts: 0 })
    set(other, 7, 0, { state: 'keyframe', occluded: false, keypoints: [gone, { ...gone, x: 0, y: 0 }] })
    expect(merge(document, other)).toMatchObject({ entries: 0, conflicts: 1 })
  })

  it('keeps runs apart that have one number and are not the same', () => {
    const [document, other] = [emptyDocument(), createDocument(video)]
    set(document, 1, 0, { state: 'absent', by: 'run', run: 3, confidence: 1 })
    other.apply({ kind: 'putLabel', label: { id: 1, name: 'car', colour: '#0080ff' } })
    other.apply({ kind: 'putObject', object: { id: 1, name: 'red car', labelId: 1 } })
    other.apply({ kind: 'putRun', run: { ...run, device: 'webgpu' } })
    set(other, 1, 5, { state: 'absent', by: 'run', run: 3, confidence: 1 })
    merged(document, other)
    expect(document.entry(1, 0)).toMatchObject({ run: 3 })
    expect(document.entry(1, 5)).toMatchObject({ run: 4 })
    expect(document.runs.get(4)).toEqual({ ...run, id: 4, device: 'webgpu' })
  })

  it('tells whether the document has changed since it was looked at', () => {
    const looked = () => {
      const [document, other] = [emptyDocument(), emptyDocument()]
      set(document, 1, 1, keyframe(4, 4))
      set(other, 1, 0, keyframe(6, 4))
      set(other, 1, 1, keyframe(6, 4))
      const { isCurrent } = merge(document, other)
      expect(isCurrent()).toBe(true)
      return { document, isCurrent }
    }
    const changes: ((document: AnnotationDocument) => void)[] = [
      (document) => set(document, 1, 0, keyframe(4, 4)),
      (document) => document.apply({ kind: 'removeObject', objectId: 2 }),
      (document) => document.apply({ kind: 'putObject', object: { id: 9, name: 'new', labelId: 1 } }),
      (document) => document.apply({ kind: 'putLabel', label: { id: 1, name: 'lorry', colour: '#0080ff' } }),
      (document) => document.apply({ kind: 'putRun', run: { ...run, id: 4 } }),
    ]
    for (const change of changes) {
      const { document, isCurrent } = looked()
      change(document)
      expect(isCurrent()).toBe(false)
    }
    const { document, isCurrent } = looked()
    set(document, 2, 5, keyframe(4, 4))
    expect(isCurrent()).toBe(true)
  })

  it('refuses marks of a video of another size, or behind the end, in one sentence', () => {
    const document = emptyDocument()
    expect(() => merge(document, createDocument({ ...video, width: 14 }))).toThrow(
      'The marks are of a video of 14x9 pixels and this one has 13x9; take those of this video.',
    )
    const longer = emptyDocument({ ...video, frameCount: 20 })
    set(longer, 1, 12, { state: 'absent', by: 'person' })
    expect(() => merge(document, longer)).toThrow(
      'There are marks on frame 12 and this video ends with frame 7; take those of this video.',
    )
  })

  it('knows marks of another file where both say of which they are', () => {
    const other = { ...video, hash: 'sha256:other' }
    expect(isOtherVideo(video, video)).toBe(false)
    expect(isOtherVideo(video, { ...video, path: 'moved.mp4' })).toBe(false)
    expect(isOtherVideo(video, other)).toBe(true)
    expect(isOtherVideo(video, { ...video, frameCount: 9 })).toBe(true)
    expect(isOtherVideo({ ...video, hash: '' }, other)).toBe(false)
    expect(isOtherVideo(video, { ...other, hash: '' })).toBe(false)
  })

  it('refuses more objects than a video can have', () => {
    const [document, other] = [createDocument(video), createDocument(video)]
    for (const one of [document, other]) {
      one.apply({ kind: 'putLabel', label: { id: 1, name: 'ant', colour: '#000000' } })
      for (let id = 1; id <= 200; id++)
        one.apply({ kind: 'putObject', object: { id, name: `${one === other} ${id}`, labelId: 1 } })
    }
    for (let id = 1; id <= 200; id++) set(other, id, 0, { state: 'absent', by: 'person' })
    expect(() => merge(document, other)).toThrow(/more than 255/)
  })
})
