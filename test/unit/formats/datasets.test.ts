import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type AnnotationDocument,
  createDocument,
  decodeMask,
  encodeMask,
} from '../../../model/annotation/index.ts'
import { CancelledError, UserError } from '../../../model/errors.ts'
import {
  davisPalette,
  type ExportPicture,
  formats,
  readIndexedPng,
  sequenceNameOf,
  serialiseSidecar,
  writeIndexedPng,
} from '../../../model/formats/index.ts'
import { describeWithData, describeWithReference } from '../../support/reference.ts'
import { contextFor, documents, emptyDocument, exampleDocument, ring, rleCases, video } from './documents.ts'

let root: string
let folder: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'datasets-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))
beforeEach(async () => {
  folder = join(await mkdtemp(join(root, 'case-')), 'out')
})

/** Every file below a folder with its content, to see that nothing changed. */
async function contents(path: string): Promise<Record<string, string>> {
  const names = await readdir(path, { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Object.fromEntries(
    await Promise.all(
      files.sort().map(async (file) => [file.slice(path.length + 1), await readFile(file, 'base64')]),
    ),
  )
}

async function* pictures(size = video): AsyncIterable<ExportPicture> {
  for (let index = 0; index < video.frameCount; index++) {
    const data = new Uint8Array(size.width * size.height * 3).fill(index * 20)
    yield { index, width: size.width, height: size.height, data }
  }
}

/** Frames where object 1 or 2 has a mask or is said to be absent. */
function writtenFrames(document: AnnotationDocument): number[] {
  const withMask = [1, 2, 7].filter((id) =>
    [...document.entries(id)].some(
      ([, e]) => e.state !== 'absent' && e.mask && decodeMask(e.mask).includes(1),
    ),
  )
  return document.framesWithEntries().filter((frame) =>
    withMask.some((id) => {
      const entry = document.entry(id, frame)
      return entry && (entry.state === 'absent' || entry.mask)
    }),
  )
}

const KEYFRAME = { state: 'keyframe', occluded: false, mask: ring(3, 3) } as const

/** What another program does to the mask of object 1 on frame 1. */
async function changeMask(id: keyof typeof formats, folder: string): Promise<void> {
  if (id === 'davis') {
    const path = join(folder, 'Annotations', '480p', 'clip', '00001.png')
    const { indices, ...size } = await readIndexedPng(path)
    await writeIndexedPng(path, { ...size, indices: indices.with(0, 1) })
    return
  }
  const path = join(folder, 'youtube-vis.json')
  const content = JSON.parse(await readFile(path, 'utf8'))
  const { segmentations } = content.annotations[0]
  segmentations[1] = segmentations[0]
  await writeFile(path, JSON.stringify(content))
}

/** A folder of pictures as the clip. */
function folderOf(name: (index: number) => string) {
  return { frames: contextFor('').frames.map((frame) => ({ ...frame, file: name(frame.index) })) }
}

describe.each(['davis', 'youtube-vis'] as const)('%s', (id) => {
  const format = formats[id]

  it('gives back masks with holes, absences and states of every document, or says there is no mask', async () => {
    let written = 0
    await fc.assert(
      fc.asyncProperty(documents, async (document) => {
        const target = await mkdtemp(join(root, 'property-'))
        const frames = writtenFrames(document)
        if (frames.length === 0) {
          await expect(format.write(document, contextFor(target))).rejects.toThrow('no mask to write')
          expect(await readdir(target)).toEqual([])
          return
        }
        written++
        await format.write(document, contextFor(target))
        const back = await format.read(target)
        expect(back.framesWithEntries()).toEqual(frames)
        for (const frame of frames) {
          const expected = expectedMasks(document, back, frame, id === 'davis')
          for (const objectId of back.objects.keys()) {
            const [mine, theirs] = [document.entry(objectId, frame), back.entry(objectId, frame)]
            if (mine === undefined || (mine.state !== 'absent' && !mine.mask)) {
              expect(theirs).toBeUndefined()
              continue
            }
            const { mask: _, keypoints: __, ...rest } = { mask: 0, keypoints: 0, ...mine }
            const { mask, ...seen } = { mask: undefined, ...theirs }
            expect(seen).toEqual(rest)
            if (mine.state !== 'absent') expect(decodeMask(mask!)).toEqual(expected.get(objectId))
          }
        }
        // Without provenance the pixels are the same and every mask is a person's.
        await rm(join(target, 'siammae-export.json'))
        const plain = await format.read(target)
        const states = [...plain.objects.keys()].flatMap((one) =>
          [...plain.entries(one)].map(([, e]) => e.state),
        )
        expect(states.every((state) => state === 'keyframe' || state === 'absent')).toBe(true)
      }),
      { seed: 21, numRuns: 25 },
    )
    expect(written).toBeGreaterThan(10)
  })

  it('leaves exactly its files, and says what it could not hold', async () => {
    const done: string[] = []
    const report = await format.write(
      exampleDocument(),
      contextFor(folder, { onProgress: (step, total) => done.push(`${step}/${total}`) }),
    )
    const files = Object.keys(await contents(folder))
    expect(files).toEqual(
      id === 'davis'
        ? [
            ...[0, 1, 2, 3].map((frame) => `Annotations/480p/clip/0000${frame}.png`),
            'ImageSets/2017/val.txt',
            'siammae-export.json',
          ]
        : ['siammae-export.json', 'youtube-vis.json'],
    )
    expect(report.files).toBe(files.length)
    expect(done.at(-1)).toBe(id === 'davis' ? '4/4' : '1/1')
    expect(report.warnings).toEqual([
      `${format.title} cannot hold keypoints: those of 1 entries are left out.`,
      'Objects without any mask are left out: 7.',
      'Frames on which nothing is marked are left out: 4-7.',
      'Nothing is known about object 1 on frames 3; the files show it as absent there.',
      ...(id === 'davis'
        ? ['Objects overlap on frames 0: 13 pixels went to the object with the higher number.']
        : []),
    ])
  })

  it('tells the origin of every frame beside the data', async () => {
    await format.write(exampleDocument(), contextFor(folder))
    const text = await readFile(join(folder, 'siammae-export.json'), 'utf8')
    const { exports } = JSON.parse(text)
    expect(exports).toHaveLength(1)
    const [record] = exports
    expect(record).toMatchObject({ dataset: id, sequence: 'clip', tool: 'siammae 0.1.0', video })
    expect(record.runs[0]).toMatchObject({ id: 3, model: { name: 'ViT-Ti/8', trained: false } })
    expect(record.warnings.length).toBeGreaterThan(3)
    expect(record.frames.map(({ index, time }: { index: number; time: number }) => [index, time])).toEqual(
      contextFor('').frames.map(({ index, time }) => [index, time]),
    )
    expect(record.frames[2].entries).toEqual([
      { object: 1, state: 'absent', by: 'person' },
      { object: 2, state: 'absent', by: 'person' },
    ])
    expect(record.frames[1].entries[0]).toMatchObject({
      object: 1,
      state: 'propagated',
      run: 3,
      confidence: 0.875,
    })
    expect(record.frames[5]).toEqual({ index: 5, time: 5 / 30 })
    expect(text.split('\n').filter((line) => line.startsWith('{"index":'))).toHaveLength(8)
  })

  it('keeps other sequences, replaces its own, and is the same when written again', async () => {
    await format.write(exampleDocument(), contextFor(folder, { sequence: 'first' }))
    const first = await contents(folder)
    await format.write(exampleDocument(), contextFor(folder))
    const both = await contents(folder)
    await format.write(exampleDocument(), contextFor(folder))
    expect(await contents(folder)).toEqual(both)
    for (const file of Object.keys(first)) if (file.includes('/first/')) expect(both[file]).toBe(first[file])
    await expect(format.read(folder)).rejects.toThrow('holds several sequences; name one of ')
    await expect(format.read(folder, { sequence: 'third' })).rejects.toThrow('holds no sequence third')
    const [a, b] = await Promise.all(['first', 'clip'].map((sequence) => format.read(folder, { sequence })))
    expect(a!.equals(b!)).toBe(true)
    const changed = exampleDocument()
    changed.apply({ kind: 'setEntry', objectId: 2, frame: 3, entry: undefined })
    await format.write(changed, contextFor(folder))
    expect((await format.read(folder, { sequence: 'clip' })).framesWithEntries()).toEqual([0, 1, 2])
    expect((await format.read(folder, { sequence: 'first' })).equals(a!)).toBe(true)
  })

  it('writes the frames too when asked, in pairs with the masks, and keeps them when annotations are written anew', async () => {
    const report = await format.write(exampleDocument(), contextFor(folder, { pictures: () => pictures() }))
    const at = id === 'davis' ? 'JPEGImages/480p/clip' : 'JPEGImages/clip'
    const files = Object.keys(await contents(folder))
    expect(files.filter((file) => file.endsWith('.jpg'))).toEqual(
      [0, 1, 2, 3].map((n) => `${at}/0000${n}.jpg`),
    )
    expect(report.files).toBe(files.length)
    const { data, info } = await sharp(join(folder, at, '00003.jpg'))
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect(info).toMatchObject({ width: 13, height: 9, channels: 3 })
    expect(Math.abs(data[0]! - 60)).toBeLessThan(3)
    const before = await contents(folder)
    const one = emptyDocument()
    one.apply({ kind: 'setEntry', objectId: 1, frame: 2, entry: KEYFRAME })
    await format.write(one, contextFor(folder, { pictures: () => pictures() }))
    expect(Object.keys(await contents(folder)).filter((file) => file.endsWith('.jpg'))).toEqual([
      `${at}/00002.jpg`,
    ])
    const { warnings } = await format.write(exampleDocument(), contextFor(folder))
    expect(warnings.at(-1)).toBe(
      'The pictures of an earlier export stay; frames 0-1, 3 have none among them.',
    )
    expect((await contents(folder))[`${at}/00002.jpg`]).toBe(before[`${at}/00002.jpg`])
  })

  it('never replaces what another program has changed since', async () => {
    const withPictures = contextFor(folder, { pictures: () => pictures() })
    await format.write(exampleDocument(), withPictures)
    const target = { ...contextFor(folder), video: exampleDocument().video }
    await format.checkFolder(target)
    const jpegs = id === 'davis' ? 'JPEGImages/480p/clip' : 'JPEGImages/clip'
    await writeFile(join(folder, jpegs, 'notes.txt'), 'mine')
    let before = await contents(folder)
    await expect(format.write(exampleDocument(), withPictures)).rejects.toThrow(
      'notes.txt was changed or added after the pictures were exported',
    )
    // Annotations alone do not touch them.
    await format.write(exampleDocument(), contextFor(folder))
    expect(await contents(folder)).toEqual(before)
    await rm(join(folder, jpegs, 'notes.txt'))
    await writeFile(join(folder, jpegs, '00001.jpg'), 'better')
    await expect(format.checkFolder({ ...target, pictures: () => pictures() })).rejects.toThrow(
      '00001.jpg was changed or added',
    )

    await changeMask(id, folder)
    before = await contents(folder)
    const refusal =
      'were changed by another program after they were exported (frames 1), so they are not replaced'
    await expect(format.checkFolder(target)).rejects.toThrow(refusal)
    await expect(format.write(exampleDocument(), contextFor(folder))).rejects.toThrow(refusal)
    expect(await contents(folder)).toEqual(before)
  })

  it('replaces its own where masks of it were only taken away', async () => {
    await format.write(exampleDocument(), contextFor(folder))
    const before = await contents(folder)
    await rm(join(folder, id === 'davis' ? 'Annotations' : 'youtube-vis.json'), { recursive: true })
    await format.write(exampleDocument(), contextFor(folder))
    expect(await contents(folder)).toEqual(before)
  })

  it('tells beforehand that a name cannot be a folder on every system', async () => {
    const target = { ...contextFor(folder), video: exampleDocument().video }
    for (const sequence of ['x.', 'aux', 'con.clip', 'é'.repeat(101)])
      await expect(format.checkFolder({ ...target, sequence })).rejects.toThrow(
        'cannot be the name of a folder',
      )
  })

  it('a failure in the middle leaves the folder as it was', async () => {
    const stop = new AbortController()
    const cancelled = contextFor(folder, {
      pictures: async function* () {
        yield* pictures()
      },
      signal: stop.signal,
      onProgress: (step) => step > 2 && stop.abort(),
    })
    const wrongSize = contextFor(folder, { pictures: () => pictures({ ...video, width: 12 }) })
    const tooFew = contextFor(folder, {
      pictures: async function* () {
        for await (const picture of pictures()) if (picture.index < 3) yield picture
      },
    })
    for (const exists of [false, true]) {
      const before = exists ? await contents(folder) : undefined
      await expect(format.write(exampleDocument(), cancelled)).rejects.toThrow(CancelledError)
      await expect(format.write(exampleDocument(), wrongSize)).rejects.toThrow('Frame 0 has 12x9 pixels')
      await expect(format.write(exampleDocument(), tooFew)).rejects.toThrow(
        'picture of frame 3 could not be had',
      )
      if (before) expect(await contents(folder)).toEqual(before)
      else expect(await readdir(dirname(folder))).toEqual([])
      await format.write(exampleDocument(), contextFor(folder, { sequence: 'other' }))
    }
  })

  it('a folder that cannot be written is one sentence', async () => {
    await mkdir(dirname(folder), { recursive: true })
    await writeFile(folder, 'a file')
    for (const bad of [folder, join(folder, 'below')])
      await expect(format.write(exampleDocument(), contextFor(bad))).rejects.toThrow(UserError)
    expect(await readFile(folder, 'utf8')).toBe('a file')
  })

  it('something in the way of the last move undoes the earlier ones', async () => {
    await format.write(exampleDocument(), contextFor(folder, { sequence: 'other' }))
    const taken = 'JPEGImages'
    await writeFile(join(folder, taken), 'a file in the way')
    const before = await contents(folder)
    const context = contextFor(folder, { pictures: () => pictures() })
    await expect(format.write(exampleDocument(), context)).rejects.toThrow(UserError)
    expect(await contents(folder)).toEqual(before)
  })

  it('never replaces data that it did not write', async () => {
    await format.write(exampleDocument(), contextFor(folder, { pictures: () => pictures() }))
    await rm(join(folder, 'siammae-export.json'))
    const before = await contents(folder)
    await expect(format.write(exampleDocument(), contextFor(folder))).rejects.toThrow(
      'was not exported by this tool',
    )
    const records = id === 'davis' ? 'Annotations' : 'youtube-vis.json'
    await rm(join(folder, records), { recursive: true })
    await expect(
      format.write(exampleDocument(), contextFor(folder, { pictures: () => pictures() })),
    ).rejects.toThrow('was not exported by this tool')
    await format.write(exampleDocument(), contextFor(folder))
    const after = await contents(folder)
    for (const file of Object.keys(before)) if (file.endsWith('.jpg')) expect(after[file]).toBe(before[file])
  })

  it('a damaged provenance file is named with its place, and never overwritten', async () => {
    await format.write(exampleDocument(), contextFor(folder))
    const path = join(folder, 'siammae-export.json')
    const good = await readFile(path, 'utf8')
    for (let length = 0; length < good.length - 2; length += 97) {
      await writeFile(path, good.slice(0, length))
      const expected = /^The provenance file .* is damaged at line \d+, column \d+: /
      await expect(format.read(folder)).rejects.toThrow(expected)
      await expect(format.write(exampleDocument(), contextFor(folder))).rejects.toThrow(expected)
    }
    expect((await readFile(path, 'utf8')).length).toBeLessThan(good.length)
  })

  it('bad names and frame tables are refused', async () => {
    for (const sequence of ['', '..', 'a/b', 'a\\b', 'con', 'x.', 'line\nbreak', '.hidden'])
      await expect(format.write(exampleDocument(), contextFor(folder, { sequence }))).rejects.toThrow(
        'cannot be the name of a folder',
      )
    const { frames } = contextFor(folder)
    for (const bad of [frames.slice(1), [...frames, frames[0]!], [...frames, { index: 8, time: 1 }]])
      await expect(format.write(exampleDocument(), contextFor(folder, { frames: bad }))).rejects.toThrow(
        UserError,
      )
    await expect(format.write(emptyDocument(), contextFor(folder))).rejects.toThrow(
      'There is no mask to write',
    )
    expect(await readdir(dirname(folder))).toEqual([])
  })
})

/** What a format should hold on a frame: in DAVIS the higher number covers the lower. */
function expectedMasks(
  document: AnnotationDocument,
  back: AnnotationDocument,
  frame: number,
  covering: boolean,
): Map<number, Uint8Array> {
  const masks = new Map<number, Uint8Array>()
  const covered = new Uint8Array(video.width * video.height)
  for (const id of [...back.objects.keys()].sort((a, b) => b - a)) {
    const entry = document.entry(id, frame)
    if (entry === undefined || entry.state === 'absent' || entry.mask === undefined) continue
    const pixels = decodeMask(entry.mask)
    masks.set(
      id,
      pixels.map((value, i) => (covering && covered[i] ? 0 : value)),
    )
    for (const [i, value] of pixels.entries()) covered[i]! |= value
  }
  return masks
}

describe('DAVIS files', () => {
  const maps = () => join(folder, 'Annotations/480p/clip')

  it('are indexed PNGs with object ids, all background where every object is absent', async () => {
    await formats.davis.write(exampleDocument(), contextFor(folder))
    const first = await readIndexedPng(join(maps(), '00000.png'))
    expect(first).toMatchObject({ width: 13, height: 9, kind: 'palette', palette: davisPalette() })
    expect(new Set(first.indices)).toEqual(new Set([0, 1, 2]))
    const third = await readIndexedPng(join(maps(), '00002.png'))
    expect(new Set(third.indices)).toEqual(new Set([0]))
    expect(await readFile(join(folder, 'ImageSets/2017/val.txt'), 'utf8')).toBe('clip\n')
  })

  it('the list of sequences keeps what others wrote', async () => {
    await mkdir(join(folder, 'ImageSets/2017'), { recursive: true })
    await writeFile(join(folder, 'ImageSets/2017/val.txt'), 'bike\ncar')
    await formats.davis.write(exampleDocument(), contextFor(folder))
    await formats.davis.write(exampleDocument(), contextFor(folder))
    expect(await readFile(join(folder, 'ImageSets/2017/val.txt'), 'utf8')).toBe('bike\ncar\nclip\n')
  })

  it('a mask that was changed afterwards is a keyframe of a person, the others keep their states', async () => {
    await formats.davis.write(exampleDocument(), contextFor(folder))
    const path = join(maps(), '00003.png')
    const map = await readIndexedPng(path)
    map.indices[0] = 2
    await writeIndexedPng(path, map)
    const back = await formats.davis.read(folder)
    expect(back.entry(2, 3)).toMatchObject({ state: 'keyframe' })
    expect(back.entry(1, 1)).toMatchObject({ state: 'propagated', confidence: 0.875 })
  })

  it('cut off or of another size, a map is named', async () => {
    await formats.davis.write(exampleDocument(), contextFor(folder))
    const path = join(maps(), '00001.png')
    const good = await readFile(path)
    for (const length of [0, 20, 60, good.length - 30, good.length - 1]) {
      await writeFile(path, good.subarray(0, length))
      await expect(formats.davis.read(folder)).rejects.toThrow(/^Cannot read the mask .*00001\.png: /)
    }
    await writeIndexedPng(path, { width: 12, height: 9, indices: new Uint8Array(108) })
    await expect(formats.davis.read(folder)).rejects.toThrow(/00001\.png has 12x9 pixels/)
    await rm(path)
    await cp(join(maps(), '00002.png'), join(maps(), 'mask.png'))
    await expect(formats.davis.read(folder)).rejects.toThrow(/mask\.png is not named by its frame/)
  })

  it('without provenance: every 5th frame, names of objects, void, and DAVIS 2016', async () => {
    const write = (name: string, values: number[]) =>
      writeIndexedPng(join(maps(), name), { width: 3, height: 1, indices: Uint8Array.from(values) })
    await mkdir(maps(), { recursive: true })
    await write('00000.png', [1, 0, 4])
    await write('00005.png', [1, 255, 255])
    const back = await formats.davis.read(folder)
    expect(back.video).toMatchObject({ frameCount: 6, width: 3, height: 1 })
    expect([...back.labels.values()].map(({ name }) => name)).toEqual(['object 1', 'object 4'])
    expect(back.framesWithEntries()).toEqual([0, 5])
    expect(back.entry(4, 5)).toEqual({ state: 'absent', by: 'person' })
    expect(back.entry(1, 5)).toMatchObject({
      state: 'keyframe',
      mask: encodeMask(Uint8Array.of(1, 0, 0), 3, 1),
    })
    await write('00000.png', [0, 255, 255])
    await write('00005.png', [0, 255, 0])
    const old = await formats.davis.read(folder)
    expect([...old.objects.keys()]).toEqual([1])
    expect(old.entry(1, 5)).toMatchObject({ mask: encodeMask(Uint8Array.of(0, 1, 0), 3, 1) })
  })

  it('provenance of another video does not count', async () => {
    await formats.davis.write(exampleDocument(), contextFor(folder))
    for (const name of await readdir(maps()))
      await writeIndexedPng(join(maps(), name), { width: 2, height: 1, indices: Uint8Array.of(0, 1) })
    const back = await formats.davis.read(folder)
    expect(back.runs.size).toBe(0)
    expect(back.entry(1, 1)).toMatchObject({ state: 'keyframe' })
  })

  it('names have six digits in a video of more than 100,000 frames', async () => {
    const document = emptyDocument({ ...video, frameCount: 100_001 })
    document.apply({
      kind: 'setEntry',
      objectId: 1,
      frame: 100_000,
      entry: { state: 'keyframe', occluded: false, mask: ring(4, 4) },
    })
    const frames = [
      { index: 9, time: 0.3 },
      { index: 100_000, time: 3333 },
    ]
    await formats.davis.write(document, contextFor(folder, { frames }))
    expect(await readdir(maps())).toEqual(['100000.png'])
    expect((await formats.davis.read(folder)).framesWithEntries()).toEqual([100_000])
  })

  it('an object 255 survives, with a warning', async () => {
    const document = emptyDocument()
    document.apply({ kind: 'putObject', object: { id: 255, name: 'last', labelId: 1 } })
    for (const objectId of [1, 255])
      document.apply({
        kind: 'setEntry',
        objectId,
        frame: 0,
        entry: { state: 'keyframe', occluded: false, mask: ring(objectId === 1 ? 2 : 10, 4) },
      })
    const { warnings } = await formats.davis.write(document, contextFor(folder))
    expect(warnings.at(-1)).toContain('Object 255')
    expect((await formats.davis.read(folder)).entry(255, 0)).toMatchObject({ mask: ring(10, 4) })
  })
})

describe('label maps of a folder of pictures', () => {
  const maps = () => join(folder, 'Annotations', '480p', 'clip')

  it('have the numbers of their pictures, and come back to their frames', async () => {
    const document = exampleDocument()
    const numbered = folderOf((index) => `${String(5 * index + 5).padStart(5, '0')}.jpg`)
    const { warnings } = await formats.davis.write(document, contextFor(folder, numbered))
    expect(await readdir(maps())).toEqual(['00005.png', '00010.png', '00015.png', '00020.png'])
    expect(warnings.join()).not.toContain('numbered')
    expect((await formats.davis.read(folder)).framesWithEntries()).toEqual([0, 1, 2, 3])
    await formats.davis.write(document, contextFor(folder, numbered))
    await cp(join(maps(), '00005.png'), join(maps(), '00006.png'))
    await expect(formats.davis.read(folder)).rejects.toThrow(
      '00006.png is not one that siammae-export.json tells of',
    )
    // Without the record they are what their numbers say.
    await rm(join(folder, 'siammae-export.json'))
    expect((await formats.davis.read(folder)).framesWithEntries()).toEqual([5, 6, 10, 15, 20])
  })

  it('say so where names cannot be told by number', async () => {
    const named = folderOf((index) => `img${index}.jpg`)
    const { warnings } = await formats.davis.write(exampleDocument(), contextFor(folder, named))
    expect(warnings.at(-1)).toMatch(
      /^The masks are numbered by frame, the pictures are not: 00000\.png is of img0\.jpg\./,
    )
    const twice = folderOf((index) => `${'0'.repeat(index + 1)}.jpg`)
    await formats.davis.write(exampleDocument(), contextFor(folder, { ...twice, sequence: 'zeros' }))
    expect(await readdir(join(maps(), '..', 'zeros'))).toEqual([0, 1, 2, 3].map((n) => `0000${n}.png`))
  })
})

it.each([
  ['/a/Martin Luther King Jr..mp4', 'Martin_Luther_King_Jr'],
  ['/a/aux.mp4', '_aux'],
  ['/a/con.a.mp4', '_con.a'],
  ['/a/..mp4', 'clip'],
  ['/a/鲤鱼 1.mov', '鲤鱼_1'],
  ['/a/clip', 'clip'],
  [`/a/${'鱼'.repeat(100)}.mp4`, '鱼'.repeat(66)],
])('the sequence of %s is %s', async (path, name) => {
  expect(sequenceNameOf(path)).toBe(name)
  await formats.davis.checkFolder({ folder, sequence: name, video })
})

describe('the YouTube-VIS file', () => {
  const path = () => join(folder, 'youtube-vis.json')
  const read = async () => JSON.parse(await readFile(path(), 'utf8'))

  it('holds per object what the format asks for', async () => {
    await formats['youtube-vis'].write(
      exampleDocument(),
      contextFor(
        folder,
        folderOf((index) => `img${index}.png`),
      ),
    )
    const { videos, annotations, categories } = await read()
    expect(videos).toEqual([
      {
        id: 1,
        name: 'clip',
        width: 13,
        height: 9,
        length: 4,
        file_names: [0, 1, 2, 3].map((n) => `clip/img${n}.png`),
      },
    ])
    expect(categories).toEqual([{ id: 1, name: 'car', supercategory: '' }])
    expect(annotations).toHaveLength(2)
    expect(annotations[0]).toMatchObject({
      id: 1,
      video_id: 1,
      category_id: 1,
      iscrowd: 0,
      width: 13,
      height: 9,
      length: 4,
    })
    expect(annotations[0].areas).toEqual([24, 24, null, null])
    expect(annotations[0].bboxes).toEqual([[2, 2, 5, 5], [3, 2, 5, 5], null, null])
    expect(annotations[1].areas).toEqual([24, null, null, 24])
    expect(annotations[1].segmentations[1]).toBeNull()
    expect(annotations[1].segmentations[0].size).toEqual([9, 13])
  })

  it('keeps what others wrote in it, extra fields included', async () => {
    await mkdir(folder, { recursive: true })
    const foreign = {
      info: { year: 2019 },
      videos: [{ id: 7, width: 4, height: 2, length: 1, file_names: ['zoo/00000.jpg'], flickr_url: 'x' }],
      categories: [
        { id: 5, name: 'zebra' },
        { id: 9, name: 'car', color: [1, 2, 3] },
      ],
      annotations: [
        {
          id: 30,
          video_id: 7,
          category_id: 5,
          segmentations: [{ size: [2, 4], counts: [1, 2, 5] }],
          areas: [2],
          bboxes: [[0, 0, 2, 2]],
          iscrowd: 0,
        },
      ],
    }
    await writeFile(path(), JSON.stringify(foreign))
    await formats['youtube-vis'].write(exampleDocument(), contextFor(folder))
    const merged = await read()
    expect(merged.info).toEqual(foreign.info)
    expect(merged.videos[0]).toEqual(foreign.videos[0])
    expect(merged.categories).toEqual(foreign.categories)
    expect(merged.annotations[0]).toEqual(foreign.annotations[0])
    expect(
      merged.annotations.map(({ id, category_id }: { id: number; category_id: number }) => [id, category_id]),
    ).toEqual([
      [30, 5],
      [31, 9],
      [32, 9],
    ])
    const zoo = await formats['youtube-vis'].read(path(), { sequence: 'zoo' })
    expect([...zoo.labels.values()].map(({ name }) => name)).toEqual(['zebra'])
    expect(zoo.objects.get(1)?.name).toBe('object 1')
    expect(zoo.entry(1, 0)).toMatchObject({ mask: encodeMask(Uint8Array.of(0, 1, 0, 0, 1, 0, 0, 0), 4, 2) })
  })

  it('damaged anywhere it is refused with the place', async () => {
    await formats['youtube-vis'].write(exampleDocument(), contextFor(folder))
    const good = await readFile(path(), 'utf8')
    for (let length = 0; length < good.length - 2; length += 41) {
      await writeFile(path(), good.slice(0, length))
      await expect(formats['youtube-vis'].read(folder)).rejects.toThrow(
        /^The YouTube-VIS file .* is damaged at line \d+, column \d+: /,
      )
    }
    const cases: [string, string, string][] = [
      ['"size":[9,13]', '"size":[9,12]', 'annotations[0].segmentations[0].size: a mask of 12x9 does not fit'],
      ['"counts":"', '"counts":"0', 'annotations[0].segmentations[0].counts: '],
      ['"category_id":1', '"category_id":3', 'annotations[0].category_id: there is no category 3'],
      [
        '"segmentations":[',
        '"segmentations":[null,',
        'annotations[0].segmentations: 5 segmentations do not fit',
      ],
      ['"counts":"', '"points":"', 'annotations[0].segmentations[0]'],
      ['"width":13', '"width":99999', 'videos[0].width: it is more than 16384'],
    ]
    for (const [find, put, message] of cases) {
      expect(good).toContain(find)
      await writeFile(path(), good.replace(find, put))
      await expect(formats['youtube-vis'].read(folder)).rejects.toThrow(message)
    }
  })
})

describeWithReference('COCO run-length codes of pycocotools', (reference) => {
  it('are those in the YouTube-VIS file', async () => {
    const cases = await rleCases(reference)
    let compared = 0
    for (const { name, size, compressed, area, bbox_xywh, rows } of cases) {
      if (rows === undefined || area === 0) continue
      const [height, width] = size
      const pixels = Uint8Array.from(rows.join(''), (character) => Number(character))
      const document = createDocument({ path: 'a.mp4', hash: '', frameCount: 1, width, height })
      document.apply({ kind: 'putLabel', label: { id: 1, name: 'thing', colour: '#000000' } })
      document.apply({ kind: 'putObject', object: { id: 1, name: 'it', labelId: 1 } })
      const mask = encodeMask(pixels, width, height)
      document.apply({
        kind: 'setEntry',
        objectId: 1,
        frame: 0,
        entry: { state: 'keyframe', occluded: false, mask },
      })
      const target = await mkdtemp(join(root, 'rle-'))
      await formats['youtube-vis'].write(document, contextFor(target, { frames: [{ index: 0, time: 0 }] }))
      const { annotations } = JSON.parse(await readFile(join(target, 'youtube-vis.json'), 'utf8'))
      expect(annotations[0].segmentations, name).toEqual([{ size, counts: compressed }])
      expect([annotations[0].areas, annotations[0].bboxes], name).toEqual([[area], [bbox_xywh]])
      compared++
    }
    expect(compared).toBeGreaterThan(5)
  })
})

describeWithData('a real DAVIS sequence', (data) => {
  it('goes through both formats without a changed pixel', async () => {
    const source = join(data, 'davis')
    const document = await formats.davis.read(source, { sequence: 'car-shadow' })
    const { frameCount, width, height } = document.video
    expect([width, height]).toEqual([854, 480])
    const frames = Array.from({ length: frameCount }, (_, index) => ({ index, time: index / 24 }))
    for (const format of Object.values(formats)) {
      await format.write(document, contextFor(folder, { frames }))
      const back = await format.read(folder)
      expect(back.framesWithEntries()).toHaveLength(frameCount)
      expect(serialiseSidecar(back)).toBe(serialiseSidecar(document))
    }
    const ours = await readIndexedPng(join(folder, 'Annotations/480p/clip/00010.png'))
    const theirs = await readIndexedPng(join(source, 'Annotations/480p/car-shadow/00010.png'))
    expect(ours.indices).toEqual(theirs.indices.map((value) => Math.min(value, 1)))
  })
})
