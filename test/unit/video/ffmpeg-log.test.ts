import { describe, expect, it } from 'vitest'
import {
  Complaints,
  InputLog,
  readFinalCount,
  readPicture,
  readTimeBase,
} from '../../../model/video/ffmpeg-log.ts'

// Lines as releases 5.1 and 7.0 print them.
const FIVE =
  '[Parsed_showinfo_0 @ 0x5636f8896480] [info] n:   1 pts:    512 pts_time:0.0333333 pos:     6968 fmt:yuv420p sar:1/1 s:320x240 i:P iskey:0 type:B checksum:B1DB2FBB plane_checksum:[9FE425EC E45EE7F1 01AB21CF] mean:[122 129 127] stdev:[56.8 77.8 81.4]'
const SEVEN =
  '[Parsed_showinfo_0 @ 0x7fd63c001ac0] [info] n:   0 pts:      0 pts_time:0       duration:    512 duration_time:0.0333333 fmt:yuv420p cl:left sar:4/3 s:320x240 i:P iskey:1 type:I checksum:67BE1C5A plane_checksum:[775B1F21]'

describe('announced pictures', () => {
  it('of both releases', () => {
    expect(readPicture(FIVE)).toEqual({
      ...{ pts: 512, keyFrame: false, width: 320, height: 240 },
      ...{ sampleAspect: { num: 1, den: 1 }, checksum: 0xb1db2fbb },
    })
    expect(readPicture(SEVEN)).toMatchObject({ pts: 0, keyFrame: true, sampleAspect: { num: 4, den: 3 } })
  })
  it('without timestamp', () => {
    expect(
      readPicture(FIVE.replace('pts:    512 pts_time:0.0333333', 'pts:   NOPTS pts_time:NOPTS'))?.pts,
    ).toBeUndefined()
  })
  it('cut by the message of a decoder thread still count', () => {
    const cut = `${FIVE.slice(0, FIVE.indexOf('checksum'))}[h264 @ 0x1] [error] error while decoding MB 3 4`
    expect(readPicture(cut)).toMatchObject({ pts: 512, checksum: undefined })
    expect(readPicture(FIVE.slice(FIVE.indexOf('n: ')))).toMatchObject({ pts: 512 })
  })
  it('are not taken from titles', () => {
    expect(readPicture(`[info]     title           : ${FIVE}`)).toBeUndefined()
    expect(readPicture(`                    : ${FIVE}`)).toBeUndefined()
  })
})

describe('the description of the input', () => {
  const log = (lines: string) => {
    const input = new InputLog()
    for (const line of lines.split('\n')) input.add(line)
    return input
  }
  const TURNED = `[info] Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:/a, b.mp4':
[info]   Metadata:
[info]     title           : x
                    :   Stream #0:0: Video: fake, 1x1
[info]   Duration: 01:02:03.50, start: 0.000000, bitrate: 293 kb/s
[info]   Stream #0:0[0x1](und): Audio: aac (LC) (mp4a / 0x6134706D), 44100 Hz
[info]   Stream #0:1[0x2](eng): Video: h264 (High) (avc1 / 0x31637661), yuv420p(tv, bt709, progressive), 1440x1080 [SAR 4:3 DAR 16:9], 288 kb/s, 29.97 fps, 30 tbr, 15360 tbn (default)
[info]     Metadata:
[info]       handler_name    : VideoHandler
[info]     Side data:
[info]       displaymatrix: rotation of -90.00 degrees
[info] Stream mapping:
[info]   Stream #0:1 -> #0:0 (h264 (native) -> wrapped_avframe (native))
[info] Output #0, null, to 'pipe:':
[info]   Stream #0:0(und): Video: wrapped_avframe, yuv420p, 1080x1440, 30 fps`
  it('is that of the stream that is decoded', () => {
    expect(log(TURNED).describe()).toEqual({
      ...{
        container: 'mov,mp4,m4a,3gp,3g2,mj2',
        codec: 'h264',
        codedWidth: 1440,
        codedHeight: 1080,
        rotation: 90,
      },
      ...{ duration: 3723.5, fps: 29.97, hasAudio: true },
    })
  })
  it.each([
    ['-90.00', 90],
    ['90.00', 270],
    ['-180.00', 180],
    ['180.00', 180],
    ['-0.00', 0],
    ['0.31', 0],
    ['-89.62', 90],
  ])('turns %s degrees anticlockwise into %i clockwise', (said, rotation) => {
    expect(log(TURNED.replace('-90.00', said)).describe().rotation).toBe(rotation)
  })
  it('of raw streams says what it can', () => {
    const raw = log(`[info] Input #0, h264, from 'file:a.264':
[info]   Duration: N/A, bitrate: N/A
[info]   Stream #0:0: Video: h264 (Constrained Baseline), yuv420p(progressive), 176x144, 25 fps, 25 tbr, 1200k tbn
[info] Stream mapping:
[info]   Stream #0:0 -> #0:0 (h264 (native) -> wrapped_avframe (native))`)
    expect(raw.describe()).toMatchObject({ container: 'h264', duration: undefined, fps: 25, codedWidth: 176 })
    expect(raw.decoding).toBe(true)
  })
})

it('complaints are errors, and warnings about missing data', () => {
  const complaints = new Complaints()
  complaints.add('[info]     title           : [error] not one')
  complaints.add(
    '[swscaler @ 0x55] [warning] deprecated pixel format used, make sure you did set range correctly',
  )
  complaints.add(
    '[null @ 0x55] [error] Application provided invalid, non monotonically increasing dts to muxer',
  )
  expect(complaints.count).toBe(0)
  complaints.add('[matroska,webm @ 0x55] [error] File ended prematurely')
  complaints.add('[warning] file:x.ts: corrupt decoded frame in stream 0')
  complaints.add('[h264 @ 0x55] [error] cabac decode of qscale diff failed at 3 4')
  expect(complaints.count).toBe(3)
  expect(complaints.first).toBe('File ended prematurely')
})

it('time base and final count', () => {
  expect(
    readTimeBase('[Parsed_showinfo_0 @ 0x5] [info] config in time_base: 1/15360, frame_rate: 30/1'),
  ).toEqual({
    num: 1,
    den: 15360,
  })
  expect(
    readTimeBase('[Parsed_showinfo_0 @ 0x5] [info] config out time_base: 0/0, frame_rate: 0/0'),
  ).toBeUndefined()
  expect(readFinalCount('[info] frame=   39 fps=0.0 q=-0.0 Lsize=N/A time=00:00:00.00')).toBe(39)
  expect(readFinalCount('[info] frame=123456 fps=0.0 q=-0.0 Lsize=N/A')).toBe(123456)
  expect(readFinalCount(FIVE)).toBeUndefined()
})
