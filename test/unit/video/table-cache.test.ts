/** Protects: the folder of frame tables does not grow for ever, and what is used stays in it. */
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BuiltTable } from '../../../model/video/build-table.ts'
import { TableCache } from '../../../model/video/table-cache.ts'

const FFMPEG = { path: 'ffmpeg', version: '7.0.2', source: 'path' } as const
const STAMP = { size: 100, modified: '1' }
const HOUR = 3600

function table(path: string, frames = 3): BuiltTable {
  return {
    damaged: false,
    reconfigured: false,
    table: {
      kind: 'video',
      path,
      frames: Array.from({ length: frames }, (_, index) => ({
        index,
        pts: index,
        time: index / 25,
        keyFrame: index === 0,
      })),
      timeBase: { num: 1, den: 25 },
      timestamps: 'file',
      width: 16,
      height: 16,
      codedWidth: 16,
      codedHeight: 16,
      rotation: 0,
      sampleAspect: { num: 1, den: 1 },
      variableFrameRate: false,
      averageFps: 25,
      codec: 'h264',
      container: 'mp4',
      contentHash: `sha256:${'0'.repeat(64)}`,
      warnings: [],
    },
  }
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'siammae-tables-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const has = async (cache: TableCache, path: string) => (await cache.read(path, STAMP, FFMPEG)) !== undefined

/** Writes a table and makes its file as old as that. */
async function writeOld(cache: TableCache, path: string, hours: number, frames?: number): Promise<void> {
  const before = new Set(readdirSync(folder))
  await cache.write(table(path, frames), STAMP, FFMPEG)
  const [name] = readdirSync(folder).filter((one) => !before.has(one))
  age(name!, hours)
}

function age(name: string, hours: number): void {
  const then = Date.now() / 1000 - hours * HOUR
  utimesSync(join(folder, name), then, then)
}

describe('frame tables that were not used for the longest', () => {
  it('go when there are too many; reading one is using it', async () => {
    const cache = new TableCache(folder, { files: 3, bytes: 1e9 })
    await writeOld(cache, '/a.mp4', 4)
    await writeOld(cache, '/b.mp4', 3)
    await writeOld(cache, '/c.mp4', 2)
    expect(await has(cache, '/a.mp4')).toBe(true)
    await cache.write(table('/d.mp4'), STAMP, FFMPEG)
    expect(readdirSync(folder)).toHaveLength(3)
    expect(await has(cache, '/b.mp4')).toBe(false)
    for (const path of ['/a.mp4', '/c.mp4', '/d.mp4']) expect(await has(cache, path)).toBe(true)
  })

  it('go when they take too much, the small ones that were used since stay', async () => {
    const cache = new TableCache(folder, { files: 100, bytes: 20_000 })
    await writeOld(cache, '/long.mp4', 3, 3000)
    await writeOld(cache, '/short.mp4', 2)
    await cache.write(table('/next.mp4'), STAMP, FFMPEG)
    expect(await has(cache, '/long.mp4')).toBe(false)
    expect(await has(cache, '/short.mp4')).toBe(true)
  })

  it('stay while they were used a moment ago, however many there are', async () => {
    const cache = new TableCache(folder, { files: 1, bytes: 1 })
    for (const path of ['/a.mp4', '/b.mp4', '/c.mp4']) await cache.write(table(path), STAMP, FFMPEG)
    expect(readdirSync(folder)).toHaveLength(3)
  })

  it('are all that goes, with what a killed process has left of one', async () => {
    const cache = new TableCache(folder, { files: 1, bytes: 1 })
    for (const name of ['.frame-table-0.json.ab.tmp', '.frame-table-1.json.cd.tmp', 'content-hashes.json'])
      writeFileSync(join(folder, name), 'x')
    age('.frame-table-0.json.ab.tmp', 2)
    age('content-hashes.json', 1000)
    await cache.write(table('/a.mp4'), STAMP, FFMPEG)
    expect(readdirSync(folder).sort()).toEqual([
      '.frame-table-1.json.cd.tmp',
      'content-hashes.json',
      expect.stringMatching(/^frame-table-/),
    ])
  })
})
