import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { CancelledError, explainSystemError, throwIfCancelled, UserError } from '../errors.ts'
import type { BuildOptions } from './build-table.ts'
import { frameRange } from './frame-range.ts'
import { checkPictureSize } from './limits.ts'
import { decodePicture, readHeader, readImageFile } from './picture-file.ts'
import type {
  FrameEntry,
  FrameOptions,
  FrameRangeOptions,
  FrameSize,
  FrameTable,
  VideoFrame,
  VideoSource,
} from './types.ts'

const EXTENSIONS = new Set(['.png', '.jpg', '.jpeg', '.webp', '.tif', '.tiff'])

/** Images have no time; this rate (DAVIS footage has it) is used where one is needed, such as for an overlay video. */
export const IMAGE_FOLDER_FPS = 24

/** Images decoded ahead of the consumer. */
const READ_AHEAD = 3

/** Image files of a folder in natural order (`f2` before `f10`); hidden files and other kinds are left out. */
export async function imageNames(folder: string): Promise<string[]> {
  let names: string[]
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    names = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name)
  } catch (error) {
    throw explainSystemError(error, 'read the folder', folder)
  }
  const natural = new Intl.Collator('en', { numeric: true })
  return names
    .filter((name) => !name.startsWith('.') && EXTENSIONS.has(extname(name).toLowerCase()))
    .sort((a, b) => natural.compare(a, b) || (a < b ? -1 : 1))
}

/**
 * Reads the header and the bytes of every image, and checks that all have one size.
 * @throws UserError naming the first image that cannot be read, is too large or has another size
 */
export async function buildImageTable(folder: string, options: BuildOptions = {}): Promise<FrameTable> {
  const names = await imageNames(folder)
  const [firstName] = names
  if (firstName === undefined) {
    throw new UserError(
      `The folder ${folder} has no images; png, jpg, webp and tif files are read (convert others, such as bmp, first).`,
    )
  }
  const hash = createHash('sha256')
  let stored: FrameSize | undefined
  let shown: FrameSize | undefined
  let format = ''
  for (const [i, name] of names.entries()) {
    throwIfCancelled(options.signal)
    const path = join(folder, name)
    const bytes = await readImageFile(path)
    const header = await readHeader(path, bytes)
    checkPictureSize(path, header.shown.width, header.shown.height)
    stored ??= header.stored
    shown ??= header.shown
    format ||= header.format
    if (header.shown.width !== shown.width || header.shown.height !== shown.height) {
      throw new UserError(
        `${path} is ${header.shown.width}x${header.shown.height}, but ${firstName} is ${shown.width}x${shown.height}; ` +
          'all images of a folder must have one size.',
      )
    }
    hash.update(`${JSON.stringify(name)} ${createHash('sha256').update(bytes).digest('hex')}\n`)
    options.onProgress?.(i + 1, names.length)
  }
  const size = shown ?? { width: 0, height: 0 }
  return {
    kind: 'images',
    path: folder,
    frames: names.map(
      (file, index): FrameEntry => ({
        index,
        pts: index,
        time: index / IMAGE_FOLDER_FPS,
        keyFrame: true,
        file,
      }),
    ),
    timeBase: { num: 1, den: IMAGE_FOLDER_FPS },
    timestamps: 'synthetic',
    width: size.width,
    height: size.height,
    codedWidth: stored?.width ?? size.width,
    codedHeight: stored?.height ?? size.height,
    rotation: 0,
    sampleAspect: { num: 1, den: 1 },
    variableFrameRate: false,
    averageFps: IMAGE_FOLDER_FPS,
    codec: format,
    container: 'images',
    contentHash: `sha256:${hash.digest('hex')}`,
    warnings: [],
  }
}

/** A folder of images as a clip. */
export class ImageFolder implements VideoSource {
  readonly table: FrameTable
  #closed = false

  constructor(table: FrameTable) {
    this.table = table
  }

  async *frames(options: FrameRangeOptions = {}): AsyncGenerator<VideoFrame, void, undefined> {
    const { first, last, size } = frameRange(this.table, options)
    const ahead: Promise<VideoFrame>[] = []
    let next = first
    try {
      for (let index = first; index <= last; index++) {
        this.#throwIfStopped(options.signal)
        for (; next <= last && ahead.length < READ_AHEAD; next++) {
          const decoding = this.#decode(next, size)
          // Awaited below in its turn; until then a failure must not count as unhandled.
          decoding.catch(() => {})
          ahead.push(decoding)
        }
        const frame = await ahead.shift()
        this.#throwIfStopped(options.signal)
        if (frame !== undefined) yield frame
      }
    } finally {
      await Promise.allSettled(ahead)
    }
  }

  async frame(index: number, options: FrameOptions = {}): Promise<VideoFrame> {
    const { size } = frameRange(this.table, { ...options, first: index, last: index })
    this.#throwIfStopped(options.signal)
    return await this.#decode(index, size)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #throwIfStopped(signal: AbortSignal | undefined): void {
    throwIfCancelled(signal)
    if (this.#closed) throw new CancelledError(`${this.table.path} was closed.`)
  }

  async #decode(index: number, size: FrameSize): Promise<VideoFrame> {
    const path = join(this.table.path, this.table.frames[index]?.file ?? '')
    const { width, height } = this.table
    const bytes = await readImageFile(path)
    const header = await readHeader(path, bytes)
    if (header.shown.width !== width || header.shown.height !== height) {
      throw new UserError(`${path} (frame ${index}) was changed after the folder was opened; open it again.`)
    }
    return { index, ...(await decodePicture(path, bytes, size)) }
  }
}
