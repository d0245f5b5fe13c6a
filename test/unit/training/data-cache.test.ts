import {
  appendFile,
  copyFile,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CancelledError, UserError } from '../../../model/errors.ts'
import { type CacheProgress, type FrameCacheOptions, openFrameCache } from '../../../model/training/index.ts'
import { locateFfmpeg } from '../../../model/video/index.ts'
import { HEIGHT, makeImages, makeVideo, temporaryFolder, WIDTH } from './coded-clips.ts'

const files = temporaryFolder()
const footage = join(files.path, 'footage')
let a = ''
let b = ''
let images = ''
let others = ''
let third = ''
let count = 0
let options: FrameCacheOptions

beforeAll(async () => {
  await mkdir(footage)
  a = await makeVideo(join(footage, 'a.mp4'), 12)
  b = await makeVideo(join(footage, 'b.mp4'), 10, { first: 5, fps: 12 })
  // Without ffmpeg these are much faster, where it does not matter what the clip is.
  images = await makeImages(join(files.path, 'images'), 6)
  others = await makeImages(join(files.path, 'others'), 8, 9)
  third = await makeImages(join(files.path, 'third'), 7, 4)
})
beforeEach(() => {
  options = { folder: join(files.path, `cache-${count++}`), shortSide: 64, limitBytes: 1e9 }
})
afterAll(() => files.remove())

async function packs(): Promise<string[]> {
  return (await readdir(options.folder))
    .filter((name) => name.endsWith('.pack'))
    .map((name) => join(options.folder, name))
}

/** Opens, closes, and says what there was. */
async function glance(sources: readonly string[], more: Partial<FrameCacheOptions> = {}) {
  const cache = await openFrameCache(sources, { ...options, ...more })
  await cache.close()
  return cache
}

describe('the frame cache', () => {
  it('keeps every frame at the size asked for', async () => {
    const cache = await openFrameCache([a, images], options)
    expect(cache.skipped).toEqual([])
    expect(cache.warnings).toEqual([])
    expect(cache.clips).toMatchObject([
      { name: 'a.mp4', path: a, width: 85, height: 64, frames: 12, fps: expect.closeTo(30) },
      { name: 'images', path: images, width: 85, height: 64, frames: 6, fps: 24 },
    ])
    for (const clip of cache.clips) {
      for (let frame = 0; frame < clip.frames; frame++) {
        const picture = sharp(await cache.read(clip, frame))
        const { format, width, height, chromaSubsampling } = await picture.metadata()
        expect({ format, width, height, chromaSubsampling }).toEqual({
          format: 'jpeg',
          width: 85,
          height: 64,
          chromaSubsampling: '4:4:4',
        })
        const { channels } = await picture.stats()
        expect(Math.abs(channels[2]!.mean - (20 + 8 * frame))).toBeLessThan(5)
      }
      await expect(cache.read(clip, clip.frames)).rejects.toThrow(RangeError)
    }
    await cache.close()
  })

  it('enlarges nothing', async () => {
    expect((await glance([a], { shortSide: 256 })).clips).toMatchObject([{ width: WIDTH, height: HEIGHT }])
  })

  it('decodes nothing twice, under another name neither', async () => {
    const sources = [a, images]
    expect((await glance(sources)).decoded).toBe(2)
    // Without ffmpeg, and without the remembered hashes.
    const noDecoder = { ffmpeg: '/nowhere/ffmpeg' }
    expect((await glance(sources, noDecoder)).decoded).toBe(0)
    await rm(join(options.folder, 'content-hashes.json'))
    expect((await glance(sources, noDecoder)).decoded).toBe(0)
    const renamed = join(files.path, 'renamed.mp4')
    await copyFile(a, renamed)
    expect(await glance([renamed], noDecoder)).toMatchObject({ decoded: 0, clips: [{ name: 'renamed.mp4' }] })
    expect((await glance([a], { shortSide: 48 })).decoded).toBe(1)
  })

  it('notices that a clip was changed', async () => {
    const path = await makeVideo(join(files.path, 'changing.mp4'), 5)
    expect((await glance([path])).clips[0]?.frames).toBe(5)
    await makeVideo(path, 7)
    expect(await glance([path])).toMatchObject({ decoded: 1, clips: [{ frames: 7 }] })
  })

  it('uses equal clips once, and says so', async () => {
    const twin = join(files.path, 'twin.mp4')
    await copyFile(a, twin)
    const { clips, skipped } = await glance([a, twin, a])
    expect(clips.map((clip) => clip.path)).toEqual([a])
    expect(skipped).toMatchObject([{ path: twin, reason: expect.stringContaining('same contents as a.mp4') }])
  })

  it('reports progress that only grows', async () => {
    const seen: CacheProgress[] = []
    await glance([a, b], { onProgress: (progress) => seen.push(progress) })
    const second = seen.filter((progress) => progress.name === 'b.mp4' && progress.frames > 0)
    expect(second.at(-1)).toEqual({ clip: 1, clips: 2, frame: 10, frames: 10, name: 'b.mp4' })
    expect(second.map(({ frame }) => frame)).toEqual(second.map(({ frame }) => frame).sort((x, y) => x - y))
  })

  it('can be stopped, and keeps what is done', async () => {
    const stop = new AbortController()
    const onProgress = ({ clip, frame }: CacheProgress) => {
      if (clip === 1 && frame > 0) stop.abort()
    }
    await expect(openFrameCache([a, b], { ...options, onProgress, signal: stop.signal })).rejects.toThrow(
      CancelledError,
    )
    expect((await readdir(options.folder)).filter((name) => name.endsWith('.tmp'))).toEqual([])
    expect((await glance([a, b])).decoded).toBe(1)
  })

  it('lets two runs make the same clips at once', async () => {
    const both = await Promise.all([openFrameCache([a, b], options), openFrameCache([a, b], options)])
    for (const cache of both) for (const clip of cache.clips) await cache.read(clip, clip.frames - 1)
    for (const cache of both) await cache.close()
    expect(await packs()).toHaveLength(2)
  })
})

describe('folders', () => {
  it('stand for the videos below them, else for images', async () => {
    const folder = join(files.path, 'tree')
    await mkdir(join(folder, 'sub', 'deep'), { recursive: true })
    await mkdir(join(folder, '.hidden'))
    await copyFile(b, join(folder, 'clip10.mp4'))
    await copyFile(a, join(folder, 'clip9.MP4'))
    await makeVideo(join(folder, 'sub', 'deep', 'x.mp4'), 4)
    await makeVideo(join(folder, '.hidden', 'x.mp4'), 3)
    await makeImages(join(folder, 'sub'), 3)
    await writeFile(join(folder, 'notes.txt'), 'no video')
    const names = (await glance([folder])).clips.map((clip) => clip.name)
    expect(names).toEqual(['tree/clip9.MP4', 'tree/clip10.mp4', 'tree/sub/deep/x.mp4'])

    const sequences = join(files.path, 'sequences')
    await makeImages(join(sequences, 'bear'), 3)
    await makeImages(join(sequences, 'bear', 'masks'), 3, 9)
    await makeImages(join(sequences, 'camel'), 4)
    expect((await glance([sequences])).clips).toMatchObject([
      { name: 'sequences/bear', frames: 3 },
      { name: 'sequences/camel', frames: 4 },
    ])
  })

  it('without any are told', async () => {
    const empty = join(files.path, 'empty')
    await mkdir(empty)
    await expect(glance([empty])).rejects.toThrow(/has no videos and no images/)
    expect((await glance([empty, a])).skipped).toMatchObject([{ path: empty }])
  })
})

describe('clips that cannot be used', () => {
  it('are skipped with the reason, and stop the run when none is left', async () => {
    const broken = join(files.path, 'broken.mp4')
    await writeFile(broken, 'this is no video, whatever it is called')
    const single = await makeVideo(join(files.path, 'single.mp4'), 1)
    const { clips, skipped } = await glance([broken, a, single])
    expect(clips).toHaveLength(1)
    expect(skipped.map((note) => note.path)).toEqual([broken, single])
    expect(skipped[1]?.reason).toContain('has only one frame')
    await expect(glance([single])).rejects.toThrow(/^\S+single\.mp4 has only one frame/)
    await expect(glance([broken, single])).rejects.toThrow(/None of the 2 clips can be used/)
    await expect(glance([])).rejects.toThrow(UserError)
  })

  it('are told apart from paths that do not exist and a missing ffmpeg', async () => {
    await expect(glance([a, join(files.path, 'no.mp4')])).rejects.toThrow(/no\.mp4: it does not exist/)
    await expect(glance([images, a], { ffmpeg: '/nowhere/ffmpeg' })).rejects.toThrow(/ffmpeg/)
  })

  it('are used up to a damage in the middle', async () => {
    const folder = await makeImages(join(files.path, 'damaged'), 6)
    const whole = await readFile(join(folder, '4.png'))
    await writeFile(join(folder, '4.png'), whole.subarray(0, whole.length / 2))
    for (const decoded of [1, 0]) {
      const cache = await glance([folder])
      expect(cache).toMatchObject({ decoded, clips: [{ frames: 4 }], skipped: [] })
      expect(cache.warnings[0]?.reason).toMatch(/^Only the first 4 frames are used: .*4\.png/)
    }
    await writeFile(join(folder, '1.png'), whole.subarray(0, whole.length / 2))
    await expect(glance([folder])).rejects.toThrow(/1\.png/)
    expect(await packs()).toHaveLength(1)
  })

  it('are used as far as a video that is cut short goes', async () => {
    const cut = join(files.path, 'cut.mp4')
    await copyFile(await makeVideo(join(files.path, 'long.mp4'), 25), cut)
    const handle = await open(cut, 'r+')
    await handle.truncate(Math.floor((await handle.stat()).size * 0.8))
    await handle.close()
    const cache = await glance([cut])
    expect(cache.clips[0]?.frames).toBeLessThan(25)
    expect(cache.warnings[0]?.reason).toMatch(/truncated or damaged/)
  })
})

describe.skipIf(process.platform === 'win32')('a decoder that is killed on the way', () => {
  /** An ffmpeg that is killed after four and a half pictures of `clip` whenever `dies`, a shell command, succeeds. */
  async function killedFfmpeg(name: string, clip: string, dies: string): Promise<string> {
    const path = join(files.path, name)
    const real = `"${(await locateFfmpeg(undefined)).path}" "$@"`
    const cut = `if ${dies}; then ${real} | head -c ${85 * 64 * 3 * 4.5}; kill -9 $$; fi`
    const script = `#!/bin/sh\ncase "$*" in *${clip}*pipe:1*) ${cut};; esac\nexec ${real}\n`
    await writeFile(path, script, { mode: 0o755 })
    return path
  }

  it('is tried once more', async () => {
    const mark = join(files.path, 'killed-once')
    const ffmpeg = await killedFfmpeg('once-ffmpeg', 'a.mp4', `mkdir "${mark}" 2>/dev/null`)
    const seen: number[] = []
    const onProgress = ({ frame }: CacheProgress) => seen.push(frame)
    const cache = await glance([a], { ffmpeg, onProgress })
    expect(cache).toMatchObject({ decoded: 1, clips: [{ frames: 12 }], skipped: [], warnings: [] })
    expect((await stat(mark)).isDirectory()).toBe(true)
    expect(seen).toEqual(seen.toSorted((x, y) => x - y))
  })

  it('costs this run the clip, and leaves no short pack to the next', async () => {
    const ffmpeg = await killedFfmpeg('always-ffmpeg', 'a.mp4', 'true')
    const { clips, skipped } = await glance([a, b], { ffmpeg })
    expect(clips.map(({ path }) => path)).toEqual([b])
    expect(skipped).toMatchObject([
      { path: a, reason: expect.stringMatching(/decoding stopped at frame 4 of 12 .*SIGKILL/) },
    ])
    expect(await packs()).toHaveLength(1)
    expect((await readdir(options.folder)).filter((name) => name.endsWith('.tmp'))).toEqual([])
    await expect(glance([a], { ffmpeg })).rejects.toThrow(/decoding stopped at frame 4/)
    expect(await glance([a, b])).toMatchObject({
      decoded: 1,
      clips: [{ frames: 12 }, { frames: 10 }],
      warnings: [],
    })
  })
})

describe('packs', () => {
  it('that are damaged are made again', async () => {
    await glance([images])
    const [path] = await packs()
    const good = await readFile(path!)
    const flipped = (place: number) => {
      const bytes = Buffer.from(good)
      bytes[place]! ^= 1
      return bytes
    }
    const bad = [
      Buffer.alloc(0),
      Buffer.from('SIAMPACKSIAMPACK'),
      good.subarray(0, good.length - 1),
      good.subarray(0, good.length / 2),
      Buffer.concat([good, Buffer.alloc(3)]),
      flipped(0),
      ...[1, 10, 14, 20, 60, 200].map((fromEnd) => flipped(good.length - fromEnd)),
    ]
    for (const bytes of bad) {
      await writeFile(path!, bytes)
      expect((await glance([images])).decoded).toBe(1)
      expect(await readFile(path!)).toEqual(good)
    }
    await rm(path!)
    await mkdir(path!)
    await expect(glance([images])).rejects.toThrow(UserError)
  })

  it('with a damaged frame are removed when that is read', async () => {
    const cache = await openFrameCache([images], options)
    const [path] = await packs()
    const handle = await open(path!, 'r+')
    await handle.write(Buffer.from([1, 2, 3]), 0, 3, 40)
    await handle.close()
    await cache.read(cache.clips[0]!, 5)
    await expect(cache.read(cache.clips[0]!, 0)).rejects.toThrow(/were damaged \(frame 0\)/)
    await expect(cache.read(cache.clips[0]!, 0)).rejects.toThrow(/were removed while they were used/)
    await cache.close()
    expect((await glance([images])).decoded).toBe(1)
  })

  it('that were used least recently go first when the limit is reached', async () => {
    await glance([images])
    const [first] = await packs()
    await glance([others])
    const limitBytes = (await Promise.all((await packs()).map((path) => stat(path)))).reduce(
      (sum, { size }) => sum + size,
      0,
    )
    await glance([images], { limitBytes })
    expect(await packs()).toHaveLength(2)
    await glance([third], { limitBytes })
    const left = await packs()
    expect(left).toHaveLength(2)
    expect(left).toContain(first)
  })

  it('that are in use stay, those of another run too', async () => {
    const other = await openFrameCache([images], options)
    const [kept] = await packs()
    const { size } = await stat(kept!)
    await glance([third], { limitBytes: size * 1.5 })
    expect(await packs()).toContain(kept)
    await other.read(other.clips[0]!, 0)
    await other.close()
    await glance([third], { limitBytes: size * 1.5 })
    expect(await packs()).not.toContain(kept)
  })

  it('that alone are more than the limit stop the run with the numbers', async () => {
    const error = await glance([images, others], { limitBytes: 3000 }).catch((error) => error)
    expect(error).toBeInstanceOf(UserError)
    expect(error.message).toMatch(/The 2 clips .* more than the 0\.00000300 GB .* raise its limit/)
    expect((await readdir(options.folder)).filter((name) => name.endsWith('.tmp'))).toEqual([])
    await glance([images, others])
    await expect(glance([images, others], { limitBytes: 3000 })).rejects.toThrow(/raise its limit/)
  })

  it('left unfinished by a killed run are removed later', async () => {
    await glance([images])
    const [old, young] = ['.old.tmp', '.young.tmp'].map((name) => join(options.folder, name))
    await writeFile(old!, 'x')
    await writeFile(young!, 'x')
    await utimes(old!, new Date(0), new Date(0))
    await glance([images])
    const names = await readdir(options.folder)
    expect(names).not.toContain('.old.tmp')
    expect(names).toContain('.young.tmp')
  })

  it('survive a damaged list of hashes', async () => {
    await glance([images])
    const list = join(options.folder, 'content-hashes.json')
    await appendFile(list, '}')
    expect((await glance([images])).decoded).toBe(0)
    await rename(list, `${list}.old`)
    await writeFile(list, '{"schema":1,"clips":{"x":{"stamp":1}}}')
    expect((await glance([images])).decoded).toBe(0)
  })
})
