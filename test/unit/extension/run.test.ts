import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DocumentModel } from '../../../extension/document/document-model.ts'
import { ObservedDocument } from '../../../extension/document/observed-document.ts'
import { ProcessClient } from '../../../extension/model-client/index.ts'
import { PropagationRun, planRun, type RunWish } from '../../../extension/propagation/index.ts'
import { type Entry, isPersons, type Rle } from '../../../model/annotation/index.ts'
import type { RunView } from '../../../webview/protocol/index.ts'
import { root } from '../../support/cli.ts'
import { SAMPLE, sampleMask } from '../process/sample-run.ts'

let cacheFolder = ''
let client: ProcessClient
let keyframe: Entry

beforeAll(async () => {
  cacheFolder = mkdtempSync(join(tmpdir(), 'siammae-run-'))
  await connect()
  keyframe = { state: 'keyframe', occluded: false, mask: await sampleMask() }
})

async function connect(): Promise<void> {
  client = new ProcessClient({
    module: join(root, 'dist', 'model-process.js'),
    openOptions: () => ({ cacheFolder, ffmpeg: undefined }),
    log: () => {},
  })
  await client.openClip(SAMPLE)
}

afterAll(async () => {
  await client.dispose()
  rmSync(cacheFolder, { recursive: true, force: true })
})

let model: DocumentModel
let views: (RunView | undefined)[]

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
  model = new DocumentModel(content)
  views = []
})

/** The real run on the real process, over a document without VS Code. */
function start(wish: RunWish): PropagationRun {
  return new PropagationRun(
    client,
    {
      annotations: model.content,
      videoPath: SAMPLE,
      beginRun: (stop) => model.beginRun(stop),
      showRun: (view) => views.push(view),
    },
    planRun(model.content, wish),
    {
      model: { file: undefined, device: 'cpu' },
      settings: { preset: 'siammae', size: 96, changes: { context: 2 } },
    },
  )
}

/** Resolves when the run has labelled so many frames. */
function reached(run: PropagationRun, done: number): Promise<RunView> {
  return new Promise((resolve) => {
    const subscription = run.onDidChange((view) => {
      if (view.done < done) return
      subscription.dispose()
      resolve(view)
    })
  })
}

function inState(run: PropagationRun, state: RunView['state']): Promise<void> {
  return new Promise((resolve) => {
    const subscription = run.onDidChange((view) => {
      if (view.state !== state) return
      subscription.dispose()
      resolve()
    })
  })
}

function kill(): void {
  if (client.state.kind !== 'running') throw new Error(`The process is ${client.state.kind}.`)
  process.kill(client.state.pid, 'SIGKILL')
}

const labelled = () =>
  [...model.content.entries(1)].filter(([, entry]) => !isPersons(entry)).map(([frame]) => frame)
const frames = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)

describe('a propagation', () => {
  test('fills the range, is one step to undo, and says what runs', async () => {
    const run = start({ kind: 'range', range: [0, 12], frame: 0 })
    expect(run.view.state).toBe('starting')
    expect(await run.ended).toEqual({ reason: 'done', error: undefined })
    expect(labelled()).toEqual(frames(1, 12))
    expect(views.at(-1)).toBeUndefined()
    expect(views.at(-2)).toMatchObject({ state: 'running', done: 12, total: 12, frame: 12, device: 'cpu' })
    expect(views.at(-2)?.lanes).toEqual([{ objectId: 1, range: [0, 12], done: [[0, 12]] }])
    expect(model.steps).toHaveLength(1)
    await model.undo(model.steps[0]!)
    expect(labelled()).toEqual([])
    expect(model.content.entry(1, 0)).toEqual(keyframe)
  })

  test('paused, it brings nothing; resumed, it goes on; cancelled, it keeps what is done', async () => {
    const run = start({ kind: 'forward', frame: 0 })
    await reached(run, 3)
    await run.pause()
    expect(run.view.state).toBe('paused')
    const before = labelled().length
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(labelled()).toHaveLength(before)
    await run.resume()
    await reached(run, before + 2)
    await run.cancel()
    expect((await run.ended).reason).toBe('cancelled')
    const after = labelled().length
    expect(after).toBeGreaterThanOrEqual(before + 2)
    expect(after).toBeLessThan(99)
    expect(model.steps).toHaveLength(1)
  })

  test('killed in the middle, it goes on from the last finished frame, around what a person did meanwhile', async () => {
    const run = start({ kind: 'range', range: [0, 24], frame: 0 })
    await reached(run, 6)
    // The person marks a frame that is still to come.
    model.perform(
      { kind: 'setEntry', objectId: 1, frame: 20, entry: { state: 'absent', by: 'person' } },
      'Mark',
    )
    const before = new Map(model.content.entries(1))
    const restarting = inState(run, 'restarting')
    kill()
    await restarting
    expect(await run.ended).toEqual({ reason: 'done', error: undefined })
    expect(labelled()).toEqual(frames(1, 24).filter((frame) => frame !== 20))
    expect(model.content.entry(1, 20)).toEqual({ state: 'absent', by: 'person' })
    // What was finished is not made again.
    for (const [frame, entry] of before) expect(model.content.entry(1, frame)).toBe(entry)
    expect(views.flatMap((view) => (view?.done === undefined ? [] : [view.done]))).toEqual(
      [...views.flatMap((view) => (view?.done === undefined ? [] : [view.done]))].sort((a, b) => a - b),
    )
    expect(model.steps.filter(({ isRun }) => isRun)).toHaveLength(1)
  })

  test('killed while it is being set up, it starts all the same', async () => {
    const run = start({ kind: 'range', range: [0, 3], frame: 0 })
    kill()
    expect((await run.ended).reason).toBe('done')
    expect(labelled()).toEqual([1, 2, 3])
  })

  test('killed amid the keypoints of an object that has masks, it leaves out none of them', async () => {
    // A client gives up after three losses within a minute; other tests kill its process too.
    await client.dispose()
    await connect()
    const { mask } = keyframe as { mask: Rle }
    const keypoints = [{ x: 300, y: 150, visibility: 'visible' }] as const
    const skeleton = { keypoints: ['head'], edges: [] }
    model.content.apply({ kind: 'putLabel', label: { id: 1, name: 'fish', colour: '#e69f00', skeleton } })
    for (const frame of [0, 12]) {
      const entry: Entry = { state: 'keyframe', occluded: false, mask, keypoints }
      model.content.apply({ kind: 'setEntry', objectId: 1, frame, entry })
    }
    const run = start({ kind: 'range', range: [0, 12], frame: 0 })
    // The masks are 11 frames from each end, and the keypoints that many again.
    await reached(run, 25)
    await run.pause()
    expect(run.view.done).toBeLessThan(32)
    kill()
    await inState(run, 'restarting')
    await Promise.race([inState(run, 'paused'), run.ended])
    await run.resume()
    expect(await run.ended).toEqual({ reason: 'done', error: undefined })
    expect(views.at(-2)).toMatchObject({ done: 44, total: 44 })
    for (const frame of frames(1, 11))
      expect(model.content.entry(1, frame), `frame ${frame}`).toMatchObject({
        mask: { width: 640 },
        keypoints: [{ x: expect.any(Number) }],
      })
  })

  test('cancelled while it is being set up, it leaves no trace', async () => {
    const run = start({ kind: 'forward', frame: 0 })
    await run.cancel()
    expect((await run.ended).reason).toBe('cancelled')
    expect(model.run).toBeUndefined()
    expect(views.at(-1)).toBeUndefined()
  })

  test('undone before its first result, with what it starts from, it ends, and another can start at once', async () => {
    model.perform({ kind: 'setEntry', objectId: 1, frame: 0, entry: keyframe }, 'Draw')
    const run = start({ kind: 'forward', frame: 0 })
    await model.undo(model.steps[0]!)
    expect((await run.ended).reason).toBe('cancelled')
    const next = start({ kind: 'range', range: [0, 2], frame: 0 })
    expect((await next.ended).reason).toBe('done')
  })

  test('cancelled while the process is away, it does not go on in the next one', async () => {
    await client.dispose()
    await connect()
    const run = start({ kind: 'forward', frame: 0 })
    await reached(run, 1)
    const restarting = inState(run, 'restarting')
    kill()
    await restarting
    await run.cancel()
    expect((await run.ended).reason).toBe('cancelled')
    const next = start({ kind: 'range', range: [0, 2], frame: 0 })
    expect(await next.ended).toEqual({ reason: 'done', error: undefined })
  })

  test('is refused before anything begins where the document cannot have one now', async () => {
    model.beginRun(async () => {})
    expect(() => start({ kind: 'forward', frame: 0 })).toThrow(/going on already/)
    expect(views).toEqual([])
  })

  test('that is being set up when the window closes ends', async () => {
    const run = start({ kind: 'forward', frame: 0 })
    await client.dispose()
    expect((await run.ended).reason).toBe('cancelled')
    expect(model.run).toBeUndefined()
    await connect()
  })

  test('a model that cannot be read is one sentence that names it', async () => {
    const run = new PropagationRun(
      client,
      {
        annotations: model.content,
        videoPath: SAMPLE,
        beginRun: (stop) => model.beginRun(stop),
        showRun: (view) => views.push(view),
      },
      planRun(model.content, { kind: 'forward', frame: 0 }),
      {
        model: { file: join(cacheFolder, 'missing.safetensors'), device: 'cpu' },
        settings: { preset: 'siammae', size: 96, changes: {} },
      },
    )
    const end = await run.ended
    expect(end.reason).toBe('failed')
    expect(String(end.error)).toMatch(/missing\.safetensors/)
    expect(model.steps).toEqual([])
  })
})
