/** Masks and poses as COCO: nothing of a document is lost, and nothing of others' work. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createDocument, type Entry, encodeMask } from '../../../model/annotation/index.ts'
import { type ExportPicture, formats } from '../../../model/formats/index.ts'
import { describeWithReference } from '../../support/reference.ts'
import {
  contextFor,
  documents,
  emptyDocument,
  exampleDocument,
  point,
  pose,
  poses,
  ring,
  rleCases,
  set,
  video,
} from './documents.ts'

const { coco, davis } = formats

let root: string
let folder: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'coco-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))
beforeEach(async () => {
  folder = join(await mkdtemp(join(root, 'case-')), 'out')
})

const path = () => join(folder, 'coco.json')
const text = () => readFile(path(), 'utf8')
const read = async () => JSON.parse(await text())
const record = async () => JSON.parse(await readFile(join(folder, 'siammae-export.json'), 'utf8')).exports

/** What the format holds of an entry: an absent keypoint has no place. */
function expected(entry: Entry | undefined): Entry | undefined {
  if (entry === undefined || entry.state === 'absent') return entry
  if (entry.mask === undefined && entry.keypoints === undefined) return undefined
  const keypoints = entry.keypoints?.map((keypoint) =>
    keypoint.visibility === 'absent' ? { ...keypoint, x: 0, y: 0 } : keypoint,
  )
  return { ...entry, ...(keypoints && { keypoints }) }
}

const isSeen = (entry: Entry) =>
  entry.state !== 'absent' &&
  ((entry.mask?.counts.length ?? 0) > 1 ||
    (entry.keypoints ?? []).some(({ visibility }) => visibility !== 'absent'))

describe('COCO', () => {
  it('gives back masks, poses, absences, states and confidences of every document', async () => {
    let [written, posed] = [0, 0]
    await fc.assert(
      fc.asyncProperty(documents, async (document) => {
        const target = await mkdtemp(join(root, 'property-'))
        const objects = [1, 2, 7].filter((id) => [...document.entries(id)].some(([, entry]) => isSeen(entry)))
        if (objects.length === 0) {
          await expect(coco.write(document, contextFor(target))).rejects.toThrow(
            'There is no mask or keypoint to write as COCO; mark an object with a mask or keypoint first.',
          )
          expect(await readdir(target)).toEqual([])
          return
        }
        written++
        await coco.write(document, contextFor(target))
        const back = await coco.read(target)
        expect([...back.objects.keys()].sort()).toEqual(objects)
        for (const id of objects)
          for (let frame = 0; frame < video.frameCount; frame++) {
            const entry = document.entry(id, frame)
            expect(back.entry(id, frame)).toEqual(expected(entry))
            if (entry?.state === 'propagated' && entry.keypoints?.some((one) => one.confidence)) posed++
          }
        // Written again it is the same, to the byte.
        const before = await readFile(join(target, 'coco.json'), 'utf8')
        await coco.write(document, contextFor(target))
        expect(await readFile(join(target, 'coco.json'), 'utf8')).toBe(before)
        // Without the record shapes are the same, and a person's.
        await rm(join(target, 'siammae-export.json'))
        const plain = await coco.read(target)
        const seen = objects.flatMap((id) =>
          [...document.entries(id)].filter(([, entry]) => isSeen(entry)).map(([frame]) => frame),
        )
        const found = [...plain.objects.keys()].flatMap((id) =>
          [...plain.entries(id)].filter(([, { state }]) => state === 'keyframe').map(([frame]) => frame),
        )
        expect(found.sort()).toEqual(seen.sort())
      }),
      { seed: 31, numRuns: 40 },
    )
    expect([written > 20, posed > 5]).toEqual([true, true])
  })

  it('holds what evaluation code asks for', async () => {
    const document = exampleDocument()
    const both = { ...pose(point(0, 0), point(12.5, 8, 'occluded')), mask: ring(4, 4) } as Entry
    set(document, 7, 1, both)
    set(document, 7, 2, { state: 'keyframe', occluded: false, mask: ring(4, 4) })
    const report = await coco.write(document, contextFor(folder))
    expect((await readdir(folder)).sort()).toEqual(['coco.json', 'siammae-export.json'])
    expect(report).toEqual({
      files: 2,
      warnings: [
        'Frames on which nothing is marked are left out: 4-7.',
        'Nothing is known about object 1 on frames 3; the files show it as absent there.',
        'Nothing is known about object 7 on frames 3; the files show it as absent there.',
      ],
    })
    const content = await read()
    expect(Object.keys(content)).toEqual([
      'info',
      'licenses',
      'videos',
      'images',
      'annotations',
      'categories',
    ])
    expect(content.videos).toEqual([{ id: 1, name: 'clip', width: 13, height: 9 }])
    expect(content.images).toEqual(
      [0, 1, 2, 3].map((frame) => ({
        id: frame + 1,
        file_name: `clip/0000${frame}.jpg`,
        width: 13,
        height: 9,
        video_id: 1,
        frame_index: frame,
      })),
    )
    expect(content.categories).toEqual([
      { id: 1, name: 'car', supercategory: '' },
      {
        id: 2,
        name: 'fish "gold"\\',
        supercategory: '',
        keypoints: ['head', 'tail'],
        skeleton: [[1, 2]],
      },
    ])
    const rows = content.annotations.map((one: Record<string, unknown>) => [
      one.id,
      one.image_id,
      one.category_id,
      one.track_id,
      one.iscrowd,
      one.area,
      one.bbox,
      one.keypoints,
      one.num_keypoints,
      (one.segmentation as { size: number[] })?.size,
    ])
    const noPose = [undefined, undefined]
    const size = [9, 13]
    expect(rows).toEqual([
      [1, 1, 1, 1, 0, 24, [2, 2, 5, 5], ...noPose, size],
      [2, 1, 1, 2, 0, 24, [4, 2, 5, 5], ...noPose, size],
      [
        3,
        1,
        2,
        3,
        0,
        (1.5 - 0.30000000000000004) * 7,
        [0.1 + 0.2, -0, 1.2, 7],
        expect.anything(),
        2,
        undefined,
      ],
      [4, 2, 1, 1, 0, 24, [3, 2, 5, 5], ...noPose, size],
      [5, 2, 2, 3, 0, 24, [2, 2, 5, 5], [0, 0, 2, 12.5, 8, 1], 2, size],
      // Evaluation of keypoints reads num_keypoints of every annotation of the category.
      [6, 3, 2, 3, 0, 24, [2, 2, 5, 5], [0, 0, 0, 0, 0, 0], 0, size],
      [7, 4, 1, 2, 0, 24, [7, 2, 5, 5], ...noPose, size],
    ])
    expect(content.annotations[2].keypoints).toEqual([1.5, -0, 2, 0.1 + 0.2, 7, 1])
  })

  it('pictures lie in pairs with the file names', async () => {
    async function* pictures(): AsyncIterable<ExportPicture> {
      for (let index = 0; index < video.frameCount; index++)
        yield { index, width: 13, height: 9, data: new Uint8Array(13 * 9 * 3) }
    }
    await coco.write(poses(), contextFor(folder, { pictures }))
    const { images } = await read()
    const names = (await readdir(join(folder, 'images', 'clip'))).sort().map((name) => `clip/${name}`)
    expect(images.map(({ file_name }: { file_name: string }) => file_name)).toEqual(names)
    const files = contextFor('').frames.map((frame) => ({ ...frame, file: `p${frame.index}.png` }))
    await coco.write(poses(), contextFor(folder, { frames: files }))
    expect((await read()).images[1].file_name).toBe('clip/p1.png')
    expect((await coco.read(folder)).entry(7, 1)).toEqual(poses().entry(7, 1))
  })

  it('keypoints alone are exported, with a box and an area around those that are there', async () => {
    await coco.write(poses(), contextFor(folder))
    const { annotations, categories } = await read()
    expect(categories.map(({ name }: { name: string }) => name)).toEqual(['fish "gold"\\'])
    expect(annotations).toEqual([
      {
        id: 1,
        image_id: 1,
        category_id: 1,
        track_id: 1,
        iscrowd: 0,
        area: 2.5 * 5.25,
        bbox: [1.5, 2, 2.5, 5.25],
        keypoints: [1.5, 2, 2, 4, 7.25, 1],
        num_keypoints: 2,
      },
      {
        id: 2,
        image_id: 2,
        category_id: 1,
        track_id: 1,
        iscrowd: 0,
        area: 0,
        bbox: [2, 2, 0, 0],
        keypoints: [2, 2, 2, 0, 0, 0],
        num_keypoints: 1,
      },
    ])
    expect((await record())[0].frames[1].entries).toEqual([
      {
        object: 7,
        state: 'propagated',
        run: 3,
        confidence: 0.75,
        occluded: true,
        keypoints: expect.stringMatching(/^[0-9a-f]{16}$/),
        confidences: [0.5, null],
      },
    ])
  })

  it('a keypoint may be anywhere that a number can say', async () => {
    const document = emptyDocument()
    set(document, 7, 0, pose(point(-1e308, 1e308), point(1e308, -1e308)))
    await coco.write(document, contextFor(folder))
    expect((await coco.read(folder)).entry(7, 0)).toEqual(document.entry(7, 0))
    expect((await read()).annotations[0].area).toBe(Number.MAX_VALUE)
  })

  it('an empty mask and a pose without a point have no annotation, and come back', async () => {
    const document = poses()
    const empty = encodeMask(new Uint8Array(13 * 9), 13, 9)
    set(document, 7, 2, pose(point(5, 5, 'absent'), point(0, 0, 'absent')))
    set(document, 7, 3, { state: 'keyframe', occluded: true, mask: empty })
    set(document, 7, 4, { state: 'absent', by: 'run', run: 3, confidence: 0.5 })
    await coco.write(document, contextFor(folder))
    const { images, annotations } = await read()
    expect([images.length, annotations.length]).toEqual([5, 2])
    const back = await coco.read(folder)
    for (const frame of [0, 1, 2, 3, 4])
      expect(back.entry(7, frame)).toEqual(expected(document.entry(7, frame)))
  })

  it('beside DAVIS in one folder both keep their records, which others than COCO can be of version 1', async () => {
    await davis.write(exampleDocument(), contextFor(folder))
    const at = join(folder, 'siammae-export.json')
    const written = await readFile(at, 'utf8')
    await writeFile(at, written.replace('"version": 2', '"version": 1'))
    const old = await davis.read(folder)
    expect(old.entry(1, 1)).toMatchObject({ state: 'propagated', confidence: 0.875 })
    await coco.write(exampleDocument(), contextFor(folder))
    expect((await record()).map(({ dataset }: { dataset: string }) => dataset)).toEqual(['coco', 'davis'])
    expect((await davis.read(folder)).equals(old)).toBe(true)
    expect((await coco.read(folder)).entry(7, 0)).toEqual(exampleDocument().entry(7, 0))
    await writeFile(at, written.replace('"version": 2', '"version": 3'))
    await expect(coco.read(folder)).rejects.toThrow('was written by a newer version of this tool')
  })

  it('pictures, tracks and annotations keep their ids when the video is exported again', async () => {
    await coco.write(exampleDocument(), contextFor(folder, { sequence: 'first' }))
    await coco.write(exampleDocument(), contextFor(folder))
    const before = await read()
    const tracks = before.annotations.map((one: { track_id: number }) => one.track_id)
    expect(new Set(tracks).size).toBe(6)
    const less = exampleDocument()
    for (const frame of [0, 1]) set(less, 1, frame, undefined)
    await coco.write(less, contextFor(folder, { sequence: 'first' }))
    const after = await read()
    for (const kind of ['images', 'annotations'])
      for (const one of after[kind])
        expect(one).toEqual(before[kind].find(({ id }: { id: number }) => id === one.id))
    await coco.write(exampleDocument(), contextFor(folder, { sequence: 'first' }))
    const tracksOf = (content: typeof before) =>
      new Set(content.annotations.map((one: { track_id: number; image_id: number }) => one.track_id))
    expect(tracksOf(await read()).size).toBe(6)
    const back = await coco.read(folder, { sequence: 'clip' })
    expect(back.entry(7, 0)).toEqual(exampleDocument().entry(7, 0))
  })
})

describeWithReference('run lengths, areas and boxes of pycocotools', (reference) => {
  it('are those in the COCO file', async () => {
    const cases = await rleCases(reference)
    const drawn = cases.filter(({ rows, area }) => rows !== undefined && area > 0)
    expect(drawn.length).toBeGreaterThan(5)
    for (const { name, size, compressed, area, bbox_xywh, rows } of drawn) {
      const [height, width] = size
      const document = createDocument({ path: 'a.mp4', hash: '', frameCount: 1, width, height })
      document.apply({ kind: 'putLabel', label: { id: 1, name: 'thing', colour: '#000000' } })
      document.apply({ kind: 'putObject', object: { id: 1, name: 'it', labelId: 1 } })
      const mask = encodeMask(Uint8Array.from(rows!.join(''), Number), width, height)
      set(document, 1, 0, { state: 'keyframe', occluded: false, mask })
      folder = await mkdtemp(join(root, 'rle-'))
      await coco.write(document, contextFor(folder, { frames: [{ index: 0, time: 0 }] }))
      const [one] = (await read()).annotations
      expect([one.segmentation, one.area, one.bbox], name).toEqual([
        { size, counts: compressed },
        area,
        bbox_xywh,
      ])
    }
  })
})
