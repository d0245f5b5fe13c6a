/** Protects: training in a process of its own: measured, watched, paused, stopped, killed and gone on with. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { TrainingFacts } from '../../../model/process/index.ts'
import { readEncoder } from '../../../model/weights/index.ts'
import { startTrainingProcess, type TrainingProcess } from '../../support/training-process.ts'
import { temporaryFolder } from '../video/numbered-clips.ts'
import { makeTinyClip, tinyRequest } from './tiny-training.ts'

const folder = temporaryFolder()
const file = (...parts: string[]): string => join(folder.path, ...parts)
const clip = file('clips', 'test.mp4')
const places = { cacheFolder: file('cache'), ffmpeg: undefined }
const LONG = { schedule: { steps: 100_000, warmupSteps: 2 }, checkpoints: { every: 3, keep: 2 } }

const processes: TrainingProcess[] = []
function start(): TrainingProcess {
  const training = startTrainingProcess()
  processes.push(training)
  return training
}

beforeAll(() => makeTinyClip(clip))
afterEach(async () => {
  for (const training of processes.splice(0)) await training.stop('SIGKILL')
})
afterAll(() => folder.remove())

const metrics = (run: string): { step: number; loss: number }[] =>
  readFileSync(file(run, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
const checkpoints = (run: string): string[] => readdirSync(file(run, 'checkpoints')).sort()

async function begin(
  training: TrainingProcess,
  run: string,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<TrainingFacts> {
  const facts = await training.calls.start(
    { folder: file(run), request: tinyRequest([clip], changes) },
    places,
  )
  if ('inUse' in facts) throw new Error(facts.inUse)
  return facts
}

describe('an estimate', () => {
  it('measures real steps and writes nothing', async () => {
    const training = start()
    const { calls, told } = training
    const estimate = await calls.estimate(tinyRequest([file('clips')]), places)
    expect(estimate).toMatchObject({ steps: 9, pairsPerStep: 8, device: 'cpu', skipped: [] })
    expect(estimate.clips).toEqual([
      { name: 'clips/test.mp4', path: clip, frames: 30, fps: 30, licence: 'CC0 (LICENSE.txt)' },
    ])
    // Distances 4 to 48 frames, of which a clip of 30 frames has 4 to 29: 26 + 25 + ... + 1, and the longest again.
    expect(estimate.pairs).toBe((26 * 27) / 2)
    expect(estimate.secondsPerStep).toBeGreaterThan(0)
    expect(estimate.secondsPerStep).toBeLessThan(10)
    expect(estimate.peakMemoryBytes).toBeGreaterThan(50e6)
    expect(estimate.config).toMatchObject({
      preset: 'finetune',
      batch: 4,
      data: { sources: [file('clips')] },
    })
    expect(told.preparing.map(({ stage }) => stage)).toEqual(
      expect.arrayContaining(['decoding', 'device', 'measuring']),
    )
    expect(readdirSync(folder.path).sort()).toEqual(['cache', 'clips'])
  })

  it.each([
    ['a wrong setting by its name', { batch: 0 }, /^batch is 0; it must be a whole number from 1/],
    ['an unknown setting', { bacth: 4 }, /bacth \(4\) is not a setting/],
    ['an unknown device', { device: 'abacus' }, /abacus/],
  ])('refuses %s', async (_, changes, message) => {
    await expect(start().calls.estimate(tinyRequest([clip], changes), places)).rejects.toThrow(message)
  })

  it('says which footage is missing, and that there is none', async () => {
    const { calls } = start()
    await expect(calls.estimate(tinyRequest([file('gone.mp4')]), places)).rejects.toThrow(/gone\.mp4/)
    await expect(calls.estimate(tinyRequest([]), places)).rejects.toThrow(/There is no footage yet/)
  })

  it('can be given up', async () => {
    const training = start()
    const asked = training.calls.estimate(tinyRequest([clip]), places)
    asked.catch(() => {})
    await training.heard('preparing')
    await training.calls.cancel()
    await expect(asked).rejects.toThrow(/Stopped/)
  })
})

describe('a run', () => {
  it('tells of every step, preview and checkpoint, and leaves a model', async () => {
    const training = start()
    const facts = await begin(training, 'whole')
    expect(facts).toMatchObject({ step: 0, steps: 9, pairsPerStep: 8, clips: 1, frames: 30, device: 'cpu' })
    const end = await training.heard('ended')
    expect(end).toMatchObject({ reason: 'done', step: 9, steps: 9, model: { step: 9 } })
    const { told } = training
    const steps = told.metrics.flatMap((batch) => batch.steps)
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(steps).toEqual(metrics('whole'))
    expect(told.metrics[0]!.memoryBytes).toBeGreaterThan(50e6)
    expect(told.preview.map(({ step }) => step)).toEqual([4, 8])
    expect(existsSync(told.preview[0]!.path)).toBe(true)
    expect(told.checkpoint.at(-1)).toMatchObject({ step: 9 })
    const model = await readEncoder(end.model!.file)
    expect(model).toMatchObject({ trained: true, config: { dim: 32, depth: 2 } })
    expect(existsSync(file('whole', 'run.lock'))).toBe(false)
  })

  it('rests when it is paused, and goes on', async () => {
    const training = start()
    await begin(training, 'paused', LONG)
    await training.heard('metrics')
    await training.calls.pause()
    await training.heard('resting', (paused) => paused)
    const rested = metrics('paused').length
    await wait(400)
    expect(metrics('paused').length).toBe(rested)
    await training.calls.resume()
    await training.heard('resting', (paused) => !paused)
    await training.heard('metrics', ({ steps }) => steps.at(-1)!.step > rested + 3)
    const slowest = Math.min(
      ...training.told.metrics.flatMap(({ steps }) => steps).map((s) => s.pairsPerSecond),
    )
    // The pause is no part of any step's time.
    expect(slowest).toBeGreaterThan(8 / 0.4 / 5)
    await training.calls.stop()
  })

  it('stops while it is paused, with a checkpoint of the last step, and makes a model where that was asked for', async () => {
    const training = start()
    await begin(training, 'stopped', LONG)
    await training.heard('metrics')
    await training.calls.pause()
    await training.heard('resting', (paused) => paused)
    await training.calls.stopAndKeep()
    const end = await training.heard('ended')
    const last = metrics('stopped').at(-1)!.step
    expect(end).toMatchObject({ reason: 'stopped', step: last, message: undefined, model: { step: last } })
    expect(checkpoints('stopped').at(-1)).toBe(`step-${String(last).padStart(8, '0')}.safetensors`)
  })

  it('is one run with another process: the second hears so in one sentence, and is free for something else', async () => {
    const training = start()
    await begin(training, 'shared', LONG)
    const second = start()
    const answer = await second.calls.start({ folder: file('shared'), request: undefined }, places)
    expect(answer).toEqual({ inUse: expect.stringMatching(/shared is in use by process \d+/) })
    await expect(second.calls.estimate(tinyRequest([clip]), places)).resolves.toMatchObject({ steps: 9 })
    await training.calls.stop()
  })

  it('killed in the middle, goes on from its last checkpoint to the same end', async () => {
    const training = start()
    await begin(training, 'killed')
    await training.heard('checkpoint')
    await training.stop('SIGKILL')
    const second = start()
    const facts = await second.calls.start({ folder: file('killed'), request: undefined }, places)
    expect((facts as TrainingFacts).step).toBeGreaterThanOrEqual(2)
    expect(await second.heard('ended')).toMatchObject({ reason: 'done', step: 9 })
    expect(metrics('killed').map(({ step, loss }) => [step, loss])).toEqual(
      metrics('whole').map(({ step, loss }) => [step, loss]),
    )
  })

  it('writes a checkpoint and ends when its window is gone', async () => {
    const training = start()
    await begin(training, 'orphan', { ...LONG, checkpoints: { every: 100_000, keep: 2 } })
    await training.heard('metrics')
    await training.stop()
    const last = metrics('orphan').at(-1)!.step
    expect(checkpoints('orphan')).toEqual([`step-${String(last).padStart(8, '0')}.safetensors`])
    expect(existsSync(file('orphan', 'run.lock'))).toBe(false)
  })

  it('whose footage was deleted says so when it is resumed, and keeps its checkpoint', async () => {
    const own = file('own', 'test.mp4')
    makeTinyClip(own)
    const training = start()
    const request = tinyRequest([own], LONG)
    await training.calls.start({ folder: file('deleted'), request }, places)
    await training.heard('checkpoint')
    // What is decoded is in the cache: a run that goes on does not need the file.
    await rm(own)
    const step = metrics('deleted').at(-1)!.step
    await training.heard('metrics', ({ steps }) => steps.at(-1)!.step > step + 3)
    await training.calls.stop()
    const kept = checkpoints('deleted')
    await expect(
      start().calls.start({ folder: file('deleted'), request: undefined }, places),
    ).rejects.toThrow(/test\.mp4/)
    expect(checkpoints('deleted')).toEqual(kept)
  })

  it('whose decoded frames are removed under it ends with one sentence and its last steps', async () => {
    const training = start()
    const cache = { ...places, cacheFolder: file('cache-2') }
    await training.calls.start({ folder: file('robbed'), request: tinyRequest([clip], LONG) }, cache)
    await training.heard('metrics')
    for (const name of readdirSync(file('cache-2', 'frames')).filter((entry) => !entry.startsWith('.')))
      await rm(file('cache-2', 'frames', name), { recursive: true })
    const end = await training.heard('ended')
    expect(end).toMatchObject({ reason: 'failed' })
    expect(end.message).toMatch(/^[^\n]+\.$/)
    expect(checkpoints('robbed')).not.toEqual([])
  })

  it('that was begun with settings that cannot be leaves no folder', async () => {
    await expect(
      start().calls.start(
        { folder: file('never'), request: tinyRequest([clip], { model: { imageSize: 33 } }) },
        places,
      ),
    ).rejects.toThrow(/model\.imageSize/)
    expect(existsSync(file('never'))).toBe(false)
  })
})
