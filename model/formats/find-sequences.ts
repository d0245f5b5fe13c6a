import { dirname, join } from 'node:path'
import type { AnnotationDocument } from '../annotation/index.ts'
import { UserError } from '../errors.ts'
import { parseText, readText } from './checked-json.ts'
import { coco } from './coco.ts'
import { COCO_FILE, readCocoFile, sequencesOf } from './coco-file.ts'
import { unnumbered } from './coco-read.ts'
import { datasetPath } from './dataset-file.ts'
import type { DatasetFormat } from './dataset-format.ts'
import { davis } from './davis.ts'
import { davisSequences, labelMapNames } from './davis-read.ts'
import { type Numbering, type NumberingChoice, numberingChoices } from './numbering.ts'
import { isOf, readProvenance } from './provenance.ts'
import { exists } from './staging.ts'
import { youtubeVis } from './youtube-vis.ts'
import { readYoutubeVisFile, videoName, YOUTUBE_VIS_FILE } from './youtube-vis-file.ts'

/** One video of a dataset on disk. */
export interface DatasetSequence {
  readonly format: DatasetFormat['id']
  readonly title: string
  readonly name: string
  /** Name of the first file, and what frames the files may be, where nothing but their names says it. */
  readonly unclear?: { readonly file: string; readonly choices: readonly NumberingChoice[] }
}

/** How the layouts tell what they hold. */
const LAYOUTS: readonly {
  readonly format: DatasetFormat
  /** That a folder holds one. */
  readonly place: string
  /** The videos by name; of each its files in their order, where the data do not say which frames they are. */
  readonly videos: (path: string) => Promise<ReadonlyMap<string, readonly string[] | undefined>>
}[] = [
  {
    format: davis,
    place: 'Annotations',
    videos: async (folder) => {
      const videos = new Map<string, readonly string[]>()
      for (const [name, path] of await davisSequences(folder)) videos.set(name, await labelMapNames(path))
      return videos
    },
  },
  {
    format: youtubeVis,
    place: YOUTUBE_VIS_FILE,
    videos: async (path) => {
      const { content } = await readYoutubeVisFile(datasetPath(path, YOUTUBE_VIS_FILE))
      return new Map(content.videos.map((video) => [videoName(video), video.file_names]))
    },
  },
  {
    format: coco,
    place: COCO_FILE,
    videos: async (path) => {
      const { content } = await readCocoFile(datasetPath(path, COCO_FILE))
      return new Map([...sequencesOf(content)].map(([name, sequence]) => [name, unnumbered(sequence)]))
    },
  },
]

/**
 * The videos of every dataset in a folder, or of a JSON file of one.
 * @param frameCount of the video that one of them is meant to be
 * @throws UserError when there is none, or what is there is damaged
 */
export async function findSequences(path: string, frameCount: number): Promise<DatasetSequence[]> {
  const found: DatasetSequence[] = []
  const isFile = path.toLowerCase().endsWith('.json')
  const only = isFile ? await formatOf(path) : undefined
  const records = await readProvenance(isFile ? dirname(path) : path)
  for (const { format, place, videos } of LAYOUTS) {
    if (only === undefined ? !(await exists(join(path, place))) : format !== only) continue
    for (const [name, files] of await videos(path)) {
      const isKnown = records.some((record) => isOf(record, format.id, name))
      const choices = isKnown || files === undefined ? [] : numberingChoices(files, frameCount)
      const [file] = files ?? []
      found.push({
        format: format.id,
        title: format.title,
        name,
        ...(file !== undefined && choices.length > 0 && { unclear: { file, choices } }),
      })
    }
  }
  if (found.length === 0)
    throw new UserError(
      `${path} holds no dataset that is known: neither the folder Annotations (DAVIS) nor the file youtube-vis.json or coco.json with a video in it.`,
    )
  return found
}

/** Reads one of the videos that {@link findSequences} has found. @throws UserError naming what is missing or damaged */
export function readSequence(
  path: string,
  { format, name }: Pick<DatasetSequence, 'format' | 'name'>,
  numbering?: Numbering,
): Promise<AnnotationDocument> {
  const layout = LAYOUTS.find((one) => one.format.id === format)!
  return layout.format.read(path, { sequence: name, ...(numbering !== undefined && { numbering }) })
}

/** COCO lists images, YouTube-VIS does not. What cannot be read at all is for the reader to complain about. */
async function formatOf(file: string): Promise<DatasetFormat> {
  const text = await readText(file, 'the dataset')
  let content: unknown
  try {
    content = parseText(text)
  } catch {
    return coco
  }
  return typeof content === 'object' && content !== null && 'images' in content ? coco : youtubeVis
}
