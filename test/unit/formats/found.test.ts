/** What is found on disk: the videos of datasets, and masks as pictures. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { equalEntries } from '../../../model/annotation/index.ts'
import {
  encodeIndexedPng,
  findSequences,
  formats,
  readMaskPicture,
  readSequence,
} from '../../../model/formats/index.ts'
import { namesTell, numberingChoices } from '../../../model/formats/numbering.ts'
import { contextFor, emptyDocument, exampleDocument, ring, video } from './documents.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'found-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('the videos of a dataset', () => {
  it('are found in a folder whatever its layouts, and can be read', async () => {
    const document = exampleDocument()
    for (const format of Object.values(formats))
      for (const sequence of ['one', 'two']) await format.write(document, contextFor(folder, { sequence }))
    const found = await findSequences(folder, video.frameCount)
    expect(found.map(({ format, name }) => `${format} ${name}`)).toEqual([
      'davis one',
      'davis two',
      'youtube-vis one',
      'youtube-vis two',
      'coco one',
      'coco two',
    ])
    for (const sequence of found) {
      const read = await readSequence(folder, sequence)
      for (const id of read.objects.keys())
        for (const [frame, entry] of read.entries(id)) {
          const written = document.entry(id, frame)!
          expect(written.state).toBe(entry.state)
          if (sequence.format === 'coco') expect(equalEntries(written, entry)).toBe(true)
        }
    }
  })

  it.each(['youtube-vis', 'coco'] as const)('are found in a %s file of any name', async (id) => {
    await formats[id].write(exampleDocument(), contextFor(folder, { sequence: 'one' }))
    const found = await findSequences(join(folder, `${id}.json`), video.frameCount)
    expect(found).toEqual([{ format: id, title: formats[id].title, name: 'one' }])
    expect((await readSequence(join(folder, `${id}.json`), found[0]!)).objects.size).toBeGreaterThan(0)
  })

  it('are missed in one sentence', async () => {
    await expect(findSequences(folder, video.frameCount)).rejects.toThrow(/holds no dataset that is known/)
    await mkdir(join(folder, 'Annotations'))
    await expect(findSequences(folder, video.frameCount)).rejects.toThrow(/is no DAVIS dataset/)
    const file = join(folder, 'notes.json')
    await writeFile(file, '{"images": [')
    await expect(findSequences(file, video.frameCount)).rejects.toThrow(/notes\.json is damaged at/)
    await writeFile(file, '{"images": [], "annotations": [], "categories": []}')
    await expect(findSequences(file, video.frameCount)).rejects.toThrow(/holds no dataset that is known/)
  })
})

describe('what lies beside a dataset', () => {
  it('may be annotations of another program that are called like those of DAVIS', async () => {
    await formats.coco.write(exampleDocument(), contextFor(folder))
    await mkdir(join(folder, 'Annotations'))
    await writeFile(join(folder, 'Annotations', '000001.xml'), '<annotation/>')
    expect((await findSequences(folder, video.frameCount)).map(({ format }) => format)).toEqual(['coco'])
    await rm(join(folder, 'coco.json'))
    await expect(findSequences(folder, video.frameCount)).rejects.toThrow(/is no DAVIS dataset/)
  })

  it('may be a video of the same name: the question and the reader mean the first', async () => {
    const of = (id: number, frame: string) => ({
      ...{ id, name: 'twin', width: 4, height: 2 },
      file_names: [`a/${frame}.jpg`],
    })
    const annotation = { category_id: 1, segmentations: [{ size: [2, 4], counts: [1, 2, 5] }] }
    const content = {
      videos: [of(1, '00005'), of(2, '00000')],
      categories: [{ id: 1, name: 'zebra' }],
      annotations: [1, 2].map((id) => ({ id, video_id: id, ...annotation })),
    }
    await writeFile(join(folder, 'youtube-vis.json'), JSON.stringify(content))
    const found = await findSequences(folder, video.frameCount)
    expect(found.map(({ name, unclear }) => [name, unclear?.file])).toEqual([['twin', 'a/00005.jpg']])
    expect((await readSequence(folder, found[0]!, 0)).framesWithEntries()).toEqual([5])
  })

  it('may be a file that is no text, which is named with the place', async () => {
    const file = join(folder, 'notes.json')
    await writeFile(file, Buffer.of(0x7b, 0xff))
    await expect(findSequences(file, video.frameCount)).rejects.toThrow(
      /notes\.json is damaged at line 1, column 2/,
    )
  })
})

describe('which frames files are', () => {
  const choices = (names: string[], frameCount = 100) =>
    numberingChoices(names, frameCount).map(({ numbering, first, last }) => `${numbering}: ${first}-${last}`)

  it('leaves no doubt where the names count from 0', () => {
    expect(choices(['00000.png', '00001.png', '00002.png'])).toEqual(['0: 0-2'])
    expect(choices(['a/img_0.jpg', 'a/img_1.jpg'])).toEqual(['0: 0-1'])
  })

  it('leaves none where all frames are there, counted from 1', () => {
    expect(choices(['1.png', '2.png', '3.png'], 3)).toEqual(['1: 0-2'])
  })

  it('is open where frames are left out, or the first is 1', () => {
    expect(choices(['00005.jpg', '00010.jpg'])).toEqual(['0: 5-10', '1: 4-9', 'order: 0-1'])
    expect(choices(['00001.jpg', '00002.jpg'])).toEqual(['0: 1-2', '1: 0-1'])
    expect(choices(['00000.jpg', '00005.jpg'])).toEqual(['0: 0-5', 'order: 0-1'])
  })

  it('is the order where names say nothing, or the same twice', () => {
    expect(choices(['head.jpg', 'tail.jpg'])).toEqual(['order: 0-1'])
    expect(choices(['a1.jpg', 'b1.jpg'])).toEqual(['order: 0-1'])
  })

  it('is none where there are more files than frames', () => {
    expect(choices(['0.jpg', '1.jpg', '2.jpg'], 2)).toEqual([])
    expect(namesTell(['0.jpg', '1.jpg', '2.jpg'], 2)).toEqual({})
  })

  it('is asked of names that say nothing, unless there is one for every frame', () => {
    const order = { numbering: 'order', first: 0, last: 1 }
    for (const names of [
      ['head.jpg', 'tail.jpg'],
      ['img_4001.jpg', 'img_4011.jpg'],
    ]) {
      expect(namesTell(names, 20)).toEqual({ unclear: { file: names[0], choices: [order] } })
      expect(namesTell(names, 2)).toEqual({ numbering: 'order' })
    }
    expect(namesTell(['00000.png', '00001.png'], 20)).toEqual({ numbering: 0 })
    expect(namesTell(['1.png', '2.png'], 2)).toEqual({ numbering: 1 })
    expect(namesTell(['1.png', '2.png'], 3)).toHaveProperty('unclear')
  })

  it('is told to the reader where it is certain, which would take names of DAVIS for frames from 0', async () => {
    const maps = join(folder, 'Annotations', 'clip')
    await mkdir(maps, { recursive: true })
    for (const name of ['00001.png', '00002.png'])
      await writeFile(
        join(maps, name),
        encodeIndexedPng({ width: 2, height: 1, indices: Uint8Array.of(0, 1) }),
      )
    const [found] = await findSequences(folder, 2)
    expect(found).toEqual({ format: 'davis', title: 'DAVIS 2017', name: 'clip', numbering: 1 })
    expect((await readSequence(folder, found!, found!.numbering)).framesWithEntries()).toEqual([0, 1])
  })

  it('can be answered for label maps whose names are more than numbers', async () => {
    const maps = join(folder, 'Annotations', 'clip')
    await mkdir(maps, { recursive: true })
    await writeFile(
      join(maps, 'frame_0005.png'),
      encodeIndexedPng({ width: 2, height: 1, indices: Uint8Array.of(0, 1) }),
    )
    const [found] = await findSequences(folder, 8)
    expect(found!.unclear?.choices.map(({ first }) => first)).toEqual([5, 4, 0])
    for (const { numbering, first } of found!.unclear!.choices)
      expect((await readSequence(folder, found!, numbering)).framesWithEntries()).toEqual([first])
  })

  it.each(['davis', 'youtube-vis', 'coco'] as const)(
    'is asked of a %s dataset of others, and heeded',
    async (id) => {
      const document = emptyDocument()
      for (const frame of [2, 5])
        document.apply({
          kind: 'setEntry',
          objectId: 1,
          frame,
          entry: { state: 'keyframe', occluded: false, mask: ring(4, 4) },
        })
      await formats[id].write(document, contextFor(folder))
      expect((await findSequences(folder, video.frameCount))[0]).not.toHaveProperty('unclear')
      // Of others: without a record, and without what only we write.
      await rm(join(folder, 'siammae-export.json'))
      if (id === 'coco') {
        const text = await readFile(join(folder, 'coco.json'), 'utf8')
        await writeFile(join(folder, 'coco.json'), text.replaceAll(/,"frame_index":\d+/g, ''))
      }
      const [found] = await findSequences(folder, video.frameCount)
      expect(found!.unclear?.file).toMatch(/00002\.(png|jpg)$/)
      expect(found!.unclear?.choices.map(({ first, last }) => [first, last])).toEqual([
        [2, 5],
        [1, 4],
        [0, 1],
      ])
      for (const [numbering, frames] of [
        [0, [2, 5]],
        [1, [1, 4]],
        ['order', [0, 1]],
      ] as const) {
        const read = await readSequence(folder, found!, numbering)
        const [object] = read.objects.keys()
        expect(read.personsFrames(object!)).toEqual(frames)
      }
    },
  )
})

describe('a picture of masks', () => {
  const size = { width: 3, height: 2 }
  const read = async (...values: number[]) => {
    const path = join(folder, 'mask.png')
    await writeFile(path, encodeIndexedPng({ ...size, indices: Uint8Array.from(values) }))
    return readMaskPicture(path, size)
  }

  it('has the objects that its values are', async () => {
    const picture = await read(0, 7, 7, 2, 0, 0)
    expect(picture).toMatchObject({ objects: [2, 7], isBlackAndWhite: false })
    expect([...picture.data]).toEqual([0, 7, 7, 2, 0, 0])
  })

  it('is of one object without a number when it is black and white', async () => {
    const picture = await read(0, 255, 255, 0, 0, 0)
    expect(picture).toMatchObject({ objects: [1], isBlackAndWhite: true })
    expect([...picture.data]).toEqual([0, 1, 1, 0, 0, 0])
  })

  it('gives 255 beside other values to nobody', async () => {
    const picture = await read(0, 255, 1, 0, 0, 0)
    expect(picture).toMatchObject({ objects: [1], isBlackAndWhite: false })
    expect([...picture.data]).toEqual([0, 0, 1, 0, 0, 0])
  })

  it('that is black and white with soft edges is refused, as its greys are no objects', async () => {
    const path = join(folder, 'soft.png')
    const grey = (...values: number[]) =>
      sharp(Uint8Array.from(values), { raw: { ...size, channels: 1 } })
        .toColourspace('b-w')
        .png()
        .toFile(path)
    await grey(0, 40, 255, 255, 180, 0)
    await expect(readMaskPicture(path, size)).rejects.toThrow(
      /^\S+soft\.png has greys beside white, as a black-and-white mask with soft edges has; save it in pure black and white, or as an indexed PNG if its values are object numbers\.$/,
    )
    await grey(0, 0, 255, 255, 0, 0)
    expect(await readMaskPicture(path, size)).toMatchObject({ objects: [1], isBlackAndWhite: true })
    await grey(0, 2, 7, 7, 0, 0)
    expect(await readMaskPicture(path, size)).toMatchObject({ objects: [2, 7], isBlackAndWhite: false })
  })

  it('is refused where it is of another size or has nothing', async () => {
    await expect(read(0, 0, 0, 0, 0, 0)).rejects.toThrow(/every pixel is background/)
    await read(0, 1, 0, 0, 0, 0)
    await expect(readMaskPicture(join(folder, 'mask.png'), { width: 4, height: 2 })).rejects.toThrow(
      /is 3x2 and the video 4x2/,
    )
  })
})
