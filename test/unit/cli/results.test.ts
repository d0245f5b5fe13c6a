/** Masks and keypoints of one object come from different results, and neither may take the other away. */
import { describe, expect, it } from 'vitest'
import {
  type AnnotationDocument,
  createDocument,
  encodeMask,
  type Run,
} from '../../../model/annotation/index.ts'
import { RunResults } from '../../../model/cli/results.ts'
import type { FrameResult } from '../../../model/propagation/index.ts'
import { sampleRun } from '../annotation/samples.ts'

const [width, height] = [6, 4]
const run = (id: number): Run => ({ ...sampleRun(id), range: [0, 9] })

function emptyDocument(): AnnotationDocument {
  const document = createDocument({ path: 'clip.mp4', hash: 'sha256:1', frameCount: 10, width, height })
  const skeleton = { keypoints: ['a', 'b'], edges: [] }
  document.apply({ kind: 'putLabel', label: { id: 1, name: 'fish', colour: '#ff0000', skeleton } })
  document.apply({ kind: 'putObject', object: { id: 1, name: 'one', labelId: 1 } })
  return document
}

const pixels = (area: number): Uint8Array => new Uint8Array(width * height).fill(1, 0, area)

const mask = (frame: number, area: number, confidence: number): FrameResult => ({
  kind: 'masks',
  frame,
  layers: [{ map: { width, height, data: pixels(area) }, objects: [{ id: 1, confidence, area }] }],
  seconds: 1,
  provisional: false,
})

const pose = (frame: number, x: number, confidence: number): FrameResult => ({
  kind: 'pose',
  frame,
  object: 1,
  joints: [{ x, y: 1, confidence }, undefined],
  confidence,
  seconds: 1,
  provisional: false,
})

const points = (x: number, confidence: number) => [
  { x, y: 1, visibility: 'visible', confidence },
  { x: 0, y: 0, visibility: 'absent' },
]

describe('a run over an earlier one', () => {
  it('of masks keeps the keypoints, of keypoints keeps the masks', () => {
    const document = emptyDocument()
    const first = new RunResults(document, run(1))
    first.add(mask(1, 5, 0.9))
    first.add(pose(1, 2, 0.6))
    expect(document.entry(1, 1)).toMatchObject({ run: 1, confidence: 0.6, keypoints: points(2, 0.6) })

    new RunResults(document, run(2)).add(mask(1, 7, 0.8))
    expect(document.entry(1, 1)).toEqual({
      state: 'propagated',
      run: 2,
      confidence: 0.6,
      occluded: false,
      mask: encodeMask(pixels(7), width, height),
      keypoints: points(2, 0.6),
    })
    new RunResults(document, run(3)).add(pose(1, 3, 0.5))
    expect(document.entry(1, 1)).toMatchObject({
      run: 3,
      confidence: 0.5,
      mask: encodeMask(pixels(7), width, height),
      keypoints: points(3, 0.5),
    })
  })

  it('that finds no mask keeps the keypoints', () => {
    const document = emptyDocument()
    new RunResults(document, run(1)).add(pose(1, 2, 0.6))
    new RunResults(document, run(2)).add(mask(1, 0, 0.9))
    expect(document.entry(1, 1)).toEqual({
      state: 'propagated',
      run: 2,
      confidence: 0.6,
      occluded: false,
      keypoints: points(2, 0.6),
    })
    new RunResults(document, run(3)).add(mask(2, 0, 0.9))
    expect(document.entry(1, 2)).toEqual({ state: 'absent', by: 'run', run: 3, confidence: 0.9 })
  })

  it('of keypoints of an object that is gone keeps its mask, and is absence where it has none', () => {
    const document = emptyDocument()
    const gone: FrameResult = {
      ...pose(1, 0, 1),
      joints: [undefined, undefined],
      isGone: true,
    } as FrameResult
    const results = new RunResults(document, run(1))
    results.add(mask(1, 5, 0.9))
    results.add(pose(1, 2, 0.6))
    results.add(gone)
    expect(document.entry(1, 1)).toMatchObject({ state: 'propagated', confidence: 0.9, mask: {} })
    expect(document.entry(1, 1)).not.toHaveProperty('keypoints')
    results.add({ ...gone, frame: 2 })
    expect(document.entry(1, 2)).toEqual({ state: 'absent', by: 'run', run: 1, confidence: 1 })
  })

  it("never touches a person's frame", () => {
    const document = emptyDocument()
    const entry = { state: 'absent', by: 'person' } as const
    document.apply({ kind: 'setEntry', objectId: 1, frame: 1, entry })
    const results = new RunResults(document, run(1))
    results.add(mask(1, 5, 0.9))
    results.add(pose(1, 2, 0.6))
    expect(document.entry(1, 1)).toEqual(entry)
  })
})

describe('a later result of the same run', () => {
  it('replaces the earlier one, confidence and report included', () => {
    const document = emptyDocument()
    const results = new RunResults(document, run(1))
    results.add(mask(1, 5, 0.3))
    results.add(mask(1, 6, 0.9))
    results.add(pose(1, 2, 0.2))
    results.add(pose(1, 3, 0.7))
    expect(document.entry(1, 1)).toMatchObject({
      confidence: 0.7,
      mask: encodeMask(pixels(6), width, height),
      keypoints: points(3, 0.7),
    })
    expect(results.frames).toEqual([
      {
        frame: 1,
        seconds: 4,
        objects: [
          { id: 1, confidence: 0.9, area: 6 },
          { id: 1, confidence: 0.7, keypoints: 1 },
        ],
      },
    ])
  })
})
