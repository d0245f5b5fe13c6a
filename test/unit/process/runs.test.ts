/** Runs as a person lives through them: watched, paused, cancelled, lost with the process and gone on with. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDocument, decodeMask, encodeMask, equalMasks, iou } from '../../../model/annotation/index.ts'
import { formats, serialiseSidecar } from '../../../model/formats/index.ts'
import type { EarlierResult, ExportRequest } from '../../../model/process/index.ts'
import { root } from '../../support/cli.ts'
import { type ModelProcess, startModelProcess } from '../../support/model-process.ts'
import { temporaryFolder } from '../video/numbered-clips.ts'
import { resultsOf, SAMPLE, sampleMask, sampleRun } from './sample-run.ts'

const folder = temporaryFolder()
const options = { cacheFolder: join(folder.path, 'cache'), ffmpeg: undefined }
const settings = { preset: 'siammae', size: 96, changes: {} } as const
let model: ModelProcess

async function start(): Promise<ModelProcess> {
  const process = startModelProcess()
  await process.calls.openClip(SAMPLE, options)
  return process
}

beforeAll(async () => {
  model = await start()
})
afterAll(async () => {
  await model.stop()
  folder.remove()
})

const framesOf = (results: readonly EarlierResult[]) => results.map(({ frame }) => frame)
const upTo = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)

describe('a run', () => {
  it('gives every frame once, in order, and says how far it is', async () => {
    const ready = await model.calls.prepareModel(
      { file: undefined, device: 'cpu' },
      { clip: SAMPLE, settings },
    )
    expect(ready).toMatchObject({ device: 'cpu', model: { trained: true }, notes: [] })
    const facts = await model.calls.startRun(await sampleRun({ run: 1, settings, range: [0, 12] }))
    expect(facts.total).toBe(12)
    expect(facts.record).toMatchObject({
      id: 1,
      device: 'cpu',
      preset: 'siammae',
      direction: 'forward',
      range: [0, 12],
    })
    expect(facts.record.model.hash).toMatch(/^sha256:/)
    expect(await model.heard('runEnded', ({ run }) => run === 1)).toEqual({
      run: 1,
      reason: 'done',
      message: undefined,
    })
    expect(framesOf(resultsOf(model, 1))).toEqual(upTo(1, 12))
    for (const { entry, final } of resultsOf(model, 1)) {
      expect(entry).toMatchObject({ run: 1 })
      expect(final).toEqual(['masks'])
    }
    const batches = model.told.results.filter(({ run }) => run === 1)
    batches.forEach(({ progress }, i) => {
      expect(progress).toMatchObject({ done: i + 1, total: 12, frame: i + 1 })
    })
    expect(batches.at(-1)!.progress.framesPerSecond).toBeGreaterThan(0)
    expect(batches.at(-1)!.progress.secondsLeft).toBe(0)
  })

  it('stops working when paused, goes on, and keeps what it gave when cancelled', async () => {
    await model.calls.startRun(await sampleRun({ run: 2, settings }))
    await expect(model.calls.startRun(await sampleRun({ run: 3, settings }))).rejects.toThrow(
      /^Run 2 is still going; wait for it or cancel it first\.$/,
    )
    await model.heard('results', ({ run }) => run === 2)
    await model.calls.pauseRun(2)
    // What the engine had been given already may still be on its way.
    await wait(500)
    const given = resultsOf(model, 2).length
    const before = cpuSeconds(model.child.pid!)
    await wait(1500)
    expect(resultsOf(model, 2)).toHaveLength(given)
    if (before !== undefined) expect(cpuSeconds(model.child.pid!)! - before).toBeLessThan(0.3)
    await model.calls.resumeRun(2)
    await model.heard('results', ({ run, progress }) => run === 2 && progress.done === given + 2)
    await model.calls.cancelRun(2)
    const end = await model.heard('runEnded', ({ run }) => run === 2)
    expect(end).toEqual({ run: 2, reason: 'cancelled', message: undefined })
    const kept = resultsOf(model, 2)
    expect(framesOf(kept)).toEqual(upTo(1, kept.length))
    expect(kept.length).toBeLessThan(99)
    await wait(300)
    expect(resultsOf(model, 2)).toHaveLength(kept.length)
  })

  it('can be cancelled while it is paused', async () => {
    await model.calls.startRun(await sampleRun({ run: 4, settings }))
    await model.calls.pauseRun(4)
    await model.calls.cancelRun(4)
    expect((await model.heard('runEnded', ({ run }) => run === 4)).reason).toBe('cancelled')
  })

  it('can be paused on its way from a mark into the range', async () => {
    await model.calls.startRun(await sampleRun({ run: 9, settings, range: [60, 70] }))
    await model.calls.pauseRun(9)
    expect(resultsOf(model, 9)).toEqual([])
    await model.calls.resumeRun(9)
    await model.heard('runEnded', ({ run }) => run === 9)
    expect(framesOf(resultsOf(model, 9))).toEqual(upTo(60, 70))
  })

  it('keeps clear of what a person drew of an object that is not carried', async () => {
    const mask = await sampleMask()
    const { width, height } = mask
    const columns = [...decodeMask(mask)].flatMap((set, pixel) => (set ? [pixel % width] : []))
    const middle = columns.sort((a, b) => a - b)[columns.length >> 1]!
    const left = encodeMask(
      Uint8Array.from({ length: width * height }, (_, i) => (i % width < middle ? 1 : 0)),
      width,
      height,
    )
    const bystanders = [
      { objectId: 2, frame: 2, entry: { state: 'keyframe', occluded: false, mask: left } },
    ] as const
    await model.calls.startRun(await sampleRun({ run: 10, settings, range: [0, 3], bystanders }))
    await model.heard('runEnded', ({ run }) => run === 10)
    const shared = resultsOf(model, 10).map(({ entry }) =>
      entry.state === 'propagated' ? iou(entry.mask!, left) : undefined,
    )
    expect(shared).toEqual([expect.any(Number), 0, expect.any(Number)])
    expect(shared[0]).toBeGreaterThan(0)
    expect(shared[2]).toBeGreaterThan(0)
  })

  it('makes one entry of the mask and the keypoints of an object', async () => {
    const mask = await sampleMask()
    const keypoints = [
      { x: 300, y: 150, visibility: 'visible' },
      { x: 0, y: 0, visibility: 'absent' },
    ] as const
    const marks = [
      { objectId: 1, frame: 0, entry: { state: 'keyframe', occluded: false, mask, keypoints } },
    ] as const
    await model.calls.startRun(await sampleRun({ run: 5, settings, range: [0, 3], marks }))
    await model.heard('runEnded', ({ run }) => run === 5)
    const last = new Map(resultsOf(model, 5).map((result) => [result.frame, result.entry]))
    expect([...last.keys()]).toEqual([1, 2, 3])
    for (const entry of last.values())
      expect(entry).toMatchObject({
        state: 'propagated',
        mask: { width: mask.width, height: mask.height },
        keypoints: [{ x: expect.any(Number) }, { visibility: 'absent' }],
      })
  })

  it('that cannot be says why in one sentence', async () => {
    const damaged = join(folder.path, 'damaged.safetensors')
    writeFileSync(
      damaged,
      readFileSync(join(root, 'media', 'models', 'starter.safetensors')).subarray(0, 9000),
    )
    const refused = async (changes: Parameters<typeof sampleRun>[0]): Promise<string> => {
      const request = await sampleRun({ run: 6, settings, ...changes })
      const reason = await model.calls.startRun(request).then(
        () => 'it was started',
        (error: Error) => error.message,
      )
      expect(reason).toMatch(/^[^\n]+\.$/)
      return reason
    }
    expect(await refused({ model: { file: damaged, device: 'cpu' } })).toContain('damaged.safetensors')
    expect(await refused({ model: { file: `${damaged}x`, device: 'cpu' } })).toMatch(/does not exist/)
    expect(await refused({ model: { file: undefined, device: 'abacus' } })).toMatch(/no device "abacus"/)
    expect(await refused({ marks: [] })).toMatch(/^Nothing is marked/)
    expect(await refused({ range: [0, 100] })).toMatch(/frames are 0 to 99/)
    expect(await refused({ direction: 'backward' })).toMatch(
      /^Nothing leads backward into the frames 0 to 99/,
    )
    expect(await refused({ settings: { ...settings, changes: { topK: 0 } } })).toMatch(/topK/)
    expect(await refused({ clip: join(folder.path, 'no.mp4') })).toMatch(/not open/)
    // None of this is in the way of the next run.
    await model.calls.startRun(await sampleRun({ run: 7, settings, range: [0, 2] }))
    expect((await model.heard('runEnded', ({ run }) => run === 7)).reason).toBe('done')
  })
})

describe('a run whose process is killed', () => {
  it('goes on from its last frames, with the results that it would have given', async () => {
    const request = await sampleRun({ run: 8, settings, range: [0, 30] })
    await model.calls.startRun(request)
    await model.heard('runEnded', ({ run }) => run === 8)
    const whole = resultsOf(model, 8)

    const first = await start()
    await first.calls.startRun(request)
    await first.heard('results', ({ progress }) => progress.done === 9)
    await first.stop('SIGKILL')
    const earlier = resultsOf(first, 8)

    const second = await start()
    const facts = await second.calls.startRun({ ...request, earlier })
    expect(facts.total).toBe(30 - earlier.length)
    await second.heard('runEnded')
    const rest = resultsOf(second, 8)
    expect(framesOf([...earlier, ...rest])).toEqual(upTo(1, 30))
    rest.forEach(({ frame, entry }, i) => {
      const expected = whole[earlier.length + i]!.entry
      expect(entry.state, `frame ${frame}`).toBe(expected.state)
      if (entry.state !== 'propagated' || expected.state !== 'propagated') return
      const same = equalMasks(entry.mask!, expected.mask!) ? 1 : iou(entry.mask!, expected.mask!)
      expect(same, `frame ${frame}`).toBeGreaterThanOrEqual(0.95)
    })
    await second.stop()
  })
})

describe('an export', () => {
  async function request(changes: Partial<ExportRequest> = {}): Promise<ExportRequest> {
    const mask = await sampleMask()
    const facts = await model.calls.openClip(SAMPLE, options)
    const document = createDocument({
      path: 'sample.mp4',
      hash: facts.contentHash,
      frameCount: facts.frameCount,
      width: facts.width,
      height: facts.height,
    })
    document.apply({ kind: 'putLabel', label: { id: 1, name: 'thing', colour: '#ff0000' } })
    document.apply({ kind: 'putObject', object: { id: 1, name: 'one', labelId: 1 } })
    for (let frame = 0; frame < 40; frame++)
      document.apply({
        kind: 'setEntry',
        objectId: 1,
        frame,
        entry: { state: 'keyframe', occluded: false, mask },
      })
    return {
      clip: SAMPLE,
      sidecar: serialiseSidecar(document),
      format: 'davis',
      folder: join(folder.path, 'dataset'),
      pictures: true,
      ...changes,
    }
  }

  it('writes what can be read back, with progress', async () => {
    const wanted = await request()
    const result = await model.calls.exportDataset('job', wanted)
    expect(result.files).toBeGreaterThanOrEqual(80)
    const document = await formats.davis.read(wanted.folder)
    expect(document.frames(1)).toEqual(upTo(0, 39))
    expect(join(wanted.folder, document.video.path), 'told from the dataset').toBe(SAMPLE)
    const { done, total } = model.told.exporting.at(-1)!
    expect(done).toBe(total)
  })

  it('does not replace another video of the same name, and says which one is there', async () => {
    const wanted = await request({ folder: join(folder.path, 'sessions') })
    const sidecar = wanted.sidecar.replace(/"hash": ?"sha256:[^"]*"/, '"hash":"sha256:00"')
    expect(sidecar).not.toBe(wanted.sidecar)
    await model.calls.exportDataset('first', wanted)
    await expect(model.calls.exportDataset('second', { ...wanted, sidecar })).rejects.toThrow(
      /^\S+sessions holds a sequence sample of another video \(\S+media\/sample\.mp4\), so it is not replaced; [^\n]*$/,
    )
  })

  it('that is cancelled leaves nothing, and one that cannot be says why', async () => {
    const target = join(folder.path, 'cancelled')
    const written = model.calls.exportDataset('other', await request({ folder: target })).then(
      () => 'done',
      (error: Error) => error.message,
    )
    await model.calls.cancelExport('other')
    expect(await written).toBe('Stopped on request.')
    await expect(model.calls.exportDataset('a', await request({ format: 'stone' }))).rejects.toThrow(
      /^There is no dataset format "stone"; choose one of davis, youtube-vis, coco\.$/,
    )
    await expect(model.calls.exportDataset('b', await request({ sidecar: '{' }))).rejects.toThrow(
      /^The side-car of sample\.mp4 is damaged[^\n]*$/,
    )
  })
})

it('the examination says what works', async () => {
  const report = await model.calls.doctor()
  expect(report.tool).toMatch(/^siammae /)
  expect(report.devices.find(({ device }) => device === 'cpu')).toMatchObject({ ok: true })
  expect(report.ffmpeg).toMatchObject({ version: expect.any(String) })
  expect(report.model).toMatchObject({ trained: true })
})

/** Processor time that a process has used, where the system tells. */
function cpuSeconds(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
