import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  ProcessClient,
  ProcessLostError,
  type ProcessState,
  WindowClosing,
} from '../../../extension/model-client/index.ts'
import { Restarts } from '../../../extension/model-client/restarts.ts'
import type { RunRequest } from '../../../model/process/index.ts'
import { root } from '../../support/cli.ts'

const sample = join(root, 'media', 'sample.mp4')
let cacheFolder = ''
let client: ProcessClient
const clients: ProcessClient[] = []

beforeAll(() => {
  cacheFolder = mkdtempSync(join(tmpdir(), 'siammae-client-'))
  return () => rmSync(cacheFolder, { recursive: true, force: true })
})

/** The real process behind the real client. */
function start(): ProcessClient {
  client = new ProcessClient({
    module: join(root, 'dist', 'model-process.js'),
    openOptions: () => ({ cacheFolder, ffmpeg: undefined }),
    log: () => {},
  })
  clients.push(client)
  return client
}

afterEach(async () => {
  for (const each of clients.splice(0)) await each.dispose()
})

function state(kind: ProcessState['kind']): Promise<ProcessState> {
  return new Promise((resolve) => {
    const subscription = client.onState((now) => {
      if (now.kind !== kind) return
      subscription.dispose()
      resolve(now)
    })
  })
}

function picture(frame: number): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const subscription = client.onPicture((event) => {
      if (event.frame !== frame) return
      subscription.dispose()
      resolve(event.bytes)
    })
  })
}

function pid(): number {
  if (client.state.kind !== 'running') throw new Error(`The process is ${client.state.kind}.`)
  return client.state.pid
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0)
    return true
  } catch {
    return false
  }
}

describe('the model process behind its client', () => {
  test('nothing is started before something is asked', () => {
    start()
    expect(client.state.kind).toBe('idle')
  })

  test('killed, it comes back with its clip and sends the pictures that a view still wants', async () => {
    start()
    const facts = await client.openClip(sample)
    expect(facts).toMatchObject({ frameCount: 100, width: 640, height: 360 })
    const first = picture(7)
    client.wantPictures({ clip: sample, view: 'view', frames: [7], quality: 92 })
    const before = await first
    expect([...before.subarray(0, 2)]).toEqual([0xff, 0xd8])

    const again = picture(7)
    const lost = state('lost')
    process.kill(pid(), 'SIGKILL')
    await lost
    expect(await again).toEqual(before)
    expect(await client.openClip(sample)).toEqual(facts)
  })

  test.skipIf(process.platform === 'win32')(
    'one that hangs is restarted when a person asks, however often, and comes back like one that was lost',
    async () => {
      start()
      const facts = await client.openClip(sample)
      for (let time = 0; time < 4; time++) {
        const before = pid()
        process.kill(before, 'SIGSTOP')
        const running = state('running')
        await client.restart()
        expect(isAlive(before)).toBe(false)
        expect(client.state).toMatchObject({ kind: 'lost', wanted: true })
        await running
      }
      expect(await client.openClip(sample)).toEqual(facts)
    },
  )

  test('a clip that is being opened when it is killed is opened all the same', async () => {
    start()
    const opened = client.openClip(sample)
    process.kill(pid(), 'SIGKILL')
    expect((await opened).frameCount).toBe(100)
  })

  test('a clip that cannot be opened says why, and may be there the next time', async () => {
    start()
    const missing = join(cacheFolder, 'missing.mp4')
    await expect(client.openClip(missing)).rejects.toThrow(/missing\.mp4/)
    await expect(client.openClip(missing)).rejects.toThrow(/missing\.mp4/)
    expect(client.state.kind).toBe('running')
  })

  /** A clip that was open when the process was lost, was away when that came back, and is there again. */
  async function clipThatWasAway() {
    const path = join(cacheFolder, 'away.mp4')
    copyFileSync(sample, path)
    const facts = await client.openClip(path)
    renameSync(path, `${path}.away`)
    const running = state('running')
    process.kill(pid(), 'SIGKILL')
    await running
    await expect(client.openClip(path)).rejects.toThrow(/away\.mp4/)
    renameSync(`${path}.away`, path)
    return { path, facts }
  }

  test('a clip that is away when the process comes back is open again once somebody asks for it there', async () => {
    start()
    const { path, facts } = await clipThatWasAway()
    expect(await client.openClip(path)).toEqual(facts)
    client.closeClip(path)
    const shown = picture(5)
    client.wantPictures({ clip: path, view: 'view', frames: [5], quality: 92 })
    // It has the user that it had before.
    expect((await shown).length).toBeGreaterThan(1000)
  })

  test('also by a view that wants its pictures', async () => {
    start()
    const { path } = await clipThatWasAway()
    const shown = picture(6)
    client.wantPictures({ clip: path, view: 'view', frames: [6], quality: 92 })
    expect((await shown).length).toBeGreaterThan(1000)
  })

  test('killed three times within a minute, it stays away until somebody asks for something', async () => {
    start()
    await client.openClip(sample)
    const stopped = state('stopped')
    for (let time = 0; time < 3; time++) {
      const next = time < 2 ? state('running') : stopped
      process.kill(pid(), 'SIGKILL')
      await next
    }
    const other = client.openClip(join(cacheFolder, 'missing.mp4'))
    await expect(other).rejects.toThrow(/missing\.mp4/)
    const wanted = picture(3)
    client.wantPictures({ clip: sample, view: 'view', frames: [3], quality: 92 })
    expect((await wanted).length).toBeGreaterThan(1000)
  })

  test('given up, it is started by a restart, with its clip', async () => {
    start()
    const facts = await client.openClip(sample)
    for (const next of ['running', 'running', 'stopped'] as const) {
      const reached = state(next)
      process.kill(pid(), 'SIGKILL')
      await reached
    }
    await client.restart()
    expect(client.state.kind).toBe('running')
    expect(await client.openClip(sample)).toEqual(facts)
  })

  test.runIf(process.platform === 'linux')('a view that is gone leaves no decoder behind', async () => {
    start()
    await client.openClip(sample)
    const decoders = () => readFileSync(`/proc/${pid()}/task/${pid()}/children`, 'utf8').trim()
    const shown = picture(7)
    client.wantPictures({ clip: sample, view: 'view', frames: [7, 8], at: 7, quality: 92 })
    await shown
    await expect.poll(decoders).not.toBe('')
    client.forgetView('view')
    await expect.poll(decoders, { timeout: 5000 }).toBe('')
  })

  test('when the window closes no process is left', async () => {
    start()
    await client.openClip(sample)
    const id = pid()
    await client.dispose()
    expect(isAlive(id)).toBe(false)
    await expect(client.openClip(join(cacheFolder, 'later.mp4'))).rejects.toThrow(/closing/)
  })

  test('a clip that is closed while the process is away is not opened in the next one', async () => {
    start()
    await client.openClip(sample)
    const path = join(cacheFolder, 'another.mp4')
    copyFileSync(sample, path)
    const opening = client.openClip(path)
    process.kill(pid(), 'SIGKILL')
    client.closeClip(path)
    await expect(opening).rejects.toThrow(/not wanted any more/)
  })

  test('what is asked once the window closes is not said to be lost, or it would be asked for ever', async () => {
    start()
    await client.openClip(sample)
    await client.dispose()
    await expect(client.cancelRun(1)).rejects.toBeInstanceOf(WindowClosing)
    await expect(
      client.startRun({ clip: sample } as RunRequest, new AbortController().signal),
    ).rejects.toBeInstanceOf(WindowClosing)
    expect(new WindowClosing()).not.toBeInstanceOf(ProcessLostError)
  })
})

test('waits grow, and only ends within a minute count together', () => {
  const restarts = new Restarts()
  expect(restarts.ended(0)?.at).toBe(250)
  expect(restarts.ended(1000)?.at).toBe(1500)
  expect(restarts.ended(2000)).toBeUndefined()
  expect(restarts.ended(200_000)?.at).toBe(200_250)
  restarts.forgive()
  expect(restarts.ended(200_001)?.at).toBe(200_251)
  restarts.dispose()
})

test('a start is due after its wait, or at once when nothing is to wait any longer', async () => {
  const restarts = new Restarts()
  const begun = performance.now()
  await restarts.ended()!.due
  // A timer of 250 ms may fire a fraction early.
  expect(performance.now() - begun).toBeGreaterThan(240)
  const hurried = restarts.ended()!
  restarts.hurry()
  await hurried.due
  expect(performance.now() - begun).toBeLessThan(250 + 450)
})
