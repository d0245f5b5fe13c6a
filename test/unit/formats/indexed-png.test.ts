import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { UserError } from '../../../model/errors.ts'
import {
  decodeIndexedPng,
  encodeIndexedPng,
  readIndexedPng,
  writeIndexedPng,
} from '../../../model/formats/indexed-png.ts'
import { colourOf, davisPalette } from '../../../model/formats/palette.ts'
import { describeWithReference } from '../../support/reference.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'indexed-png-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A 61x37 map of three blobs, odd on purpose: no pass of an interlaced file fills its last byte. */
function blobs(): { width: number; height: number; indices: Uint8Array } {
  const width = 61
  const height = 37
  const indices = new Uint8Array(width * height)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if ((x - 15) ** 2 + (y - 12) ** 2 < 90) indices[y * width + x] = 1
      if (Math.abs(x - 40) + Math.abs(y - 20) < 14) indices[y * width + x] = 2
      if (x > 50 && y > 30) indices[y * width + x] = 3
    }
  return { width, height, indices }
}

/** The picture in colours, as a reader that is not ours sees it. */
async function sharpRgb(png: Uint8Array): Promise<Uint8Array> {
  return sharp(png).removeAlpha().toColourspace('srgb').raw().toBuffer()
}

describe('the DAVIS palette', () => {
  it('is the PASCAL VOC colour map', () => {
    expect(davisPalette()).toHaveLength(256)
    expect([0, 1, 2, 3, 4, 8, 255].map(colourOf)).toEqual([
      [0, 0, 0],
      [128, 0, 0],
      [0, 128, 0],
      [128, 128, 0],
      [0, 0, 128],
      [64, 0, 0],
      [224, 224, 192],
    ])
    expect(new Set(davisPalette().map(String)).size).toBe(256)
    expect(() => colourOf(256)).toThrow(RangeError)
  })
})

describe('writing', () => {
  it('gives back every label map, whatever its size and ids', () => {
    const maps = fc
      .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }))
      .chain(([width, height]) =>
        fc
          .uint8Array({ minLength: width * height, maxLength: width * height })
          .map((indices) => ({ width, height, indices })),
      )
    fc.assert(
      fc.property(maps, (map) => {
        const back = decodeIndexedPng(encodeIndexedPng(map), 'memory')
        expect(back).toMatchObject({ width: map.width, height: map.height, kind: 'palette' })
        expect(back.indices).toEqual(map.indices)
        expect(back.palette).toEqual(davisPalette())
      }),
      { seed: 7, numRuns: 60 },
    )
  })

  it('gives the colours of the objects to a reader that is not ours', async () => {
    const map = blobs()
    const path = join(folder, 'written.png')
    await writeIndexedPng(path, map)
    const rgb = await sharpRgb(await readFile(path))
    expect([...rgb]).toEqual([...map.indices].flatMap((id) => colourOf(id)))
    const { stdout } = await promisify(execFile)(
      'ffmpeg',
      ['-v', 'error', '-i', path, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'],
      { encoding: 'buffer' },
    )
    expect(Buffer.compare(stdout, Buffer.from(rgb))).toBe(0)
    expect(await readdir(folder)).not.toContainEqual(expect.stringContaining('.tmp'))
  })

  it('refuses ids without a colour and sizes that do not fit', () => {
    const palette = [
      [0, 0, 0],
      [255, 255, 255],
    ] as const
    expect(() => encodeIndexedPng({ width: 2, height: 1, indices: Uint8Array.of(0, 2), palette })).toThrow(
      'Object id 2 has no colour',
    )
    expect(() => encodeIndexedPng({ width: 2, height: 2, indices: new Uint8Array(3) })).toThrow(RangeError)
  })

  it('says in one sentence that the folder is not there', async () => {
    await expect(writeIndexedPng(join(folder, 'none', 'a.png'), blobs())).rejects.toThrow(UserError)
  })
})

describe('reading what others write', () => {
  for (const progressive of [false, true])
    for (const colours of [2, 4, 16, 256])
      it(`palette of ${colours} colours${progressive ? ', interlaced' : ''}`, async () => {
        const { width, height, indices } = blobs()
        const map = indices.map((id, i) => (id * 83 + (i % 7) * 5) % colours)
        const rgb = Uint8Array.from([...map].flatMap((id) => colourOf(id)))
        const png = await sharp(rgb, { raw: { width, height, channels: 3 } })
          .png({ palette: true, colours, progressive, dither: 0, quality: 100 })
          .toBuffer()
        expect(png[25]).toBe(3)
        expect(png[28]).toBe(progressive ? 1 : 0)
        const read = decodeIndexedPng(png, 'sharp')
        expect(read.kind).toBe('palette')
        const seen = [...read.indices].flatMap((id) => read.palette![id]!)
        expect(Buffer.compare(Buffer.from(seen), Buffer.from(await sharpRgb(png)))).toBe(0)
      })

  for (const [format, depth] of [
    ['monob', 1],
    ['gray', 8],
  ] as const)
    for (const interlaced of [false, true])
      it(`${depth}-bit greyscale${interlaced ? ', interlaced' : ''} keeps the stored values`, async () => {
        const { width, height, indices } = blobs()
        const grey = indices.map((id) => (id === 0 ? 0 : 255))
        const raw = join(folder, 'grey.raw')
        const path = join(folder, `grey-${format}-${interlaced}.png`)
        await writeFile(raw, grey)
        const input = ['-f', 'rawvideo', '-pix_fmt', 'gray', '-s', `${width}x${height}`, '-i', raw]
        const how = ['-pix_fmt', format, '-pred', 'mixed', ...(interlaced ? ['-flags', '+ildct'] : [])]
        await promisify(execFile)('ffmpeg', ['-v', 'error', '-y', ...input, ...how, path])
        const header = await readFile(path)
        expect([header[24], header[28]]).toEqual([depth, interlaced ? 1 : 0])
        const read = await readIndexedPng(path)
        expect(read.kind).toBe('grey')
        expect(read.indices).toEqual(depth === 1 ? grey.map((v) => (v === 0 ? 0 : 1)) : grey)
      })

  it('black and white colours are 0 and 255, also with an alpha channel', async () => {
    const { width, height, indices } = blobs()
    const rgb = Uint8Array.from([...indices].flatMap((id) => (id === 1 ? [255, 255, 255] : [0, 0, 0])))
    for (const progressive of [false, true]) {
      const plain = sharp(rgb, { raw: { width, height, channels: 3 } })
      const expected = indices.map((id) => (id === 1 ? 255 : 0))
      for (const image of [plain, plain.clone().ensureAlpha()]) {
        const read = decodeIndexedPng(await image.png({ progressive }).toBuffer(), 'rgb')
        expect(read.kind).toBe('grey')
        expect(read.indices).toEqual(expected)
      }
    }
  })

  it('a picture painted in DAVIS colours gives their ids, transparent pixels are background', async () => {
    const { width, height, indices } = blobs()
    const rgba = Uint8Array.from(
      [...indices].flatMap((id) => (id === 0 ? [9, 9, 9, 0] : [...colourOf(id), 255])),
    )
    const png = await sharp(rgba, { raw: { width, height, channels: 4 } })
      .png()
      .toBuffer()
    const read = decodeIndexedPng(png, 'rgba')
    expect(read.kind).toBe('palette')
    expect(read.indices).toEqual(indices)
  })

  it('refuses a photograph and names a colour of it', async () => {
    const png = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#0c2238' } })
      .png()
      .toBuffer()
    expect(() => decodeIndexedPng(png, 'photo.png')).toThrow(
      /^Cannot read the mask photo\.png: its colour 12,34,56 stands for no object; give/,
    )
  })

  it('refuses white mixed with object colours, because white could be an object or void', async () => {
    const png = await sharp(Uint8Array.of(255, 255, 255, 128, 0, 0), {
      raw: { width: 2, height: 1, channels: 3 },
    })
      .png()
      .toBuffer()
    expect(() => decodeIndexedPng(png, 'a.png')).toThrow('mixes white')
  })
})

describe('bad files end in one sentence that names the file', () => {
  const good = () => encodeIndexedPng(blobs())

  it('not a PNG, missing, a folder', async () => {
    const path = join(folder, 'text.png')
    await writeFile(path, 'hello')
    await expect(readIndexedPng(path)).rejects.toThrow(`Cannot read the mask ${path}: it is not a PNG file`)
    await expect(readIndexedPng(join(folder, 'gone.png'))).rejects.toThrow(/gone\.png: it does not exist/)
    await expect(readIndexedPng(folder)).rejects.toThrow(UserError)
  })

  it('cut off anywhere, or with any one byte changed, it is never read as another mask', () => {
    const png = good()
    const truth = decodeIndexedPng(png, 'good').indices
    for (let length = 0; length < png.length; length++)
      expect(() => decodeIndexedPng(png.subarray(0, length), 'cut.png')).toThrow(UserError)
    fc.assert(
      fc.property(fc.nat(png.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = png.slice()
        damaged[at]! ^= change
        let read: Uint8Array | undefined
        try {
          read = decodeIndexedPng(damaged, 'damaged.png').indices
        } catch (error) {
          expect(error).toBeInstanceOf(UserError)
        }
        if (read !== undefined) expect(read).toEqual(truth)
      }),
      { seed: 11, numRuns: 300 },
    )
  })

  it('a wrong checksum names the chunk', () => {
    const png = good()
    png[png.length - 20]! ^= 1
    expect(() => decodeIndexedPng(png, 'x.png')).toThrow(
      'the checksum of its IDAT chunk at byte 813 is wrong',
    )
  })

  it('an absurd size is refused from the header alone', () => {
    for (const [width, height] of [
      [16_385, 1],
      [16_000, 16_000],
      [0, 5],
      [0xffffffff, 0xffffffff],
    ] as const)
      expect(() => decodeIndexedPng(withHeader(good(), width, height), 'big.png')).toThrow(
        /big\.png: its size .*\d+x\d+ pixels/,
      )
  })

  it('a header that does not fit the data is refused both ways, without inflating more than it names', () => {
    expect(() => decodeIndexedPng(withHeader(good(), 61, 38), 'a.png')).toThrow('fewer pixels')
    expect(() => decodeIndexedPng(withHeader(good(), 61, 36), 'a.png')).toThrow('more pixels')
    const bomb = deflateSync(new Uint8Array(50e6))
    expect(() => decodeIndexedPng(withData(good(), bomb), 'bomb.png')).toThrow('more pixels')
  })

  it('16 bits per sample are refused, not rounded', async () => {
    const png = await sharp(new Uint16Array(4), { raw: { width: 2, height: 2, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer()
    expect(png[24]).toBe(16)
    expect(() => decodeIndexedPng(png, 'deep.png')).toThrow('16 bits per sample')
  })
})

describeWithReference('real DAVIS files', (reference) => {
  it('ids and palette of bmx-trees', async () => {
    const sequence = join(reference, 'metrics/ground_truth/bmx-trees')
    const [first] = (await readdir(sequence)).sort()
    const read = await readIndexedPng(join(sequence, first!))
    expect(read).toMatchObject({ width: 854, height: 480, kind: 'palette' })
    expect(new Set(read.indices)).toEqual(new Set([0, 1, 2]))
    expect(read.palette!.slice(0, 20)).toEqual(davisPalette().slice(0, 20))
  })
})

function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff
  for (const byte of bytes) {
    c ^= byte
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  }
  return (c ^ 0xffffffff) >>> 0
}

/** The same file with another size in its header, checksum made right. */
function withHeader(png: Uint8Array, width: number, height: number): Uint8Array {
  const changed = Buffer.from(png)
  changed.writeUInt32BE(width, 16)
  changed.writeUInt32BE(height, 20)
  changed.writeUInt32BE(crc32(changed.subarray(12, 29)), 29)
  return changed
}

/** The same file with other picture data, checksum made right. */
function withData(png: Uint8Array, data: Uint8Array): Uint8Array {
  const at = Buffer.from(png).indexOf('IDAT') - 4
  const chunk = Buffer.alloc(data.length + 12)
  chunk.writeUInt32BE(data.length, 0)
  chunk.write('IDAT', 4, 'latin1')
  chunk.set(data, 8)
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length)
  return Buffer.concat([png.subarray(0, at), chunk, png.subarray(png.length - 12)])
}
