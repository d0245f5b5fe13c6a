import { open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path'
import type { VideoReference } from '../../model/annotation/index.ts'
import { Sentence } from '../sentence.ts'

/** Ends of names that are taken for videos, lower case. */
export const VIDEO_EXTENSIONS = [
  '.mp4',
  '.m4v',
  '.mov',
  '.mkv',
  '.webm',
  '.avi',
  '.mpg',
  '.mpeg',
  '.ts',
  '.mts',
  '.m2ts',
  '.wmv',
  '.flv',
  '.ogv',
  '.3gp',
  '.mxf',
] as const

export const SIDECAR_ENDING = '.siam.json'

/** Most files that are read to find a video that was moved, nearest in name first. */
const MOST_CANDIDATES = 40

export function isSidecarPath(path: string): boolean {
  return path.toLowerCase().endsWith(SIDECAR_ENDING)
}

/** A video that is not where its side-car says, or is another one; the sentence says what to do. */
export class VideoProblem extends Sentence {}

/** Where the search asks about files; so that tests can look for what they like. */
export interface VideoSearch {
  /** The first of these files whose content hash is this. */
  find(candidates: readonly string[], hash: string): Promise<string | undefined>
  /** The content hash of a folder of images. */
  folderHash(path: string): Promise<string | undefined>
}

/**
 * Where the video of a side-car is. A video that was moved or renamed is known again by its content among the files and
 * folders beside the side-car.
 * @returns its absolute path, and whether it is another than the side-car says
 * @throws VideoProblem when it is not found
 */
export async function locateVideo(
  sidecarPath: string,
  video: VideoReference,
  search: VideoSearch,
): Promise<{ readonly path: string; readonly moved: boolean }> {
  const folder = dirname(sidecarPath)
  const path = resolve(folder, video.path)
  if (await exists(path)) return { path, moved: false }
  if (video.hash !== '') {
    const { files, folders } = await siblings(folder, path)
    const found = (await search.find(files, video.hash)) ?? (await findFolder(folders, video.hash, search))
    if (found !== undefined) return { path: found, moved: true }
  }
  throw new VideoProblem(
    'The video {0} is not there, and no file beside the annotations has its content; locate it, or put it back.',
    path,
  )
}

/**
 * Whether a clip is the one that was annotated.
 * @throws VideoProblem when its content, size or number of frames differs
 */
export function checkVideo(
  path: string,
  video: VideoReference,
  clip: {
    readonly contentHash: string
    readonly frameCount: number
    readonly width: number
    readonly height: number
  },
): void {
  if (clip.frameCount !== video.frameCount)
    throw new VideoProblem(
      '{0} is not the video that was annotated: it has {1} frames, and the annotations are of {2}; locate the right one.',
      path,
      clip.frameCount,
      video.frameCount,
    )
  if (clip.width !== video.width || clip.height !== video.height)
    throw new VideoProblem(
      '{0} is not the video that was annotated: it is {1} pixels large, and the annotations are of {2}; locate the right one.',
      path,
      `${clip.width}x${clip.height}`,
      `${video.width}x${video.height}`,
    )
  if (video.hash !== '' && clip.contentHash !== video.hash)
    throw new VideoProblem(
      '{0} is not the video that was annotated: its content has changed; put the original back, or locate it.',
      path,
    )
}

/**
 * The side-car of a video: `clip.siam.json` beside `clip.mp4`, unless that is of another video, or the longer name has the
 * video's own: then `clip.mp4.siam.json`.
 * @param isFolder whether it is a folder of images; to be given where nothing lies at the path yet
 */
export async function sidecarOf(
  videoPath: string,
  isFolder?: boolean,
  ownerOf: (sidecarPath: string) => string | undefined = () => undefined,
): Promise<{ readonly path: string; readonly exists: boolean }> {
  const [first, second] = sidecarPlaces(videoPath, isFolder ?? (await isDirectory(videoPath)))
  const isThere = await exists(first)
  const other = ownerOf(first) || (isThere ? await videoNamedIn(first) : undefined)
  if (other === videoPath) return { path: first, exists: isThere }
  // Written when the other video of that stem still had the shorter name.
  if ((await videoNamedIn(second)) === videoPath) return { path: second, exists: true }
  if (other === undefined || !(await exists(other))) return { path: first, exists: isThere }
  return { path: second, exists: await exists(second) }
}

/** The two places where the side-car of a video may lie, the usual one first. */
export function sidecarPlaces(videoPath: string, isFolder: boolean): readonly [string, string] {
  const folder = dirname(videoPath)
  const name = basename(videoPath)
  const stem = isFolder ? name : name.slice(0, name.length - extname(name).length)
  return [join(folder, `${stem}${SIDECAR_ENDING}`), join(folder, `${name}${SIDECAR_ENDING}`)]
}

/** The absolute path of the video that a side-car names near its beginning; undefined where it cannot be told. */
export async function videoNamedIn(sidecarPath: string): Promise<string | undefined> {
  try {
    const file = await open(sidecarPath, 'r')
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(16 * 1024), 0, 16 * 1024, 0)
      const match = /"video"\s*:\s*\{[^}]*?"path"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(
        buffer.toString('utf8', 0, bytesRead),
      )
      return match?.[1] === undefined
        ? undefined
        : resolve(dirname(sidecarPath), JSON.parse(match[1]) as string)
    } finally {
      await file.close()
    }
  } catch {
    return undefined
  }
}

/** Videos and folders beside the side-car, those whose names look most alike first. */
async function siblings(folder: string, wanted: string): Promise<{ files: string[]; folders: string[] }> {
  const files: string[] = []
  const folders: string[] = []
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) folders.push(path)
    else if (isVideoPath(path)) files.push(path)
  }
  const ending = extname(wanted).toLowerCase()
  const alike = (path: string) => Number(extname(path).toLowerCase() === ending)
  const order = (a: string, b: string) => alike(b) - alike(a) || (a < b ? -1 : 1)
  return {
    files: files.sort(order).slice(0, MOST_CANDIDATES),
    folders: ending === '' ? folders.sort(order).slice(0, MOST_CANDIDATES) : [],
  }
}

async function findFolder(
  folders: readonly string[],
  hash: string,
  search: VideoSearch,
): Promise<string | undefined> {
  for (const path of folders) if ((await search.folderHash(path)) === hash) return path
  return undefined
}

/** The path of a video as a side-car names it: relative, with slashes on every system. */
export function pathFrom(sidecarPath: string, videoPath: string): string {
  return relative(dirname(sidecarPath), videoPath).split(sep).join('/')
}

export function isVideoPath(path: string): boolean {
  return (VIDEO_EXTENSIONS as readonly string[]).includes(extname(path).toLowerCase())
}

/** Whether a folder lies at a path. */
export async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}

/** Whether anything lies at a path. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
