/** Protects: one training at a time, propagation first, and a run that outlives its process and its window. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ProcessLostError } from '../../../extension/model-client/index.ts'
import type { Trainings } from '../../../extension/training/trainings.ts'
import { CancelledError } from '../../../model/errors.ts'
import { closeWindows, facts, openWindow, REQUEST, RUN, record, settled, step } from './fake-training.ts'

afterEach(closeWindows)

describe('a training', () => {
  it('is on the list with its steps, its loss and the time that is left', async () => {
    const { trainings, lives } = openWindow()
    const steps: number[] = []
    trainings.onSteps((batch) => steps.push(...batch.steps.map((one) => one.step)))
    await trainings.start(RUN, REQUEST, 100)
    lives[0]!.told.metrics({ steps: [step(1), step(2)], smoothedLoss: 0.7, memoryBytes: 5e8 })
    expect(trainings.find(RUN)).toMatchObject({
      state: 'running',
      step: 2,
      steps: 100,
      loss: 0.7,
      device: 'cpu',
      pairsPerSecond: 4,
      // 98 steps of 8 pairs at 4 pairs per second.
      secondsLeft: 196,
      memoryBytes: 5e8,
    })
    expect(steps).toEqual([1, 2])
    expect(trainings.current?.folder).toBe(RUN)
  })

  it('that cannot begin leaves nothing behind and says why', async () => {
    const { trainings, next, kinds } = openWindow()
    next.answer = async () => {
      throw new Error('batch is 0; it must be a whole number.')
    }
    await expect(trainings.start(RUN, REQUEST, 100)).rejects.toThrow('batch is 0')
    expect(trainings.all).toEqual([])
    expect(kinds()).toEqual([])
  })

  it('is alone: another one is refused while it goes on', async () => {
    const { trainings } = openWindow()
    await trainings.start(RUN, REQUEST, 100)
    await expect(trainings.start('/runs/two', REQUEST, 100)).rejects.toThrow(/one is going on; pause or stop/)
    expect(trainings.all).toHaveLength(1)
  })

  it('that is paused gives its process up for another one, and stays paused', async () => {
    const { trainings, lives } = openWindow()
    await trainings.start(RUN, REQUEST, 100)
    await trainings.pause(RUN)
    expect(lives[0]!.asked).toContain('pause')
    await trainings.start('/runs/two', REQUEST, 100)
    expect(lives[0]!.asked.at(-1)).toBe('stop')
    expect(trainings.find(RUN)!.state).toBe('paused')
    expect(trainings.current?.folder).toBe('/runs/two')
  })

  it('is not started, nor gone on with, in a workspace that is not trusted', async () => {
    const { trainings, lives } = openWindow({ isTrusted: () => false }, [record({ wish: 'run' })])
    await expect(trainings.start('/runs/two', REQUEST, 100)).rejects.toThrow(/not trusted/)
    await trainings.goOn()
    expect(lives).toEqual([])
  })

  it('ends with its model, one news, and no process', async () => {
    const { trainings, lives, kinds } = openWindow()
    await trainings.start(RUN, REQUEST, 100)
    lives[0]!.end({ step: 100, model: { file: '/m.safetensors', name: 'SiamMAE ViT-S/16', step: 100 } })
    await settled()
    expect(trainings.find(RUN)).toMatchObject({ state: 'done', step: 100, model: { step: 100 } })
    expect(trainings.current).toBeUndefined()
    expect(lives[0]!.closed).toBe(true)
    expect(kinds()).toEqual(['done'])
    await expect(trainings.resume(RUN)).rejects.toThrow(/has done all its steps/)
  })

  it('that failed is kept with its sentence, and can be resumed', async () => {
    const { trainings, lives, news } = openWindow()
    await trainings.start(RUN, REQUEST, 100)
    lives[0]!.end({ reason: 'failed', message: 'The disk is full; free some space.' })
    await settled()
    expect(news).toMatchObject([{ kind: 'failed', message: 'The disk is full; free some space.' }])
    expect(trainings.find(RUN)).toMatchObject({
      state: 'failed',
      message: 'The disk is full; free some space.',
    })
    await trainings.resume(RUN)
    expect(trainings.find(RUN)).toMatchObject({ state: 'running', message: undefined })
  })

  it('is taken off the list only when it has no process', async () => {
    const { trainings } = openWindow()
    await trainings.start(RUN, REQUEST, 100)
    expect(() => trainings.forget(RUN)).toThrow(/going on; stop it first/)
    await trainings.stop(RUN)
    trainings.forget(RUN)
    expect(trainings.all).toEqual([])
  })

  it('makes a model once per step that it stands at, and forgets the old one in the registry', async () => {
    const { trainings, lives } = openWindow()
    await trainings.start(RUN, REQUEST, 100)
    lives[0]!.told.metrics({ steps: [step(7)], smoothedLoss: 1, memoryBytes: 1 })
    expect((await trainings.keep(RUN)).file).toBe('/m.safetensors')
    trainings.tellModelId(RUN, 'model-1')
    expect((await trainings.keep(RUN)).file).toBe('/m.safetensors')
    expect(trainings.find(RUN)!.modelId).toBe('model-1')
    await trainings.resume(RUN)
    lives[1]!.told.metrics({ steps: [step(8)], smoothedLoss: 1, memoryBytes: 1 })
    await trainings.stop(RUN)
    // The fake says that it stopped at step 7 again; what counts is that a new model has no entry yet.
    await trainings.resume(RUN)
    await trainings.stop(RUN, true)
    expect(trainings.find(RUN)!.modelId).toBeUndefined()
  })
})

describe('propagation goes first', () => {
  it('a training rests while one runs, says so, and goes on after it', async () => {
    const { trainings, lives, propagate } = openWindow()
    await trainings.start(RUN, REQUEST, 100)
    propagate(true)
    expect(lives[0]!.asked.at(-1)).toBe('pause')
    expect(trainings.find(RUN)!.state).toBe('waiting')
    propagate(false)
    expect(lives[0]!.asked.at(-1)).toBe('resume')
    expect(trainings.find(RUN)!.state).toBe('running')
  })

  it('one that a person has paused stays so', async () => {
    const { trainings, lives, propagate } = openWindow()
    await trainings.start(RUN, REQUEST, 100)
    await trainings.pause(RUN)
    propagate(true)
    propagate(false)
    expect(lives[0]!.asked.at(-1)).toBe('pause')
    expect(trainings.find(RUN)!.state).toBe('paused')
  })

  it('one that begins meanwhile begins at rest', async () => {
    const { trainings, lives, propagate } = openWindow()
    propagate(true)
    await trainings.start(RUN, REQUEST, 100)
    expect(lives[0]!.asked[0]).toBe('start at rest')
  })
})

describe('an estimate', () => {
  const estimate = (trainings: Trainings, stages: string[], signal = new AbortController().signal) =>
    trainings.estimate(REQUEST, ({ stage }) => stages.push(stage), signal)

  it('waits for a propagation, says so, and measures after it', async () => {
    const { trainings, lives, propagate } = openWindow()
    const stages: string[] = []
    propagate(true)
    const measured = estimate(trainings, stages)
    await settled()
    expect(stages).toEqual(['waiting'])
    expect(lives).toEqual([])
    propagate(false)
    await vi.waitFor(() => expect(lives).toHaveLength(1))
    lives[0]!.measured()
    expect(await measured).toEqual({ secondsPerStep: 1 })
  })

  it('is measured anew when a propagation begins meanwhile', async () => {
    const { trainings, lives, propagate } = openWindow()
    const stages: string[] = []
    const measured = estimate(trainings, stages)
    await vi.waitFor(() => expect(lives).toHaveLength(1))
    propagate(true)
    await vi.waitFor(() => expect(stages).toEqual(['waiting']))
    expect(lives[0]!.asked).toEqual(['estimate', 'cancel'])
    propagate(false)
    await vi.waitFor(() => expect(lives).toHaveLength(2))
    lives[1]!.measured()
    expect(await measured).toEqual({ secondsPerStep: 1 })
    expect(lives[0]!.closed).toBe(true)
  })

  it('can be given up while it waits, and is refused without trust at once', async () => {
    const { trainings, lives, propagate } = openWindow()
    propagate(true)
    const controller = new AbortController()
    const waiting = estimate(trainings, [], controller.signal)
    controller.abort()
    await expect(waiting).rejects.toThrow(CancelledError)
    expect(lives).toEqual([])
    const untrusted = openWindow({ isTrusted: () => false })
    untrusted.propagate(true)
    await expect(estimate(untrusted.trainings, [])).rejects.toThrow(/not trusted/)
  })
})

describe('a lost process', () => {
  it('costs one news: the run goes on by itself', async () => {
    const { trainings, lives, kinds, next } = openWindow()
    await trainings.start(RUN, REQUEST, 100)
    next.answer = async (folder) => facts(folder, 40)
    lives[0]!.die()
    await vi.waitFor(() => expect(lives).toHaveLength(2), 3000)
    await vi.waitFor(() => expect(trainings.find(RUN)).toMatchObject({ state: 'running', step: 40 }))
    expect(kinds()).toEqual(['lost'])
  })

  it('three times within a minute is given up, and the run is kept', async () => {
    const { trainings, lives, kinds } = openWindow()
    await trainings.start(RUN, REQUEST, 100)
    for (let life = 0; life < 3; life++) {
      await vi.waitFor(() => expect(lives).toHaveLength(life + 1), 3000)
      await settled()
      lives[life]!.die()
    }
    await vi.waitFor(() => expect(trainings.find(RUN)!.state).toBe('failed'), 3000)
    expect(kinds()).toEqual(['lost', 'lost', 'gaveUp'])
    expect(trainings.find(RUN)!.message).toMatch(/SIGKILL/)
    await trainings.resume(RUN)
    expect(trainings.find(RUN)!.state).toBe('running')
  })

  it('before the first step is started again too; who waits for the start hears of the second', async () => {
    const { trainings, lives, next } = openWindow()
    next.answer = () => Promise.reject(new ProcessLostError('gone'))
    const started = trainings.start(RUN, REQUEST, 100)
    await vi.waitFor(() => expect(lives).toHaveLength(1))
    next.answer = async (folder) => facts(folder)
    lives[0]!.die()
    await started
    expect(lives).toHaveLength(2)
    expect(trainings.find(RUN)!.state).toBe('running')
  })

  it('that is ended by a person, because it does not stop, is the end', async () => {
    const { trainings, lives, kinds } = openWindow()
    await trainings.start(RUN, REQUEST, 100)
    lives[0]!.onStop = () => {}
    const stopped = trainings.stop(RUN)
    await settled()
    expect(trainings.find(RUN)!.state).toBe('stopping')
    await trainings.endProcess(RUN)
    await stopped
    expect(trainings.current).toBeUndefined()
    expect(lives).toHaveLength(1)
    expect(kinds()).toEqual([])
  })

  it('while it is stopped is the end, without a restart', async () => {
    const { trainings, lives, kinds } = openWindow()
    await trainings.start(RUN, REQUEST, 100)
    const life = lives[0]!
    life.onStop = () => life.die()
    await trainings.stop(RUN)
    expect(lives).toHaveLength(1)
    expect(trainings.current).toBeUndefined()
    expect(kinds()).not.toContain('lost')
  })

  it('is not started again once it is stopped meanwhile, which is no failure', async () => {
    const { trainings, lives, kinds } = openWindow()
    await trainings.start(RUN, REQUEST, 100)
    lives[0]!.die()
    await vi.waitFor(() => expect(trainings.find(RUN)!.state).toBe('restarting'))
    await trainings.stop(RUN)
    expect(lives).toHaveLength(1)
    expect(trainings.find(RUN)!.state).toBe('stopped')
    expect(kinds()).toEqual(['lost'])
  })

  it('of a run that is paused meanwhile makes room for another one, and stays paused', async () => {
    const { trainings, lives } = openWindow()
    await trainings.start(RUN, REQUEST, 100)
    lives[0]!.die()
    await vi.waitFor(() => expect(trainings.find(RUN)!.state).toBe('restarting'))
    await trainings.pause(RUN)
    await trainings.start('/runs/two', REQUEST, 100)
    expect(lives).toHaveLength(2)
    expect(trainings.find(RUN)!.state).toBe('paused')
  })
})

describe('after a reload of the window', () => {
  it('a run that was going on goes on, said aloud', async () => {
    const { trainings, lives, news, next } = openWindow({}, [record({})])
    next.answer = async (folder) => facts(folder, 12)
    await trainings.goOn()
    expect(lives).toHaveLength(1)
    expect(news).toMatchObject([{ kind: 'wentOn', run: { name: 'one', step: 12 } }])
  })

  it.each([
    ['was paused', { wish: 'pause' }, 'paused'],
    ['was stopped', { wish: 'stop' }, 'stopped'],
    ['was done', { outcome: 'done' }, 'done'],
    ['had failed', { outcome: 'failed', message: 'no' }, 'failed'],
  ])('one that %s stays so', async (_, changes, state) => {
    const { trainings, lives } = openWindow({}, [record(changes)])
    await trainings.goOn()
    expect(lives).toEqual([])
    expect(trainings.find(RUN)!.state).toBe(state)
  })

  it('waits for the old window, which may still write its checkpoint', async () => {
    let tries = 0
    const { trainings, next, kinds } = openWindow({}, [record({})])
    next.answer = async (folder) =>
      ++tries < 3 ? { inUse: `${folder} is in use by process 7.` } : facts(folder)
    await trainings.goOn()
    expect(tries).toBe(3)
    expect(kinds()).toEqual(['wentOn'])
  })

  it('says in one sentence that another window has the run', async () => {
    const { trainings, next, news } = openWindow({}, [record({})])
    next.answer = async (folder) => ({ inUse: `${folder} is in use by process 7.` })
    await trainings.goOn()
    expect(news).toMatchObject([{ kind: 'inUse', message: '/runs/one is in use by process 7.' }])
    expect(trainings.current).toBeUndefined()
  })

  it('a run whose footage is gone is kept and says so', async () => {
    const { trainings, next, news } = openWindow({}, [record({})])
    next.answer = () => Promise.reject(new Error('Cannot open /clips/a.mp4: it does not exist.'))
    await trainings.goOn()
    expect(news).toMatchObject([{ kind: 'failed', message: 'Cannot open /clips/a.mp4: it does not exist.' }])
    expect(trainings.find(RUN)!.state).toBe('failed')
  })

  it('reads only what is whole of the list', () => {
    const { trainings } = openWindow({}, [
      record({}),
      { folder: 3 },
      'x',
      record({ folder: '/runs/b', steps: -1 }),
    ])
    expect(trainings.all.map(({ folder }) => folder)).toEqual([RUN])
    expect(openWindow({}, 'damaged').trainings.all).toEqual([])
  })

  it('a window that closes leaves the run to go on in the next one', async () => {
    const { trainings, lives, store } = openWindow()
    await trainings.start(RUN, REQUEST, 100)
    trainings.dispose()
    expect(lives[0]!.closed).toBe(true)
    const again = openWindow({}, store.kept)
    await again.trainings.goOn()
    expect(again.kinds()).toEqual(['wentOn'])
  })
})
