/** The model process can be lost at any moment, and nothing is left running when the window closes. */
import { join } from 'node:path'
import { expect, inject, it } from 'vitest'
import { readSidecar } from '../../model/formats/index.ts'
import { modelProcesses, processesOf } from './driver/processes.ts'
import { editorSuite } from './support/suite.ts'
import { truth, wayThrough } from './support/truth.ts'
import { until } from './support/until.ts'

const linux = process.platform === 'linux'
if (!linux && inject('server'))
  console.log('SKIPPED: the model process killed in the middle; it reads /proc.')

// What is labelled does not matter here, only that it goes on.
editorSuite('the model process', { settings: { 'siammae.networkSize': 128 } }, (place) => {
  it.skipIf(!linux)('is killed in the middle of a run, and the run goes on', async () => {
    const { workbench, folder } = place()
    const session = workbench.server.group
    const view = await workbench.annotate('sample.mp4')
    await view.waitForFrame(0)
    await workbench.newObject('koi', 'black koi')
    await view.draw(wayThrough(await truth(0, 2), 14))
    await view.key('f')
    await until('some results', async () => ((await view.run())?.done ?? 0) > 20, 120)
    const before = modelProcesses(session)
    expect(before.length).toBe(1)
    const done = (await view.run())!.done
    process.kill(before[0]!.id, 'SIGKILL')
    const after = await until('another model process', () =>
      modelProcesses(session).find(({ id }) => id !== before[0]!.id),
    )
    expect(after.id).not.toBe(before[0]!.id)
    const resumed = await until('the run to go on', async () => {
      const run = await view.run()
      return run?.state === 'running' ? run : undefined
    })
    expect(resumed.done).toBeGreaterThanOrEqual(done)
    const told = await workbench.notifications()
    expect(told.length).toBeLessThanOrEqual(1)
    await workbench.screenshot('restarted')
    await view.runEnd()
    await workbench.save()
    const saved = await readSidecar(join(folder, 'sample.siam.json'))
    expect(saved.frames(1).length).toBe(100)
  })

  it.skipIf(!linux)('still gives pictures after it was killed between runs', async () => {
    const { workbench } = place()
    const session = workbench.server.group
    const before = modelProcesses(session).map(({ id }) => id)
    for (const id of before) process.kill(id, 'SIGKILL')
    // A view that has just been opened holds no frame yet, so that each of them comes from a process.
    await workbench.closeEditor()
    const view = await workbench.annotate('sample.mp4')
    await view.waitForFrame(0)
    await view.key('End')
    await view.waitForFrame(99)
    expect(modelProcesses(session).filter(({ id }) => !before.includes(id)).length).toBe(1)
  })

  it.skipIf(!linux)('ends when the window closes', async () => {
    const { workbench } = place()
    const session = workbench.server.group
    expect(modelProcesses(session).length).toBeGreaterThan(0)
    await workbench.page.goto('about:blank')
    await until('the extension host to end', () => {
      const left = processesOf(session).filter(({ command }) =>
        /extensionHost|model-process|ffmpeg/.test(command),
      )
      return left.length === 0
    })
  })
})
