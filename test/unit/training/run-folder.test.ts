import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync } from 'node:fs'
import { appendFile, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { licenceOf, NOT_STATED } from '../../../model/training/licences.ts'
import { resolveRunConfig } from '../../../model/training/run-config.ts'
import { RunFolder } from '../../../model/training/run-folder.ts'
import { lockRun } from '../../../model/training/run-lock.ts'

const folder = mkdtempSync(join(tmpdir(), 'siammae-run-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

const line = (step: number) => ({
  step,
  loss: 1 / step,
  gradientNorm: 1,
  learningRate: 1e-3,
  pairsPerSecond: 2,
  secondsWaiting: 0,
})

async function fresh(name: string): Promise<string> {
  const path = join(folder, name)
  await mkdir(path)
  return path
}

describe('a run folder', () => {
  it('keeps its settings, and no line of metrics twice', async () => {
    const path = join(folder, 'run')
    const config = resolveRunConfig('pretrain', [])
    const run = await RunFolder.create(path)
    await run.writeConfig(config)
    await run.startMetrics(0)
    for (const step of [1, 2, 3]) await run.addMetrics(line(step))
    await run.close()
    // A process that dies may leave half a line.
    await appendFile(join(path, 'metrics.jsonl'), '{"step":4,"lo')

    const again = await RunFolder.open(path)
    expect(await again.readConfig()).toEqual(config)
    await again.startMetrics(2)
    await again.addMetrics(line(3))
    expect(await again.readMetrics()).toEqual([line(1), line(2), line(3)])
    await again.close()
    expect(await readdir(path)).toEqual(['config.json', 'metrics.jsonl'])
  })

  it('is not made over something else', async () => {
    const path = await fresh('photos')
    await writeFile(join(path, 'photo.jpg'), '')
    await expect(RunFolder.create(path)).rejects.toThrow(/photos is not empty \(photo\.jpg\)/)
    await expect(RunFolder.open(path)).rejects.toThrow(/holds no run: it has no config\.json/)
    expect(await readdir(path)).toEqual(['photo.jpg'])
  })

  it('says what is wrong with edited settings', async () => {
    const path = await fresh('edited')
    await writeFile(join(path, 'config.json'), '{"version": 1')
    const run = await RunFolder.open(path)
    await expect(run.readConfig()).rejects.toThrow(/config\.json is not JSON/)
    await writeFile(join(path, 'config.json'), JSON.stringify({ version: 1 }))
    await expect(run.readConfig()).rejects.toThrow(/config\.json: preset is missing/)
    await run.close()
  })
})

describe('the lock of a run', () => {
  it('is held by one, and free again afterwards', async () => {
    const path = await fresh('lock')
    const unlock = await lockRun(path)
    await expect(lockRun(path)).rejects.toThrow(`in use by process ${process.pid}`)
    await unlock()
    await (await lockRun(path))()
    expect(await readdir(path)).toEqual([])
  })

  const deadOwner = async (): Promise<string> => {
    const child = spawn(process.execPath, ['-e', ''])
    await once(child, 'exit')
    return JSON.stringify({ pid: child.pid, host: hostname() })
  }

  it('of a dead process is taken over, by one of many', async () => {
    const owner = await deadOwner()
    for (let round = 0; round < 40; round++) {
      const path = await fresh(`stale-${round}`)
      await writeFile(join(path, 'run.lock'), owner)
      const tries = await Promise.allSettled(Array.from({ length: 8 }, () => lockRun(path)))
      expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(await readdir(path)).toEqual(['run.lock'])
    }
  })

  it('of a process that died while it took over another is taken over, too', async () => {
    const path = await fresh('stale-twice')
    await writeFile(join(path, 'run.lock'), await deadOwner())
    await writeFile(join(path, 'run.lock.takeover'), await deadOwner())
    await lockRun(path)
    expect(await readdir(path)).toEqual(['run.lock'])
  })

  it('of a number that another process has now is taken over', async () => {
    const path = await fresh('reused')
    const owner = { pid: process.pid, host: hostname(), started: 'another boot 1' }
    await writeFile(join(path, 'run.lock'), JSON.stringify(owner))
    if (process.platform === 'linux') await (await lockRun(path))()
    else await expect(lockRun(path)).rejects.toThrow(/in use/)
  })

  it.skipIf(process.platform !== 'linux')(
    'of a process that has ended unnoticed by its parent is taken over',
    async () => {
      const path = await fresh('zombie')
      // The shell becomes a program that waits for no child. Its own one ends after that, or the shell would notice.
      const child = "sh -c 'until grep -q sleep /proc/$PPID/comm; do sleep 0.01; done'"
      const parent = spawn('sh', ['-c', `${child} & echo $!; exec sleep 60`])
      onTestFinished(() => void parent.kill('SIGKILL'))
      const [line] = (await once(parent.stdout, 'data')) as [Buffer]
      const pid = Number(line.toString())
      await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(') Z ')
      await writeFile(join(path, 'run.lock'), JSON.stringify({ pid, host: hostname() }))
      await (await lockRun(path))()
    },
  )

  it('that nobody can read yet is left to who writes it, and taken over once it has stayed so', async () => {
    const path = await fresh('unreadable')
    const lock = join(path, 'run.lock')
    await writeFile(lock, '')
    await expect(lockRun(path)).rejects.toThrow(/another process/)
    const past = new Date(Date.now() - 60_000)
    await utimes(lock, past, past)
    await (await lockRun(path))()
  })

  it('of another machine is for a person to judge', async () => {
    const path = await fresh('remote')
    await writeFile(join(path, 'run.lock'), JSON.stringify({ pid: 1, host: 'elsewhere' }))
    await expect(lockRun(path)).rejects.toThrow(/process 1 on elsewhere\. If that process is gone, delete /)
    expect(await readFile(join(path, 'run.lock'), 'utf8')).toContain('elsewhere')
  })
})

describe('the licence of a clip', () => {
  it('is what a file beside it says, or above it', async () => {
    const path = await fresh('footage')
    await mkdir(join(path, 'a', 'clips'), { recursive: true })
    await mkdir(join(path, 'b'))
    await writeFile(
      join(path, 'README.md'),
      '# Clips\n\nLicence: a is MIT License.\nLicence: b is CC BY 4.0.\n',
    )
    await writeFile(join(path, 'a', 'LICENSE.txt'), 'Attribution 4.0 International\n...')
    expect(await licenceOf(join(path, 'a', 'clips', 'x.mp4'))).toBe('CC BY (LICENSE.txt)')
    expect(await licenceOf(join(path, 'b', 'x.mp4'))).toBe('see README.md')
    await writeFile(join(path, 'b', 'COPYING'), '\n  Ask Anna first.\n')
    expect(await licenceOf(join(path, 'b', 'x.mp4'))).toBe('Ask Anna first. (COPYING)')
    await mkdir(join(path, '1', '2', '3', '4'), { recursive: true })
    expect(await licenceOf(join(path, '1', '2', '3', '4', 'x.mp4'))).toBe(NOT_STATED)
  })
})
