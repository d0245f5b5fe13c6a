/** What is found on disk: the videos of datasets, and masks as pictures. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { equalEntries } from '../../../model/annotation/index.ts'
import {
  encodeIndexedPng,
  findSequences,
  formats,
  readMaskPicture,
  readSequence,
} from '../../../model/formats/index.ts'
import { contextFor, exampleDocument } from './documents.ts'

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
    const found = await findSequences(folder)
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
    const found = await findSequences(join(folder, `${id}.json`))
    expect(found).toEqual([{ format: id, title: formats[id].title, name: 'one' }])
    expect((await readSequence(join(folder, `${id}.json`), found[0]!)).objects.size).toBeGreaterThan(0)
  })

  it('are missed in one sentence', async () => {
    await expect(findSequences(folder)).rejects.toThrow(/holds no dataset that is known/)
    await mkdir(join(folder, 'Annotations'))
    await expect(findSequences(folder)).rejects.toThrow(/is no DAVIS dataset/)
    const file = join(folder, 'notes.json')
    await writeFile(file, '{"images": [')
    await expect(findSequences(file)).rejects.toThrow(/notes\.json is damaged at/)
    await writeFile(file, '{"images": [], "annotations": [], "categories": []}')
    await expect(findSequences(file)).rejects.toThrow(/holds no dataset that is known/)
  })
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

  it('is refused where it is of another size or has nothing', async () => {
    await expect(read(0, 0, 0, 0, 0, 0)).rejects.toThrow(/every pixel is background/)
    await read(0, 1, 0, 0, 0, 0)
    await expect(readMaskPicture(join(folder, 'mask.png'), { width: 4, height: 2 })).rejects.toThrow(
      /is 3x2 and the video 4x2/,
    )
  })
})
