import { expect } from 'vitest'
import { type FrameTable, openVideo, type VideoSource } from '../../../model/video/index.ts'
import { FFMPEG, numberOf } from './numbered-clips.ts'

/** Small, quick, and with key frames where the tests expect them. */
export const H264 = '-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 12 -sc_threshold 0'.split(' ')
export const B_FRAMES = [...H264, '-bf', '3', '-b_strategy', '0']

interface Expected {
  count: number
  /** Number of the first picture. */
  from?: number
  turned?: 0 | 90 | 180 | 270
}

/** Reads a range and checks index, size and length of every frame. @returns the numbers that the frames show */
export async function numbers(
  source: VideoSource,
  turned: Expected['turned'],
  first?: number,
  last?: number,
) {
  const found: number[] = []
  const range = { ...(first === undefined ? {} : { first }), ...(last === undefined ? {} : { last }) }
  for await (const frame of source.frames(range)) {
    expect(frame.index).toBe((first ?? 0) + found.length)
    expect([frame.width, frame.height]).toEqual([source.table.width, source.table.height])
    expect(frame.data.length).toBe(frame.width * frame.height * 3)
    found.push(numberOf(frame, turned))
  }
  return found
}

/** Opens a clip and checks stream, range and random access against the numbers in the pictures. */
export async function expectExact(
  path: string,
  { count, from = 0, turned = 0 }: Expected,
): Promise<FrameTable> {
  const source = await openVideo(path, { ffmpeg: FFMPEG })
  const expected = Array.from({ length: count }, (_, n) => from + n)
  expect(source.table.frames.map((frame) => frame.index)).toEqual(expected.map((n) => n - from))
  expect(await numbers(source, turned)).toEqual(expected)
  const middle = Math.floor(count * 0.6)
  expect(await numbers(source, turned, middle, Math.min(middle + 3, count - 1))).toEqual(
    expected.slice(middle, middle + 4),
  )
  const wanted = new Set([0, count - 1, count - 2, middle + 1, Math.floor(count / 3)])
  for (const n of wanted) {
    if (n >= 0 && n < count) expect(numberOf(await source.frame(n), turned)).toBe(from + n)
  }
  // Frames out of a decoder that was started before the frame was known.
  for (const n of [0, Math.min(middle + 1, count - 1)]) {
    source.prepare?.()
    for await (const frame of source.frames({ first: n, prompt: true })) {
      expect(frame.index).toBe(n)
      expect(numberOf(frame, turned)).toBe(from + n)
      break
    }
  }
  await source.close()
  return source.table
}
