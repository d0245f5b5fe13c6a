/** A training begun with a few clicks outlives its window: closed, opened again, it goes on where it was. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, it } from 'vitest'
import { processesOf, trainingProcesses } from './driver/processes.ts'
import { editorSuite } from './support/suite.ts'
import { until } from './support/until.ts'

const linux = process.platform === 'linux'
if (!linux && inject('server'))
  console.log('SKIPPED: a training over a reload of the window; it reads /proc.')

editorSuite('a training in VS Code', {}, (place) => {
  /** The steps in the log of the only run. */
  const steps = (): number[] => {
    const runs = join(place().folder, 'siammae-runs')
    const names = existsSync(runs) ? readdirSync(runs) : []
    const file = names.map((name) => join(runs, name, 'metrics.jsonl')).find((path) => existsSync(path))
    if (file === undefined) return []
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
    return lines.map((line) => JSON.parse(line).step)
  }

  it.skipIf(!linux)('begins from the Explorer', async () => {
    const { workbench } = place()
    await workbench.fromMenu('sample.mp4', 'Fine-Tune on Footage')
    const form = await until('the form', async () => (await workbench.views())[0])
    await form.getByRole('button', { name: 'Start Fine-Tuning' }).click()
    await until('some steps', () => steps().length >= 3, 120)
    expect(trainingProcesses(processesOf(workbench.server.group)).length).toBe(1)
    await workbench.screenshot('training')
  })

  it.skipIf(!linux)('goes on after the window was loaded anew, and says so', async () => {
    const { workbench, folder } = place()
    const session = workbench.server.group
    const before = trainingProcesses(processesOf(session)).map(({ id }) => id)
    await workbench.page.goto('about:blank')
    await until(
      'the training process to end',
      () => trainingProcesses(processesOf(session)).length === 0,
      120,
    )
    const done = steps().length
    await workbench.load(folder)
    const after = await until('a training process', () => trainingProcesses(processesOf(session))[0], 120)
    expect(before).not.toContain(after.id)
    await until('it to be said', async () =>
      (await workbench.notifications()).some((text) => /goes on from step \d+ of 100/.test(text)),
    )
    await workbench.screenshot('training-goes-on')
    await until('more steps', () => steps().length > done + 1, 120)
    // None is lost and none is done twice.
    expect(steps()).toEqual(steps().map((_, at) => at + 1))
  })
})
