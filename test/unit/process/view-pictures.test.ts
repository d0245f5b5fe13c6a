/** What one view makes decoders do: how often one is started, and that it comes to rest. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { PictureCache } from '../../../model/process/picture-cache.ts'
import { ViewPictures } from '../../../model/process/view-pictures.ts'
import type { FrameRangeOptions, FrameTable, VideoFrame, VideoSource } from '../../../model/video/index.ts'

const COUNT = 300
const KEY_EVERY = 25

/** A clip of 8x8 pictures that notes every decoder started on it. */
function fakeClip(): VideoSource & { readonly starts: FrameRangeOptions[]; prepared: number } {
  const frames = Array.from({ length: COUNT }, (_, index) => ({
    ...{ index, pts: index, time: index / 25 },
    keyFrame: index % KEY_EVERY === 0,
  }))
  const source = {
    table: { frames, width: 8, height: 8 } as unknown as FrameTable,
    starts: [] as FrameRangeOptions[],
    prepared: 0,
    prepare() {
      this.prepared++
    },
    async *frames(options: FrameRangeOptions = {}): AsyncGenerator<VideoFrame, void, undefined> {
      source.starts.push(options)
      for (let index = options.first!; index <= options.last!; index++) {
        await sleep(1)
        if (options.signal?.aborted) return
        yield { index, width: 8, height: 8, data: new Uint8Array(8 * 8 * 3) }
      }
    },
    frame: () => Promise.reject(new Error('not used')),
    close: () => Promise.resolve(),
  }
  return source
}

function viewOf(source: VideoSource, { bytes = 2 ** 26, isBusy = (): boolean => false } = {}) {
  const sent: number[] = []
  const cache = new PictureCache(bytes)
  const view = new ViewPictures('clip', source, cache, {
    picture: (frame) => void sent.push(frame),
    failed: (frame, error) => expect.unreachable(`frame ${frame} failed: ${error}`),
    room: () => Promise.resolve(),
    isBusy,
  })
  onTestFinished(() => view.close())
  return { view, sent, cache, has: (frame: number) => cache.has('clip', 92, frame) }
}

describe('a view of a clip', () => {
  it.each([110, 118, 99, 75])(
    'comes to rest after a jump to %i, with the frames around it ready',
    async (at) => {
      const source = fakeClip()
      const { view, sent, has } = viewOf(source)
      view.want([0], 92)
      await expect.poll(() => sent).toContain(0)
      const before = source.starts.length
      view.want([at], 92)
      await expect.poll(() => sent).toContain(at)
      view.want([at + 1, at - 1], 92, { at })
      const around = Array.from({ length: 41 }, (_, i) => at - 8 + i)
      await expect.poll(() => around.every(has), { timeout: 10_000 }).toBe(true)
      await sleep(100)
      // One for the jump, one for what follows, one or two for the frames before it; a key frame between starts none anew.
      expect(source.starts.length - before).toBeLessThanOrEqual(4)
      // What goes on after the frame of a jump would take the processor from showing it.
      expect(source.starts[before]).toMatchObject({ first: at, last: at, prompt: true })
    },
  )

  it('decodes nothing but the frame of a jump before the view asks for more', async () => {
    const source = fakeClip()
    const { view, sent, has } = viewOf(source)
    view.want([0, 1, 2], 92)
    await expect.poll(() => sent).toContain(2)
    view.want([200], 92)
    await expect.poll(() => sent).toContain(200)
    await sleep(100)
    expect([199, 201, 202].some(has)).toBe(false)
    // The view has it and asks for nothing more yet; the next jump is one like the first.
    view.want([], 92, { at: 200 })
    view.want([100], 92, { at: 100 })
    await expect.poll(() => sent).toContain(100)
    await sleep(100)
    expect([99, 101, 102].some(has)).toBe(false)
    // Who has the frame may jump on at once; who stays gets those around.
    view.want([], 92, { at: 100 })
    await sleep(200)
    expect([99, 101, 102].some(has)).toBe(false)
    await expect.poll(() => [92, 101, 132].every(has), { timeout: 10_000 }).toBe(true)
    view.want([200], 92, { at: 200, again: true })
    view.want([201, 202], 92, { at: 200 })
    await expect.poll(() => [192, 201, 202, 232].every(has), { timeout: 10_000 }).toBe(true)
  })

  it('decodes just the frames behind a jump that are wanted, in one go', async () => {
    const source = fakeClip()
    const { view, sent } = viewOf(source)
    view.want([0], 92)
    await expect.poll(() => sent).toContain(0)
    view.want([220], 92)
    await expect.poll(() => sent).toContain(220)
    view.want([219, 218], 92, { at: 220 })
    await expect.poll(() => [219, 218].every((frame) => sent.includes(frame))).toBe(true)
    expect(source.starts.filter(({ first }) => first! >= 200 && first! < 220)).toMatchObject([
      { first: 218, last: 219 },
    ])
  })

  it('sends what stays wanted once, and again when it got lost', async () => {
    const { view, sent } = viewOf(fakeClip())
    // They are compressed side by side, so they come in any order.
    const sorted = () => [...sent].sort()
    view.want([5, 6], 92)
    await expect.poll(sorted).toEqual([5, 6])
    view.want([5, 6, 7], 92)
    await expect.poll(sorted).toEqual([5, 6, 7])
    view.want([5, 6, 7], 92, { again: true })
    await expect.poll(sorted).toEqual([5, 5, 6, 6, 7, 7])
    // Not named in between: it arrived, was given up by the view, and is wanted anew.
    view.want([7], 92)
    view.want([5], 92)
    await expect.poll(sorted).toEqual([5, 5, 5, 6, 6, 7, 7])
  })

  it('reads the frames behind a jump backwards in chunks, not with a decoder each', async () => {
    const source = fakeClip()
    const { view, sent } = viewOf(source)
    view.want([250], 92)
    await expect.poll(() => sent).toContain(250)
    const before = source.starts.length
    const wanted = Array.from({ length: 25 }, (_, i) => 120 - i)
    view.want(wanted, 92)
    await expect.poll(() => wanted.every((frame) => sent.includes(frame)), { timeout: 10_000 }).toBe(true)
    expect(sent.indexOf(120)).toBeLessThan(sent.indexOf(119))
    expect(source.starts.length - before).toBeLessThanOrEqual(6)
  })

  it('fetches frames elsewhere one by one, and goes on reading ahead with the decoder that it has', async () => {
    const source = fakeClip()
    const { view, sent, has } = viewOf(source)
    const around = Array.from({ length: 25 }, (_, i) => 100 + i)
    view.want([...around, 200, 30], 92)
    await expect.poll(() => [...around, 200, 30].every((frame) => sent.includes(frame))).toBe(true)
    expect(sent.indexOf(124)).toBeLessThan(sent.indexOf(200))
    await expect.poll(() => has(132)).toBe(true)
    const ranges = source.starts.map(({ first, last }) => [first, last])
    expect(ranges).toContainEqual([200, 200])
    expect(ranges).toContainEqual([30, 30])
    expect(ranges.filter(([, last]) => last === COUNT - 1)).toEqual([[100, COUNT - 1]])
  })

  it('takes the decoder that stands by for the frame that is waited for only, then asks for the next one', async () => {
    const source = fakeClip()
    const { view, sent } = viewOf(source)
    view.want([200, 201, 199], 92)
    await expect.poll(() => [200, 201, 199].every((frame) => sent.includes(frame))).toBe(true)
    expect(source.starts.filter(({ prompt }) => prompt).map(({ first }) => first)).toEqual([200])
    expect(source.prepared).toBeGreaterThan(0)
  })

  const ALL = Array.from({ length: COUNT }, (_, frame) => frame)
  const RESTS = { timeout: 20_000, interval: 50 }

  it('makes the whole clip ready for somebody who rests, with a decoder for each way and none for a later jump', async () => {
    const source = fakeClip()
    const { view, sent, has } = viewOf(source)
    view.want([100], 92)
    await expect.poll(() => ALL.every(has), RESTS).toBe(true)
    const starts = source.starts.length
    expect(starts).toBeLessThanOrEqual(5)
    for (const frame of [250, 3, 180]) {
      view.want([frame], 92)
      await expect.poll(() => sent).toContain(frame)
    }
    expect(source.starts).toHaveLength(starts)
  }, 30_000)

  it('gives a far jump way at once while it does so, and goes on from there', async () => {
    const source = fakeClip()
    const { view, sent, has } = viewOf(source)
    view.want([0], 92)
    await expect.poll(() => has(60), RESTS).toBe(true)
    expect(has(280)).toBe(false)
    view.want([200], 92)
    await expect.poll(() => sent, { timeout: 500 }).toContain(200)
    view.want([], 92, { at: 200 })
    await expect.poll(() => has(280), RESTS).toBe(true)
    expect(has(150)).toBe(false)
  }, 30_000)

  it('leaves the processor to those who need it, and the cache room for what is asked for', async () => {
    let busy = true
    const source = fakeClip()
    const { view, cache, has } = viewOf(source, { bytes: 100_000, isBusy: () => busy })
    view.want([0], 92)
    await sleep(2500)
    expect(has(40)).toBe(false)
    busy = false
    await expect.poll(() => cache.bytes, RESTS).toBeGreaterThan(0.8 * cache.maxBytes)
    await sleep(500)
    expect(cache.bytes).toBeLessThan(0.9 * cache.maxBytes)
    expect(has(0)).toBe(true)
    expect(has(299)).toBe(false)
  }, 30_000)
})
