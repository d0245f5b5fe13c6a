/** No process outlives the window that it was started for. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { root } from '../../support/cli.ts'
import { startModelProcess } from '../../support/model-process.ts'
import { temporaryFolder } from '../video/numbered-clips.ts'
import { SAMPLE, sampleRun } from './sample-run.ts'

const folder = temporaryFolder()
const parent = join(folder.path, 'parent.mjs')

beforeAll(() => {
  // A stand-in for the extension host: starts the model process, opens a clip, and says when that is done.
  writeFileSync(
    parent,
    `import { fork } from 'node:child_process'
    const child = fork(${JSON.stringify(join(root, 'dist', 'model-process.js'))}, { serialization: 'advanced' })
    child.on('message', (m) => { if (m.t === 's') process.send(child.pid) })
    child.send({ t: 'q', i: '1', m: 'openClip', a: [${JSON.stringify(SAMPLE)}, { cacheFolder: ${JSON.stringify(folder.path)} }] })`,
  )
})
afterAll(() => folder.remove())

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A process that nobody has collected yet is gone all the same.
    const stat = `/proc/${pid}/stat`
    return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, 'utf8'))
  } catch {
    return false
  }
}

async function goneWithin(pid: number, milliseconds: number): Promise<boolean> {
  for (const end = performance.now() + milliseconds; performance.now() < end; await wait(20))
    if (!isAlive(pid)) return true
  return !isAlive(pid)
}

it('is gone within two seconds after its parent was killed', async () => {
  const host = fork(parent)
  const [pid] = (await once(host, 'message')) as [number]
  expect(isAlive(pid)).toBe(true)
  host.kill('SIGKILL')
  expect(await goneWithin(pid, 2000)).toBe(true)
})

it.runIf(process.platform === 'linux')('takes a probe of a device along that is going on', async () => {
  const model = startModelProcess()
  const pid = model.child.pid!
  model.calls.prepareModel({ file: undefined, device: 'cpu' }).catch(() => {})
  // A child that has only just begun has no command line of its own yet.
  const isProbe = (id: string): boolean => readFileSync(`/proc/${id}/cmdline`, 'utf8').includes('probe')
  let probe: string | undefined
  for (let tries = 0; probe === undefined && tries < 1000; tries++, await wait(10))
    probe = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').match(/\d+/g)?.find(isProbe)
  expect(probe).toBeDefined()
  model.child.disconnect()
  expect(await goneWithin(Number(probe), 2000)).toBe(true)
  expect(await goneWithin(pid, 2000)).toBe(true)
})

it('is gone within two seconds after the channel was closed in the middle of a run', async () => {
  const model = startModelProcess()
  await model.calls.openClip(SAMPLE, { cacheFolder: folder.path, ffmpeg: undefined })
  await model.calls.startRun(await sampleRun({ settings: { preset: 'siammae', size: 240, changes: {} } }))
  await model.heard('results')
  model.child.disconnect()
  expect(await goneWithin(model.child.pid!, 2000)).toBe(true)
})
