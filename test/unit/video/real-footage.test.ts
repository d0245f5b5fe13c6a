import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openVideo } from '../../../model/video/index.ts'
import { describeWithData } from '../../support/reference.ts'
import { FFMPEG } from './numbered-clips.ts'

describeWithData('real footage: a fetched frame is the streamed one, byte for byte', (data) => {
  it.each([
    'intel/asl_gestures/learn.mkv',
    'intel/preview_gif/classroom.gif',
    'openh264/MR2_MW_A.264',
    'moviepy/big_buck_bunny_0_30.webm',
    'mdn/friday.mp4',
  ])('%s', async (name) => {
    const source = await openVideo(join(data, 'footage', name), { ffmpeg: FFMPEG })
    const count = source.table.frames.length
    // Large ones are read small: decoding is what is tested.
    const size = source.table.width > 640 ? { width: 320, height: 180 } : source.table
    const wanted = new Set([0, 1, Math.floor(count / 2), Math.floor(count * 0.8), count - 1])
    const kept = new Map<number, Uint8Array>()
    let streamed = 0
    for await (const frame of source.frames({ size })) {
      expect(frame.index).toBe(streamed++)
      if (wanted.has(frame.index)) kept.set(frame.index, frame.data)
    }
    expect(streamed).toBe(count)
    expect(source.table.warnings).toEqual([])
    for (const index of wanted) {
      const { data: fetched } = await source.frame(index, { size })
      expect(Buffer.compare(fetched, kept.get(index) ?? new Uint8Array())).toBe(0)
    }
    await source.close()
  })
})
