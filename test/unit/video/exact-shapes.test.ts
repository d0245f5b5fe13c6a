import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openVideo } from '../../../model/video/index.ts'
import { B_FRAMES, expectExact, H264, numbers } from './exact.ts'
import { FFMPEG, makeClip, numberOf, temporaryFolder } from './numbered-clips.ts'

// What this protects: turning, stretching, deep colour, odd sizes and damage never shift an index.

const folder = temporaryFolder()
afterAll(folder.remove)
const at = (name: string) => join(folder.path, name)

describe('geometry and depth', () => {
  it.each([90, 180, 270] as const)('display matrix that turns the picture by %i degrees', async (turned) => {
    const path = await makeClip(at(`r${turned}.mp4`), 20, H264)
    turn(path, turned)
    const table = await expectExact(path, { count: 20, turned })
    const [width, height] = turned === 180 ? [96, 80] : [80, 96]
    expect(table).toMatchObject({ rotation: turned, width, height, codedWidth: 96, codedHeight: 80 })
  })
  it('pixels that are not square', async () => {
    const wide = await makeClip(at('wide.mp4'), 20, ['-vf', 'setsar=4/3', ...H264])
    expect(await expectExact(wide, { count: 20 })).toMatchObject({
      ...{ width: 128, height: 80, codedWidth: 96, codedHeight: 80, sampleAspect: { num: 4, den: 3 } },
    })
    const high = await makeClip(at('high.mp4'), 20, ['-vf', 'setsar=3/4', ...H264])
    expect(await expectExact(high, { count: 20 })).toMatchObject({ width: 96, height: 107 })
    turn(wide, 90)
    expect(await expectExact(wide, { count: 20, turned: 90 })).toMatchObject({
      ...{ width: 80, height: 128, rotation: 90, sampleAspect: { num: 4, den: 3 } },
    })
  })
  it('10-bit', async () => {
    const ten = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p10le', '-g', '12']
    await expectExact(await makeClip(at('ten.mp4'), 30, ten), { count: 30 })
  })
  it('odd sizes', async () => {
    const size = { width: 101, height: 77 }
    const full = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv444p', '-g', '12']
    expect(await expectExact(await makeClip(at('odd.mp4'), 20, full, size), { count: 20 })).toMatchObject(
      size,
    )
    const ffv1 = await makeClip(at('odd.mkv'), 20, ['-c:v', 'ffv1', '-pix_fmt', 'yuv420p'], size)
    expect(await expectExact(ffv1, { count: 20 })).toMatchObject(size)
    expect(
      await expectExact(await makeClip(at('odd.gif'), 20, [], { ...size, fps: 10 }), { count: 20 }),
    ).toMatchObject(size)
  })
  it('a single frame', async () => {
    for (const name of ['one.mp4', 'one.mkv', 'one.gif', 'one.264']) {
      const table = await expectExact(await makeClip(at(name), 1, name.endsWith('gif') ? [] : H264), {
        count: 1,
      })
      expect(table.averageFps).toBeGreaterThan(0)
      expect(table.variableFrameRate).toBe(false)
    }
  })
})

describe('truncated files keep the frames that decode, and say so', () => {
  const FAST_START = ['-movflags', '+faststart']
  it.each([
    ['cut.mp4', FAST_START],
    ['cut.mkv', []],
    ['cut.ts', []],
    ['cut.webm', ['-c:v', 'libvpx', '-g', '15', '-deadline', 'realtime', '-b:v', '1M']],
    ['cut.avi', []],
    ['cut.gif', []],
    ['cut.264', ['-f', 'h264']],
  ] as const)('%s', async (name, options) => {
    await makeClip(at(name), 90, [...(/webm|gif/.test(name) ? [] : H264), ...options])
    truncateSync(at(name), Math.floor(readFileSync(at(name)).length * 0.55))
    const source = await openVideo(at(name), { ffmpeg: FFMPEG })
    const { frames, warnings } = source.table
    expect(frames.length).toBeGreaterThan(20)
    expect(frames.length).toBeLessThan(90)
    // The last picture may be patched up from half its data; all before it must be themselves.
    const found = await numbers(source, 0)
    expect(found).toHaveLength(frames.length)
    expect(found.slice(0, -1)).toEqual(Array.from({ length: frames.length - 1 }, (_, n) => n))
    for (const n of [frames.length - 2, 7]) expect(numberOf(await source.frame(n))).toBe(n)
    // Streams without an overall length are, when cut between two pictures, simply shorter ones.
    if (!/264$|ts$/.test(name)) expect(warnings.join(' ')).toMatch(/truncated|damaged/)
    await source.close()
  })
  it('a last picture that is held for long is no damage', async () => {
    const source = await openVideo(await makeClip(at('held.gif'), 20, ['-final_delay', '900']), {
      ffmpeg: FFMPEG,
    })
    expect(source.table.warnings).toEqual([])
    expect(source.table.frames).toHaveLength(20)
  })
  it('a hole in the middle of a raw stream', async () => {
    const path = await makeClip(at('hole.264'), 60, [...B_FRAMES, '-f', 'h264'])
    const bytes = readFileSync(path)
    const middle = bytes.length >> 1
    bytes.fill(0xa5, middle, middle + 400)
    writeFileSync(path, bytes)
    const source = await openVideo(path, { ffmpeg: FFMPEG })
    expect(source.table.warnings.join(' ')).toMatch(/damaged/)
    const streamed: Uint8Array[] = []
    for await (const frame of source.frames()) streamed.push(frame.data)
    expect(streamed).toHaveLength(source.table.frames.length)
    for (const n of [0, 30, streamed.length - 1]) {
      expect(Buffer.compare((await source.frame(n)).data, streamed[n] ?? new Uint8Array())).toBe(0)
    }
  })
})

/** Writes a clockwise turn into the display matrix of the track header, as cameras do. */
function turn(path: string, degrees: 90 | 180 | 270): void {
  const bytes = readFileSync(path)
  const matrix = bytes.indexOf('tkhd') + 4 + 40
  const one = 0x10000
  const [a, b, c, d] = { 90: [0, one, -one, 0], 180: [-one, 0, 0, -one], 270: [0, -one, one, 0] }[
    degrees
  ] as [number, number, number, number]
  for (const [i, value] of [a, b, 0, c, d, 0].entries()) bytes.writeInt32BE(value, matrix + 4 * i)
  writeFileSync(path, bytes)
}
