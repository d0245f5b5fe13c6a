/** Protects: what of a person's work is given to a model and what judges it, the numbers that come out, the table. */
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type AnnotationDocument,
  createDocument,
  type Entry,
  encodeMask,
  type Keypoint,
} from '../../../model/annotation/index.ts'
import {
  agreementOf,
  evaluateWorkspace,
  formatWorkspaceEvaluation,
  meanAgreement,
  planTrial,
} from '../../../model/evaluation/index.ts'
import { writeSidecar } from '../../../model/formats/index.ts'
import { Engine } from '../../../model/runtime/index.ts'
import { readEncoder } from '../../../model/weights/index.ts'
import { root } from '../../support/cli.ts'
import { sampleRun } from '../annotation/samples.ts'
import { makeImages } from '../training/coded-clips.ts'

const WIDTH = 40
const HEIGHT = 30

/** A filled rectangle. */
function box(left: number, top: number, width: number, height: number) {
  const pixels = new Uint8Array(WIDTH * HEIGHT)
  for (let y = top; y < top + height; y++) pixels.fill(1, y * WIDTH + left, y * WIDTH + left + width)
  return encodeMask(pixels, WIDTH, HEIGHT)
}
const mask = (left: number): Entry => ({ state: 'keyframe', occluded: false, mask: box(left, 5, 10, 10) })
const point = (x: number, y: number): Keypoint => ({ x, y, visibility: 'visible' })
const pose = (...keypoints: Keypoint[]): Entry => ({ state: 'keyframe', occluded: false, keypoints })

function documentOf(...entries: [objectId: number, frame: number, entry: Entry][]): AnnotationDocument {
  const document = createDocument({ path: 'a.mp4', hash: '', frameCount: 50, width: WIDTH, height: HEIGHT })
  const skeleton = { keypoints: ['a', 'b', 'c'], edges: [] as [number, number][] }
  document.apply({ kind: 'putLabel', label: { id: 1, name: 'thing', colour: '#ff0000', skeleton } })
  for (const id of new Set(entries.map(([objectId]) => objectId)))
    document.apply({ kind: 'putObject', object: { id, name: `thing ${id}`, labelId: 1 } })
  for (const [objectId, frame, entry] of entries) document.apply({ kind: 'setEntry', objectId, frame, entry })
  return document
}

describe('what judges a model', () => {
  it('is every keyframe after the first of each object, a person saying absent included', () => {
    const trial = planTrial(
      documentOf(
        [1, 3, mask(2)],
        [1, 9, mask(6)],
        [1, 12, { state: 'absent', by: 'person' }],
        [2, 7, mask(20)],
        [2, 20, mask(22)],
        [3, 30, mask(1)],
      ),
    )!
    expect(trial.marks.map(({ objectId, frame }) => [objectId, frame])).toEqual([
      [1, 3],
      [2, 7],
    ])
    expect(trial.truths.map(({ objectId, frames }) => [objectId, [...frames.keys()]])).toEqual([
      [1, [9, 12]],
      [2, [20]],
    ])
    expect(trial.range).toEqual([3, 20])
    expect(trial.keyframes).toBe(3)
  })

  it('is nothing where no object has a second keyframe; a first mask and a word of absence are not two', () => {
    expect(planTrial(documentOf([1, 3, mask(2)], [2, 4, mask(2)]))).toBeUndefined()
    expect(planTrial(documentOf([1, 3, mask(2)], [1, 5, { state: 'absent', by: 'person' }]))).toBeUndefined()
  })

  it('starts at the first mask with a pixel; one emptied later is a word of absence', () => {
    const empty: Entry = { state: 'keyframe', occluded: false, mask: box(0, 0, 0, 0) }
    const trial = planTrial(documentOf([1, 0, empty], [1, 3, mask(2)], [1, 6, empty], [1, 9, mask(6)]))!
    expect(trial.marks.map(({ frame }) => frame)).toEqual([3])
    expect([...trial.truths[0]!.frames]).toEqual([
      [6, undefined],
      [9, expect.anything()],
    ])
    expect(planTrial(documentOf([1, 3, mask(2)], [1, 5, empty]))).toBeUndefined()
    expect(planTrial(documentOf([1, 3, empty], [1, 5, mask(2)]))).toBeUndefined()
  })

  it('is never what a model made', () => {
    const document = documentOf([1, 0, mask(2)])
    const { mask: made } = mask(4) as Extract<Entry, { state: 'keyframe' }>
    document.apply({ kind: 'putRun', run: sampleRun(1) })
    document.apply({
      kind: 'setEntry',
      objectId: 1,
      frame: 5,
      entry: { state: 'propagated', run: 1, confidence: 1, occluded: false, mask: made! },
    })
    expect(planTrial(document)).toBeUndefined()
  })

  it('keeps the masks and the keypoints of one object apart', () => {
    const both: Entry = {
      state: 'keyframe',
      occluded: false,
      mask: box(2, 5, 10, 10),
      keypoints: [point(3, 6), point(9, 9), point(5, 12)],
    }
    const trial = planTrial(
      documentOf([1, 2, both], [1, 8, mask(4)], [1, 9, pose(point(5, 6), point(11, 9), point(7, 12))]),
    )!
    expect(trial.truths.map(({ kind, frames }) => [kind, [...frames.keys()]])).toEqual([
      ['masks', [8]],
      ['keypoints', [9]],
    ])
    expect(trial.marks.map(({ entry }) => Object.keys(entry).sort())).toEqual([
      ['mask', 'occluded', 'state'],
      ['keypoints', 'occluded', 'state'],
    ])
  })
})

describe('agreement', () => {
  const trial = planTrial(
    documentOf([1, 0, mask(0)], [1, 5, mask(10)], [1, 6, { state: 'absent', by: 'person' }]),
  )!
  const size = { width: WIDTH, height: HEIGHT }

  it('of masks is J and F over all frames; nothing said is an empty mask', () => {
    expect(agreementOf(trial.truths[0]!, (_, frame) => (frame === 5 ? mask(10) : undefined), size)).toEqual({
      j: 1,
      f: 1,
    })
    // Half of the box lies on the truth: 50 of 150 pixels; where the person said absent, all is wrong.
    const half = agreementOf(trial.truths[0]!, () => mask(15), size)
    expect(half.j).toBeCloseTo((50 / 150 + 0) / 2, 10)
    expect(half.f).toBeLessThan(0.5)
  })

  it('of keypoints counts against 0.6 of the diagonal; joints that a person called absent do not count', () => {
    const gone: Keypoint = { x: 0, y: 0, visibility: 'absent' }
    const truth = pose(point(0, 0), point(30, 0), gone)
    const { truths } = planTrial(documentOf([1, 0, truth], [1, 4, truth]))!
    // The body is 0.6 * 30 = 18 pixels: 0.1 of it is 1.8, 0.2 is 3.6.
    const said = pose(point(1.7, 0), point(30, 3.5), point(20, 20))
    expect(agreementOf(truths[0]!, () => said, size)).toEqual({ pck10: 0.5, pck20: 1 })
  })

  it('is averaged over what was measured, and J&F is the mean of both', () => {
    const mean = meanAgreement([
      { j: 0.6, f: 0.4 },
      { j: 0.8, f: 0.6 },
      { pck10: 0.5, pck20: 1 },
    ])
    expect(mean.j).toBeCloseTo(0.7, 10)
    expect(mean.jf).toBeCloseTo(0.6, 10)
    expect(mean.pck20).toBe(1)
    expect(meanAgreement([])).toEqual({
      jf: undefined,
      j: undefined,
      f: undefined,
      pck10: undefined,
      pck20: undefined,
    })
  })
})

describe('a clip that fails while it is measured', () => {
  const folder = mkdtempSync(join(tmpdir(), 'siammae-workspace-'))
  const starter = join(root, 'media', 'models', 'starter.safetensors')
  let engine: Engine
  beforeAll(async () => {
    engine = await Engine.start('cpu')
  })
  afterAll(async () => {
    await engine.close()
    await rm(folder, { recursive: true, force: true })
  })

  const picture = (clip: string, frame: number) => join(folder, clip, `${frame}.png`)

  async function annotate(clip: string): Promise<void> {
    const [width, height] = [128, 96]
    await makeImages(join(folder, clip), 3)
    const document = createDocument({ path: clip, hash: '', frameCount: 3, width, height })
    document.apply({ kind: 'putLabel', label: { id: 1, name: 'thing', colour: '#ff0000' } })
    document.apply({ kind: 'putObject', object: { id: 1, name: 'thing', labelId: 1 } })
    const drawn = encodeMask(new Uint8Array(width * height).fill(1, 0, 4000), width, height)
    for (const frame of [0, 2])
      document.apply({
        kind: 'setEntry',
        objectId: 1,
        frame,
        entry: { state: 'keyframe', occluded: false, mask: drawn },
      })
    await writeSidecar(join(folder, `${clip}.siam.json`), document)
  }

  /** Two models, before which these pictures are lost. */
  function compare(lost: readonly [before: string[], between: string[]]) {
    const models = lost.map((pictures, index) => ({
      name: `model ${index}`,
      load: async () => {
        for (const path of pictures) await rm(path)
        return readEncoder(starter)
      },
    }))
    const progress: number[] = []
    const onProgress = ({ done, total }: { done: number; total: number }) => progress.push(done / total)
    const options = { folders: [folder], models, engine, preset: 'siammae', size: 64, onProgress } as const
    return evaluateWorkspace(options).then((evaluation) => ({ ...evaluation, progress }))
  }

  it('is left out for all models, by name; all of them failing, the measuring ends', async () => {
    for (const clip of ['a', 'b', 'c']) await annotate(clip)
    const { clips, skipped, overall, progress } = await compare([[picture('a', 1)], [picture('b', 1)]])
    expect(clips.map(({ name }) => name)).toEqual(['c.siam.json'])
    expect(clips[0]!.scores).toHaveLength(2)
    expect(overall).toEqual(clips[0]!.scores)
    expect(skipped).toEqual([
      { path: join(folder, 'a.siam.json'), reason: expect.stringMatching(/^a\.siam\.json: .*1\.png/) },
      { path: join(folder, 'b.siam.json'), reason: expect.stringMatching(/^b\.siam\.json: .*1\.png/) },
    ])
    expect(progress).toEqual(progress.toSorted((x, y) => x - y))
    expect(progress.at(-1)).toBe(1)

    for (const clip of ['a', 'b', 'c']) await annotate(clip)
    const all = ['a', 'b', 'c'].map((clip) => picture(clip, 1))
    await expect(compare([all, []])).rejects.toThrow(/^None of the 3 clips can be measured\. c\.siam\.json: /)
  })
})

it('the table shows every model, and its distance from the first', () => {
  const scores = (jf: number) => ({ jf, j: jf, f: jf, pck10: undefined, pck20: undefined })
  const text = formatWorkspaceEvaluation({
    models: ['starter', 'mine'],
    clips: [
      { name: 'a.siam.json', sidecar: '/w/a.siam.json', keyframes: 4, scores: [scores(0.5), scores(0.625)] },
    ],
    overall: [scores(0.5), scores(0.625)],
    skipped: [{ path: '/w/b.siam.json', reason: 'b.siam.json has no second keyframe.' }],
  })
  const row = text.split('\n').find((line) => line.startsWith('a.siam.json'))!
  expect(row.split(/\s+/)).toEqual(['a.siam.json', '4', 'J&F', '50.0', '62.5', '+12.5'])
  expect(text).toContain('Left out: b.siam.json has no second keyframe.')
  expect(text).not.toContain('PCK@')
})
