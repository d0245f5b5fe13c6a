import { describe, expect, it } from 'vitest'
import {
  AnnotationError,
  copyToFrame,
  createDocument,
  deleteFrom,
  deleteObject,
  deleteOnFrame,
  type Edit,
  type Entry,
  encodeMask,
  isPersons,
  nextLabelId,
  nextObjectId,
  nextRunId,
  propagationEdit,
} from '../../../model/annotation/index.ts'
import {
  absent,
  boxMask,
  contentOf,
  keyframe,
  labels,
  pose,
  propagated,
  sampleDocument,
  sampleRun,
  setEntry,
  video,
} from './samples.ts'

describe('a document', () => {
  it('finds entries by object and frame, and gives frames in order however they came', () => {
    const document = sampleDocument()
    for (const frame of [7, 2, 29, 0]) document.apply(setEntry(1, frame, keyframe))
    document.apply(setEntry(2, 3, propagated()))
    document.apply(setEntry(1, 7, undefined))
    document.apply(setEntry(1, 5, absent))
    expect(document.frames(1)).toEqual([0, 2, 5, 29])
    expect(document.framesWithEntries()).toEqual([0, 2, 3, 5, 29])
    expect([...document.entries(1)]).toEqual([
      [0, keyframe],
      [2, keyframe],
      [5, absent],
      [29, keyframe],
    ])
    expect(document.entry(1, 7)).toBeUndefined()
    expect(document.entry(9, 0)).toBeUndefined()
    expect(document.frames(9)).toEqual([])
    expect(document.personsFrames(1)).toEqual([0, 2, 5, 29])
    expect(document.personsFrames(2)).toEqual([])
    expect(document.entryCount(2)).toBe(1)
    expect(document.entryCount(9)).toBe(0)
  })

  it('moves to another place with all that is in it', () => {
    const document = sampleDocument()
    document.apply(setEntry(1, 2, keyframe))
    document.apply(setEntry(2, 3, propagated()))
    const moved = document.movedTo('../clip.mp4')
    expect(contentOf(moved)).toEqual({ ...contentOf(document), video: { ...video, path: '../clip.mp4' } })
    moved.apply(setEntry(1, 2, undefined))
    expect(document.entry(1, 2)).toEqual(keyframe)
  })

  it('keeps its own list of frames when a reader changes the one it got', () => {
    const document = sampleDocument()
    document.apply(setEntry(1, 4, keyframe))
    document.frames(1).push(99)
    expect(document.frames(1)).toEqual([4])
  })

  it('can be changed while its entries are walked through', () => {
    const document = sampleDocument()
    for (let frame = 0; frame < 6; frame++) document.apply(setEntry(1, frame, keyframe))
    const seen: number[] = []
    for (const [frame] of document.entries(1)) {
      seen.push(frame)
      document.apply(setEntry(1, frame + 1, undefined))
    }
    expect(seen).toEqual([0, 2, 4])
  })

  it.each([
    ['no frames', { frameCount: 0 }],
    ['half a frame', { frameCount: 1.5 }],
    ['absurdly many frames', { frameCount: 1e12 }],
    ['no width', { width: 0 }],
    ['an absurd height', { height: 1e6 }],
    ['no path', { path: '' }],
  ])('is not made for a video with %s', (_, change) => {
    expect(() => createDocument({ ...video, ...change })).toThrow(AnnotationError)
  })

  it('knows which entries are a person’s', () => {
    expect(isPersons(keyframe)).toBe(true)
    expect(isPersons(absent)).toBe(true)
    expect(isPersons(propagated())).toBe(false)
    expect(isPersons({ state: 'absent', by: 'run', run: 1, confidence: 1 })).toBe(false)
  })
})

describe('equality of documents', () => {
  it('goes by key and by pixels, not by order or by how runs are written', () => {
    const one = sampleDocument()
    const other = createDocument({ ...video })
    other.apply({ kind: 'putRun', run: structuredClone(sampleRun(1)) })
    for (const label of labels.toReversed()) other.apply({ kind: 'putLabel', label: structuredClone(label) })
    other.apply({ kind: 'putObject', object: { id: 2, name: 'fish', labelId: 2, colour: '#123456' } })
    other.apply({ kind: 'putObject', object: { id: 1, name: 'ball', labelId: 1, colour: undefined } })
    expect(one.equals(other)).toBe(true)
    const full = { width: 12, height: 8, counts: Uint32Array.of(0, 96) }
    const inPieces = { width: 12, height: 8, counts: Uint32Array.of(0, 40, 0, 56, 0) }
    one.apply(setEntry(1, 3, { state: 'keyframe', occluded: true, mask: full }))
    one.apply(setEntry(1, 1, absent))
    other.apply(setEntry(1, 1, absent))
    other.apply(setEntry(1, 3, { state: 'keyframe', occluded: true, mask: inPieces }))
    expect(one.equals(other)).toBe(true)
    expect(other.equals(one)).toBe(true)
  })

  it.each<[string, Edit]>([
    ['a label', { kind: 'putLabel', label: { ...labels[0]!, name: 'Ball' } }],
    ['a label more', { kind: 'putLabel', label: { ...labels[0]!, id: 3 } }],
    ['an object', { kind: 'putObject', object: { id: 1, name: 'balloon', labelId: 1 } }],
    ["a run's settings", { kind: 'putRun', run: { ...sampleRun(1), settings: { topK: 8 } } }],
    ['an entry more', setEntry(1, 0, keyframe)],
    ['an entry less', setEntry(1, 4, undefined)],
    ['a state', setEntry(1, 4, absent)],
    ['a pixel', setEntry(1, 4, { state: 'keyframe', occluded: false, mask: boxMask(2, 1, 4) })],
    ['no mask', setEntry(1, 4, { state: 'keyframe', occluded: false })],
    ['occlusion', setEntry(1, 4, { state: 'keyframe', occluded: true, mask: boxMask(2, 1, 3) })],
    [
      'a coordinate',
      setEntry(2, 5, { state: 'keyframe', occluded: false, keypoints: pose.map((p) => ({ ...p, x: 0 })) }),
    ],
  ])('sees a difference in %s', (_, edit) => {
    const make = () => {
      const document = sampleDocument()
      document.apply(setEntry(1, 4, keyframe))
      document.apply(setEntry(2, 5, { state: 'keyframe', occluded: false, keypoints: pose }))
      return document
    }
    const [one, other] = [make(), make()]
    expect(one.equals(other)).toBe(true)
    other.apply(edit)
    expect(one.equals(other)).toBe(false)
    expect(other.equals(one)).toBe(false)
  })
})

describe('an edit that is not allowed', () => {
  const entryWith = (change: object): Edit => setEntry(2, 6, { ...propagated(), ...change } as Entry)
  const refused: [string, Edit][] = [
    ['a frame after the last', setEntry(1, 30, keyframe)],
    ['a frame before the first', setEntry(1, -1, keyframe)],
    ['half a frame', setEntry(1, 1.5, keyframe)],
    ['removing from a frame that is not there', setEntry(1, 30, undefined)],
    ['an unknown object', setEntry(3, 0, keyframe)],
    ['an unknown run', setEntry(1, 0, propagated(2))],
    ['an absence by an unknown run', setEntry(1, 0, { state: 'absent', by: 'run', run: 2, confidence: 0.5 })],
    ['an absence by nobody', setEntry(1, 0, { state: 'absent' } as unknown as Entry)],
    ['an unknown state', setEntry(1, 0, { state: 'maybe' } as unknown as Entry)],
    ["a run's mark over a person's keyframe", setEntry(1, 10, propagated())],
    ["a run's mark over a person's absence", setEntry(1, 11, propagated())],
    [
      "a run's absence over a person's keyframe",
      setEntry(1, 10, { state: 'absent', by: 'run', run: 1, confidence: 1 }),
    ],
    ['a mask of another size', entryWith({ mask: encodeMask(new Uint8Array(96), 8, 12) })],
    [
      'a mask whose runs are too short',
      entryWith({ mask: { ...boxMask(0, 0, 1), counts: Uint32Array.of(95) } }),
    ],
    [
      'a mask whose runs are too long',
      entryWith({ mask: { ...boxMask(0, 0, 1), counts: Uint32Array.of(1, 96) } }),
    ],
    ['a keypoint too few', entryWith({ keypoints: pose.slice(1) })],
    ['a keypoint at no place', entryWith({ keypoints: pose.map((p) => ({ ...p, y: Number.NaN })) })],
    ['a keypoint at infinity', entryWith({ keypoints: pose.map((p) => ({ ...p, x: -Infinity })) })],
    [
      'a keypoint of unknown visibility',
      entryWith({ keypoints: pose.map((p) => ({ ...p, visibility: 'dim' })) }),
    ],
    ['a keypoint that is too sure', entryWith({ keypoints: pose.map((p) => ({ ...p, confidence: 1.01 })) })],
    ['keypoints without a skeleton', setEntry(1, 0, { state: 'keyframe', occluded: false, keypoints: pose })],
    ['a confidence above 1', entryWith({ confidence: 1.001 })],
    ['a confidence below 0', entryWith({ confidence: -0.1 })],
    ['a confidence that is no number', entryWith({ confidence: Number.NaN })],
    ['no confidence', entryWith({ confidence: undefined })],
    ['no word on occlusion', entryWith({ occluded: undefined })],
    ['object 0', { kind: 'putObject', object: { id: 0, name: 'x', labelId: 1 } }],
    ['object 256', { kind: 'putObject', object: { id: 256, name: 'x', labelId: 1 } }],
    ['object 1.5', { kind: 'putObject', object: { id: 1.5, name: 'x', labelId: 1 } }],
    ['an object without a name', { kind: 'putObject', object: { id: 3, name: '', labelId: 1 } }],
    ['an object of an unknown label', { kind: 'putObject', object: { id: 3, name: 'x', labelId: 9 } }],
    [
      'an object of a colour without meaning',
      { kind: 'putObject', object: { id: 3, name: 'x', labelId: 1, colour: 'red' } },
    ],
    [
      'another skeleton under keypoints, by the object',
      { kind: 'putObject', object: { id: 2, name: 'fish', labelId: 1 } },
    ],
    [
      'another skeleton under keypoints, by the label',
      { kind: 'putLabel', label: { ...labels[1]!, skeleton: { keypoints: ['a'], edges: [] } } },
    ],
    ['removing an object that has marks', { kind: 'removeObject', objectId: 1 }],
    ['removing an unknown object', { kind: 'removeObject', objectId: 7 }],
    ['removing a label that is used', { kind: 'removeLabel', labelId: 1 }],
    ['removing an unknown label', { kind: 'removeLabel', labelId: 7 }],
    ['removing a run that has results', { kind: 'removeRun', runId: 1 }],
    ['removing an unknown run', { kind: 'removeRun', runId: 7 }],
    ['label 0', { kind: 'putLabel', label: { ...labels[0]!, id: 0 } }],
    ['a label without a name', { kind: 'putLabel', label: { ...labels[0]!, name: '' } }],
    ['a label without a colour', { kind: 'putLabel', label: { ...labels[0]!, colour: '#fff' } }],
    [
      'a skeleton without keypoints',
      { kind: 'putLabel', label: { ...labels[0]!, skeleton: { keypoints: [], edges: [] } } },
    ],
    [
      'a skeleton with a name twice',
      { kind: 'putLabel', label: { ...labels[0]!, skeleton: { keypoints: ['a', 'a'], edges: [] } } },
    ],
    [
      'a skeleton with an edge to nowhere',
      { kind: 'putLabel', label: { ...labels[0]!, skeleton: { keypoints: ['a', 'b'], edges: [[0, 2]] } } },
    ],
    ['run 0', { kind: 'putRun', run: sampleRun(0) }],
    ['a run beyond the video', { kind: 'putRun', run: { ...sampleRun(2), range: [0, 30] } }],
    ['a run that ends before it starts', { kind: 'putRun', run: { ...sampleRun(2), range: [5, 4] } }],
    [
      'a run of an unknown direction',
      { kind: 'putRun', run: { ...sampleRun(2), direction: 'up' as 'both' } },
    ],
    ['a run of no date', { kind: 'putRun', run: { ...sampleRun(2), date: 'yesterday' } }],
    ['an unknown edit', { kind: 'explode' } as unknown as Edit],
  ]
  const make = () => {
    const document = sampleDocument()
    document.apply(setEntry(1, 10, keyframe))
    document.apply(setEntry(1, 11, absent))
    document.apply(setEntry(1, 12, propagated()))
    document.apply(setEntry(2, 10, { state: 'keyframe', occluded: false, keypoints: pose }))
    return document
  }

  it.each(refused)('changes nothing: %s', (_, edit) => {
    const document = make()
    expect(() => document.apply(edit)).toThrow(AnnotationError)
    expect(contentOf(document)).toEqual(contentOf(make()))
  })

  it.each(refused)('takes its whole group with it: %s', (_, edit) => {
    const document = make()
    const group: Edit = {
      kind: 'group',
      label: 'several',
      edits: [
        { kind: 'putLabel', label: { ...labels[0]!, id: 3 } },
        // Over a model's entry: taking this back needs two steps.
        setEntry(1, 12, keyframe),
        { kind: 'group', label: 'inner', edits: [setEntry(1, 11, undefined), setEntry(1, 11, propagated())] },
        { kind: 'putRun', run: sampleRun(5) },
        { kind: 'group', label: 'inner', edits: [setEntry(2, 20, absent), edit] },
      ],
    }
    if (edit.kind === 'setEntry' && edit.frame === 11) return
    expect(() => document.apply(group)).toThrow(AnnotationError)
    expect(contentOf(document)).toEqual(contentOf(make()))
    expect(document.equals(make())).toBe(true)
  })

  it('may be allowed later: what is in use can go once nothing uses it', () => {
    const document = make()
    document.apply(setEntry(1, 12, undefined))
    document.apply({ kind: 'removeRun', runId: 1 })
    document.apply(deleteObject(document, 1))
    document.apply({ kind: 'removeLabel', labelId: 1 })
    document.apply(setEntry(2, 10, undefined))
    document.apply({ kind: 'putLabel', label: { ...labels[1]!, skeleton: { keypoints: ['a'], edges: [] } } })
    expect([...document.labels.keys()]).toEqual([2])
    expect(document.runs.size).toBe(0)
  })
})

describe('what a person can ask for', () => {
  const make = () => {
    const document = sampleDocument()
    for (const objectId of [1, 2])
      for (const frame of [3, 8, 9, 20])
        document.apply(setEntry(objectId, frame, frame === 8 ? keyframe : propagated()))
    return document
  }

  it('an object can be deleted on one frame, from a frame on, or altogether, and each can be taken back', () => {
    const document = make()
    const cases = [
      [deleteOnFrame(document, 1, 9), [3, 8, 20]],
      [deleteFrom(document, 1, 8), [3]],
      [deleteObject(document, 1), []],
    ] as const
    for (const [edit, left] of cases) {
      const inverse = document.apply(edit)
      expect(document.frames(1)).toEqual(left)
      expect(document.frames(2)).toEqual([3, 8, 9, 20])
      expect(document.objects.has(1)).toBe(left.length > 0)
      document.apply(inverse)
      expect(contentOf(document)).toEqual(contentOf(make()))
    }
  })

  it('deleting where nothing is does nothing; deleting an object that is not there is an error', () => {
    const document = make()
    document.apply(deleteOnFrame(document, 1, 4))
    document.apply(deleteFrom(document, 1, 21))
    document.apply(deleteFrom(document, 9, 0))
    expect(contentOf(document)).toEqual(contentOf(make()))
    expect(() => deleteObject(document, 9)).toThrow(AnnotationError)
  })

  it('a copy is a person’s keyframe; copying to the same frame accepts a model’s result', () => {
    const document = make()
    document.apply(copyToFrame(document, 1, 3, 15))
    document.apply(copyToFrame(document, 1, 3, 3))
    const copied: Entry = { state: 'keyframe', occluded: false, mask: boxMask(4, 2, 3) }
    expect(document.entry(1, 15)).toEqual(copied)
    expect(document.entry(1, 3)).toEqual(copied)
    expect(() => copyToFrame(document, 1, 4, 5)).toThrow(AnnotationError)
  })

  it('a copy of an absence is a person’s absence, and copied keypoints lose the model’s confidence', () => {
    const document = make()
    document.apply(setEntry(2, 9, { state: 'absent', by: 'run', run: 1, confidence: 0.9 }))
    document.apply(copyToFrame(document, 2, 9, 10))
    expect(document.entry(2, 10)).toEqual(absent)
    const keypoints = pose.map((keypoint) => ({ ...keypoint, confidence: 0.3 }))
    document.apply(setEntry(2, 20, { ...propagated(), keypoints }))
    document.apply(copyToFrame(document, 2, 20, 21))
    expect(document.entry(2, 21)).toMatchObject({ state: 'keyframe', keypoints: pose })
    expect(JSON.stringify(document.entry(2, 21))).not.toContain('confidence')
  })

  it('new ids are free ones, and a 256th object is refused', () => {
    const document = make()
    expect([nextLabelId(document), nextObjectId(document), nextRunId(document)]).toEqual([3, 3, 2])
    document.apply(deleteObject(document, 1))
    expect(nextObjectId(document)).toBe(1)
    for (let id = 1; id <= 255; id++)
      document.apply({ kind: 'putObject', object: { id, name: 'x', labelId: 2 } })
    expect(() => nextObjectId(document)).toThrow(AnnotationError)
  })
})

describe('the edit of a propagation run', () => {
  it('leaves out the frames that a person has marked, and counts them', () => {
    const document = sampleDocument()
    document.apply(setEntry(1, 2, keyframe))
    document.apply(setEntry(1, 3, absent))
    document.apply(setEntry(1, 4, propagated(1)))
    const before = contentOf(document)
    const results = [0, 1, 2, 3, 4].map((frame) => ({ objectId: 1, frame, entry: propagated(2) }))
    const { edit, skipped } = propagationEdit(document, sampleRun(2), results)
    const inverse = document.apply(edit)
    expect(skipped).toBe(2)
    expect(document.entry(1, 2)).toBe(keyframe)
    expect(document.entry(1, 3)).toBe(absent)
    for (const frame of [0, 1, 4]) expect(document.entry(1, frame)).toEqual(propagated(2))
    expect(document.runs.get(2)).toEqual(sampleRun(2))
    document.apply(inverse)
    expect(contentOf(document)).toEqual(before)
  })

  it('can come in pieces of the same run, but not with the results or the id of another', () => {
    const document = sampleDocument()
    const run = sampleRun(2)
    document.apply(propagationEdit(document, run, [{ objectId: 1, frame: 0, entry: propagated(2) }]).edit)
    document.apply(
      propagationEdit(document, sampleRun(2), [{ objectId: 1, frame: 1, entry: propagated(2) }]).edit,
    )
    expect(document.frames(1)).toEqual([0, 1])
    expect(() => propagationEdit(document, { ...run, device: 'webgpu' }, [])).toThrow(AnnotationError)
    expect(() => propagationEdit(document, run, [{ objectId: 1, frame: 0, entry: propagated(1) }])).toThrow(
      AnnotationError,
    )
  })

  it('is refused as a whole when a person has marked one of its frames since it was made', () => {
    const document = sampleDocument()
    const results = [0, 1].map((frame) => ({ objectId: 1, frame, entry: propagated(2) }))
    const { edit } = propagationEdit(document, sampleRun(2), results)
    document.apply(setEntry(1, 1, keyframe))
    const before = contentOf(document)
    expect(() => document.apply(edit)).toThrow(AnnotationError)
    expect(contentOf(document)).toEqual(before)
  })
})
