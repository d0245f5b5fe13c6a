import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { B_FRAMES, expectExact, H264 } from './exact.ts'
import { EVERY_FRAME, hasEncoder, makeClip, remux, temporaryFolder } from './numbered-clips.ts'

// What this protects: entry n of the table, the n-th frame of a stream and frame(n) are all picture n of the clip.
// Every picture carries its own number, so nothing here trusts a timestamp, a count or another decoder.

const folder = temporaryFolder()
afterAll(folder.remove)
const at = (name: string) => join(folder.path, name)

describe('containers and codecs', () => {
  it('mp4 with B-frames', async () => {
    const table = await expectExact(await makeClip(at('b.mp4'), 50, B_FRAMES), { count: 50 })
    expect(table).toMatchObject({
      kind: 'video',
      codec: 'h264',
      width: 96,
      height: 80,
      rotation: 0,
      warnings: [],
    })
    expect(table).toMatchObject({ variableFrameRate: false, averageFps: 30, timestamps: 'file' })
    expect(table.contentHash).toMatch(/^sha256:[0-9a-f]{64}$/)
    const keys = table.frames.filter((frame) => frame.keyFrame).map((frame) => frame.index)
    expect(keys).toEqual([0, 12, 24, 36, 48])
  })
  it('mp4 with open groups of pictures, whose leading B-frames need the group before', async () => {
    const open = ['-x264-params', 'open-gop=1:bframes=3:b-adapt=0:keyint=12:scenecut=0']
    await expectExact(await makeClip(at('open.mp4'), 50, [...H264, ...open]), { count: 50 })
  })
  it('mov (mpeg4)', async () => {
    await expectExact(await makeClip(at('a.mov'), 40, ['-c:v', 'mpeg4', '-q:v', '2', '-bf', '2']), {
      count: 40,
    })
  })
  it('mkv', async () => {
    await expectExact(await makeClip(at('a.mkv'), 40, B_FRAMES), { count: 40 })
  })
  it('webm (vp9 with hidden reference frames)', async () => {
    const vp9 = [
      '-c:v',
      'libvpx-vp9',
      '-g',
      '15',
      '-deadline',
      'realtime',
      '-cpu-used',
      '8',
      '-auto-alt-ref',
      '1',
    ]
    await expectExact(await makeClip(at('9.webm'), 40, vp9), { count: 40 })
  })
  it('webm (vp8)', async () => {
    const vp8 = ['-c:v', 'libvpx', '-g', '15', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '1M']
    await expectExact(await makeClip(at('8.webm'), 40, vp8), { count: 40 })
  })
  it('avi (packed mpeg4 B-frames)', async () => {
    await expectExact(await makeClip(at('a.avi'), 40, ['-c:v', 'mpeg4', '-q:v', '2', '-g', '12']), {
      count: 40,
    })
    await expectExact(await makeClip(at('b.avi'), 40, B_FRAMES), { count: 40 })
  })
  it('gif', async () => {
    await expectExact(await makeClip(at('a.gif'), 30, [], { fps: 20 }), { count: 30 })
  })
  it('raw h264, which has no timestamps', async () => {
    const table = await expectExact(await makeClip(at('a.264'), 40, [...B_FRAMES, '-f', 'h264']), {
      count: 40,
    })
    expect(table).toMatchObject({ timestamps: 'synthetic', container: 'h264', variableFrameRate: false })
  })
  it('mpeg-ts', async () => {
    await expectExact(await makeClip(at('a.ts'), 40, B_FRAMES), { count: 40 })
  })
  it.skipIf(!hasEncoder('libx265'))('hevc', async () => {
    const hevc = [
      '-c:v',
      'libx265',
      '-preset',
      'ultrafast',
      '-x265-params',
      'log-level=none:keyint=12:bframes=3',
    ]
    const table = await expectExact(await makeClip(at('hevc.mp4'), 40, hevc), { count: 40 })
    expect(table.codec).toBe('hevc')
  })
})

describe('timestamps', () => {
  it('variable frame rate', async () => {
    const uneven = ['-vf', "setpts='(N+floor(N/3)*4+gt(N,20)*90)/30/TB'", ...EVERY_FRAME]
    for (const name of ['vfr.mkv', 'vfr.mp4']) {
      const table = await expectExact(await makeClip(at(name), 45, [...uneven, ...B_FRAMES]), { count: 45 })
      expect(table.variableFrameRate).toBe(true)
      const times = table.frames.map((frame) => frame.time)
      const start = times[0] ?? 0
      expect((times[10] ?? 0) - start).toBeCloseTo((10 + 3 * 4) / 30, 2)
      expect((times[44] ?? 0) - start).toBeCloseTo((44 + 14 * 4 + 90) / 30, 2)
    }
  })
  it('edit list that hides the first pictures of the first group', async () => {
    await makeClip(at('whole.mp4'), 60, B_FRAMES)
    remux('-ss', '0.5', '-i', at('whole.mp4'), '-c', 'copy', at('edited.mp4'))
    await expectExact(at('edited.mp4'), { count: 45, from: 15 })
  })
  it('start that is not zero', async () => {
    await makeClip(at('zero.mp4'), 40, B_FRAMES)
    for (const name of ['late.mkv', 'late.mp4', 'late.ts']) {
      remux('-itsoffset', '7.3', '-i', at('zero.mp4'), '-c', 'copy', at(name))
      const table = await expectExact(at(name), { count: 40 })
      expect(table.frames[0]?.time).toBeGreaterThan(7)
    }
  })
  it('repeated timestamps fall back to counting', async () => {
    // 2000 pictures per second in a container that counts milliseconds.
    await makeClip(
      at('same.mkv'),
      30,
      ['-c:v', 'mpeg4', '-q:v', '2', '-bf', '0', '-g', '5', ...EVERY_FRAME],
      {
        fps: 2000,
      },
    )
    expect(await expectExact(at('same.mkv'), { count: 30 })).toMatchObject({ timestamps: 'synthetic' })
  })
})
