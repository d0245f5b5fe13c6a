import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { CancelledError, UsageError, UserError } from '../../../model/errors.ts'
import { createVideoWriter, locateFfmpeg, openVideo } from '../../../model/video/index.ts'
import { FFMPEG, numberedPicture, numberOf, temporaryFolder } from './numbered-clips.ts'

const folder = temporaryFolder()
afterAll(folder.remove)

/** A folder of its own per test, to see what is left behind. */
function place(name: string): { path: string; file: string; names: () => string[] } {
  const path = join(folder.path, name)
  mkdirSync(path)
  return { path, file: join(path, 'out.mp4'), names: () => readdirSync(path) }
}

function rgb(number: number, width: number, height: number): Uint8Array {
  const grey = numberedPicture(number, width, height)
  return Uint8Array.from({ length: grey.length * 3 }, (_, i) => grey[Math.floor(i / 3)] ?? 0)
}

describe('a written video', () => {
  it('holds every frame, in order, in a format that plays everywhere', async () => {
    const { file, names } = place('plain')
    const writer = await createVideoWriter(file, { width: 96, height: 80, fps: 25, ffmpeg: FFMPEG })
    // One buffer for all: it may be reused as soon as the promise resolved.
    const buffer = new Uint8Array(96 * 80 * 3)
    for (let n = 0; n < 60; n++) {
      buffer.set(rgb(n, 96, 80))
      await writer.write(buffer)
    }
    expect(names()).not.toContain('out.mp4')
    await writer.finish()
    await writer.abort()
    expect(names()).toEqual(['out.mp4'])
    const source = await openVideo(file, { ffmpeg: FFMPEG })
    expect(source.table).toMatchObject({
      width: 96,
      height: 80,
      averageFps: 25,
      variableFrameRate: false,
      warnings: [],
    })
    expect(source.table.codec).toBe(writer.encoder === 'mpeg4' ? 'mpeg4' : 'h264')
    const found: number[] = []
    for await (const frame of source.frames()) found.push(numberOf(frame))
    expect(found).toEqual(Array.from({ length: 60 }, (_, n) => n))
    // The index lies before the pictures, so that playing starts before all is read.
    const bytes = readFileSync(file)
    expect(bytes.indexOf('moov')).toBeLessThan(bytes.indexOf('mdat'))
  })
  it('of odd sides gets one more row and column, a copy of the last', async () => {
    const { file } = place('odd')
    const writer = await createVideoWriter(file, {
      width: 101,
      height: 77,
      fps: { num: 30000, den: 1001 },
      ffmpeg: FFMPEG,
    })
    const white = new Uint8Array(101 * 77 * 3).fill(255)
    for (let n = 0; n < 3; n++) await writer.write(white)
    await writer.finish()
    const source = await openVideo(file, { ffmpeg: FFMPEG })
    expect(source.table).toMatchObject({ width: 102, height: 78 })
    expect(source.table.averageFps).toBeCloseTo(30000 / 1001, 3)
    expect(Math.min(...(await source.frame(1)).data)).toBeGreaterThan(245)
  })
  it('keeps its colours', async () => {
    const { file } = place('colours')
    const writer = await createVideoWriter(file, { width: 64, height: 64, fps: 10, ffmpeg: FFMPEG })
    const colour = [200, 40, 90]
    await writer.write(Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => colour[i % 3] ?? 0))
    await writer.finish()
    const { data } = await (await openVideo(file, { ffmpeg: FFMPEG })).frame(0)
    for (const [i, value] of colour.entries()) expect(Math.abs((data[i] ?? 0) - value)).toBeLessThanOrEqual(4)
  })
})

describe.skipIf(process.platform === 'win32')('an ffmpeg without H.264', () => {
  it('writes MPEG-4 part 2, and says so', async () => {
    const { path, file } = place('plain-ffmpeg')
    const program = join(path, 'ffmpeg')
    const real = `exec "${(await locateFfmpeg(FFMPEG)).path}" "$@"`
    writeFileSync(program, `#!/bin/sh\ncase "$*" in *264*) exit 1;; *) ${real};; esac\n`, { mode: 0o755 })
    const writer = await createVideoWriter(file, { width: 64, height: 48, fps: 30, ffmpeg: program })
    for (let n = 0; n < 3; n++) await writer.write(rgb(n, 64, 48))
    await writer.finish()
    expect(writer.encoder).toBe('mpeg4')
    expect(writer.notice).toMatch(/no H\.264 encoder/)
    expect((await openVideo(file, { ffmpeg: FFMPEG })).table).toMatchObject({ codec: 'mpeg4' })
  })
  it('that fails on the way leaves nothing and gives the reason', async () => {
    const { path, file } = place('failing')
    const program = join(folder.path, 'failing-ffmpeg')
    const real = `"${(await locateFfmpeg(FFMPEG)).path}" "$@"`
    const fails = 'head -c 100000 >/dev/null; echo "[error] No space left on device" >&2; exit 1'
    writeFileSync(program, `#!/bin/sh\ncase "$*" in *faststart*) ${fails};; *) exec ${real};; esac\n`, {
      mode: 0o755,
    })
    const writer = await createVideoWriter(file, { width: 64, height: 48, fps: 30, ffmpeg: program })
    const writing = async () => {
      for (let n = 0; n < 500; n++) await writer.write(rgb(n % 50, 64, 48))
      await writer.finish()
    }
    await expect(writing()).rejects.toThrow(/out\.mp4 cannot be written after frame \d+ .*the disk is full/)
    expect(readdirSync(path)).toEqual([])
  })
})

describe('nothing half-written is left behind', () => {
  const size = { width: 64, height: 48, fps: 30, ffmpeg: FFMPEG }
  const frame = rgb(1, 64, 48)
  it('after abort', async () => {
    const { file, names } = place('abort')
    writeFileSync(file, 'older')
    const writer = await createVideoWriter(file, size)
    await writer.write(frame)
    await writer.abort()
    await writer.abort()
    expect(names()).toEqual(['out.mp4'])
    expect(readFileSync(file, 'utf8')).toBe('older')
    await expect(writer.write(frame)).rejects.toThrow()
  })
  it('after a signal', async () => {
    const { file, names } = place('signal')
    const stop = new AbortController()
    const writer = await createVideoWriter(file, { ...size, signal: stop.signal })
    await writer.write(frame)
    stop.abort()
    await expect(writer.write(frame)).rejects.toThrow(CancelledError)
    await expect(writer.finish()).rejects.toThrow(CancelledError)
    expect(names()).toEqual([])
    await expect(createVideoWriter(file, { ...size, signal: stop.signal })).rejects.toThrow(CancelledError)
  })
  it('when there were no frames', async () => {
    const { file, names } = place('none')
    const writer = await createVideoWriter(file, size)
    await expect(writer.finish()).rejects.toThrow(/no frames/)
    expect(names()).toEqual([])
  })
  it('when the place cannot be written to', async () => {
    await expect(createVideoWriter(join(folder.path, 'missing/out.mp4'), size)).rejects.toThrow(
      /does not exist/,
    )
    const { path, file } = place('locked')
    chmodSync(path, 0o500)
    // The administrator may write everywhere.
    if (process.getuid?.() !== 0) await expect(createVideoWriter(file, size)).rejects.toThrow(UserError)
    chmodSync(path, 0o700)
  })
  it('when the arguments make no sense', async () => {
    const { file, names } = place('wrong')
    for (const fps of [0, -1, Number.NaN, 1e9]) {
      await expect(createVideoWriter(file, { ...size, fps })).rejects.toThrow(UsageError)
    }
    await expect(createVideoWriter(file, { ...size, width: 1.5 })).rejects.toThrow(UsageError)
    await expect(createVideoWriter(file, { ...size, width: 1e6 })).rejects.toThrow(UserError)
    expect(names()).toEqual([])
    const writer = await createVideoWriter(file, size)
    await expect(writer.write(frame.subarray(1))).rejects.toThrow(RangeError)
    await writer.abort()
    expect(names()).toEqual([])
  })
})
