import { open, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { explainSystemError, UserError } from '../errors.ts'
import { buildTable } from './build-table.ts'
import { stampOf } from './file-stamp.ts'
import { buildImageTable, ImageFolder } from './image-folder.ts'
import { locateFfmpeg } from './locate-ffmpeg.ts'
import { TableCache } from './table-cache.ts'
import type { VideoSource } from './types.ts'
import { VideoFile } from './video-file.ts'

export interface OpenOptions {
  /** Path of ffmpeg; see {@link locateFfmpeg} for where it is looked for otherwise. Not needed for image folders. */
  readonly ffmpeg?: string
  /** Where frame tables of video files are kept, so that opening a file again is instant; nowhere when left out. */
  readonly cacheFolder?: string
  readonly signal?: AbortSignal
  /** Frames looked at so far, and about how many there are where that is known. */
  readonly onProgress?: (done: number, total?: number) => void
}

/**
 * Opens a video file or a folder of images. The first opening of a video decodes all of it, to know its frames
 * exactly (about as long as one reading of all frames takes); see {@link OpenOptions.cacheFolder}.
 * @throws UserError when the path is missing, no video, has no decodable frame, or ffmpeg is not there
 * @throws CancelledError when the signal fires
 */
export async function openVideo(path: string, options: OpenOptions = {}): Promise<VideoSource> {
  const absolute = resolve(path)
  const { signal, onProgress } = options
  const facts = await stat(absolute).catch((error) => {
    throw explainSystemError(error, 'open', path)
  })
  if (facts.isDirectory()) return new ImageFolder(await buildImageTable(absolute, { signal, onProgress }))
  if (!facts.isFile()) throw new UserError(`${path} is neither a file nor a folder; give a video file.`)
  if (facts.size === 0) throw new UserError(`${path} is empty (0 bytes); copy or export the video again.`)
  // A file that may not be read is told apart from one that is no video.
  try {
    await (await open(absolute, 'r')).close()
  } catch (error) {
    throw explainSystemError(error, 'open', path)
  }
  const ffmpeg = await locateFfmpeg(options.ffmpeg)
  const stamp = await stampOf(absolute)
  const cache = options.cacheFolder === undefined ? undefined : new TableCache(options.cacheFolder)
  let built = await cache?.read(absolute, stamp, ffmpeg)
  if (built === undefined) {
    built = await buildTable(ffmpeg, absolute, { signal, onProgress })
    await cache?.write(built, stamp, ffmpeg)
  }
  return new VideoFile(ffmpeg, built, stamp)
}
