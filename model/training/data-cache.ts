import sharp from 'sharp'
import { throwIfCancelled, UserError } from '../errors.ts'
import {
  type FrameSize,
  hashFile,
  locateFfmpeg,
  openVideo,
  type VideoFrame,
  type VideoSource,
} from '../video/index.ts'
import { PackFolder } from './data-folder.ts'
import { type Pack, PackWriter } from './data-pack.ts'
import { type ClipNote, type ClipSource, clipStamp, findClips } from './data-sources.ts'

/** A clip whose frames are in the cache. */
export interface CachedClip {
  /** For people. */
  readonly name: string
  /** Absolute path of the video or image folder. */
  readonly path: string
  /** `sha256:` and hexadecimal digits, of the whole clip. */
  readonly contentHash: string
  /** Of the cached frames, in pixels. */
  readonly width: number
  readonly height: number
  /** At least 2. */
  readonly frames: number
  readonly fps: number
}

/** Frames of clips at training size, decoded once and kept on disk. */
export interface FrameCache {
  /** At least one, in the order of the sources. */
  readonly clips: readonly CachedClip[]
  /** Sources that are not used. */
  readonly skipped: readonly ClipNote[]
  /** What is odd about clips that are used, such as that only the images before a damaged one are. */
  readonly warnings: readonly ClipNote[]
  /** How many of the clips were decoded when this was opened; the others were there. */
  readonly decoded: number
  /**
   * An encoded picture (JPEG).
   * @throws UserError when the cached file is gone or damaged
   */
  read(clip: CachedClip, frame: number): Promise<Uint8Array>
  /** Until then the cached files are kept from being removed. */
  close(): Promise<void>
}

export interface CacheProgress {
  /** Clip at work, from 0, and how many there are. */
  readonly clip: number
  readonly clips: number
  /** Frames of this clip that are done, and how many there are, as far as that is known: 0 while it is not. */
  readonly frame: number
  readonly frames: number
  readonly name: string
}

export interface FrameCacheOptions {
  /** Where the frames are kept; made when missing. */
  readonly folder: string
  /** Length of the shorter side of the kept frames in pixels; smaller clips are not enlarged. */
  readonly shortSide: number
  /** Bytes that the folder may have; the least recently used clips go first. */
  readonly limitBytes: number
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: CacheProgress) => void
  /** Path of ffmpeg; see `locateFfmpeg` for where it is looked for otherwise. */
  readonly ffmpeg?: string
  /** Where frame tables are kept, as for `openVideo`. */
  readonly tableFolder?: string
}

// Chroma at full size and little loss: what is learned should be the clip, not the marks of a second compression.
const JPEG = { quality: 95, chromaSubsampling: '4:4:4' }

/** Pictures encoded at the same time: as many as there are threads for it. */
const ENCODED_AT_ONCE = 4

/**
 * Makes the frames of all sources ready to be read at random. Clips are known by their contents: what was decoded once
 * is not decoded again, also under another name. A clip that cannot be used is skipped. Of a damaged video what can be
 * decoded is used, of a folder the images before a damaged one. A video whose decoder stops on the way is tried once
 * more, then skipped for this time.
 * @param sources video files, folders of images, folders of videos
 * @throws UserError when a path is missing, no source can be used, the clips need more room than the limit, the folder
 *   cannot be written, or ffmpeg is needed and missing
 * @throws CancelledError when the signal fires; clips that are done by then stay in the cache
 */
export async function openFrameCache(
  sources: readonly string[],
  options: FrameCacheOptions,
): Promise<FrameCache> {
  const folder = await PackFolder.open(options.folder, options.limitBytes)
  try {
    return await new CacheBuilder(folder, options).build(sources)
  } catch (error) {
    await folder.saveHashes()
    await folder.close()
    throw error
  }
}

class CacheBuilder {
  readonly #folder: PackFolder
  readonly #options: FrameCacheOptions
  readonly #skipped: ClipNote[] = []
  #clips = 0

  constructor(folder: PackFolder, options: FrameCacheOptions) {
    this.#folder = folder
    this.#options = options
  }

  async build(sources: readonly string[]): Promise<FrameCache> {
    const found = await findClips(sources)
    this.#skipped.push(...found.skipped)
    const hashed = await this.#hashAll(found.clips)
    this.#clips = hashed.length
    // Before anything is decoded: what is there must not be removed, and counts.
    const packs: (Pack | undefined)[] = []
    for (const { contentHash } of hashed) packs.push(await this.#take(contentHash))
    this.#folder.checkLimit(0, this.#clips)
    let decoded = 0
    const usable: { source: ClipSource; pack: Pack }[] = []
    for (const [i, { source, contentHash }] of hashed.entries()) {
      throwIfCancelled(this.#options.signal)
      const pack = packs[i] ?? (await this.#decode(source, contentHash, i))
      if (pack === undefined) continue
      if (packs[i] === undefined) decoded++
      usable.push({ source, pack })
    }
    await this.#folder.makeRoom()
    await this.#folder.saveHashes()
    if (usable.length === 0) throw this.#nothingUsable(sources)
    return new OpenCache(this.#folder, usable, this.#skipped, decoded)
  }

  /** Content hashes of all clips that can be read, each content once. */
  async #hashAll(clips: readonly ClipSource[]): Promise<{ source: ClipSource; contentHash: string }[]> {
    const names = new Map<string, string>()
    const hashed: { source: ClipSource; contentHash: string }[] = []
    for (const [i, source] of clips.entries()) {
      throwIfCancelled(this.#options.signal)
      this.#report({ clip: i, clips: clips.length, frame: 0, frames: 0, name: source.name })
      const contentHash = await this.#orSkip(source, () => this.#hash(source))
      if (contentHash === undefined) continue
      const twin = names.get(contentHash)
      if (twin === undefined) {
        names.set(contentHash, source.name)
        hashed.push({ source, contentHash })
      } else this.#skip(source, `${source.path} has the same contents as ${twin}, which is used.`)
    }
    return hashed
  }

  async #hash(source: ClipSource): Promise<string> {
    const stamp = await clipStamp(source)
    let contentHash = this.#folder.knownHash(source.path, stamp)
    if (contentHash === undefined) {
      if (source.kind === 'video') {
        contentHash = `sha256:${await hashFile(source.path, this.#options.signal)}`
      } else {
        const images = await this.#open(source)
        contentHash = images.table.contentHash
        await images.close()
      }
      this.#folder.rememberHash(source.path, stamp, contentHash)
    }
    return contentHash
  }

  async #decode(source: ClipSource, contentHash: string, clip: number): Promise<Pack | undefined> {
    // A missing ffmpeg is not the clip's fault.
    if (source.kind === 'video') await locateFfmpeg(this.#options.ffmpeg)
    const report = (share: number, frames: number) =>
      this.#report({ clip, clips: this.#clips, frame: Math.floor(share * frames), frames, name: source.name })
    report(0, 0)
    // The first opening of a video decodes all of it to know its frames: half of the work.
    const open = () =>
      this.#open(source, (done, total) => report(total ? Math.min(1, done / total) / 2 : 0, total ?? 0))
    const video = await this.#orSkip(source, open)
    if (video === undefined) return undefined
    try {
      const { frames } = video.table
      if (frames.length < 2) {
        this.#skip(source, `${source.path} has only one frame; give a clip with at least two.`)
        return undefined
      }
      if (video.table.contentHash !== contentHash) {
        this.#skip(source, `${source.path} was changed while it was read; run again.`)
        return undefined
      }
      let furthest = 0
      const fill = () =>
        this.#fill(source, video, (done) => {
          furthest = Math.max(furthest, done)
          report(0.5 + furthest / frames.length / 2, frames.length)
        })
      let filled = await fill()
      if (filled instanceof UserError && source.kind === 'video') filled = await fill()
      if (!(filled instanceof UserError)) return filled
      this.#skip(source, filled.message)
      return undefined
    } finally {
      await video.close()
    }
  }

  /**
   * Writes the frames of a clip into a new pack.
   * @returns instead of the pack, why the clip cannot be used
   * @throws UserError when the folder cannot hold or write the pack
   */
  async #fill(
    source: ClipSource,
    video: VideoSource,
    onFrame: (done: number) => void,
  ): Promise<Pack | UserError> {
    const { shortSide, signal } = this.#options
    const { contentHash, averageFps, warnings: tableWarnings } = video.table
    const size = cachedSize(video.table, shortSide)
    const warnings = [...tableWarnings]
    const path = this.#folder.packPath(contentHash, shortSide)
    const writer = await PackWriter.create(path)
    try {
      let damage: UserError | undefined
      const frames = untilDamage(video.frames({ size, ...(signal ? { signal } : {}) }), (error) => {
        damage = error
      })
      for await (const picture of encodeAll(frames)) {
        await writer.add(picture)
        this.#folder.checkLimit(writer.bytes, this.#clips)
        onFrame(writer.frames)
      }
      // The table of a video lists what decoding all of it gave. To stop earlier is not the clip's doing but that of a
      // killed decoder or full memory, and a pack would keep the clip short for ever.
      if (damage !== undefined && (source.kind === 'video' || writer.frames < 2)) return damage
      if (damage !== undefined)
        warnings.push(`Only the first ${writer.frames} frames are used: ${damage.message}`)
      await writer.finish({ contentHash, shortSide, ...size, fps: averageFps, warnings })
    } finally {
      await writer.abort()
    }
    const pack = await this.#take(contentHash)
    if (pack === undefined) throw new Error(`${source.path}: the frames just written cannot be read.`)
    await this.#folder.makeRoom()
    return pack
  }

  #take(contentHash: string): Promise<Pack | undefined> {
    return this.#folder.take(contentHash, this.#options.shortSide)
  }

  #open(source: ClipSource, onProgress?: (done: number, total?: number) => void): Promise<VideoSource> {
    const { ffmpeg, tableFolder: cacheFolder, signal } = this.#options
    return openVideo(source.path, {
      ...(ffmpeg === undefined ? {} : { ffmpeg }),
      ...(cacheFolder === undefined ? {} : { cacheFolder }),
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress }),
    })
  }

  async #orSkip<T>(source: ClipSource, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      this.#skip(source, error.message)
      return undefined
    }
  }

  #skip(source: ClipSource, reason: string): void {
    this.#skipped.push({ path: source.path, reason })
  }

  #report(progress: CacheProgress): void {
    this.#options.onProgress?.(progress)
  }

  #nothingUsable(sources: readonly string[]): UserError {
    const [first] = this.#skipped
    if (first === undefined)
      return new UserError('There is nothing to train on; give videos or folders of images.')
    if (this.#skipped.length === 1 || sources.length === 0) return new UserError(first.reason)
    return new UserError(`None of the ${this.#skipped.length} clips can be used. ${first.reason}`)
  }
}

class OpenCache implements FrameCache {
  readonly clips: readonly CachedClip[]
  readonly skipped: readonly ClipNote[]
  readonly warnings: readonly ClipNote[]
  readonly decoded: number
  readonly #folder: PackFolder
  readonly #packs = new Map<string, Pack>()

  constructor(
    folder: PackFolder,
    usable: readonly { source: ClipSource; pack: Pack }[],
    skipped: readonly ClipNote[],
    decoded: number,
  ) {
    this.#folder = folder
    this.skipped = skipped
    this.decoded = decoded
    this.clips = usable.map(({ source: { name, path }, pack: { facts, frames } }) => {
      const { contentHash, width, height, fps } = facts
      return { name, path, contentHash, width, height, frames, fps }
    })
    this.warnings = usable.flatMap(({ source, pack }) =>
      pack.facts.warnings.map((reason) => ({ path: source.path, reason })),
    )
    for (const { pack } of usable) this.#packs.set(pack.facts.contentHash, pack)
  }

  async read(clip: CachedClip, frame: number): Promise<Uint8Array> {
    const pack = this.#packs.get(clip.contentHash)
    if (pack === undefined) throw new Error(`${clip.path} is not in this cache.`)
    return await pack.read(frame)
  }

  async close(): Promise<void> {
    await this.#folder.close()
  }
}

/** The size of the cached frames of a clip: the shorter side as asked for, or as it is when it is shorter. */
export function cachedSize({ width, height }: FrameSize, shortSide: number): FrameSize {
  const scale = Math.min(1, shortSide / Math.min(width, height))
  return { width: Math.round(width * scale), height: Math.round(height * scale) }
}

/** The frames up to the first that cannot be decoded. */
async function* untilDamage(
  frames: AsyncIterable<VideoFrame>,
  onDamage: (error: UserError) => void,
): AsyncGenerator<VideoFrame> {
  try {
    yield* frames
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    onDamage(error)
  }
}

/** Encodes some frames at once and gives them in their order. */
async function* encodeAll(frames: AsyncIterable<VideoFrame>): AsyncGenerator<Uint8Array> {
  const waiting: Promise<Uint8Array>[] = []
  try {
    for await (const { data, width, height } of frames) {
      const encoding = sharp(data, { raw: { width, height, channels: 3 } })
        .jpeg(JPEG)
        .toBuffer()
      // Awaited below in its turn; until then a failure must not count as unhandled.
      encoding.catch(() => {})
      waiting.push(encoding)
      if (waiting.length >= ENCODED_AT_ONCE) yield await waiting.shift()!
    }
    while (waiting.length > 0) yield await waiting.shift()!
  } finally {
    await Promise.allSettled(waiting)
  }
}
