import { join } from 'node:path'
import * as v from 'valibot'
import { MAX_SIDE } from '../annotation/index.ts'
import { UserError } from '../errors.ts'
import { checkRecord, DamageError, damageAt, parseText, readText } from './checked-json.ts'
import type { JsonPath } from './json-text.ts'
import { jsonLine, lines } from './record-lines.ts'
import { LIMITS, list, name, positive, text } from './record-schemas.ts'
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

const Segmentation = v.strictObject({
  size: v.strictTuple([side, side]),
  /** Compressed, or plain run lengths as the original data has them. */
  counts: v.union([v.string(), list(v.number(), LIMITS.entries)], 'run lengths are expected'),
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
export type Segmentation = v.InferOutput<typeof Segmentation>

/** A file that was read, and how to complain about a place of it. */
export interface YoutubeVisFile {
  readonly path: string
  readonly content: YoutubeVisContent
  readonly fail: (path: JsonPath, message: string) => never
}

/**
 * Reads and checks a file; the run lengths are checked only when they are decoded.
 * @throws UserError with the place of what is wrong
 */
export async function readYoutubeVisFile(path: string): Promise<YoutubeVisFile> {
  const what = 'the YouTube-VIS file'
  const damaged = (error: DamageError) =>
    new UserError(`The YouTube-VIS file ${path} is damaged at ${error.sentence}; repair that place.`, {
      cause: error,
    })
  try {
    const content = await readText(path, what)
    const checked = checkRecord(Content, parseText(content), content)
    const fail = (place: JsonPath, message: string): never => {
      throw damaged(damageAt(content, place, message))
    }
    const ids = new Set<number>()
    for (const [i, { id }] of checked.videos.entries())
      if (ids.has(id)) fail(['videos', i, 'id'], `video ${id} is there twice`)
      else ids.add(id)
    return { path, content: checked, fail }
  } catch (error) {
    throw error instanceof DamageError ? damaged(error) : error
  }
}

/** The file of a dataset: the one that exports write, or the path itself when it is a JSON file. */
export function youtubeVisPath(folder: string): string {
  return folder.toLowerCase().endsWith('.json') ? folder : join(folder, YOUTUBE_VIS_FILE)
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

/** The file's text, one line per video, annotation and category. */
export function youtubeVisText(content: YoutubeVisContent): string {
  const fields = Object.entries(content).map(
    ([key, value]) => `${JSON.stringify(key)}: ${Array.isArray(value) ? lines(value) : jsonLine(value)}`,
  )
  return `{\n${fields.join(',\n')}\n}\n`
}
