/** Protects: the model is made ready for the clip and frame that a run will start from, once, and out of the way. */
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AnnotatorDocument, Corrections } from '../../../extension/editor/index.ts'
import { Emitter } from '../../../extension/emitter.ts'
import type { ProcessState } from '../../../extension/model-client/index.ts'
import { Readiness } from '../../../extension/propagation/readiness.ts'
import type { ModelReady } from '../../../model/process/index.ts'
import { clip } from './support.ts'

const READY: ModelReady = {
  device: 'cpu',
  model: { name: 'm', file: 'm.safetensors', trained: true },
  notes: [],
}
const MODEL = { file: undefined, device: 'cpu' }
const REST = 650

const opened = new Emitter<AnnotatorDocument>()
const closed = new Emitter<AnnotatorDocument>()
const ended = new Emitter<never>()
const states = new Emitter<ProcessState>()
let asked: string[]
let answer: () => Promise<ModelReady>
let all: AnnotatorDocument[]
let size: number
let trusted: boolean
let running: object | undefined
let readiness: Readiness

beforeEach(() => {
  asked = []
  answer = async () => READY
  all = []
  size = 480
  trusted = true
  running = undefined
  readiness = new Readiness({
    client: {
      prepareModel: (_model, first) => {
        asked.push(`${first?.clip} ${first?.frame} at ${first?.settings.size}`)
        return answer()
      },
      onState: states.event,
    },
    editors: {
      get all() {
        return all
      },
      onDidOpen: opened.event,
      onDidClose: closed.event,
    },
    propagation: {
      get current() {
        return running as never
      },
      onDidEnd: ended.event,
    },
    choice: () => ({ model: MODEL, settings: { preset: 'siammae', size, changes: {} } }),
    isTrusted: () => trusted,
  })
})
afterEach(() => readiness.dispose())

/** A document whose object 1 has keyframes on frames 0 and 4. */
function open(videoPath: string, frame = 0): (changed: readonly number[]) => void {
  const corrections = new Emitter<Corrections>()
  const document = {
    videoPath,
    annotations: clip('k...k.a'),
    views: [{ view: { frame } }],
    onDidCorrect: corrections.event,
  } as unknown as AnnotatorDocument
  all.push(document)
  opened.fire(document)
  return (changed) => corrections.fire(new Map([[1, new Map(changed.map((frame) => [frame, undefined]))]]))
}

test('a clip that was opened, and a frame that was marked, are made ready after a rest, each once', async () => {
  const correct = open('a.mp4', 3)
  expect(asked).toEqual([])
  await wait(REST)
  expect(asked).toEqual(['a.mp4 3 at 480'])
  expect(readiness.ready).toBe(READY)
  correct([4])
  correct([4])
  // Cleared, and marked as absent: no run starts from there.
  correct([5, 6])
  await wait(REST)
  readiness.refresh()
  await wait(REST)
  expect(asked).toEqual(['a.mp4 3 at 480', 'a.mp4 4 at 480'])
  open('b.mp4')
  await wait(REST)
  expect(asked.slice(2)).toEqual(['b.mp4 0 at 480'])
})

test('one at a time; what was wanted last follows', async () => {
  let finish = (_: ModelReady): void => {}
  answer = () => new Promise((resolve) => (finish = resolve))
  const correct = open('a.mp4')
  await wait(REST)
  correct([0])
  correct([4])
  await wait(REST)
  expect(asked).toHaveLength(1)
  finish(READY)
  await wait(50)
  expect(asked).toEqual(['a.mp4 0 at 480', 'a.mp4 4 at 480'])
})

test('not without trust, not during a run, not for a clip that is closed again', async () => {
  trusted = false
  const correct = open('a.mp4')
  await wait(REST)
  trusted = true
  running = {}
  correct([4])
  await wait(REST)
  expect(asked).toEqual([])
  running = undefined
  ended.fire(undefined as never)
  await wait(REST)
  expect(asked).toEqual(['a.mp4 4 at 480'])
  correct([0])
  all = []
  await wait(REST)
  expect(asked).toHaveLength(1)
})

test('after a clip was closed, settings that changed are asked for with one that is still open', async () => {
  open('a.mp4', 7)
  open('b.mp4')
  await wait(REST)
  const [, b] = all
  all = all.slice(0, 1)
  closed.fire(b!)
  size = 240
  readiness.refresh()
  await wait(REST)
  expect(asked).toEqual(['b.mp4 0 at 480', 'a.mp4 7 at 240'])
})

test('settings that changed are asked for anew, and what went wrong is known until it goes well', async () => {
  answer = async () => {
    throw new Error('There is no such device.')
  }
  open('a.mp4')
  await wait(REST)
  expect(readiness).toMatchObject({ ready: undefined, problem: { message: 'There is no such device.' } })
  answer = async () => READY
  size = 240
  readiness.refresh()
  await wait(REST)
  expect(asked).toEqual(['a.mp4 0 at 480', 'a.mp4 0 at 240'])
  expect(readiness).toMatchObject({ ready: READY, problem: undefined })
})

test('a lost process is not made ready at once, but with the next mark', async () => {
  const correct = open('a.mp4')
  await wait(REST)
  states.fire({ kind: 'lost', reason: 'killed', at: 0 })
  states.fire({ kind: 'running', pid: 1 })
  await wait(REST)
  expect(asked).toHaveLength(1)
  correct([0])
  await wait(REST)
  expect(asked).toEqual(['a.mp4 0 at 480', 'a.mp4 0 at 480'])
})
