/** How long a person waits for the first propagated frame when the model was made ready before; printed, not judged. */
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { startModelProcess } from '../../support/model-process.ts'
import { temporaryFolder } from '../video/numbered-clips.ts'
import { resultsOf, SAMPLE, sampleRun } from './sample-run.ts'

const folder = temporaryFolder()
/** As the settings of the extension are when nobody has changed them. */
const settings = { preset: 'siammae', size: 480, changes: {}, featureMemoryMb: 1024 } as const
const model = { file: undefined, device: 'cpu' } as const

afterAll(() => folder.remove())

async function firstFrame(ready: boolean): Promise<{ seconds: number; text: string; pass: number }> {
  const process = startModelProcess()
  try {
    await process.calls.openClip(SAMPLE, { cacheFolder: join(folder.path, 'cache'), ffmpeg: undefined })
    if (ready) await process.calls.prepareModel(model, { clip: SAMPLE, settings, frame: 0 })
    else await process.calls.prepareModel(model)
    const passes = process.told.log.flatMap(
      ({ text }) => /went through it in ([\d.]+) s/.exec(text)?.[1] ?? [],
    )
    // What is ready is not made ready again.
    if (ready) await process.calls.prepareModel(model, { clip: SAMPLE, settings, frame: 0 })
    const start = performance.now()
    await process.calls.startRun(await sampleRun({ settings }))
    const setUp = (performance.now() - start) / 1000
    await process.heard('results')
    const seconds = (performance.now() - start) / 1000
    expect(resultsOf(process, 1)[0]?.frame).toBe(1)
    expect(passes).toHaveLength(ready ? 1 : 0)
    expect(process.told.log.filter(({ text }) => text.includes('went through'))).toHaveLength(passes.length)
    const text = `${seconds.toFixed(2)} s, of these ${setUp.toFixed(2)} s until it was set up`
    return { seconds, text, pass: Number(passes[0] ?? Number.NaN) }
  } finally {
    await process.stop()
  }
}

it('comes at once from a network that has seen its frame', { timeout: 180_000 }, async () => {
  const cold = await firstFrame(false)
  const ready = await firstFrame(true)
  console.log(
    `first propagated frame at ${settings.size}: ${ready.text} (a first encoder pass took ${ready.pass.toFixed(2)} s); with the model only loaded: ${cold.text}`,
  )
})
