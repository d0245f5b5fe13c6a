/** Looks into the model of the editor's process: the newest counts, a propagation goes first, cached frames answer at once. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { partsOf } from '../../../extension/sentence.ts'
import { patchAt } from '../../../model/inspection/index.ts'
import type { CorrespondenceRequest, RunSettings } from '../../../model/process/index.ts'
import { type ModelProcess, startModelProcess } from '../../support/model-process.ts'
import { temporaryFolder } from '../video/numbered-clips.ts'
import { resultsOf, SAMPLE, sampleRun } from './sample-run.ts'

const folder = temporaryFolder()
const settings: RunSettings = { preset: 'siammae', size: 96, changes: {} }
let model: ModelProcess

const request = (changes: Partial<CorrespondenceRequest> = {}): CorrespondenceRequest => ({
  view: 'view 1',
  clip: SAMPLE,
  model: { file: undefined, device: 'cpu' },
  settings,
  reference: 0,
  frame: 5,
  x: 199.5,
  y: 215.2,
  topK: 7,
  ...changes,
})

beforeAll(async () => {
  model = startModelProcess()
  await model.calls.openClip(SAMPLE, { cacheFolder: join(folder.path, 'cache'), ffmpeg: undefined })
})
afterAll(async () => {
  await model.stop()
  folder.remove()
})

const BUSY = /^A propagation has the model to itself; look into the model when it has ended, or stop it\.$/

describe('a look into the model', () => {
  it('tells where a patch is found, on which network, and how similar everything else is', async () => {
    const seen = (await model.calls.inspectCorrespondence(request()))!
    const { grid, size, device } = seen.network
    expect(device).toBe('cpu')
    expect(seen.network.model.trained).toBe(true)
    expect(size).toEqual({ width: 168, height: 96 })
    expect(seen.patch).toEqual(patchAt(199.5, 215.2, { width: 640, height: 360 }, grid))
    expect(seen.similarity).toHaveLength(grid.rows * grid.columns)
    expect(seen.matches).toHaveLength(7)
    const sorted = [...seen.similarity].sort((a, b) => b - a)
    expect(seen.matches.map(({ similarity }) => similarity)).toEqual(sorted.slice(0, 7))
    const [best] = seen.matches
    expect(seen.similarity[best!.row * grid.columns + best!.column]).toBe(best!.similarity)

    const itself = (await model.calls.inspectCorrespondence(request({ frame: 0 })))!
    expect(itself.matches[0]).toMatchObject(seen.patch)
    expect(itself.matches[0]!.similarity).toBeCloseTo(1, 4)
  })

  it('tells what [CLS] looks at, head by head', async () => {
    const seen = (await model.calls.inspectAttention(request({ frame: 7 })))!
    const count = seen.network.grid.rows * seen.network.grid.columns
    expect(seen.maps).toHaveLength(seen.heads * count)
    expect(seen.mean).toHaveLength(count)
    for (let head = 0; head < seen.heads; head++) {
      const sum = seen.maps.slice(head * count, (head + 1) * count).reduce((a, b) => a + b, 0)
      expect(sum).toBeCloseTo(seen.onPatches[head]!, 4)
      expect(sum).toBeLessThanOrEqual(1.0001)
    }
    // Asked again it is there already, and is the same.
    expect((await model.calls.inspectAttention(request({ frame: 7 })))!.maps).toEqual(seen.maps)
  })

  it('of a view is answered where it is the newest; other views have their own', async () => {
    const frames = [11, 12, 13, 14, 15]
    const [other, ...answers] = await Promise.all([
      model.calls.inspectCorrespondence(request({ view: 'view 2', frame: 16 })),
      ...frames.map((frame) => model.calls.inspectCorrespondence(request({ frame }))),
    ])
    expect(answers.map((answer) => answer !== undefined)).toEqual([false, false, false, false, true])
    expect(other).toBeDefined()
    const ended = model.calls.inspectCorrespondence(request({ frame: 17 }))
    await model.calls.endInspection('view 1')
    expect(await ended).toBeUndefined()
  })

  it('is refused while a propagation goes on, also while that is paused, and works again afterwards', async () => {
    await model.calls.startRun(await sampleRun({ run: 1, settings }))
    await expect(model.calls.inspectCorrespondence(request())).rejects.toThrow(BUSY)
    await model.calls.pauseRun(1)
    await expect(model.calls.inspectAttention(request())).rejects.toThrow(BUSY)
    await model.calls.resumeRun(1)
    await model.calls.cancelRun(1)
    expect(await model.calls.inspectCorrespondence(request())).toBeDefined()
  })

  it('gives way to a propagation that starts, which comes to its end', async () => {
    // Another size, so that everything would have to be made for the look and once more for the run.
    const look = model.calls
      .inspectCorrespondence(request({ frame: 40, settings: { ...settings, size: 240 } }))
      .catch((error: Error) => error)
    await model.calls.startRun(await sampleRun({ run: 2, settings, range: [0, 4] }))
    const end = await model.heard('runEnded', ({ run }) => run === 2)
    expect(end.reason).toBe('done')
    expect(resultsOf(model, 2)).toHaveLength(4)
    expect(await look).toMatchObject({ message: expect.stringMatching(BUSY) })
    // Its words cross the border with it, so that the editor can translate them.
    expect(partsOf(await look)).toMatchObject({ template: expect.stringMatching(BUSY), values: [] })
  })

  it('says in one sentence what is wrong with what it is asked', async () => {
    for (const [wrong, sentence] of [
      [{ frame: 100 }, /^The clip has no frame 100; its frames are 0 to 99\.$/],
      [{ reference: -1 }, /^The clip has no frame -1;/],
      [{ clip: join(folder.path, 'other.mp4') }, /is not open any more; open it again\.$/],
      [{ model: { file: join(folder.path, 'none.safetensors'), device: 'cpu' } }, /none\.safetensors/],
      [{ settings: { ...settings, size: 5 } }, /^The network's size 5 must be from 16 to 4096 pixels\.$/],
    ] as const)
      await expect(model.calls.inspectCorrespondence(request(wrong))).rejects.toThrow(sentence)
    const error = await model.calls.inspectCorrespondence(request({ frame: 100 })).catch((thrown) => thrown)
    expect(partsOf(error)).toEqual({
      template: 'The clip has no frame {0}; its frames are 0 to {1}.',
      values: [100, 99],
    })
    expect(await model.calls.inspectCorrespondence(request())).toBeDefined()
  })

  it('follows a pointer within 100 ms once both frames are known, at the size that people use', async () => {
    const large = { ...settings, size: 480 }
    await model.calls.inspectCorrespondence(request({ settings: large }))
    const times: number[] = []
    for (let i = 0; i < 25; i++) {
      const start = performance.now()
      const seen = await model.calls.inspectCorrespondence(
        request({ settings: large, x: 20 + 24 * i, y: 10 + 13 * i }),
      )
      times.push(performance.now() - start)
      expect(seen!.similarity).toHaveLength(60 * 107)
    }
    times.sort((a, b) => a - b)
    console.log(
      `one row of similarities at 480: ${times[12]!.toFixed(1)} ms, worst ${times[24]!.toFixed(1)} ms`,
    )
    expect(times[12]).toBeLessThan(100)
  })
})
