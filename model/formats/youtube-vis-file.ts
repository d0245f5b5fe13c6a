import * as v from 'valibot'
import { MAX_SIDE } from '../annotation/index.ts'
import { type DatasetFile, type ParsedFile, readDatasetFile } from './dataset-file.ts'
import { LIMITS, list, name, positive, text } from './record-schemas.ts'
import { Segmentation } from './segmentation.ts'
import { exists } from './staging.ts'

/** Name of the file that exports write. */
export const YOUTUBE_VIS_FILE = 'youtube-vis.json'

const side = v.pipe(positive, v.maxValue(MAX_SIDE, `it is more than ${MAX_SIDE}`))
const anyId = v.pipe(v.number('a number is expected'), v.safeInteger('a whole number is expected'))

// Loose: a file of others may say more, and what it says of other videos is kept.
const Video = v.looseObject({
  id: anyId,
  /** Not in the original data, where the folder of the file names says it. */
  name: v.optional(name),
  width: side,
  height: side,
  file_names: v.pipe(list(text, LIMITS.entries), v.minLength(1, 'it is empty')),
})

const Annotation = v.looseObject({
  id: anyId,
  video_id: anyId,
  category_id: anyId,
  segmentations: list(v.nullable(Segmentation), LIMITS.entries),
})

const Category = v.looseObject({ id: anyId, name })

const Content = v.looseObject({
  videos: list(Video),
  annotations: list(Annotation, LIMITS.entries),
  categories: list(Category),
})

export type YoutubeVisContent = v.InferOutput<typeof Content>
export type YoutubeVisVideo = v.InferOutput<typeof Video>
export type YoutubeVisAnnotation = v.InferOutput<typeof Annotation>

export type YoutubeVisFile = DatasetFile<YoutubeVisContent>

/**
 * Reads and checks a file; the run lengths are checked only when they are decoded.
 * @throws UserError with the place of what is wrong
 */
export async function readYoutubeVisFile(path: string, parsed?: ParsedFile): Promise<YoutubeVisFile> {
  const file = await readDatasetFile(Content, path, 'YouTube-VIS', parsed)
  const { videos, categories } = file.content
  demandUnique(file, 'videos', 'video', videos)
  // Else it would be chance what an object is.
  demandUnique(file, 'categories', 'category', categories)
  return file
}

function demandUnique(
  file: YoutubeVisFile,
  key: string,
  what: string,
  items: readonly { readonly id: number }[],
): void {
  const ids = new Set<number>()
  for (const [i, { id }] of items.entries())
    if (ids.has(id)) file.fail([key, i, 'id'], `${what} ${id} is there twice`)
    else ids.add(id)
}

/** The file's content, empty when there is none. */
export async function readOrEmpty(path: string): Promise<YoutubeVisContent> {
  if (!(await exists(path).catch(() => false))) return { videos: [], annotations: [], categories: [] }
  return (await readYoutubeVisFile(path)).content
}

/** Name of a video: its own, or the folder of its pictures, or its number. */
export function videoName({ name: own, file_names, id }: YoutubeVisVideo): string {
  return own ?? /^([^/\\]+)[/\\]/.exec(file_names[0] ?? '')?.[1] ?? String(id)
}
