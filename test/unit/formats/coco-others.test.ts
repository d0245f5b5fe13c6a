/** COCO files of other programs: read where that is sensible, kept where ours goes beside, refused with the place. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { decodeMask, encodeMask } from '../../../model/annotation/index.ts'
import { formats } from '../../../model/formats/index.ts'
import { contextFor, exampleDocument } from './documents.ts'

const { coco } = formats

let root: string
let folder: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'coco-others-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'case-'))
})

type Item = Record<string, unknown>
type Content = Record<'images' | 'annotations' | 'categories', Item[]> & Record<string, unknown>

const path = () => join(folder, 'coco.json')
const read = async (): Promise<Content & { videos: Item[] }> => JSON.parse(await readFile(path(), 'utf8'))
const put = (content: unknown) => writeFile(path(), JSON.stringify(content))

const picture = (id: number, file_name: string, more: Item = {}): Item => ({
  id,
  file_name,
  width: 4,
  height: 2,
  ...more,
})
const zebra = { id: 5, name: 'zebra' }
const person = {
  id: 9,
  name: 'person',
  keypoints: ['nose', 'tail'],
  skeleton: [[2, 1]],
  supercategory: 'animal',
}
/** The second pixel and the fifth, in columns. */
const mask = { size: [2, 4], counts: [1, 2, 5] }
const pixels = encodeMask(Uint8Array.of(0, 1, 0, 0, 1, 0, 0, 0), 4, 2)

/** Pictures without videos, as COCO itself has them. */
const plain = (annotations: Item[], more: Partial<Content> = {}): Content => ({
  images: [picture(30, 'zoo/b10.jpg'), picture(31, 'zoo/b9.jpg'), picture(40, 'park/1.jpg')],
  annotations,
  categories: [zebra, person],
  ...more,
})

describe('a file of another program', () => {
  it('stays as it is beside what is exported, ids, fields and polygons included', async () => {
    const foreign = plain(
      [
        { id: 70, image_id: 30, category_id: 5, segmentation: [[0, 0, 2, 0, 2, 2]], area: 2, iscrowd: 0 },
        { id: 7, image_id: 40, category_id: 9, segmentation: mask, iscrowd: 1, score: 0.5 },
        { id: 8, image_id: 40, category_id: 5, keypoints: 'not ours to read', track_id: 12 },
      ],
      {
        info: { year: 2017 },
        licenses: [{ id: 3 }],
        videos: [{ id: 4, name: 'zoo', fps: 25 }],
        images: [
          picture(30, 'zoo/b10.jpg', { video_id: 4, license: 3 }),
          picture(40, 'park/1.jpg', { video_id: 6 }),
        ],
        categories: [zebra, { id: 6, name: 'car', color: [1, 2, 3] }, person],
        more: { deep: [null, -0.5, 'x'] },
      },
    )
    await put(foreign)
    await coco.write(exampleDocument(), contextFor(folder))
    const merged = await read()
    for (const key of ['info', 'licenses', 'more']) expect(merged[key]).toEqual(foreign[key])
    expect(merged.videos).toEqual([
      { id: 4, name: 'zoo', fps: 25 },
      { id: 7, name: 'clip', width: 13, height: 9 },
    ])
    expect(merged.images.slice(0, 2)).toEqual(foreign.images)
    expect(merged.annotations.slice(0, 3)).toEqual(foreign.annotations)
    expect(merged.categories).toEqual([
      ...foreign.categories,
      expect.objectContaining({ id: 10, name: 'fish "gold"\\' }),
    ])
    expect(merged.annotations.slice(3).map((one) => [one.id, one.category_id, one.track_id])).toEqual([
      [71, 6, 13],
      [72, 6, 14],
      [73, 10, 15],
      [74, 6, 13],
      [75, 6, 14],
    ])
    expect(merged.images.slice(2).map(({ id, video_id }) => [id, video_id])).toEqual(
      [41, 42, 43, 44].map((id) => [id, 7]),
    )
    expect((await coco.read(folder, { sequence: 'clip' })).entry(1, 1)).toEqual(exampleDocument().entry(1, 1))
    await expect(coco.read(folder)).rejects.toThrow('holds several sequences; name one of zoo, park, clip.')
  })

  it('whose ids leave no room above has room below', async () => {
    await put(plain([], { images: [picture(Number.MAX_SAFE_INTEGER, 'zoo/1.jpg')] }))
    await coco.write(exampleDocument(), contextFor(folder))
    expect((await read()).images.map(({ id }) => id).slice(1)).toEqual([1, 2, 3, 4])
  })

  it('without videos is read by folders, in the order of the names, an object per category', async () => {
    const posed = { keypoints: [1, 2, 2, 9, 9, 0], num_keypoints: 1, segmentation: [] }
    await put(
      plain([
        { id: 1, image_id: 30, category_id: 9, ...posed },
        { id: 2, image_id: 31, category_id: 5, segmentation: { size: [2, 4], counts: '125' } },
        { id: 3, image_id: 40, category_id: 5, segmentation: [[1, 2, 3]] },
      ]),
    )
    const zoo = await coco.read(path(), { sequence: 'zoo' })
    expect(zoo.video).toEqual({ path: 'images/zoo', hash: '', frameCount: 2, width: 4, height: 2 })
    expect([...zoo.labels.values()].map(({ name, skeleton }) => [name, skeleton])).toEqual([
      ['zebra', undefined],
      ['person', { keypoints: ['nose', 'tail'], edges: [[1, 0]] }],
    ])
    expect(zoo.entry(1, 0)).toMatchObject({ state: 'keyframe', mask: pixels })
    // Nobody said that there is no zebra: absence would keep it from being tracked over that frame.
    expect([...zoo.objects.keys()].map((id) => zoo.frames(id))).toEqual([[0], [1]])
    const keypoints = [
      { x: 1, y: 2, visibility: 'visible' },
      { x: 0, y: 0, visibility: 'absent' },
    ]
    expect(zoo.entry(2, 1)).toEqual({ state: 'keyframe', occluded: false, keypoints })
    await put(plain([], { images: [picture(1, 'a.jpg')] }))
    expect((await coco.read(path())).video.path).toBe('images/.')
  })

  it('with polygons has masks of the pixels in any of them, cut at the edge of the picture', async () => {
    const polygons = [
      [0, 0, 2, 0, 2, 1, 0, 1],
      [3, -1e9, 9, -1e9, 9, 1e9, 3, 1e9],
    ]
    await put(plain([{ id: 1, image_id: 30, category_id: 5, segmentation: polygons }]))
    const entry = (await coco.read(folder, { sequence: 'zoo' })).entry(1, 1)
    if (entry?.state !== 'keyframe' || !entry.mask) throw new Error('There is no mask.')
    expect([...decodeMask(entry.mask)]).toEqual([1, 1, 0, 1, 0, 0, 0, 1])
  })

  it('with tracks has an object for each, and with frame_index its own frames', async () => {
    const images = [4, 2].map((frame_index, i) => picture(i + 1, `v/${i}.jpg`, { frame_index, video_id: 1 }))
    const one = { category_id: 5, segmentation: mask }
    await put({
      videos: [{ id: 1, name: null }],
      images,
      categories: [zebra],
      annotations: [
        { id: 1, image_id: 1, track_id: 900, ...one },
        { id: 2, image_id: 1, track_id: 17, ...one },
        { id: 3, image_id: 2, track_id: 900, ...one },
      ],
    })
    const back = await coco.read(folder, { sequence: 'v' })
    expect(back.framesWithEntries()).toEqual([2, 4])
    expect(back.video.frameCount).toBe(5)
    const states = [1, 2].map((id) => [2, 4].map((frame) => back.entry(id, frame)?.state))
    expect(states).toEqual([
      [undefined, 'keyframe'],
      ['keyframe', 'keyframe'],
    ])
  })

  it('that dropped our own fields still gives back what can be told from the names', async () => {
    await coco.write(exampleDocument(), contextFor(folder))
    const { videos: _, ...content } = await read()
    for (const image of content.images) for (const key of ['video_id', 'frame_index']) delete image[key]
    content.images.splice(1, 1)
    content.annotations = content.annotations.filter(({ image_id }) => image_id !== 2)
    await put(content)
    const back = await coco.read(folder)
    expect(back.framesWithEntries()).toEqual([0, 2, 3])
    for (const frame of [0, 2, 3]) expect(back.entry(2, frame)).toEqual(exampleDocument().entry(2, frame))
    await coco.write(exampleDocument(), contextFor(folder))
    const again = await read()
    expect(again.images.map(({ id, frame_index }) => [id, frame_index])).toEqual([
      [1, 0],
      [5, 1],
      [3, 2],
      [4, 3],
    ])
  })
})

describe('a damaged or strange file', () => {
  const good = (): Content =>
    plain([
      { id: 1, image_id: 30, category_id: 9, track_id: 1, segmentation: mask, keypoints: [1, 1, 2, 0, 0, 0] },
    ])
  const first = (change: Item) => (content: Content) => Object.assign(content.annotations[0]!, change)
  const cases: [string, (content: Content) => void, string][] = [
    ['no list', (content) => Object.assign(content, { images: {} }), 'images: a list is expected'],
    ['an item that is none', (c) => c.images.push(7 as never), 'images[3]: '],
    ['an id as text', first({ id: '1' }), 'annotations[0].id: a number is expected'],
    ['half an id', first({ id: 1.5 }), 'annotations[0].id: a whole number is expected'],
    [
      'the same id twice',
      (c) => c.images.push(picture(31, 'zoo/c.jpg')),
      'images[3].id: the id 31 is there twice',
    ],
    ['the same category twice', (c) => c.categories.push(zebra), 'categories[2].id: the id 5 is there twice'],
    ['an unknown image', first({ image_id: 99 }), 'annotations[0].image_id: there is no image 99'],
    [
      'an unknown category',
      first({ category_id: 99 }),
      'annotations[0].category_id: there is no category 99',
    ],
    ['a track as text', first({ track_id: 'a' }), 'annotations[0].track_id: '],
    [
      'a picture without a size',
      (c) => Object.assign(c.images[0]!, { width: 0 }),
      'images[0].width: it is less than 1',
    ],
    [
      'an impossible frame',
      (c) => Object.assign(c.images[0]!, { frame_index: -1 }),
      'images[0].frame_index: ',
    ],
    [
      'frames of some only',
      (c) => Object.assign(c.images[0]!, { frame_index: 4 }),
      'images[1]: it has no frame_index',
    ],
    [
      'two pictures of one frame',
      (c) => {
        for (const image of c.images) image.frame_index = 4
      },
      'images[1]: its video has two images of frame 4',
    ],
    [
      'pictures of two sizes',
      (c) => Object.assign(c.images[1]!, { width: 5 }),
      'images[1]: an image of 5x2 does not fit a video of 4x2',
    ],
    [
      'a polygon of two corners',
      first({
        segmentation: [
          [0, 0, 1, 0, 1, 1],
          [0, 0, 1, 0],
        ],
      }),
      'annotations[0].segmentation[1]: 4 numbers are no polygon; pairs for three corners or more are expected',
    ],
    [
      'half a corner',
      first({ segmentation: [[0, 0, 1, 0, 1, 1, 3]] }),
      'annotations[0].segmentation[0]: 7 numbers are no polygon',
    ],
    [
      'a corner that is none',
      first({ segmentation: [[0, 0, 1, 0, 1, null]] }),
      'annotations[0].segmentation[0][5]: a number is expected',
    ],
    [
      'a polygon on a picture that is too large',
      (c) => {
        for (const image of c.images) Object.assign(image, { width: 1e6, height: 1e6 })
        first({ segmentation: [[0, 0, 1, 0, 1, 1]] })(c)
      },
      'annotations[0].segmentation: a picture of 1000000x1000000 pixels is too large',
    ],
    [
      'a mask of another size',
      first({ segmentation: { size: [4, 2], counts: [8] } }),
      'annotations[0].segmentation.size: a mask of 2x4 does not fit an image of 4x2',
    ],
    [
      'runs that do not fill it',
      first({ segmentation: { size: [2, 4], counts: [1, 2] } }),
      'annotations[0].segmentation.counts: ',
    ],
    [
      'a code that is none',
      first({ segmentation: { size: [2, 4], counts: 'Ä' } }),
      'annotations[0].segmentation.counts: ',
    ],
    ['a mask that is text', first({ segmentation: 'x' }), 'annotations[0].segmentation: '],
    [
      'a point too few',
      first({ keypoints: [1, 1, 2] }),
      'annotations[0].keypoints: 3 numbers are not three for each of the 2 keypoints',
    ],
    ['keypoints that are none', first({ keypoints: {} }), 'annotations[0].keypoints: a list is expected'],
    [
      'a place that is none',
      first({ keypoints: [1, null, 2, 0, 0, 0] }),
      'annotations[0].keypoints[1]: a number is expected',
    ],
    [
      'an unknown visibility',
      first({ keypoints: [1, 1, 3, 0, 0, 0] }),
      'annotations[0].keypoints[2]: 3 is no visibility',
    ],
    [
      'keypoints of a category without any',
      first({ category_id: 5 }),
      'annotations[0].keypoints: 6 numbers are not three for each of the 0 keypoints',
    ],
    [
      'a box alone',
      first({ segmentation: [], keypoints: undefined, bbox: [0, 0, 1, 1] }),
      'annotations[0]: it has neither a mask nor keypoints; give it one of them, or take it away',
    ],
    [
      'a track twice on an image',
      (c) => c.annotations.push({ ...c.annotations[0], id: 2 }),
      'annotations[1]: image 30 has two annotations of track 1',
    ],
    [
      'two of a category without tracks',
      (c) => {
        c.annotations.push({ ...c.annotations[0], id: 2 })
        for (const one of c.annotations) delete one.track_id
      },
      'annotations[1]: image 30 has two of category 9 without a track_id; give each object one',
    ],
    [
      'a track of two categories',
      (c) => c.annotations.push({ ...c.annotations[0], id: 2, image_id: 31, category_id: 5 }),
      'annotations[1].category_id: track 1 is of category 9 on other images',
    ],
    [
      'too many objects',
      (c) => {
        for (let id = 2; id < 300; id++) c.annotations.push({ ...c.annotations[0], id, track_id: id })
      },
      'annotations[255]: the video has more than 255 objects',
    ],
    [
      'two joints of one name',
      (c) => Object.assign(c.categories[1]!, { keypoints: ['a', 'a'] }),
      'categories[1].keypoints: two keypoints have the same name',
    ],
    [
      'an edge to nowhere',
      (c) => Object.assign(c.categories[1]!, { skeleton: [[0, 1]] }),
      'categories[1].skeleton[0]: there is no keypoint 0',
    ],
    [
      'an edge that is none',
      (c) => Object.assign(c.categories[1]!, { skeleton: [[1]] }),
      'categories[1].skeleton[0]',
    ],
  ]

  it.each(cases)('%s is named with its place', async (_, change, message) => {
    await put(good())
    await coco.read(folder, { sequence: 'zoo' })
    const content = structuredClone(good())
    change(content)
    await put(content)
    const refused = await coco.read(folder, { sequence: 'zoo' }).catch((error: Error) => error.message)
    expect(refused).toMatch(
      /^The COCO file \S+coco\.json (is damaged|cannot be read) at line 1, column \d+: [^\n]*\.$/,
    )
    expect(refused).toContain(message)
  })

  it('cut off anywhere it is refused, by an export too, which leaves it alone', async () => {
    await coco.write(exampleDocument(), contextFor(folder))
    const whole = await readFile(path(), 'utf8')
    for (let length = 0; length < whole.length - 2; length += 61) {
      await writeFile(path(), whole.slice(0, length))
      const expected = /^The COCO file .* is damaged at line \d+, column \d+: /
      await expect(coco.read(folder)).rejects.toThrow(expected)
      await expect(coco.write(exampleDocument(), contextFor(folder))).rejects.toThrow(expected)
      expect((await readFile(path(), 'utf8')).length).toBe(length)
    }
  })
})
