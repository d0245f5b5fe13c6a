import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { afterAll, describe, expect, it } from 'vitest'
import { CancelledError, UserError } from '../../../model/errors.ts'
import { IMAGE_FOLDER_FPS, openVideo, type VideoFrame } from '../../../model/video/index.ts'
import { numberedPicture, numberOf, temporaryFolder } from './numbered-clips.ts'

const folder = temporaryFolder()
afterAll(folder.remove)

/** A numbered grey picture for sharp. */
function picture(number: number, width = 64, height = 48): Sharp {
  return sharp(numberedPicture(number, width, height), { raw: { width, height, channels: 1 } })
}

/** Makes a folder of images, each from its own pipeline; the extension tells the format. */
async function images(name: string, files: Record<string, Sharp>): Promise<string> {
  const path = join(folder.path, name)
  mkdirSync(path, { recursive: true })
  for (const [file, image] of Object.entries(files)) await image.toFile(join(path, file))
  return path
}

async function collect(frames: AsyncIterable<VideoFrame>): Promise<VideoFrame[]> {
  const all: VideoFrame[] = []
  for await (const frame of frames) all.push(frame)
  return all
}

const pixel = (data: Uint8Array, index: number) => [...data.subarray(index * 3, index * 3 + 3)]

describe('a folder of images', () => {
  it('is a clip in natural order of names, whatever the formats', async () => {
    const path = await images('natural', {
      'f10.png': picture(3),
      'f9.jpg': picture(2),
      'f1.webp': picture(0),
      'f2.tif': picture(1),
      'f011.JPEG': picture(4).jpeg(),
    })
    for (const name of ['notes.txt', '.hidden.png', 'Thumbs.db']) writeFileSync(join(path, name), 'no image')
    mkdirSync(join(path, 'folder.png'))
    const source = await openVideo(path)
    expect(source.table).toMatchObject({
      kind: 'images',
      width: 64,
      height: 48,
      variableFrameRate: false,
      warnings: [],
    })
    expect(source.table.averageFps).toBe(IMAGE_FOLDER_FPS)
    expect(source.table.frames.map((frame) => frame.file)).toEqual([
      'f1.webp',
      'f2.tif',
      'f9.jpg',
      'f10.png',
      'f011.JPEG',
    ])
    const found: number[] = []
    for await (const frame of source.frames()) {
      expect(frame.index).toBe(found.length)
      found.push(numberOf(frame))
    }
    expect(found).toEqual([0, 1, 2, 3, 4])
    for (const n of [4, 0, 2]) expect(numberOf(await source.frame(n))).toBe(n)
    const [small] = await collect(source.frames({ first: 3, last: 3, size: { width: 31, height: 23 } }))
    expect(small).toMatchObject({ index: 3, width: 31, height: 23 })
    expect(small?.data).toHaveLength(31 * 23 * 3)
    expect(small && numberOf(small)).toBe(3)
  })

  it('turns pictures as their orientation says', async () => {
    const path = await images('turned', {
      '0.jpg': picture(0).withMetadata({ orientation: 6 }),
      '1.png': picture(1).rotate(90),
    })
    const source = await openVideo(path)
    expect(source.table).toMatchObject({ width: 48, height: 64, codedWidth: 64, codedHeight: 48 })
    for (const n of [0, 1]) expect(numberOf(await source.frame(n), 90)).toBe(n)
  })

  it('becomes RGB of 8 bits: grey, 16 bits, alpha, palette', async () => {
    const raw = (data: Uint8Array | Uint16Array, channels: 1 | 3 | 4) =>
      sharp(data, { raw: { width: 2, height: 1, channels } })
    const path = await images('kinds', {
      'a.png': raw(Uint8Array.of(10, 200), 1),
      'b.png': raw(Uint16Array.of(0x1200, 0xff00), 1).toColourspace('grey16'),
      'c.png': raw(Uint8Array.of(255, 0, 0, 128, 0, 0, 255, 0), 4),
      'd.png': raw(Uint8Array.of(1, 2, 3, 250, 251, 252), 3).png({ palette: true }),
      'e.png': raw(Uint16Array.of(0x1200, 0x3400, 0x5600, 0xff00, 0x8000, 0), 3).toColourspace('rgb16'),
    })
    const source = await openVideo(path)
    const pictures = (await collect(source.frames())).map(({ data }) => [pixel(data, 0), pixel(data, 1)])
    expect(pictures).toEqual([
      [
        [10, 10, 10],
        [200, 200, 200],
      ],
      [
        [0x12, 0x12, 0x12],
        [0xff, 0xff, 0xff],
      ],
      [
        [255, 0, 0],
        [0, 0, 255],
      ],
      [
        [1, 2, 3],
        [250, 251, 252],
      ],
      [
        [0x12, 0x34, 0x56],
        [0xff, 0x80, 0],
      ],
    ])
  })

  it('has a hash over names and contents', async () => {
    const hash = async (files: Record<string, Sharp>) => {
      const path = await images('hashed', files)
      const { contentHash } = (await openVideo(path)).table
      rmSync(path, { recursive: true })
      return contentHash
    }
    const first = await hash({ '0.png': picture(0), '1.png': picture(1) })
    expect(first).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(await hash({ '0.png': picture(0), '1.png': picture(1) })).toBe(first)
    expect(await hash({ '0.png': picture(1), '1.png': picture(0) })).not.toBe(first)
    expect(await hash({ '0.png': picture(0), '2.png': picture(1) })).not.toBe(first)
  })
})

describe('folders that are no clip end with one sentence', () => {
  async function problemOf(path: string): Promise<string> {
    const error: unknown = await openVideo(path).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UserError)
    return (error as UserError).message
  }
  it('no images', async () => {
    expect(await problemOf(await images('none', {}))).toMatch(/no images/)
  })
  it('another size: the first image that differs is named', async () => {
    const path = await images('sizes', {
      '0.png': picture(0),
      '1.png': picture(1, 60, 48),
      '2.png': picture(1, 60, 40),
    })
    expect(await problemOf(path)).toMatch(/1\.png is 60x48, but 0\.png is 64x48/)
  })
  it('something else under the name of an image', async () => {
    const path = await images('text', { '0.png': picture(0) })
    writeFileSync(join(path, '1.png'), 'no image')
    expect(await problemOf(path)).toMatch(/1\.png cannot be read as an image/)
  })
  it('a size above the limit is refused from its header', async () => {
    const path = await images('huge', {})
    const claimed = Buffer.from(await picture(0).png().toBuffer())
    claimed.writeUInt32BE(60_000, 16)
    claimed.writeUInt32BE(60_000, 20)
    writeFileSync(join(path, '0.png'), claimed)
    expect(await problemOf(path)).toContain('0.png')
  })
  it('an image that is cut off fails when it is read, and is named', async () => {
    const path = await images('cut', {
      '0.png': picture(0),
      '1.jpg': picture(1, 640, 480),
      '2.png': picture(2),
    })
    rmSync(join(path, '0.png'))
    rmSync(join(path, '2.png'))
    const whole = await sharp(join(path, '1.jpg')).toBuffer()
    writeFileSync(join(path, '1.jpg'), whole.subarray(0, whole.length / 2))
    const source = await openVideo(path)
    await expect(source.frame(0)).rejects.toThrow(/1\.jpg cannot be read as an image/)
  })
  it('an image that changed its size meanwhile', async () => {
    const path = await images('changed', { '0.png': picture(0), '1.png': picture(1) })
    const source = await openVideo(path)
    await source.frame(1)
    await picture(1, 60, 48).toFile(join(path, '1.png'))
    await expect(source.frame(1)).rejects.toThrow(UserError)
  })
})

it('cancelling and closing stop a reading', async () => {
  const path = await images('stop', { '0.png': picture(0), '1.png': picture(1), '2.png': picture(2) })
  const stop = new AbortController()
  const source = await openVideo(path)
  const reading = async () => {
    for await (const _ of source.frames({ signal: stop.signal })) stop.abort()
  }
  await expect(reading()).rejects.toThrow(CancelledError)
  await expect(openVideo(path, { signal: stop.signal })).rejects.toThrow(CancelledError)
  await source.close()
  await expect(source.frame(0)).rejects.toThrow(CancelledError)
})
