/** Protects: a run whose process keeps ending comes to an end, and what it writes is what its record says. */
import { beforeEach, describe, expect, test } from 'vitest'
import { DocumentModel } from '../../../extension/document/document-model.ts'
import { ObservedDocument } from '../../../extension/document/observed-document.ts'
import { Emitter } from '../../../extension/emitter.ts'
import {
  type ModelClient,
  ProcessLostError,
  type ProcessState,
} from '../../../extension/model-client/index.ts'
import { PropagationRun, planRun } from '../../../extension/propagation/index.ts'
import type { ModelEntry } from '../../../model/annotation/index.ts'
import type { HostFunctions, RunFacts, RunRequest } from '../../../model/process/index.ts'
import { clip, run as record } from './support.ts'

type Results = Parameters<HostFunctions['results']>[0]

/** A client whose process does what a test says; `lives` counts the starts of the run. */
class FakeClient {
  readonly #results = new Emitter<Results>()
  readonly #ended = new Emitter<Parameters<HostFunctions['runEnded']>[0]>()
  readonly #states = new Emitter<ProcessState>()
  readonly onResults = this.#results.event
  readonly onRunEnded = this.#ended.event
  readonly onState = this.#states.event
  readonly cancelled: number[] = []
  readonly requests: RunRequest[] = []
  state: ProcessState = { kind: 'running', pid: 1 }
  /** What each life says that runs; the last one stays. */
  records: Partial<RunFacts['record']>[] = [{}]
  /** Whether a life gets as far as that. */
  setsUp = true
  #reject: (error: Error) => void = () => {}

  async startRun(request: RunRequest): Promise<RunFacts> {
    this.requests.push(request)
    if (!this.setsUp)
      return new Promise((_, reject) => {
        this.#reject = reject
      })
    const own = this.records[Math.min(this.requests.length, this.records.length) - 1]!
    const total = request.range[1] - request.range[0] - (request.earlier?.length ?? 0)
    return {
      record: { ...record(request.run, 10), ...own },
      notes: [],
      small: { spots: [], fading: [] },
      total,
    }
  }

  async cancelRun(run: number): Promise<void> {
    this.cancelled.push(run)
  }

  /** A result of this life. */
  give(frame: number, done: number): void {
    const request = this.requests.at(-1)!
    const { run } = request
    const entry: ModelEntry = { state: 'absent', by: 'run', run, confidence: 1 }
    const total = 9 - (request.earlier?.length ?? 0)
    const progress = { done, total, frame, framesPerSecond: 1, secondsLeft: 1 }
    this.#results.fire({ run, results: [{ objectId: 1, frame, entry, final: ['masks'] }], progress })
  }

  /** The process ends, and another one comes. */
  async lose(): Promise<void> {
    this.#states.fire({ kind: 'lost', reason: 'It ended.', at: 0 })
    this.#reject(new ProcessLostError('It ended.'))
    await settled()
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

let client: FakeClient
let model: DocumentModel

beforeEach(() => {
  client = new FakeClient()
  const content = new ObservedDocument({ path: 'clip.mp4', hash: '', frameCount: 10, width: 8, height: 6 })
  const marked = clip('k.........')
  content.apply({ kind: 'putLabel', label: marked.labels.get(1)! })
  content.apply({ kind: 'putObject', object: marked.objects.get(1)! })
  content.apply({ kind: 'setEntry', objectId: 1, frame: 0, entry: marked.entry(1, 0)! })
  model = new DocumentModel(content)
})

async function start(): Promise<PropagationRun> {
  const run = new PropagationRun(
    client as unknown as ModelClient,
    {
      annotations: model.content,
      videoPath: 'clip.mp4',
      beginRun: (stop) => model.beginRun(stop),
      showRun: () => {},
    },
    planRun(model.content, { kind: 'forward', frame: 0 }),
    {
      model: { file: undefined, device: 'auto' },
      settings: { preset: 'siammae', size: 96, changes: {} },
    },
  )
  await settled()
  return run
}

const TOO_OFTEN = /ended three times without labelling a frame; choose a smaller siammae\.networkSize/

describe('a process that keeps ending', () => {
  test('is not asked a fourth time by a run that has got nothing from three of its lives', async () => {
    const run = await start()
    for (let life = 0; life < 3; life++) await client.lose()
    const end = await run.ended
    expect(end.reason).toBe('failed')
    expect(String(end.error)).toMatch(TOO_OFTEN)
    expect(client.requests).toHaveLength(3)
    expect(model.run).toBeUndefined()
  })

  test('neither while the run is set up', async () => {
    client.setsUp = false
    const run = await start()
    for (let life = 0; life < 3; life++) await client.lose()
    expect(String((await run.ended).error)).toMatch(TOO_OFTEN)
    expect(client.requests).toHaveLength(3)
  })

  test('is asked again as long as it labels frames, and only frames that were not labelled count', async () => {
    const run = await start()
    for (const frame of [1, 2, 3, 4]) {
      client.give(frame, 1)
      await client.lose()
    }
    expect(run.view.state).toBe('running')
    expect(client.requests.at(-1)?.earlier).toHaveLength(4)
    // What a process tells anew is no progress.
    client.give(4, 0)
    await client.lose()
    client.give(4, 0)
    await client.lose()
    expect(String((await run.ended).error)).toMatch(TOO_OFTEN)
    expect([1, 2, 3, 4].map((frame) => model.content.entry(1, frame)?.state)).toEqual(Array(4).fill('absent'))
  })
})

describe('a process that comes back', () => {
  const sha = (digits: string) => ({ ...record(1, 10).model, hash: `sha256:${digits}` })

  test.each([
    ['on another device', [{ device: 'webgpu' }, { device: 'cpu' }], /came back on cpu instead of webgpu;/],
    ['with another model', [{ model: sha('00') }, { model: sha('11') }], /model file is another one/],
  ])('%s writes nothing under the first record', async (_, records, sentence) => {
    client.records = records
    const run = await start()
    client.give(1, 1)
    client.cancelRun = async (id) => {
      client.cancelled.push(id)
      // What was made before it heard of it.
      client.give(2, 1)
    }
    await client.lose()
    const end = await run.ended
    expect(end.reason).toBe('failed')
    expect(String(end.error)).toMatch(sentence)
    expect(client.cancelled).toEqual([run.id])
    expect(model.content.entry(1, 1)).toBeDefined()
    expect(model.content.entry(1, 2)).toBeUndefined()
    expect(model.run).toBeUndefined()
  })

  test('as it was goes on', async () => {
    const run = await start()
    client.give(1, 1)
    await client.lose()
    client.give(2, 1)
    expect(run.view).toMatchObject({ state: 'running', done: 2, total: 9 })
    expect(client.cancelled).toEqual([])
  })
})
