import { join } from 'node:path'
import type { AnnotationDocument } from '../annotation/index.ts'
import { UserError } from '../errors.ts'
import { parseText, readText } from './checked-json.ts'
import { coco } from './coco.ts'
import { COCO_FILE, readCocoFile, sequencesOf } from './coco-file.ts'
import { datasetPath } from './dataset-file.ts'
import type { DatasetFormat } from './dataset-format.ts'
import { davis } from './davis.ts'
import { davisSequences } from './davis-read.ts'
import { exists } from './staging.ts'
import { youtubeVis } from './youtube-vis.ts'
import { readYoutubeVisFile, videoName, YOUTUBE_VIS_FILE } from './youtube-vis-file.ts'

/** One video of a dataset on disk. */
export interface DatasetSequence {
  readonly format: DatasetFormat['id']
  readonly title: string
  readonly name: string
}

/** How the layouts tell what they hold: the place that shows that one is there, and the videos in it. */
const LAYOUTS: readonly {
  readonly format: DatasetFormat
  readonly place: string
  readonly names: (path: string) => Promise<readonly string[]>
}[] = [
  {
    format: davis,
    place: 'Annotations',
    names: async (folder) => [...(await davisSequences(folder)).keys()],
  },
  {
    format: youtubeVis,
    place: YOUTUBE_VIS_FILE,
    names: async (path) =>
      (await readYoutubeVisFile(datasetPath(path, YOUTUBE_VIS_FILE))).content.videos.map(videoName),
  },
  {
    format: coco,
    place: COCO_FILE,
    names: async (path) => [
      ...sequencesOf((await readCocoFile(datasetPath(path, COCO_FILE))).content).keys(),
    ],
  },
]

/**
 * The videos of every dataset in a folder, or of a JSON file of one.
 * @throws UserError when there is none, or what is there is damaged
 */
export async function findSequences(path: string): Promise<DatasetSequence[]> {
  const found: DatasetSequence[] = []
  const only = path.toLowerCase().endsWith('.json') ? await formatOf(path) : undefined
  for (const { format, place, names } of LAYOUTS) {
    if (only === undefined ? !(await exists(join(path, place))) : format !== only) continue
    for (const name of await names(path)) found.push({ format: format.id, title: format.title, name })
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
): Promise<AnnotationDocument> {
  return LAYOUTS.find((one) => one.format.id === format)!.format.read(path, { sequence: name })
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
