/** The annotated clips of some folders: their side-cars, and each one's video. */
import { readdir } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import type { AnnotationDocument } from '../annotation/index.ts'
import { explainSystemError, UserError } from '../errors.ts'
import { openVideo, type VideoSource } from '../video/index.ts'

const SIDECAR = /\.siam\.json$/i
/** Folders that hold no one's work, and may hold a great many files. */
const LEFT_OUT = new Set(['node_modules', 'siammae-runs'])

/** How a clip is opened. */
export interface ClipOptions {
  readonly cacheFolder?: string | undefined
  readonly ffmpeg?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Opens the video that a document is about. To be closed.
 * @param sidecar path of the document's file, which names the video from there
 * @throws UserError when it cannot be opened, or is another one by now; CancelledError
 */
export async function openClipOf(
  { video }: AnnotationDocument,
  sidecar: string,
  { cacheFolder, ffmpeg, signal }: ClipOptions,
): Promise<VideoSource> {
  const { path, hash, frameCount, width, height } = video
  const source = await openVideo(resolve(dirname(sidecar), path), {
    ...(cacheFolder !== undefined && { cacheFolder }),
    ...(ffmpeg !== undefined && { ffmpeg }),
    ...(signal && { signal }),
  })
  const { table } = source
  const other =
    (hash !== '' && hash !== table.contentHash) ||
    frameCount !== table.frames.length ||
    width !== table.width ||
    height !== table.height
  if (!other) return source
  await source.close()
  throw new UserError(
    `${basename(sidecar)} belongs to another video than ${table.path}, which was changed since.`,
  )
}

/**
 * All side-cars below the folders in the order of their names; a file is taken as it is.
 * @returns their paths, and names for people: from the folder on
 * @throws UserError when a folder that was named cannot be read
 */
export async function findSidecars(
  folders: readonly string[],
): Promise<readonly { readonly name: string; readonly path: string }[]> {
  const found = new Map<string, string>()
  const look = async (folder: string, base: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch((error) => {
      // Only the folder that a person named must be there.
      if (folder === base) throw explainSystemError(error, 'read the folder', folder)
      return []
    })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith('.')) continue
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        if (!LEFT_OUT.has(entry.name)) await look(path, base)
      } else if (SIDECAR.test(entry.name)) found.set(path, relative(base, path).split(sep).join('/'))
    }
  }
  for (const folder of folders) {
    const path = resolve(folder)
    if (SIDECAR.test(path)) found.set(path, basename(path))
    else await look(path, path)
  }
  return [...found].map(([path, name]) => ({ path, name }))
}
