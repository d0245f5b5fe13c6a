import { createHash } from 'node:crypto'
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path'
import { explainSystemError, UserError } from '../errors.ts'
import { imageNames, stampOf } from '../video/index.ts'

/** A video file or a folder of images that is to be trained on. */
export interface ClipSource {
  readonly kind: 'video' | 'images'
  /** Absolute. */
  readonly path: string
  /** For people: the path from the folder that holds the source they gave, with `/`. */
  readonly name: string
}

/** Something that cannot be trained on, or not as a whole, and why: a sentence. */
export interface ClipNote {
  readonly path: string
  readonly reason: string
}

// Only these are taken from a folder; a file that a person names is tried whatever its name.
const VIDEO_EXTENSIONS = new Set(
  (
    '.mp4 .m4v .mov .qt .mkv .webm .avi .mpg .mpeg .m2v .vob .ts .mts .m2ts .3gp .3g2 .wmv .asf .flv .ogv .gif ' +
    '.mxf .dv .mjpeg .h264 .h265 .hevc .ivf .obu .nut'
  ).split(' '),
)

const natural = new Intl.Collator('en', { numeric: true })
const byName = (a: string, b: string) => natural.compare(a, b) || (a < b ? -1 : 1)

/**
 * The clips that the given paths stand for, in the given order. A file is a video. A folder that has videos anywhere
 * below it stands for all of them, in natural order; otherwise it is a folder of images, or stands for all folders of
 * images below it (folders inside a folder of images are taken for masks or thumbnails). Hidden files and folders are
 * left out.
 * @returns the clips, and the folders without any
 * @throws UserError when a given path does not exist
 */
export async function findClips(
  paths: readonly string[],
): Promise<{ clips: ClipSource[]; skipped: ClipNote[] }> {
  const clips: ClipSource[] = []
  const skipped: ClipNote[] = []
  const known = new Set<string>()
  for (const given of paths) {
    const path = resolve(given)
    const facts = await stat(path).catch((error) => {
      throw explainSystemError(error, 'open', given)
    })
    let found: Omit<ClipSource, 'name'>[] = [{ kind: 'video', path }]
    if (facts.isDirectory()) {
      const tree = await walk(path, new Set(), skipped)
      const kind = tree.videos.length > 0 ? 'video' : 'images'
      found = (kind === 'video' ? tree.videos : tree.imageFolders).map((inside) => ({ kind, path: inside }))
      if (found.length === 0) {
        skipped.push({ path, reason: `The folder ${given} has no videos and no images.` })
      }
    }
    for (const clip of found) {
      if (known.has(clip.path)) continue
      known.add(clip.path)
      const name = relative(dirname(path), clip.path).split(sep).join('/')
      clips.push({ ...clip, name: name || basename(path) })
    }
  }
  return { clips, skipped }
}

interface Tree {
  readonly videos: string[]
  readonly imageFolders: string[]
}

/** @param visited real paths of the folders seen, because links may lead in a circle */
async function walk(folder: string, visited: Set<string>, skipped: ClipNote[]): Promise<Tree> {
  const tree: Tree = { videos: [], imageFolders: [] }
  try {
    const real = await realpath(folder)
    if (visited.has(real)) return tree
    visited.add(real)
    const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort(byName)
    const hasImages = (await imageNames(folder)).length > 0
    if (hasImages) tree.imageFolders.push(folder)
    for (const name of names) {
      const path = join(folder, name)
      // A link that leads nowhere is neither.
      const facts = await stat(path).catch(() => undefined)
      if (facts?.isDirectory()) {
        const below = await walk(path, visited, skipped)
        tree.videos.push(...below.videos)
        if (!hasImages) tree.imageFolders.push(...below.imageFolders)
      } else if (facts?.isFile() && VIDEO_EXTENSIONS.has(extname(name).toLowerCase())) tree.videos.push(path)
    }
  } catch (error) {
    const explained = explainSystemError(error, 'read the folder', folder)
    if (!(explained instanceof UserError)) throw explained
    skipped.push({ path: folder, reason: explained.message })
  }
  return tree
}

/** Text that differs when the clip's files do, by names, sizes and times of change. @throws UserError when it is gone */
export async function clipStamp(clip: ClipSource): Promise<string> {
  const names = clip.kind === 'video' ? [''] : await imageNames(clip.path)
  const hash = createHash('sha256')
  for (const name of names) hash.update(JSON.stringify([name, await stampOf(join(clip.path, name))]))
  return hash.digest('hex')
}
