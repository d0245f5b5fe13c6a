/** What is kept from run to run survives the loss of its engine: one run fails, the next one has another engine. */
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { UserError } from '../../../model/errors.ts'
import type { Clips } from '../../../model/process/clips.ts'
import { Inspections } from '../../../model/process/inspections.ts'
import { type Fit, WarmModel } from '../../../model/process/warm-model.ts'
import { PRESETS } from '../../../model/propagation/index.ts'
import { Engine } from '../../../model/runtime/index.ts'
import { openVideo, type VideoSource } from '../../../model/video/index.ts'
import { root } from '../../support/cli.ts'
import { SAMPLE } from './sample-run.ts'

const choice = { file: undefined, device: 'cpu' }
let source: VideoSource
let warm: WarmModel

beforeAll(async () => {
  source = await openVideo(SAMPLE)
})
afterAll(async () => {
  await source.close()
})
beforeEach(() => {
  warm = new WarmModel()
})
afterEach(async () => {
  vi.restoreAllMocks()
  await warm.discard()
})

const fitAt = (short: number): Fit => ({
  source,
  settings: PRESETS.siammae,
  short,
  featureBytes: 10 * 1024 ** 2,
})

/** As a run sets itself up. @returns the engine that it would use */
async function setUp(short: number, file?: string): Promise<Engine> {
  const ready = await warm.prepare({ ...choice, file })
  await warm.fit(ready, fitAt(short))
  return ready.engine
}

/** The next graph is not compiled: memory has run out, or the device is gone. */
function refuseOnce(): void {
  vi.spyOn(Engine.prototype, 'load').mockRejectedValueOnce(new UserError('The device stopped working.'))
}

describe('a model that is kept', () => {
  it.each([
    ['a run', () => setUp(64)],
    ['a run that is likely', () => warm.prepareFor(choice, fitAt(64), 0)],
    ['a look', () => warm.look((open) => open(choice, fitAt(64)))],
    [
      'a look at attention',
      () => {
        const inspections = new Inspections(
          { source: async () => source } as unknown as Clips,
          warm,
          () => false,
        )
        const settings = { preset: 'siammae', size: 48, changes: {}, featureMemoryMb: 10 } as const
        return inspections.attention({ view: 'one', clip: SAMPLE, model: choice, settings, frame: 0 })
      },
    ],
  ])('gets another engine after one has failed at the set-up of %s', async (_, attempt) => {
    const first = await setUp(48)
    refuseOnce()
    await expect(attempt()).rejects.toThrow('stopped working')
    expect(await setUp(64)).not.toBe(first)
  })

  it('gets another engine after a comparison did not compile', async () => {
    const first = await setUp(48)
    const ready = await warm.prepare(choice)
    refuseOnce()
    const wider = { ...fitAt(48), settings: { ...PRESETS.siammae, topK: 3 } }
    await expect(warm.fit(ready, wider)).rejects.toThrow('stopped working')
    await warm.fit(await warm.prepare(choice), wider)
    expect((await warm.prepare(choice)).engine).not.toBe(first)
  })

  it('fails once on an engine that has died between runs', async () => {
    const first = await setUp(48)
    await first.close()
    await expect(setUp(64)).rejects.toThrow()
    expect(await setUp(64)).not.toBe(first)
  })

  it('takes another model all the same after its engine has died', async () => {
    const first = await setUp(48)
    await first.close()
    const file = join(root, 'media', 'models', 'starter.safetensors')
    expect(await setUp(48, file)).not.toBe(first)
  })

  it('keeps its engine where only a setting is wrong', async () => {
    const first = await setUp(48)
    await expect(setUp(4096)).rejects.toThrow(/choose a size of/)
    expect(await setUp(64)).toBe(first)
  })
})
