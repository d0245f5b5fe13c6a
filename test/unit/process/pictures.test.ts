/** Frame n is frame n in whatever order a view asks, and only what it wants now is worked on. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ModelProcess, startModelProcess } from '../../support/model-process.ts'
import { B_FRAMES, H264 } from '../video/exact.ts'
import { makeClip, numberedPicture, numberOf, temporaryFolder } from '../video/numbered-clips.ts'

const COUNT = 150
const folder = temporaryFolder()
const clip = join(folder.path, 'numbers.mp4')
const options = { cacheFolder: join(folder.path, 'cache'), ffmpeg: undefined }
let model: ModelProcess

beforeAll(async () => {
  await makeClip(clip, COUNT, [...H264, ...B_FRAMES])
  model = startModelProcess()
})
afterAll(async () => {
  await model.stop()
  folder.remove()
})

/** The number that a picture shows. */
async function shown({ bytes, mime }: { bytes: Uint8Array; mime: string }): Promise<number> {
  expect(mime).toBe('image/jpeg')
  expect(bytes.constructor).toBe(Uint8Array)
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true })
  return numberOf({ index: 0, width: info.width, height: info.height, data })
}

describe('a clip', () => {
  it('is opened with progress and its facts', async () => {
    const facts = await model.calls.openClip(clip, options)
    expect(facts).toMatchObject({
      path: clip,
      kind: 'video',
      frameCount: COUNT,
      width: 96,
      height: 80,
      variableFrameRate: false,
      warnings: [],
    })
    expect(facts.contentHash).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(facts.times).toBeInstanceOf(Float64Array)
    expect(facts.times).toHaveLength(COUNT)
    expect(facts.times[30]! - facts.times[0]!).toBeCloseTo(1, 3)
    expect(model.told.opening.every((progress) => progress.clip === clip && progress.done > 0)).toBe(true)
  })

  it('that cannot be opened says why in one sentence', async () => {
    const noVideo = join(folder.path, 'text.mp4')
    writeFileSync(noVideo, 'this is text\n'.repeat(100))
    await expect(model.calls.openClip(join(folder.path, 'gone.mp4'), options)).rejects.toThrow(
      /^Cannot open .*gone\.mp4: it does not exist; check the path\.$/,
    )
    const error = await model.calls.openClip(noVideo, options).then(
      () => undefined,
      (reason: Error) => reason.message,
    )
    expect(error).toMatch(/text\.mp4.*\.$/)
    expect(error).not.toContain('\n')
    await expect(
      model.calls.wantPictures({ clip: noVideo, view: 'a', frames: [0], quality: 90 }),
    ).rejects.toThrow(/text\.mp4 is not open any more; open it again\.$/)
  })

  it('is read anew where the file was replaced', async () => {
    const path = join(folder.path, 'replaced.mp4')
    cpSync(clip, path)
    expect((await model.calls.openClip(path, options)).frameCount).toBe(COUNT)
    await makeClip(path, 20, H264)
    expect((await model.calls.openClip(path, options)).frameCount).toBe(20)
    await model.calls.wantPictures({ clip: path, view: 'r', frames: [19], quality: 90 })
    expect(await shown(await model.heard('picture', (p) => p.clip === path))).toBe(19)
    await model.calls.closeClip(path)
    await model.calls.closeClip(path)
    await expect(
      model.calls.wantPictures({ clip: path, view: 'r', frames: [0], quality: 90 }),
    ).rejects.toThrow(/not open/)
  })
})

describe('pictures', () => {
  /** Asks and waits until all that is wanted has come. */
  async function see(view: string, frames: readonly number[], quality = 92): Promise<void> {
    const from = model.told.picture.length
    // Whatever was sent before is asked for again.
    await model.calls.wantPictures({ clip, view, frames, quality, again: true })
    for (const frame of frames) {
      const fits = (p: { view: string; frame: number }) => p.view === view && p.frame === frame
      const picture = await model.heard('picture', (p) => fits(p) && model.told.picture.indexOf(p) >= from)
      expect(await shown(picture), `frame ${frame}`).toBe(frame)
    }
  }

  it('are exact forwards, backwards and at random', async () => {
    for (let frame = 0; frame < 40; frame++) await see('walk', [frame])
    for (let frame = 130; frame > 90; frame--) await see('walk', [frame])
    let random = 7
    for (let i = 0; i < 40; i++) {
      random = (random * 48271) % 2147483647
      await see('walk', [random % COUNT, (random + 1) % COUNT, (random + COUNT - 1) % COUNT])
    }
    await see('walk', [0, COUNT - 1])
  })

  it('come in the order of urgency once they are there', async () => {
    const frames = [60, 61, 59, 62, 58]
    await see('order', frames)
    const from = model.told.picture.length
    await see('order', frames)
    expect(model.told.picture.slice(from).map(({ frame }) => frame)).toEqual(frames)
  })

  it('of one quality are not those of another', async () => {
    const size = async (quality: number): Promise<number> => {
      const from = model.told.picture.length
      await see('quality', [5], quality)
      return model.told.picture.slice(from).find((p) => p.view === 'quality')!.bytes.length
    }
    expect(await size(100)).toBeGreaterThan(await size(10))
  })

  it('of a folder of images are its images', async () => {
    const images = join(folder.path, 'images')
    mkdirSync(images)
    for (let n = 0; n < 12; n++)
      await sharp(numberedPicture(n, 96, 80), { raw: { width: 96, height: 80, channels: 1 } })
        .png()
        .toFile(join(images, `f${n}.png`))
    const facts = await model.calls.openClip(images, options)
    expect(facts).toMatchObject({ kind: 'images', frameCount: 12, width: 96, height: 80 })
    for (const frame of [11, 3, 2, 1, 10]) {
      await model.calls.wantPictures({ clip: images, view: 'images', frames: [frame], quality: 92 })
      const picture = await model.heard('picture', (p) => p.clip === images && p.frame === frame)
      expect(await shown(picture)).toBe(frame)
    }
    await model.calls.closeClip(images)
  })

  it('that a view no longer wants are dropped, however fast it scrubs', async () => {
    const from = model.told.picture.length
    const order = Array.from({ length: 60 }, (_, i) => (i * 67 + 13) % COUNT)
    const calls = order.map((frame) =>
      model.calls.wantPictures({ clip, view: 'scrub', frames: [frame], quality: 71 }),
    )
    await Promise.all(calls)
    const last = order.at(-1)!
    const picture = await model.heard('picture', (p) => p.view === 'scrub' && p.frame === last)
    expect(await shown(picture)).toBe(last)
    const sent = model.told.picture.slice(from).filter((p) => p.view === 'scrub')
    expect(sent.length).toBeLessThan(10)
    await model.calls.wantPictures({ clip, view: 'scrub', frames: [], quality: 71 })
  })

  it('outside the clip are not asked of the decoder', async () => {
    await model.calls.wantPictures({ clip, view: 'odd', frames: [-1, COUNT, 1.5, 3], quality: 92 })
    const picture = await model.heard('picture', (p) => p.view === 'odd')
    expect(picture.frame).toBe(3)
    expect(model.told.pictureFailed).toEqual([])
  })
})
