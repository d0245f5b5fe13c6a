import { describe, expect, it } from 'vitest'
import {
  type AnnotationDocument,
  AnnotationError,
  copyToFrame,
  createDocument,
  deleteFrom,
  deleteObject,
  deleteOnFrame,
  type Edit,
  type Entry,
  History,
  isPersons,
  nextRunId,
  propagationEdit,
} from '../../../model/annotation/index.ts'
import { boxMask, contentOf, labels, pose, sampleRun, video } from './samples.ts'

/** Whole numbers below `limit`, the same for the same seed (mulberry32). */
function randomSource(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % limit
  }
}

type Random = ReturnType<typeof randomSource>

const shape = (random: Random) => {
  const kind = random(4)
  const mask = boxMask(random(10), random(6), 1 + random(4))
  const keypoints = pose.map((keypoint) => ({ ...keypoint, x: random(12), y: random(8) }))
  return kind === 0 ? {} : kind === 1 ? { mask } : kind === 2 ? { keypoints } : { mask, keypoints }
}

function personsEntry(random: Random): Entry {
  if (random(5) === 0) return { state: 'absent', by: 'person' }
  return { state: 'keyframe', occluded: random(2) === 0, ...shape(random) }
}

function runsEntry(random: Random, run: number): Entry & { run: number } {
  const confidence = random(101) / 100
  if (random(5) === 0) return { state: 'absent', by: 'run', run, confidence }
  return { state: 'propagated', run, confidence, occluded: random(2) === 0, ...shape(random) }
}

/** Any edit at all, a good part of them not allowed: ids, frames and sizes are drawn a little too wide. */
function randomEdit(random: Random, document: AnnotationDocument, depth = 0): Edit {
  const objectId = 1 + random(5)
  const frame = random(video.frameCount + 1)
  switch (random(depth < 2 ? 14 : 12)) {
    case 0: {
      const skeleton = random(3) === 0 ? {} : { skeleton: labels[1]!.skeleton! }
      return {
        kind: 'putLabel',
        label: { id: 1 + random(3), name: `l${random(9)}`, colour: '#a0b0c0', ...skeleton },
      }
    }
    case 1:
      return { kind: 'removeLabel', labelId: 1 + random(3) }
    case 2:
    case 3:
      return { kind: 'putObject', object: { id: objectId, name: `o${random(9)}`, labelId: 1 + random(3) } }
    case 4:
      return random(2) === 0
        ? { kind: 'removeObject', objectId }
        : { kind: 'removeRun', runId: 1 + random(6) }
    case 5:
      return {
        kind: 'putRun',
        run: { ...sampleRun(1 + random(6)), device: random(2) === 0 ? 'cpu' : 'webgpu' },
      }
    case 6:
    case 7:
    case 8:
      return { kind: 'setEntry', objectId, frame, entry: personsEntry(random) }
    case 9:
    case 10:
      return { kind: 'setEntry', objectId, frame, entry: runsEntry(random, 1 + random(6)) }
    case 11:
      return random(3) > 0
        ? { kind: 'setEntry', objectId, frame, entry: undefined }
        : random(2) === 0
          ? deleteFrom(document, objectId, frame)
          : deleteOnFrame(document, objectId, frame)
    case 12:
      if (random(4) === 0 && document.objects.has(objectId)) return deleteObject(document, objectId)
      if (document.entry(objectId, frame) !== undefined)
        return copyToFrame(document, objectId, frame, random(video.frameCount))
      return { kind: 'group', label: 'empty', edits: [] }
    default:
      return {
        kind: 'group',
        label: 'several',
        edits: Array.from({ length: 1 + random(4) }, () => randomEdit(random, document, depth + 1)),
      }
  }
}

/** Results of a new run or of the last one, over objects that are there. */
function randomPropagation(random: Random, document: AnnotationDocument, runId: number): Edit {
  const objects = [...document.objects.keys()]
  const results = Array.from({ length: objects.length === 0 ? 0 : random(12) }, () => ({
    objectId: objects[random(objects.length)]!,
    frame: random(video.frameCount),
    entry: { ...runsEntry(random, runId), keypoints: undefined } as never,
  }))
  return propagationEdit(document, document.runs.get(runId) ?? sampleRun(runId), results).edit
}

/** A person's frames by key; found one by one, and what the document itself says of them must agree. */
function personsFrames(document: AnnotationDocument): Map<string, Entry> {
  const frames = new Map<string, Entry>()
  for (const objectId of document.objects.keys()) {
    const persons: number[] = []
    let count = 0
    for (const [frame, entry] of document.entries(objectId)) {
      count++
      if (!isPersons(entry)) continue
      persons.push(frame)
      frames.set(`${objectId}:${frame}`, entry)
    }
    expect(document.personsFrames(objectId)).toEqual(persons)
    expect(document.entryCount(objectId)).toBe(count)
  }
  return frames
}

const seeds = [1, 2, 3]

describe('1,000 random edits', () => {
  it.each(seeds)(
    'are taken back and done again exactly, and refused ones change nothing (seed %i)',
    (seed) => {
      const random = randomSource(seed)
      const document = createDocument(video)
      const start = contentOf(document)
      const inverses: Edit[] = []
      let refused = 0
      let edits = 0
      while (inverses.length < 1000) {
        const edit = randomEdit(random, document)
        const before = edits++ % 10 === 0 ? contentOf(document) : undefined
        try {
          const inverse = document.apply(edit)
          inverses.push(inverse)
          if (before === undefined) continue
          // The inverse is exact there and back, time and again.
          const after = contentOf(document)
          const again = document.apply(document.apply(document.apply(inverse)))
          expect(contentOf(document)).toEqual(before)
          document.apply(again)
          expect(contentOf(document)).toEqual(after)
        } catch (error) {
          expect(error).toBeInstanceOf(AnnotationError)
          refused++
          if (before !== undefined) expect(contentOf(document)).toEqual(before)
        }
      }
      expect(refused).toBeGreaterThan(100)
      const end = contentOf(document)
      expect(end.frames.length).toBeGreaterThan(5)
      const redos = inverses.reverse().map((inverse) => document.apply(inverse))
      expect(contentOf(document)).toEqual(start)
      for (const redo of redos.reverse()) document.apply(redo)
      expect(contentOf(document)).toEqual(end)
    },
  )

  it.each(seeds)('with runs streaming in between can all be undone and redone (seed %i)', (seed) => {
    const random = randomSource(seed + 100)
    const document = createDocument(video)
    const start = contentOf(document)
    const history = new History(document)
    let runId: number | undefined
    let streamed = 0
    for (let done = 0; done < 1000; ) {
      const action = random(10)
      try {
        if (action === 0 && runId === undefined) {
          history.beginRun('run')
          runId = nextRunId(document)
        } else if (action === 1 && runId !== undefined && random(4) === 0) {
          history.endRun()
          runId = undefined
        } else if (action <= 4 && runId !== undefined) {
          const persons = personsFrames(document)
          history.addToRun(randomPropagation(random, document, runId))
          streamed++
          expect(personsFrames(document)).toEqual(persons)
        } else if (action === 5) history.undo()
        else if (action === 6) history.redo()
        else history.perform(randomEdit(random, document), 'edit')
        done++
      } catch (error) {
        expect(error).toBeInstanceOf(AnnotationError)
      }
    }
    if (runId !== undefined) history.endRun()
    expect(streamed).toBeGreaterThan(50)
    while (history.canRedo) history.redo()
    const end = contentOf(document)
    let steps = 0
    for (; history.canUndo; steps++) history.undo()
    expect(steps).toBeGreaterThan(100)
    expect(contentOf(document)).toEqual(start)
    while (history.canRedo) history.redo()
    expect(contentOf(document)).toEqual(end)
  })

  it.each(seeds)('of runs never change a person’s frame, whichever way they come (seed %i)', (seed) => {
    const random = randomSource(seed + 200)
    const document = createDocument(video)
    for (const label of labels) document.apply({ kind: 'putLabel', label })
    for (const id of [1, 2])
      document.apply({ kind: 'putObject', object: { id, name: `o${id}`, labelId: id } })
    for (let id = 1; id <= 3; id++) document.apply({ kind: 'putRun', run: sampleRun(id) })
    let refused = 0
    for (let count = 0; count < 1000; count++) {
      const frame = random(video.frameCount)
      const objectId = 1 + random(2)
      if (count % 20 === 0)
        document.apply({ kind: 'setEntry', objectId: 2, frame, entry: personsEntry(random) })
      const persons = personsFrames(document)
      try {
        if (random(2) === 0) document.apply(randomPropagation(random, document, 1 + random(3)))
        else
          document.apply({
            kind: 'group',
            label: 'raw',
            edits: [0, 1].map((offset) => ({
              kind: 'setEntry',
              objectId,
              frame: (frame + offset) % video.frameCount,
              entry: runsEntry(random, 1 + random(3)),
            })),
          })
      } catch (error) {
        expect(error).toBeInstanceOf(AnnotationError)
        refused++
      }
      expect(personsFrames(document)).toEqual(persons)
    }
    expect(refused).toBeGreaterThan(50)
  })
})
