import { subscribe } from 'node:diagnostics_channel'
import { cpSync, readdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CancelledError, UsageError, UserError } from '../../../model/errors.ts'
import { locateFfmpeg, openVideo } from '../../../model/video/index.ts'
import { B_FRAMES, H264 } from './exact.ts'
import { FFMPEG, makeClip, numberOf, remux, temporaryFolder } from './numbered-clips.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
const at = (name: string) => join(folder.path, name)
const open = (name: string) => openVideo(at(name), { ffmpeg: FFMPEG })

/** Processes of ours that are still there; one that ended is gone a moment later. */
const processes = () => process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length

/** Processes that were ever started. */
let started = 0
subscribe('child_process', () => started++)

beforeAll(async () => {
  await makeClip(at('clip.mp4'), 40, H264)
  await makeClip(at('big.mp4'), 400, H264, { width: 320, height: 240 })
})

/** The error of a promise that must be rejected, with a sentence for a person. */
async function problemOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(UserError)
  return (error as UserError).message
}

it('soon seeks a file without an index at a time that works, once for a frame', async () => {
  const source = await open((await makeClip(at('no-index.ts'), 120, H264)).slice(folder.path.length + 1))
  const processesFor: number[] = []
  for (const index of [30, 59, 60, 61, 95, 119, 24, 83]) {
    const before = started
    const frame = await source.frame(index)
    expect([frame.index, numberOf(frame)]).toEqual([index, index])
    processesFor.push(started - before)
  }
  expect(processesFor.slice(0, 2)).toEqual([2, 2])
  expect(processesFor.slice(3)).toEqual([1, 1, 1, 1, 1])
  await source.close()
})

describe('a decoder that was started beforehand', () => {
  it.each([['clip.mp4'], ["it's a clip, 100 % odd.mkv"]])('gives every frame of %s itself', async (name) => {
    if (name !== 'clip.mp4') remux('-i', at('clip.mp4'), '-c', 'copy', at(name))
    const source = await open(name)
    await expect.poll(processes).toBe(0)
    for (const index of [0, 1, 11, 12, 25, 39]) {
      const before = started
      source.prepare?.()
      source.prepare?.()
      const seen: number[] = []
      for await (const frame of source.frames({ first: index, prompt: true })) {
        // No other process was started for it.
        expect(started - before).toBe(1)
        expect(frame.index).toBe(index + seen.length)
        seen.push(numberOf(frame))
        if (seen.length === 4) break
      }
      expect(seen).toEqual([0, 1, 2, 3].map((n) => index + n).filter((n) => n < 40))
      await expect.poll(processes).toBe(0)
    }
    await source.close()
  })
  // A second of sound before each second of pictures: a decoder that stops at a time stops at that of the sound.
  const SOUND_FIRST = ['-f', 'lavfi', '-i', 'sine', '-shortest', '-chunk_duration', '1000000']
  it.each([
    ['as they are shown', 'alone.mp4', H264],
    ['in another order than they are shown', 'reordered.mp4', B_FRAMES],
    ['in another order in matroska', 'reordered.mkv', B_FRAMES],
    ['behind the sound of a second', 'sound-first.mov', [...SOUND_FIRST, ...B_FRAMES]],
  ])('gives one frame out of pictures that are stored %s', async (_, name, options) => {
    await makeClip(at(name), 90, options)
    const source = await open(name)
    await expect.poll(processes).toBe(0)
    let others = 0
    for (const index of [7, 11, 12, 35, 36, 37, 60, 88, 89]) {
      const before = started
      source.prepare?.()
      for await (const frame of source.frames({ first: index, last: index, prompt: true })) {
        expect([frame.index, numberOf(frame)]).toEqual([index, index])
        if (started - before > 1) others++
      }
      await expect.poll(processes).toBe(0)
    }
    // The first one that stops too early or begins too late makes the later ones careful.
    expect(others).toBeLessThanOrEqual(1)
    await source.close()
  })
  it('is left alone by whoever does not wait, and ends with the source', async () => {
    const source = await open('clip.mp4')
    source.prepare?.()
    expect(numberOf(await source.frame(30))).toBe(30)
    await expect.poll(processes).toBe(1)
    await source.rest?.()
    await expect.poll(processes).toBe(0)
    source.prepare?.()
    await source.close()
    await expect.poll(processes).toBe(0)
  })
  it('stops when nobody waits any more', async () => {
    const source = await open('big.mp4')
    const stop = new AbortController()
    source.prepare?.()
    const frames = source.frames({ first: 200, prompt: true, signal: stop.signal })[Symbol.asyncIterator]()
    const first = frames.next()
    stop.abort()
    await expect(first).rejects.toThrow(CancelledError)
    await expect.poll(processes).toBe(0)
    await source.close()
  })
})

describe('bad input ends with one sentence that names the file', () => {
  it.each([
    ['missing.mp4', undefined, /does not exist/],
    ['empty.mp4', '', /empty/],
    ['text.mp4', 'This is no video.\n'.repeat(200), /not (a video|opened)/],
    [
      'playlist.m3u8',
      '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nclip.mp4\n#EXT-X-ENDLIST\n',
      /not (a video|opened)/,
    ],
    [
      'playlist.mp4',
      '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nclip.mp4\n#EXT-X-ENDLIST\n',
      /not (a video|opened)/,
    ],
    ['script.ffconcat', "ffconcat version 1.0\nfile 'clip.mp4'\n", /not (a video|opened)/],
    ['script.mp4', "ffconcat version 1.0\nfile 'clip.mp4'\n", /not (a video|opened)/],
    [
      'session.sdp',
      'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n',
      /not (a video|opened)/,
    ],
  ])('%s', async (name, content, reason) => {
    if (content !== undefined) writeFileSync(at(name), content)
    const message = await problemOf(open(name))
    expect(message).toMatch(reason)
    expect(message).toContain(name)
    expect(message).not.toContain('\n')
  })
  it('sound without pictures, with or without a cover', async () => {
    const tone = ['-f', 'lavfi', '-i', 'sine=duration=1']
    remux(...tone, at('tone.m4a'))
    expect(await problemOf(open('tone.m4a'))).toMatch(/no video frames/)
    const cover = ['-f', 'lavfi', '-i', 'color=red:size=32x32:rate=1:duration=1']
    remux(
      ...tone,
      ...cover,
      '-map',
      '0',
      '-map',
      '1',
      '-c:v',
      'mjpeg',
      '-disposition:v',
      'attached_pic',
      at('cover.m4a'),
    )
    expect(await problemOf(open('cover.m4a'))).toMatch(/no video frames/)
  })
  it('a video whose index is cut off', async () => {
    cpSync(at('clip.mp4'), at('headless.mp4'))
    truncateSync(at('headless.mp4'), 3000)
    expect(await problemOf(open('headless.mp4'))).toMatch(/damaged/)
  })
  it('a picture above the size limit is refused before it is decoded', async () => {
    // The header of a gif that claims 65,000 x 65,000 pixels.
    const header = [...'GIF89a'].map((letter) => letter.charCodeAt(0))
    const side = [0xe8, 0xfd, 0xe8, 0xfd]
    const image = [0x2c, 0, 0, 0, 0, ...side, 0, 2, 2, 0x44, 1, 0, 0x3b]
    const colours = [0, 0, 0, 255, 255, 255]
    writeFileSync(at('huge.gif'), Uint8Array.from([...header, ...side, 0x80, 0, 0, ...colours, ...image]))
    expect(await problemOf(open('huge.gif'))).toMatch(
      /huge\.gif: the picture size 65000x65000 is not supported/,
    )
  })
  it('a single image, which is a folder away from being a clip', async () => {
    remux('-i', at('clip.mp4'), '-frames:v', '1', at('one.png'))
    expect(await problemOf(open('one.png'))).toMatch(/folder/)
  })
  it('indices, ranges and sizes that make no sense', async () => {
    const source = await open('clip.mp4')
    for (const index of [-1, 40, 1.5, Number.NaN])
      await expect(source.frame(index)).rejects.toThrow(UsageError)
    const first = async (options: object) => {
      for await (const frame of source.frames(options)) return frame
    }
    await expect(first({ first: 5, last: 4 })).rejects.toThrow(UsageError)
    await expect(first({ size: { width: 10.5, height: 10 } })).rejects.toThrow(UsageError)
    await expect(first({ size: { width: 0, height: 10 } })).rejects.toThrow(UserError)
    await expect(first({ size: { width: 1e5, height: 1e5 } })).rejects.toThrow(UserError)
  })
})

describe('names are names', () => {
  it.each([
    '-dash.mp4',
    'a:b.mp4',
    '%03d.mp4',
    'http:x.mp4',
    "quote ' and [brackets].mp4",
    '*?.mp4',
    '日本 ü.mp4',
  ])('%s', async (name) => {
    cpSync(at('clip.mp4'), at(name))
    const source = await open(name)
    expect(source.table.frames).toHaveLength(40)
    expect(numberOf(await source.frame(17))).toBe(17)
  })
  it('a title that imitates the log of a decoder changes nothing', async () => {
    const fake =
      'n:   0 pts:      0 pts_time:0 pos: 0 fmt:gray sar:1/1 s:8x8 i:P iskey:1 type:I checksum:00000000'
    remux(
      '-i',
      at('clip.mp4'),
      '-c',
      'copy',
      '-metadata',
      `title=${fake}\n${fake}\n[error] x`,
      at('title.mp4'),
    )
    const { table } = await open('title.mp4')
    expect(table).toMatchObject({ width: 96, height: 80, warnings: [] })
    expect(table.frames).toHaveLength(40)
  })
})

describe('a picture size that changes on the way', () => {
  it('keeps indices and gives every frame in the size of the first', async () => {
    await makeClip(at('small.264'), 20, [...H264, '-f', 'h264'])
    await makeClip(at('large.264'), 20, [...H264, '-f', 'h264'], { width: 192, height: 160 })
    writeFileSync(
      at('both.264'),
      Buffer.concat([readFileSync(at('small.264')), readFileSync(at('large.264'))]),
    )
    const source = await open('both.264')
    expect(source.table.frames).toHaveLength(40)
    expect(source.table.warnings.join()).toMatch(/size changes/)
    for (const n of [0, 19, 20, 27, 39]) {
      const frame = await source.frame(n)
      expect([frame.index, numberOf(frame), frame.width, frame.height]).toEqual([n, n % 20, 96, 80])
    }
  })
})

describe('readings end when their reader does', () => {
  it('break, throw, cancel and close stop the decoder', async () => {
    const source = await open('big.mp4')
    for await (const frame of source.frames()) if (frame.index === 3) break
    await expect.poll(processes).toBe(0)

    const failing = async () => {
      for await (const frame of source.frames({ first: 100 }))
        if (frame.index === 103) throw new Error('mine')
    }
    await expect(failing()).rejects.toThrow('mine')
    await expect.poll(processes).toBe(0)

    const stop = new AbortController()
    const cancelled = async () => {
      for await (const frame of source.frames({ signal: stop.signal })) if (frame.index === 5) stop.abort()
    }
    await expect(cancelled()).rejects.toThrow(CancelledError)
    await expect.poll(processes).toBe(0)
    await expect(source.frame(0, { signal: stop.signal })).rejects.toThrow(CancelledError)

    const open1 = source.frames()[Symbol.asyncIterator]()
    await open1.next()
    await source.close()
    await expect.poll(processes).toBe(0)
    await expect(open1.next()).rejects.toThrow(CancelledError)
    await expect(source.frame(0)).rejects.toThrow(CancelledError)
  })
  it('opening can be cancelled, and tells how far it is', async () => {
    const stop = new AbortController()
    const seen: (number | undefined)[][] = []
    const opening = openVideo(at('big.mp4'), {
      ffmpeg: FFMPEG,
      signal: stop.signal,
      onProgress(done, total) {
        seen.push([done, total])
        if (done === 20) stop.abort()
      },
    })
    await expect(opening).rejects.toThrow(CancelledError)
    expect(seen.slice(0, 2)).toEqual([
      [1, 400],
      [2, 400],
    ])
    await expect.poll(processes).toBe(0)
  })
  it('several readings at once do not disturb each other', async () => {
    const source = await open('clip.mp4')
    const stream = async () => {
      const found: number[] = []
      for await (const frame of source.frames()) found.push(numberOf(frame))
      return found
    }
    const [all, again, one] = await Promise.all([stream(), stream(), source.frame(29)])
    expect(all).toEqual(Array.from({ length: 40 }, (_, n) => n))
    expect(again).toEqual(all)
    expect(numberOf(one)).toBe(29)
  })
})

describe.skipIf(process.platform === 'win32')('a decoder that fails on the way', () => {
  it('ends the reading with file, frame and its last words', async () => {
    // Real pictures, then the end: two and a half of them.
    const path = at('failing-ffmpeg')
    const real = `"${(await locateFfmpeg(FFMPEG)).path}" "$@"`
    const cut = `${real} | head -c ${96 * 80 * 3 * 2.5}; echo "[error] out of luck" >&2; exit 3`
    writeFileSync(path, `#!/bin/sh\ncase "$*" in *pipe:1*) ${cut};; *) exec ${real};; esac\n`, {
      mode: 0o755,
    })
    const source = await openVideo(at('clip.mp4'), { ffmpeg: path })
    const indices: number[] = []
    const reading = async () => {
      for await (const frame of source.frames()) indices.push(frame.index)
    }
    const message = await problemOf(reading())
    expect(indices).toEqual([0, 1])
    expect(message).toMatch(/clip\.mp4.*frame 2 of 40.*exit code 3: out of luck/)
    await expect.poll(processes).toBe(0)
  })
})

describe.skipIf(process.platform === 'win32')('random access', () => {
  it('decodes from a key frame near by, and not from the beginning', async () => {
    const [program, log] = [at('noting-ffmpeg'), at('runs.txt')]
    const real = (await locateFfmpeg(FFMPEG)).path
    writeFileSync(program, `#!/bin/sh\necho "$*" >> "${log}"\nexec "${real}" "$@"\n`, { mode: 0o755 })
    const source = await openVideo(at('big.mp4'), { ffmpeg: program })
    for (const index of [0, 5, 390]) {
      writeFileSync(log, '')
      expect(numberOf(await source.frame(index))).toBe(index)
      const runs = readFileSync(log, 'utf8').trim().split('\n')
      expect(runs).toHaveLength(1)
      expect(runs[0]?.includes(' -ss ')).toBe(index > 12)
    }
  })
})

describe('frames', () => {
  it('have the size that was asked for, and belong to whoever got them', async () => {
    const source = await open('clip.mp4')
    const kept = []
    for await (const frame of source.frames({ first: 10, last: 14, size: { width: 51, height: 33 } }))
      kept.push(frame)
    expect(kept.map((frame) => numberOf(frame))).toEqual([10, 11, 12, 13, 14])
    expect(kept.every((frame) => frame.width === 51 && frame.height === 33)).toBe(true)
    expect(new Set(kept.map((frame) => frame.data.buffer)).size).toBe(5)
  })
  it('are the same bytes whether streamed or fetched', async () => {
    const source = await open('clip.mp4')
    for await (const frame of source.frames({ first: 5, last: 30 })) {
      if (frame.index % 8 === 0)
        expect(Buffer.compare(frame.data, (await source.frame(frame.index)).data)).toBe(0)
    }
  })
  it('are refused once the file is another one', async () => {
    cpSync(at('clip.mp4'), at('changing.mp4'))
    const source = await open('changing.mp4')
    cpSync(at('big.mp4'), at('changing.mp4'))
    expect(await problemOf(source.frame(3))).toMatch(/changed/)
  })
})

describe('the cache of frame tables', () => {
  const cacheFolder = at('cache/tables')
  const load = async (name: string) => {
    let decoded = 0
    const onProgress = (done: number) => {
      decoded = done
    }
    const { table } = await openVideo(at(name), { ffmpeg: FFMPEG, cacheFolder, onProgress })
    return { table, decoded }
  }
  it('gives the same table without decoding again', async () => {
    const first = await load('clip.mp4')
    const second = await load('clip.mp4')
    expect(first.decoded).toBe(40)
    expect(second.decoded).toBe(0)
    expect(second.table).toEqual(first.table)
  })
  it('notices that the file changed', async () => {
    cpSync(at('clip.mp4'), at('touched.mp4'))
    await load('touched.mp4')
    utimesSync(at('touched.mp4'), 1000, 1000)
    expect((await load('touched.mp4')).decoded).toBe(40)
  })
  it('does not believe a damaged entry', async () => {
    const { table } = await load('clip.mp4')
    for (const name of readdirSync(cacheFolder)) {
      const path = join(cacheFolder, name)
      const entry = JSON.parse(readFileSync(path, 'utf8'))
      writeFileSync(path, JSON.stringify({ ...entry, width: -1 }))
    }
    expect(await load('clip.mp4')).toEqual({ table, decoded: 40 })
    for (const name of readdirSync(cacheFolder)) truncateSync(join(cacheFolder, name), 100)
    expect(await load('clip.mp4')).toEqual({ table, decoded: 40 })
  })
  it('that cannot be written is no reason to fail', async () => {
    writeFileSync(at('no-folder'), '')
    const source = await openVideo(at('clip.mp4'), { ffmpeg: FFMPEG, cacheFolder: at('no-folder/x') })
    expect(source.table.frames).toHaveLength(40)
  })
})
