/** Protects: an export that is killed costs the dataset nothing, and what it leaves is tidied by the next one. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { formats } from '../../../model/formats/index.ts'
import { buildAside, type Stage, tidyStages } from '../../../model/formats/staging.ts'
import { contextFor, emptyDocument, ring } from './documents.ts'

/** How many more moves are done before one fails, or does not come back: then it is as if the process was killed. */
const moves = vi.hoisted(() => ({ left: Number.POSITIVE_INFINITY, end: 'hang' as 'hang' | 'fail' }))
vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof import('node:fs/promises')>()
  return {
    ...actual,
    rename: async (from: string, to: string) => {
      if (moves.left-- > 0) return actual.rename(from, to)
      if (moves.end === 'fail') throw new Error('No move.')
      return new Promise(() => {})
    },
  }
})

let root: string
let target: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'staging-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))
beforeEach(async () => {
  moves.left = Number.POSITIVE_INFINITY
  target = join(await mkdtemp(join(root, 'case-')), 'out')
})

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(target, path)), { recursive: true })
  await writeFile(join(target, path), text)
}

const read = (path: string) => readFile(join(target, path), 'utf8')

async function stages(): Promise<string[]> {
  return (await readdir(target)).filter((name) => name.startsWith('.export-'))
}

/** As it is when nobody has touched the stages for so many minutes. */
async function age(minutes: number): Promise<void> {
  const then = new Date(Date.now() - minutes * 60_000)
  for (const name of await stages()) await utimes(join(target, name), then, then)
}

/** Builds new units `a` and `b` in a stage. */
async function buildUnits(stage: Stage): Promise<void> {
  for (const unit of ['a', 'b']) {
    await mkdir(join(stage.folder, unit))
    await writeFile(join(stage.folder, unit, 'x'), 'new')
    stage.replace(unit)
  }
}

/** An export that replaces `a` and `b`, up to a move. */
async function killedAfter(count: number): Promise<void> {
  for (const path of ['a/x', 'b/x']) await put(path, 'old')
  moves.left = count
  moves.end = 'hang'
  void buildAside(target, buildUnits)
  await vi.waitFor(() => expect(moves.left).toBe(-1))
  moves.left = Number.POSITIVE_INFINITY
}

it('a stage that nobody touches any more is taken away, one that lives is not', async () => {
  await put('data', 'kept')
  await put('.export-0123456789ab.tmp/a/x.jpg', 'new')
  await put('.export-0123456789ab.tmp/.old.json', '[]')
  await mkdir(join(target, '.export-0123456789ab.tmp', '.old'))
  await put('.export-mine.tmp/x', 'of somebody else')
  await age(30)
  await tidyStages(target)
  expect(await stages()).toHaveLength(2)
  await age(90)
  await tidyStages(target)
  expect(await stages()).toEqual(['.export-mine.tmp'])
  expect(await read('data')).toBe('kept')
})

it('a long export says that it lives', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    await buildAside(target, async ({ folder }) => {
      await age(90)
      vi.advanceTimersByTime(60_000)
      await vi.waitFor(async () => expect(Date.now() - (await stat(folder)).mtimeMs).toBeLessThan(60_000))
      await tidyStages(target)
      expect(await stages()).toHaveLength(1)
    })
  } finally {
    vi.useRealTimers()
  }
})

it('what a killed export had moved aside goes back', async () => {
  await killedAfter(1)
  expect(existsSync(join(target, 'a'))).toBe(false)
  await age(90)
  await tidyStages(target)
  expect(await stages()).toEqual([])
  for (const path of ['a/x', 'b/x']) expect(await read(path)).toBe('old')
})

it('where another thing lies by now, both stay', async () => {
  await killedAfter(3)
  expect(existsSync(join(target, 'b'))).toBe(false)
  await age(90)
  await tidyStages(target)
  expect([await read('a/x'), await read('b/x')]).toEqual(['new', 'old'])
  const [stage] = await stages()
  expect(await read(join(stage!, '.old', '0', 'x'))).toBe('old')
})

it('nothing is put anywhere but into the target', async () => {
  const stage = '.export-0123456789ab.tmp'
  await put(`${stage}/.old/0`, 'evil')
  for (const places of ['["../stolen"]', '["missing/x"]', 'no json', '{}']) {
    await put(`${stage}/.old.json`, places)
    await age(90)
    await tidyStages(target)
    expect(await read(`${stage}/.old/0`)).toBe('evil')
    expect(existsSync(join(target, '..', 'stolen'))).toBe(false)
  }
})

it('an export whose moves can neither be done nor undone keeps what it moved aside', async () => {
  for (const path of ['a/x', 'b/x']) await put(path, 'old')
  moves.left = 1
  moves.end = 'fail'
  await expect(buildAside(target, buildUnits)).rejects.toThrow('No move.')
  moves.left = Number.POSITIVE_INFINITY
  await age(90)
  await tidyStages(target)
  expect([await read('a/x'), await read('b/x'), await stages()]).toEqual(['old', 'old', []])
})

it('the next export finds the dataset as it was', async () => {
  const document = emptyDocument()
  const entry = { state: 'keyframe', occluded: false, mask: ring(4, 4) } as const
  document.apply({ kind: 'setEntry', objectId: 1, frame: 0, entry })
  const context = contextFor(target, { sequence: 'video' })
  await formats.davis.write(document, context)
  moves.left = 1000
  await formats.davis.write(document, context)
  const before = (await readdir(target, { recursive: true })).sort()
  // The record of exports is the last to come into its place.
  moves.left = 1000 - moves.left - 1
  moves.end = 'hang'
  void formats.davis.write(document, context)
  await vi.waitFor(() => expect(moves.left).toBe(-1))
  moves.left = Number.POSITIVE_INFINITY
  expect(existsSync(join(target, 'siammae-export.json'))).toBe(false)
  await age(90)
  await formats.davis.checkFolder({ folder: target, sequence: 'video', video: document.video })
  const after = (await readdir(target, { recursive: true })).filter((name) => !name.startsWith('.export-'))
  expect(after.sort()).toEqual(before)
})
