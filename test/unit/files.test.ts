import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { move, whileHeld, writeFileAtomic } from '../../model/files.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'siam-files-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Fails so many times with an error of the system, then does it. */
function failing<T>(times: number, code: string, act: () => Promise<T>) {
  const tries = { count: 0 }
  return {
    tries,
    act: async () => {
      if (tries.count++ < times) throw Object.assign(new Error(`${code}: not now`), { code })
      return act()
    },
  }
}

describe('a file that another program holds open', () => {
  it.each(['EPERM', 'EACCES', 'EBUSY'])('is moved once it is let go (%s)', async (code) => {
    const [from, to] = [join(folder, 'new'), join(folder, 'clip.siam.json')]
    await writeFile(from, 'new')
    await writeFile(to, 'old')
    const { act, tries } = failing(2, code, () => move(from, to))
    await whileHeld(act, [1, 1, 1])
    expect(tries.count).toBe(3)
    expect(await readFile(to, 'utf8')).toBe('new')
    expect(await readdir(folder)).toEqual(['clip.siam.json'])
  })

  it('ends with the system’s error when it is never let go', async () => {
    const { act, tries } = failing(9, 'EBUSY', async () => {})
    await expect(whileHeld(act, [1, 1])).rejects.toMatchObject({ code: 'EBUSY' })
    expect(tries.count).toBe(3)
  })

  it('is no reason to wait for what never gets better', async () => {
    const { act, tries } = failing(9, 'ENOENT', async () => {})
    await expect(whileHeld(act, [60_000])).rejects.toMatchObject({ code: 'ENOENT' })
    expect(tries.count).toBe(1)
  })
})

it('leaves the old file and nothing else when a new one cannot take its place', async () => {
  // A folder that is not empty gives way to no file.
  const target = join(folder, 'clip.siam.json')
  await writeFileAtomic(join(folder, 'other'), 'x')
  await mkdir(join(target, 'inside'), { recursive: true })
  await expect(writeFileAtomic(target, 'new')).rejects.toThrow(/clip\.siam\.json/)
  expect((await readdir(folder)).sort()).toEqual(['clip.siam.json', 'other'])
})
