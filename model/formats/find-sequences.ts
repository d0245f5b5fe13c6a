import { dirname, join } from 'node:path'
import type { AnnotationDocument } from '../annotation/index.ts'
import { UserError } from '../errors.ts'
import { DamageError } from './checked-json.ts'
import { coco } from './coco.ts'
import { COCO_FILE, readCocoFile, sequencesOf } from './coco-file.ts'
import { unnumbered } from './coco-read.ts'
import { datasetPath, type ParsedFile, parseFile } from './dataset-file.ts'
import type { DatasetFormat, Numbering } from './dataset-format.ts'
import { davis } from './davis.ts'
import { davisSequences, labelMapNames, labelMapSize } from './davis-read.ts'
import { framesInRecord, type NamesTell, namesTell } from './numbering.ts'
import { isOf, isOfSize, type Provenance, readProvenance } from './provenance.ts'
import { exists } from './staging.ts'
import { youtubeVis } from './youtube-vis.ts'
import { readYoutubeVisFile, videoName, YOUTUBE_VIS_FILE } from './youtube-vis-file.ts'

/**
 * One video of a dataset on disk. `numbering` is set where nothing but the names of its files says which frames they are
 * and they leave no doubt: it is for {@link readSequence}. `unclear` is set where a person has to say it. Neither is where
 * the data or a record of their export tell, or where the files cannot be frames of the video at all.
 */
export interface DatasetSequence extends NamesTell {
  readonly format: DatasetFormat['id']
  readonly title: string
  readonly name: string
}

/** What a layout says of a video. */
interface FoundVideo {
  /** In their order; undefined where the data say which frames they are. */
  readonly files: readonly string[] | undefined
  readonly size: () => Promise<{ readonly width: number; readonly height: number }>
}

/** How the layouts tell what they hold. */
const LAYOUTS: readonly {
  readonly format: DatasetFormat
  /** That a folder holds one. */
  readonly place: string
  /** Whether other programs have a place of this name too, so that it need not be a dataset. */
  readonly isCommon: boolean
  /** The videos by name. @param parsed the file, where it was read already */
  readonly videos: (path: string, parsed?: ParsedFile) => Promise<ReadonlyMap<string, FoundVideo>>
}[] = [
  {
    format: davis,
    place: 'Annotations',
    // PASCAL VOC has its XML files there.
    isCommon: true,
    videos: async (folder) => {
      const videos = new Map<string, FoundVideo>()
      for (const [name, path] of await davisSequences(folder)) {
        const files = await labelMapNames(path)
        videos.set(name, { files, size: () => labelMapSize(path, files) })
      }
      return videos
    },
  },
  {
    format: youtubeVis,
    place: YOUTUBE_VIS_FILE,
    isCommon: false,
    videos: async (path, parsed) => {
      const { content } = await readYoutubeVisFile(datasetPath(path, YOUTUBE_VIS_FILE), parsed)
      const videos = new Map<string, FoundVideo>()
      for (const video of content.videos) {
        const name = videoName(video)
        // The reader takes the first of a name.
        if (!videos.has(name)) videos.set(name, { files: video.file_names, size: async () => video })
      }
      return videos
    },
  },
  {
    format: coco,
    place: COCO_FILE,
    isCommon: false,
    videos: async (path, parsed) => {
      const { content } = await readCocoFile(datasetPath(path, COCO_FILE), parsed)
      const videos = new Map<string, FoundVideo>()
      for (const [name, sequence] of sequencesOf(content))
        videos.set(name, { files: unnumbered(sequence), size: async () => sequence.pictures[0]!.picture })
      return videos
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
  const only = isFile ? await lookInto(path) : undefined
  const records = await readProvenance(isFile ? dirname(path) : path)
  let complaint: unknown
  for (const { format, place, isCommon, videos } of LAYOUTS) {
    if (only === undefined ? !(await exists(join(path, place))) : format !== only.format) continue
    const { id, title } = format
    const all = await videos(path, only?.parsed).catch((error) => {
      if (!isCommon) throw error
      complaint = error
      return new Map<string, FoundVideo>()
    })
    for (const [name, video] of all) {
      const isKnown =
        video.files === undefined ||
        (await namesAll(
          records.find((record) => isOf(record, id, name)),
          video,
        ))
      found.push({ format: id, title, name, ...(!isKnown && namesTell(video.files!, frameCount)) })
    }
  }
  if (found.length > 0) return found
  throw (
    complaint ??
    new UserError(
      `${path} holds no dataset that is known: neither the folder Annotations (DAVIS) nor the file youtube-vis.json or coco.json with a video in it.`,
    )
  )
}

/** Whether a record says which frame each file is, as the readers ask. */
async function namesAll(record: Provenance | undefined, { files = [], size }: FoundVideo): Promise<boolean> {
  if (record === undefined || framesInRecord(record, files) === undefined) return false
  // A map that cannot be read is for the reader to complain about.
  const seen = await size().catch(() => undefined)
  return seen === undefined || isOfSize(record, seen)
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
async function lookInto(file: string): Promise<{ format: DatasetFormat; parsed?: ParsedFile }> {
  let parsed: ParsedFile
  try {
    parsed = await parseFile(file, 'the dataset')
  } catch (error) {
    if (error instanceof DamageError) return { format: coco }
    throw error
  }
  const { value } = parsed
  return {
    format: typeof value === 'object' && value !== null && 'images' in value ? coco : youtubeVis,
    parsed,
  }
}
