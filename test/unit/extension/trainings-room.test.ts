/** Protects: the one process of a window goes to one run, and what a run is that gives it up or never got it. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WindowClosing } from '../../../extension/model-client/index.ts'
import { CancelledError } from '../../../model/errors.ts'
import {
  closeWindows,
  FakeProcess,
  facts,
  openWindow,
  REQUEST,
  RUN,
  record,
  settled,
  step,
} from './fake-training.ts'

afterEach(closeWindows)

const TWO = '/runs/two'
const THREE = '/runs/three'

/** A window whose first run is paused and takes its time to stop; two others were stopped. */
async function pausedOne() {
  const others = [
    record({ folder: TWO, wish: 'stop' }),
    record({ folder: THREE, name: 'three', wish: 'stop' }),
  ]
  const window = openWindow({}, others)
  await window.trainings.start(RUN, REQUEST, 100)
  await window.trainings.pause(RUN)
  const first = window.lives[0]!
  first.onStop = () => {}
  return { ...window, isStopped: () => first.end({ reason: 'stopped' }) }
}

/** A window whose first run is still prepared until it is to stop. */
function preparedOne(kept: unknown = undefined) {
  const window = openWindow({}, kept)
  let refuse = (_: Error): void => {}
  window.next.answer = () =>
    new Promise((_, reject) => {
      refuse = reject
    })
  const isPrepared = async (begun: Promise<void>) => {
    begun.catch(() => {})
    await settled()
    window.lives[0]!.onStop = () => refuse(new CancelledError())
    window.next.answer = undefined
  }
  return { ...window, isPrepared, refuse: (error: Error) => refuse(error) }
}

describe('while a paused run writes its checkpoint', () => {
  it('a second press on Resume starts no second process', async () => {
    const { trainings, lives, isStopped } = await pausedOne()
    const presses = [trainings.resume(TWO), trainings.resume(TWO)]
    await settled()
    isStopped()
    await Promise.all(presses)
    expect(lives).toHaveLength(2)
    expect(trainings.current).toMatchObject({ folder: TWO, state: 'running' })
    await trainings.stop(TWO)
    expect(lives[1]!.asked).toContain('stop')
  })

  it.each([
    ['resumed', (window: Awaited<ReturnType<typeof pausedOne>>) => window.trainings.resume(THREE)],
    [
      'started',
      (window: Awaited<ReturnType<typeof pausedOne>>) => window.trainings.start('/new', REQUEST, 9),
    ],
  ])('one of two gets its place; the other one that was %s is refused', async (_, another) => {
    const window = await pausedOne()
    const first = window.trainings.resume(TWO)
    const second = another(window)
    second.catch(() => {})
    await settled()
    window.isStopped()
    await first
    await expect(second).rejects.toThrow(/one is going on/)
    expect(window.lives).toHaveLength(2)
    expect(window.trainings.current?.folder).toBe(TWO)
    expect(window.trainings.find(THREE)!.state).toBe('stopped')
    expect(window.trainings.find('/new')).toBeUndefined()
  })

  it('a window that closes starts nothing more', async () => {
    const { trainings, lives, isStopped } = await pausedOne()
    const resumed = trainings.resume(TWO)
    resumed.catch(() => {})
    await settled()
    trainings.dispose()
    isStopped()
    await expect(resumed).rejects.toThrow(WindowClosing)
    expect(lives).toHaveLength(1)
  })

  it('a run that is taken off the list meanwhile is not resumed', async () => {
    const { trainings, lives, isStopped } = await pausedOne()
    const resumed = trainings.resume(TWO)
    trainings.forget(TWO)
    isStopped()
    await resumed
    expect(lives).toHaveLength(1)
    expect(trainings.current).toBeUndefined()
  })
})

describe('a run that is prepared', () => {
  it('is on the list, with its stage, and can be stopped, which leaves nothing behind', async () => {
    const { trainings, lives, isPrepared } = preparedOne()
    const listed = vi.fn()
    const started = trainings.start(RUN, REQUEST, 100, listed)
    await isPrepared(started)
    expect(listed).toHaveBeenCalledOnce()
    lives[0]!.told.preparing({ stage: 'decoding', name: 'a.mp4', done: 1, total: 9 })
    expect(trainings.find(RUN)).toMatchObject({ state: 'preparing', stage: { stage: 'decoding' } })
    await trainings.stop(RUN)
    await expect(started).rejects.toThrow('The training was stopped before it began.')
    expect(trainings.all).toEqual([])
  })

  it('is told of as soon as there is room for it', async () => {
    const { trainings, isStopped } = await pausedOne()
    const listed = vi.fn()
    const started = trainings.start('/new', REQUEST, 9, listed)
    await settled()
    expect(listed).not.toHaveBeenCalled()
    isStopped()
    await started
    expect(listed).toHaveBeenCalledOnce()
  })

  it('is not told of where it is refused before', async () => {
    const { trainings } = openWindow()
    await trainings.start(RUN, REQUEST, 100)
    const listed = vi.fn()
    await expect(trainings.start('/new', REQUEST, 9, listed)).rejects.toThrow(/is going on/)
    expect(listed).not.toHaveBeenCalled()
  })

  it.each([
    ['new', undefined, 0],
    ['resumed', [record({ wish: 'stop', step: 12 })], 12],
  ])('and paused makes room for another one, and stays paused: a %s one', async (_, kept, at) => {
    const { trainings, kinds, isPrepared } = preparedOne(kept)
    const begun = kept ? trainings.resume(RUN) : trainings.start(RUN, REQUEST, 100)
    await isPrepared(begun)
    await trainings.pause(RUN)
    await trainings.start(TWO, REQUEST, 100)
    // Nobody hears of a failure.
    await begun
    expect(trainings.find(RUN)).toMatchObject({ state: 'paused', message: undefined, step: at })
    expect(trainings.current?.folder).toBe(TWO)
    expect(kinds()).toEqual([])
    await trainings.pause(TWO)
    await trainings.resume(RUN)
    expect(trainings.current).toMatchObject({ folder: RUN, state: 'running' })
  })

  it('and paused, that cannot begin, leaves nothing behind and says why', async () => {
    const { trainings, isPrepared, refuse } = preparedOne()
    const started = trainings.start(RUN, REQUEST, 100)
    await isPrepared(started)
    await trainings.pause(RUN)
    refuse(new Error('Cannot open /clips/a.mp4: it does not exist.'))
    await expect(started).rejects.toThrow('Cannot open /clips/a.mp4')
    expect(trainings.all).toEqual([])
  })

  it('leaves room for another one where not even a process could be started', async () => {
    let isBroken = true
    const { trainings } = openWindow({
      connect: (functions) => {
        if (isBroken) throw new Error('spawn EAGAIN')
        return new FakeProcess(functions).connection
      },
    })
    await expect(trainings.start(RUN, REQUEST, 100)).rejects.toThrow('spawn EAGAIN')
    isBroken = false
    await trainings.start(TWO, REQUEST, 100)
    expect(trainings.current?.folder).toBe(TWO)
  })
})

it('a run that is stopped while it waits for the old window is not started again', async () => {
  const { trainings, lives, next, kinds } = openWindow({ patience: { pause: 200, tries: 3 } }, [record({})])
  next.answer = async (folder) => ({ inUse: `${folder} is in use by process 7.` })
  const wentOn = trainings.goOn()
  await vi.waitFor(() => expect(lives[0]?.closed).toBe(true))
  next.answer = async (folder) => facts(folder)
  await trainings.stop(RUN)
  await wentOn
  expect(lives).toHaveLength(1)
  expect(trainings.find(RUN)!.state).toBe('stopped')
  expect(trainings.find(RUN)!.message).toBeUndefined()
  expect(kinds()).toEqual([])
})

describe('a model that is kept', () => {
  const told = (number: number) => ({ steps: [step(number)], smoothedLoss: 1, memoryBytes: 1 })

  it('is of the last checkpoint where the run came further, which is where it stands then', async () => {
    const { trainings, lives } = openWindow()
    await trainings.start(RUN, REQUEST, 100)
    lives[0]!.end({ reason: 'failed', message: 'The loss is not a number.', step: 50 })
    await settled()
    const model = await trainings.keep(RUN)
    expect(trainings.find(RUN)).toMatchObject({ state: 'failed', step: 3, model: { step: 3 } })
    trainings.tellModelId(RUN, 'model-1')
    const processes = lives.length
    expect(await trainings.keep(RUN)).toEqual(model)
    expect(lives).toHaveLength(processes)
    expect(trainings.find(RUN)!.modelId).toBe('model-1')
  })

  it('is never an older one, also where the process is lost meanwhile', async () => {
    const { trainings, lives } = openWindow()
    await trainings.start(RUN, REQUEST, 100)
    lives[0]!.told.metrics(told(7))
    expect((await trainings.keep(RUN)).step).toBe(7)
    await trainings.resume(RUN)
    lives[1]!.told.metrics(told(80))
    lives[1]!.onStop = () => lives[1]!.die()
    expect((await trainings.keep(RUN)).file).toBe('/kept.safetensors')
  })
})
