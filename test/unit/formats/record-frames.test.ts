/** Frames of an export that another program has worked on: a record puts nothing on a frame that it does not know. */
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AnnotationDocument } from '../../../model/annotation/index.ts'
import { encodeIndexedPng, findSequences, formats, readSequence } from '../../../model/formats/index.ts'
import { contextFor, emptyDocument, exampleDocument, ring, set, video } from './documents.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'record-frames-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

type Item = Record<string, unknown>
const maps = () => join(folder, 'Annotations', '480p', 'clip')

/** What another program makes of a JSON file in the folder. */
async function rewrite(name: string, change: (content: Record<string, Item[]>) => void): Promise<void> {
  const content = JSON.parse(await readFile(join(folder, name), 'utf8'))
  change(content)
  await writeFile(join(folder, name), JSON.stringify(content))
}

/** Propagated on frames 2 and 5: a state that only the record knows. */
function twoFrames(): AnnotationDocument {
  const document = emptyDocument()
  for (const frame of [2, 5])
    set(document, 1, frame, {
      state: 'propagated',
      run: 3,
      confidence: 0.5,
      occluded: false,
      mask: ring(4, 4),
    })
  return document
}

const states = (document: AnnotationDocument) =>
  [...document.entries(1)].map(([frame, { state }]) => `${frame} ${state}`)

/** Other names of the same pictures, and without the fields that only we write. */
const renames: Record<keyof typeof formats, () => Promise<void>> = {
  davis: async () => {
    for (const name of await readdir(maps())) await rename(join(maps(), name), join(maps(), `f_${name}`))
  },
  'youtube-vis': () =>
    rewrite('youtube-vis.json', ({ videos }) => {
      videos![0]!.file_names = ['clip/00002.png', 'clip/00005.png']
    }),
  coco: () =>
    rewrite('coco.json', ({ images }) => {
      for (const image of images!) {
        delete image.frame_index
        image.file_name = String(image.file_name).replace('.jpg', '.png')
      }
    }),
}

describe.each(['davis', 'youtube-vis', 'coco'] as const)('files of a %s export', (id) => {
  it('are on the frames of the record while it names them', async () => {
    await formats[id].write(twoFrames(), contextFor(folder))
    const [found] = await findSequences(folder, video.frameCount)
    expect(Object.keys(found!)).toEqual(['format', 'title', 'name'])
    expect(states(await readSequence(folder, found!))).toEqual(['2 propagated', '5 propagated'])
  })

  it('are asked about once they have other names, and are where the answer says', async () => {
    await formats[id].write(twoFrames(), contextFor(folder))
    await renames[id]()
    const [found] = await findSequences(folder, video.frameCount)
    expect(found!.unclear?.choices.map(({ first, last }) => [first, last])).toEqual([
      [2, 5],
      [1, 4],
      [0, 1],
    ])
    for (const { numbering, first, last } of found!.unclear!.choices) {
      const back = await readSequence(folder, found!, numbering)
      expect(back.framesWithEntries()).toEqual([first, last])
    }
  })
})

describe('a record of pictures of another size', () => {
  it('does not silence the question about label maps that have its names', async () => {
    const numbered = contextFor('').frames.map((frame) => ({ ...frame, file: `0000${frame.index + 1}.jpg` }))
    await formats.davis.write(twoFrames(), contextFor(folder, { frames: numbered }))
    expect(await readdir(maps())).toEqual(['00003.png', '00006.png'])
    for (const name of await readdir(maps()))
      await writeFile(
        join(maps(), name),
        encodeIndexedPng({ width: 2, height: 1, indices: Uint8Array.of(0, 4) }),
      )
    const [found] = await findSequences(folder, video.frameCount)
    expect(found!.unclear?.file).toBe('00003.png')
    const back = await readSequence(folder, found!, 0)
    expect(back.framesWithEntries()).toEqual([3, 6])
    // Nor are its objects said to be absent.
    expect([...back.objects.keys()]).toEqual([4])
  })
})

describe('label maps of which the record names some', () => {
  beforeEach(async () => {
    await formats.davis.write(twoFrames(), contextFor(folder))
    await writeFile(join(maps(), '00007.png'), await readFile(join(maps(), '00005.png')))
  })

  it('keep their states where the answer is what the record says', async () => {
    const [found] = await findSequences(folder, video.frameCount)
    expect(found!.unclear?.choices.map(({ first }) => first)).toEqual([2, 1, 0])
    expect(states(await readSequence(folder, found!, 0))).toEqual([
      '2 propagated',
      '5 propagated',
      '7 keyframe',
    ])
  })

  it("are a person's where the answer is another", async () => {
    const [found] = await findSequences(folder, video.frameCount)
    expect(states(await readSequence(folder, found!, 1))).toEqual(['1 keyframe', '4 keyframe', '6 keyframe'])
  })
})

describe('frames of a YouTube-VIS export that another program took away', () => {
  it('cost the others neither their place nor their states', async () => {
    const document = exampleDocument()
    await formats['youtube-vis'].write(document, contextFor(folder))
    await rewrite('youtube-vis.json', ({ videos, annotations }) => {
      for (const lists of [videos![0]!.file_names, ...annotations!.map((one) => one.segmentations)])
        (lists as unknown[]).splice(0, 1)
    })
    const [found] = await findSequences(folder, video.frameCount)
    expect(found).not.toHaveProperty('unclear')
    const back = await readSequence(folder, found!)
    expect(back.framesWithEntries()).toEqual([1, 2, 3])
    for (const frame of [1, 2, 3])
      for (const object of [1, 2])
        expect(back.entry(object, frame)?.state).toBe(document.entry(object, frame)?.state)
  })
})

describe('pictures of a COCO export', () => {
  it('keep their frames by name where their poses are of another skeleton now', async () => {
    const document = twoFrames()
    const keypoints = [0, 1].map((i) => ({ x: i, y: i, visibility: 'visible' as const }))
    set(document, 7, 5, { state: 'keyframe', occluded: false, keypoints })
    await formats.coco.write(document, contextFor(folder))
    await rewrite('coco.json', ({ images, categories }) => {
      for (const image of images!) delete image.frame_index
      categories!.at(-1)!.keypoints = ['nose', 'fin']
    })
    const [found] = await findSequences(folder, video.frameCount)
    expect(found).not.toHaveProperty('unclear')
    expect((await readSequence(folder, found!)).framesWithEntries()).toEqual([2, 5])
  })
})
