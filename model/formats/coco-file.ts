import * as v from 'valibot'
import { MAX_KEYPOINTS } from '../annotation/index.ts'
import { type DatasetFile, type ParsedFile, readDatasetFile } from './dataset-file.ts'
import { frameIndex, LIMITS, list, name, positive } from './record-schemas.ts'
import { exists } from './staging.ts'

/** Name of the file that exports write. */
export const COCO_FILE = 'coco.json'
export const COCO_TITLE = 'COCO'

const whole = v.pipe(v.number('a number is expected'), v.safeInteger('a whole number is expected'))

// Loose: a file of others may say more, and what it says of other videos is kept.
const Video = v.looseObject({ id: whole, name: v.nullish(name) })

const Picture = v.looseObject({
  id: whole,
  /** Relative to the folder of the pictures. */
  file_name: name,
  width: positive,
  height: positive,
  video_id: v.nullish(whole),
  /** 0-based position in the video; our own, as COCO knows no videos. */
  frame_index: v.nullish(frameIndex),
})

// Shapes are looked at only where they are read: those of other videos may be of kinds that we cannot read.
const Annotation = v.looseObject({
  id: whole,
  image_id: whole,
  category_id: whole,
  /** The same on all pictures of one thing, and no other's in the whole file; our own, as COCO knows no videos. */
  track_id: v.nullish(whole),
  segmentation: v.optional(v.unknown()),
  keypoints: v.optional(v.unknown()),
})

const Category = v.looseObject({
  id: whole,
  name,
  supercategory: v.optional(v.unknown()),
  keypoints: v.nullish(list(name, MAX_KEYPOINTS)),
  /** Pairs of 1-based positions in `keypoints`. */
  skeleton: v.nullish(list(v.strictTuple([whole, whole]))),
})

const Content = v.looseObject({
  // The order of the file: what is named here is read before what is not.
  info: v.optional(v.unknown()),
  licenses: v.optional(v.unknown()),
  videos: v.nullish(list(Video)),
  images: list(Picture, LIMITS.entries),
  annotations: list(Annotation, LIMITS.entries),
  categories: list(Category),
})

export type CocoContent = v.InferOutput<typeof Content>
export type CocoVideo = v.InferOutput<typeof Video>
export type CocoPicture = v.InferOutput<typeof Picture>
export type CocoAnnotation = v.InferOutput<typeof Annotation>
export type CocoCategory = v.InferOutput<typeof Category>
export type CocoFile = DatasetFile<CocoContent>

/**
 * Reads and checks a file but for the shapes: that every id is there once, and what refers to one finds it.
 * @throws UserError with the place of what is wrong
 */
export async function readCocoFile(path: string, parsed?: ParsedFile): Promise<CocoFile> {
  const file = await readDatasetFile(Content, path, COCO_TITLE, parsed)
  const { videos, images, annotations, categories } = file.content
  idsOf(file, 'videos', videos ?? [])
  const pictureIds = idsOf(file, 'images', images)
  const categoryIds = idsOf(file, 'categories', categories)
  idsOf(file, 'annotations', annotations)
  // Ids that lead nowhere would lead to what an export adds to the file.
  for (const [i, { image_id, category_id }] of annotations.entries()) {
    if (!pictureIds.has(image_id)) file.fail(['annotations', i, 'image_id'], `there is no image ${image_id}`)
    if (!categoryIds.has(category_id))
      file.fail(['annotations', i, 'category_id'], `there is no category ${category_id}`)
  }
  return file
}

function idsOf(file: CocoFile, key: string, items: readonly { readonly id: number }[]): Set<number> {
  const ids = new Set<number>()
  for (const [i, { id }] of items.entries())
    if (ids.has(id)) file.fail([key, i, 'id'], `the id ${id} is there twice`)
    else ids.add(id)
  return ids
}

/** The file's content; where there is none, one that evaluation code takes. */
export async function readOrEmpty(path: string): Promise<CocoContent> {
  if (!(await exists(path).catch(() => false)))
    return { info: {}, licenses: [], videos: [], images: [], annotations: [], categories: [] }
  return (await readCocoFile(path)).content
}

/**
 * Ids that a file does not use yet, so that what is added never gets the id of what is there.
 * @param used ids of the file, which may be any whole numbers
 * @returns gives the next one, from 1 on: behind the highest where that is still exact, else the lowest that is free
 */
export function freeIds(used: Iterable<number>): () => number {
  const taken = new Set(used)
  let highest = 0
  for (const id of taken) if (id > highest) highest = id
  let next = highest < Number.MAX_SAFE_INTEGER / 2 ? highest : 0
  return () => {
    do next++
    while (taken.has(next))
    return next
  }
}

/** The pictures of one video. */
export interface CocoSequence {
  /** Its record, where the file has one. */
  readonly video?: CocoVideo
  /** In the order of the file, each with its place there. */
  readonly pictures: { readonly picture: CocoPicture; readonly place: number }[]
}

/**
 * The videos that have pictures, by name. A picture is of the video that it names; else of the one called like its folder,
 * so that files without videos can be read. A video without a name is called like the folder of its first picture.
 */
export function sequencesOf({ videos, images }: CocoContent): Map<string, CocoSequence> {
  const byId = new Map((videos ?? []).map((video) => [video.id, video]))
  const nameOf = new Map<number, string>()
  const sequences = new Map<string, CocoSequence>()
  for (const [place, picture] of images.entries()) {
    const video = byId.get(picture.video_id ?? Number.NaN)
    const folder = folderOf(picture.file_name)
    const called = video === undefined ? folder : (nameOf.get(video.id) ?? video.name ?? folder)
    if (video !== undefined) nameOf.set(video.id, called)
    const known = sequences.get(called) ?? { video, pictures: [] }
    known.pictures.push({ picture, place })
    sequences.set(called, known)
  }
  return sequences
}

/** `.` for a picture without one. */
function folderOf(file: string): string {
  return /^(.+)[/\\]/.exec(file)?.[1] ?? '.'
}
