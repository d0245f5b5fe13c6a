import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  type AnnotationDocument,
  area,
  boundingBox,
  MAX_OBJECTS,
  type Rle,
  type Shape,
} from '../annotation/index.ts'
import { datasetPath, datasetText } from './dataset-file.ts'
import type { ReadOptions } from './dataset-format.ts'
import { type BuiltData, datasetFormat, type ExportJob } from './export-dataset.ts'
import type { ExportPlan } from './export-plan.ts'
import { frameIndices, framesInRecord } from './numbering.ts'
import { isOf, isOfSize, type Provenance, readProvenance } from './provenance.ts'
import { documentOf, type FoundObject } from './restore.ts'
import { maskOf, segmentationOf } from './segmentation.ts'
import { chooseSequence } from './sequences.ts'
import {
  readOrEmpty,
  readYoutubeVisFile,
  videoName,
  YOUTUBE_VIS_FILE,
  type YoutubeVisAnnotation,
  type YoutubeVisContent,
  type YoutubeVisFile,
  type YoutubeVisVideo,
} from './youtube-vis-file.ts'

/** One JSON file with run-length masks per object and frame (Yang et al. 2019); objects may overlap. */
export const youtubeVis = datasetFormat({
  id: 'youtube-vis',
  title: 'YouTube-VIS',
  holds: { masks: true, keypoints: false },
  sharedFile: YOUTUBE_VIS_FILE,
  picturesOf: (sequence) => join('JPEGImages', sequence),
  dataOf: async (folder, sequence) => {
    const path = join(folder, YOUTUBE_VIS_FILE)
    const { videos } = await readOrEmpty(path)
    return videos.some((video) => videoName(video) === sequence)
      ? `${path} holds a video ${sequence} that`
      : undefined
  },
  steps: () => 1,
  build,
  shapesOf: (document) => (frame) => (objectId) => ({ mask: maskAt(document, objectId, frame) }),
  read,
})

async function build({ document, context, plan, stage, nameOf, step }: ExportJob): Promise<BuiltData> {
  const { folder, sequence } = context
  const old = await readOrEmpty(join(folder, YOUTUBE_VIS_FILE))
  const files = plan.frames.map(
    ({ index, file }) =>
      `${sequence}/${file === undefined || context.pictures ? `${nameOf(index)}.jpg` : file}`,
  )
  const { content, annotations } = withVideo(old, document, plan, sequence, files)
  await writeFile(join(stage.folder, YOUTUBE_VIS_FILE), datasetText(content))
  stage.replace(YOUTUBE_VIS_FILE)
  step()
  return { count: 1, files, warnings: [], annotations }
}

function maskAt(document: AnnotationDocument, objectId: number, frame: number): Rle | undefined {
  const entry = document.entry(objectId, frame)
  return entry === undefined || entry.state === 'absent' ? undefined : entry.mask
}

/** The file's content with this video in it, instead of an earlier export of it. */
function withVideo(
  old: YoutubeVisContent,
  document: AnnotationDocument,
  plan: ExportPlan,
  sequence: string,
  files: string[],
): { content: YoutubeVisContent; annotations: number[] } {
  const { width, height } = document.video
  const before = old.videos.find((video) => videoName(video) === sequence)
  const videos = old.videos.filter((video) => video !== before)
  const annotations = old.annotations.filter(({ video_id }) => video_id !== before?.id)
  const categories = [...old.categories]
  const videoId = before?.id ?? nextId(videos)
  const length = files.length
  videos.push({ id: videoId, name: sequence, width, height, length, file_names: files })
  const made: number[] = []
  for (const object of plan.objects) {
    const label = document.labels.get(object.labelId)!
    let category = categories.find((one) => one.name === label.name)
    if (category === undefined) {
      category = { id: nextId(categories), name: label.name, supercategory: '' }
      categories.push(category)
    }
    // An empty mask is null like an absent object: evaluation code divides by its area.
    const masks = plan.frames.map(({ index }) => {
      const mask = maskAt(document, object.id, index)
      return mask !== undefined && area(mask) > 0 ? mask : null
    })
    const id = nextId(annotations)
    annotations.push({
      id,
      video_id: videoId,
      category_id: category.id,
      iscrowd: 0,
      width,
      height,
      length,
      areas: masks.map((mask) => mask && area(mask)),
      bboxes: masks.map((mask) => mask && boundingBox(mask)),
      segmentations: masks.map((mask) => mask && segmentationOf(mask)),
    })
    made.push(id)
  }
  const sorted = videos.sort((a, b) => a.id - b.id)
  return { content: { ...old, videos: sorted, annotations, categories }, annotations: made }
}

function nextId(items: readonly { id: number }[]): number {
  return items.reduce((most, { id }) => Math.max(most, id), 0) + 1
}

async function read(folder: string, options: ReadOptions = {}): Promise<AnnotationDocument> {
  const path = datasetPath(folder, YOUTUBE_VIS_FILE)
  const file = await readYoutubeVisFile(path)
  const names = file.content.videos.map(videoName)
  const sequence = chooseSequence(path, names, options.sequence)
  const at = names.indexOf(sequence)
  const video = file.content.videos[at]!
  const records = await readProvenance(dirname(path))
  const record = records.find(
    (one) =>
      isOf(one, 'youtube-vis', sequence) &&
      isOfSize(one, video) &&
      framesInRecord(one, video.file_names) !== undefined,
  )
  // By name, so that frames which another tool took away cost nothing.
  const frames =
    (record && framesInRecord(record, video.file_names)) ??
    frameIndices(video.file_names, options.numbering ?? 'order', path)
  return documentOf(
    {
      source: path,
      path: `JPEGImages/${sequence}`,
      width: video.width,
      height: video.height,
      frameCount: frames.reduce((most, frame) => Math.max(most, frame + 1), video.file_names.length),
      frames,
      objects: objectsOf(file, video, frames, record),
      tellsAbsence: true,
    },
    record,
  )
}

function objectsOf(
  file: YoutubeVisFile,
  video: YoutubeVisVideo,
  frames: readonly number[],
  record: Provenance | undefined,
): Map<number, FoundObject> {
  const categories = new Map(file.content.categories.map(({ id, name }) => [id, name]))
  const idOf = new Map(record?.objects.map(({ id }, i) => [record.annotations?.[i], id]))
  const taken = new Set(record?.objects.map(({ id }) => id))
  const objects = new Map<number, FoundObject>()
  let next = 1
  for (const [i, annotation] of file.content.annotations.entries()) {
    if (annotation.video_id !== video.id) continue
    const path = ['annotations', i]
    let objectId = idOf.get(annotation.id)
    if (objectId !== undefined && objects.has(objectId))
      file.fail([...path, 'id'], `annotation ${annotation.id} is there twice`)
    while (objectId === undefined && (taken.has(next) || objects.has(next))) next++
    objectId ??= next
    if (objectId > MAX_OBJECTS) file.fail(path, `the video has more than ${MAX_OBJECTS} objects`)
    const label = categories.get(annotation.category_id)
    if (label === undefined)
      file.fail([...path, 'category_id'], `there is no category ${annotation.category_id}`)
    const shapes = shapesOf(file, annotation, i, video, frames)
    objects.set(objectId, { ...(label !== undefined && { label }), shapes })
  }
  return objects
}

function shapesOf(
  file: YoutubeVisFile,
  { segmentations }: YoutubeVisAnnotation,
  i: number,
  video: YoutubeVisVideo,
  frames: readonly number[],
): Map<number, Shape> {
  const path = ['annotations', i, 'segmentations']
  if (segmentations.length !== frames.length)
    file.fail(path, `${segmentations.length} segmentations do not fit a video of ${frames.length} frames`)
  const shapes = new Map<number, Shape>()
  for (const [j, segmentation] of segmentations.entries()) {
    if (segmentation === null) continue
    shapes.set(frames[j]!, { mask: maskOf(segmentation, video, 'a video', file, [...path, j]) })
  }
  return shapes
}
