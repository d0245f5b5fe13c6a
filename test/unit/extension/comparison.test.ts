/** Protects: comparing models shows both results and changes nothing of a person's until one is kept, in one step. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DocumentModel } from '../../../extension/document/document-model.ts'
import { ObservedDocument } from '../../../extension/document/observed-document.ts'
import type { AnnotatorDocument, ComparedFrames, ShownComparison } from '../../../extension/editor/index.ts'
import { ProcessClient } from '../../../extension/model-client/index.ts'
import { Comparison, type Side } from '../../../extension/models/comparison.ts'
import { Propagation, planRun } from '../../../extension/propagation/index.ts'
import type { Entry } from '../../../model/annotation/index.ts'
import type { RunSettings } from '../../../model/process/index.ts'
import { encoderConfig, initialiseEncoder } from '../../../model/siammae/index.ts'
import { writeEncoder } from '../../../model/weights/index.ts'
import { root } from '../../support/cli.ts'
import { SAMPLE, sampleMask } from '../process/sample-run.ts'

const SETTINGS: RunSettings = { preset: 'siammae', size: 96, changes: { context: 2 } }
const LAST = 8

let folder = ''
let other = ''
let client: ProcessClient
let keyframe: Entry
let model: DocumentModel
let document: AnnotatorDocument
let shown: { comparison: ShownComparison | undefined; changed: ComparedFrames[] }
let propagation: Propagation

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'siammae-comparison-'))
  other = join(folder, 'other.safetensors')
  const config = encoderConfig('Ti', 16, { depth: 1, positionGrid: 6 })
  await writeEncoder(other, { config, parameters: initialiseEncoder(config, 3), trained: true })
  client = new ProcessClient({
    module: join(root, 'dist', 'model-process.js'),
    openOptions: () => ({ cacheFolder: folder, ffmpeg: undefined }),
    log: () => {},
  })
  await client.openClip(SAMPLE)
  keyframe = { state: 'keyframe', occluded: false, mask: await sampleMask() }
})

afterAll(async () => {
  await client.dispose()
  rmSync(folder, { recursive: true, force: true })
})

beforeEach(() => {
  const content = new ObservedDocument({
    path: 'sample.mp4',
    hash: '',
    frameCount: 100,
    width: 640,
    height: 360,
  })
  content.apply({ kind: 'putLabel', label: { id: 1, name: 'fish', colour: '#e69f00' } })
  content.apply({ kind: 'putObject', object: { id: 1, name: 'koi', labelId: 1 } })
  content.apply({ kind: 'setEntry', objectId: 1, frame: 0, entry: keyframe })
  content.apply({ kind: 'setEntry', objectId: 1, frame: 5, entry: { state: 'absent', by: 'person' } })
  model = new DocumentModel(content)
  shown = { comparison: undefined, changed: [] }
  document = {
    annotations: content,
    videoPath: SAMPLE,
    sidecarPath: 'sample.siam.json',
    beginRun: (stop) => model.beginRun(stop),
    showRun: () => {},
    showComparison: (comparison, changed) => {
      shown.comparison = comparison
      if (changed) shown.changed.push(changed)
    },
  } as Partial<AnnotatorDocument> as AnnotatorDocument
  propagation = new Propagation({
    client,
    choice: () => ({ model: { file: undefined, device: 'cpu' }, settings: SETTINGS }),
    isTrusted: () => true,
  })
})

function compare(): Comparison {
  const models = [
    { name: 'starter', choice: { file: undefined, device: 'cpu' } },
    { name: 'other', choice: { file: other, device: 'cpu' } },
  ] as const
  const wish = { kind: 'range', range: [0, LAST], frame: 0 } as const
  return new Comparison(document, models, planRun(document.annotations, wish))
}

const found = (side: Side): number[] =>
  shown
    .comparison!.entries(side)
    .map(({ frame }) => frame)
    .sort((a, b) => a - b)
const entries = () => [...document.annotations.entries(1)]

describe('a comparison', () => {
  test('shows what both models find, and leaves the document as it is', async () => {
    const before = entries()
    const comparison = compare()
    expect(await comparison.run(propagation, SETTINGS)).toEqual({ reason: 'done' })
    expect(shown.comparison!.view).toMatchObject({
      models: ['starter', 'other'],
      range: [0, LAST],
      objects: [1],
      state: 'done',
    })
    // Frames of a person are nobody else's: 0 is the keyframe, on 5 the object is absent.
    for (const side of [0, 1] as const) expect(found(side)).toEqual([1, 2, 3, 4, 6, 7, 8])
    const [a, b] = ([0, 1] as const).map((side) => shown.comparison!.entries(side, [1])[0]!.entries[0]![1])
    expect(a).toMatchObject({ state: 'propagated' })
    expect(b).not.toEqual(a)
    expect(shown.changed.flatMap(({ side, frames }) => frames.map((frame) => `${side} ${frame}`))).toEqual(
      expect.arrayContaining(['0 1', '1 8']),
    )
    expect(entries()).toEqual(before)
    expect(document.annotations.runs.size).toBe(0)
    expect(model.steps).toEqual([])

    // One of them is kept: one step, of a run of its own, and nothing of a person's is touched.
    const kept = shown.comparison!.entries(1)
    await comparison.keep(1)
    expect(shown.comparison).toBeUndefined()
    expect(model.steps).toHaveLength(1)
    const [run] = document.annotations.runs.values()
    expect(run!.model.file).toBe('other.safetensors')
    for (const { frame, entries: told } of kept)
      expect(document.annotations.entry(1, frame)).toEqual({ ...told[0]![1], run: run!.id })
    expect(document.annotations.entry(1, 0)).toEqual(keyframe)
    expect(document.annotations.entry(1, 5)).toEqual({ state: 'absent', by: 'person' })
    await model.undo(model.steps[0]!)
    expect(entries()).toEqual(before)
  })

  test('goes on with the same model when the process is lost', async () => {
    const comparison = compare()
    const end = comparison.run(propagation, SETTINGS)
    while (shown.changed.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    if (client.state.kind === 'running') process.kill(client.state.pid, 'SIGKILL')
    expect(await end).toEqual({ reason: 'done' })
    for (const side of [0, 1] as const) expect(found(side)).toEqual([1, 2, 3, 4, 6, 7, 8])
    await comparison.close()
  })

  test('is refused while a propagation goes on, and refuses one; closed, it ends at once', async () => {
    const comparison = compare()
    const end = comparison.run(propagation, SETTINGS)
    await expect(compare().run(propagation, SETTINGS)).rejects.toThrow(/A propagation is going on/)
    expect(() => propagation.start(document, { kind: 'forward', frame: 0 })).toThrow(/going on/)
    await comparison.close()
    expect(await end).toMatchObject({ reason: 'cancelled' })
    expect(shown.comparison).toBeUndefined()
    expect(propagation.current).toBeUndefined()
    await expect(comparison.keep(1)).rejects.toThrow('other has no results yet.')
  })

  test('does not run in a workspace that is not trusted', async () => {
    const untrusted = new Propagation({
      client,
      choice: () => ({ model: { file: undefined, device: 'cpu' }, settings: SETTINGS }),
      isTrusted: () => false,
    })
    await expect(compare().run(untrusted, SETTINGS)).rejects.toThrow(/not trusted/)
  })
})
