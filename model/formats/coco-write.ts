import { setImmediate } from 'node:timers/promises'
import type { Label } from '../annotation/index.ts'
import { throwIfCancelled } from '../errors.ts'
import { chooseCategories } from './coco-categories.ts'
import { type CocoContent, type CocoPicture, type CocoSequence, freeIds, sequencesOf } from './coco-file.ts'
import { shapeFields } from './coco-shapes.ts'
import type { ExportJob } from './export-dataset.ts'

/** A file's content with one more video in it. */
export interface WrittenVideo {
  readonly content: CocoContent
  /** `file_name` of each planned frame. */
  readonly files: readonly string[]
  /** `track_id` of each planned object. */
  readonly tracks: readonly number[]
}

/**
 * The file's content with the video of an export in it, instead of an earlier export of it. What is of others stays as
 * it is, and what was of this video keeps its ids and what others have added to it: results of detectors refer to
 * pictures by their ids.
 * @param path of the file, for error sentences
 * @throws UserError when a label does not fit the category of its name; CancelledError on the signal
 */
export async function withVideo(path: string, old: CocoContent, job: ExportJob): Promise<WrittenVideo> {
  const { document, context, plan, nameOf } = job
  const { width, height } = document.video
  const before = sequencesOf(old).get(context.sequence)
  const own = ownPictures(before)
  const { categories, of } = chooseCategories(path, old, own, labelsOf(job))
  const { videos, videoId } = videosWith(old, before, { name: context.sequence, width, height })
  const tracks = trackIds(old, own, job)
  const images = old.images.filter(({ id }) => !own.has(id))
  const annotations = old.annotations.filter(({ image_id }) => !own.has(image_id))
  // Another program may have dropped the field that only we know.
  const pictureOf = new Map(
    before?.pictures.map(({ picture }) => [picture.frame_index ?? picture.file_name, picture]),
  )
  const annotationOf = new Map(
    old.annotations.flatMap((one) =>
      own.has(one.image_id)
        ? [[`${one.image_id} ${one.track_id ?? `of category ${one.category_id}`}`, one]]
        : [],
    ),
  )
  const lost = lostTracks(old, own, job)
  const newPicture = freeIds(old.images.map(({ id }) => id))
  const newAnnotation = freeIds(old.annotations.map(({ id }) => id))
  const files: string[] = []
  for (const [i, { index, file }] of plan.frames.entries()) {
    // Long clips take seconds; other work and a wish to stop must get their turn.
    if (i % 16 === 0) await setImmediate()
    throwIfCancelled(context.signal)
    const name = file === undefined || context.pictures ? `${nameOf(index)}.jpg` : file
    const file_name = `${context.sequence}/${name}`
    const picture = pictureOf.get(index) ?? pictureOf.get(file_name)
    const id = picture?.id ?? newPicture()
    files.push(file_name)
    images.push(
      beside({ id, file_name, width, height, video_id: videoId, frame_index: index }, picture, PICTURE),
    )
    for (const [j, object] of plan.objects.entries()) {
      const entry = document.entry(object.id, index)
      if (entry === undefined || entry.state === 'absent') continue
      const category = of.get(object.labelId)!
      const fields = shapeFields(entry, category.keypoints?.length ?? 0)
      if (fields === undefined) continue
      const track = tracks[j]!
      const known = annotationOf.get(`${id} ${lost.has(track) ? `of category ${category.id}` : track}`)
      const ids = { id: known?.id ?? newAnnotation(), image_id: id, category_id: category.id }
      annotations.push(beside({ ...ids, track_id: track, iscrowd: 0, ...fields }, known, ANNOTATION))
    }
  }
  return { content: { ...old, videos, images, annotations, categories: [...categories] }, files, tracks }
}

/** Ids of the pictures of a video. */
export function ownPictures(sequence: CocoSequence | undefined): Set<number> {
  return new Set(sequence?.pictures.map(({ picture }) => picture.id))
}

function labelsOf({ document, plan }: ExportJob): Label[] {
  const ids = new Set(plan.objects.map(({ labelId }) => labelId))
  return [...ids].map((id) => document.labels.get(id)!)
}

function videosWith(
  { videos: old, images }: CocoContent,
  before: CocoSequence | undefined,
  { name, width, height }: { readonly name: string; readonly width: number; readonly height: number },
) {
  const videos = [...(old ?? [])]
  // A video whose pictures were all taken away is found by its name alone.
  const video = before?.video ?? videos.find((one) => one.name === name)
  const newId = freeIds([...videos.map(({ id }) => id), ...images.flatMap(({ video_id }) => video_id ?? [])])
  const videoId = video?.id ?? newId()
  const made = beside({ id: videoId, name, width, height }, video, VIDEO)
  if (video === undefined) videos.push(made)
  else videos[videos.indexOf(video)] = made
  return { videos, videoId }
}

/** Tracks of an earlier export stay, unless another video has them now; new ones are none's in the whole file. */
function trackIds(
  { annotations }: CocoContent,
  own: ReadonlySet<number>,
  { plan, earlier }: ExportJob,
): number[] {
  const used = annotations.flatMap(({ track_id }) => track_id ?? [])
  const ofOthers = new Set(annotations.flatMap((one) => (own.has(one.image_id) ? [] : (one.track_id ?? []))))
  const known = new Map(earlier?.objects.map(({ id }, i) => [id, earlier.annotations?.[i]]))
  const newTrack = freeIds([...used, ...(earlier?.annotations ?? [])])
  return plan.objects.map(({ id }) => {
    const track = known.get(id)
    return track === undefined || ofOthers.has(track) ? newTrack() : track
  })
}

/**
 * Tracks of an earlier export that no annotation has any more. Another program may have dropped the field; then at most
 * one of a category is lost, as the reader refuses more.
 */
function lostTracks(
  { annotations }: CocoContent,
  own: ReadonlySet<number>,
  { earlier }: ExportJob,
): ReadonlySet<number> {
  const there = new Set(annotations.flatMap((one) => (own.has(one.image_id) ? (one.track_id ?? []) : [])))
  return new Set(earlier?.annotations?.filter((track) => !there.has(track)))
}

const VIDEO = new Set(['id', 'name', 'width', 'height'])
const PICTURE = new Set<string>([
  'id',
  'file_name',
  'width',
  'height',
  'video_id',
  'frame_index',
] satisfies (keyof CocoPicture)[])
const ANNOTATION = new Set([
  'id',
  'image_id',
  'category_id',
  'track_id',
  'iscrowd',
  'segmentation',
  'area',
  'bbox',
  'keypoints',
  'num_keypoints',
])

/** Our own fields, in one order however the file was written before, then those that others have added. */
function beside<T extends object>(own: T, before: object | undefined, names: ReadonlySet<string>): T {
  const added = Object.entries(before ?? {}).filter(([key]) => !names.has(key))
  return { ...own, ...Object.fromEntries(added) }
}
