/** The clips that are open, each once, and the views that look at them. */
import { resolve } from 'node:path'
import { CancelledError, messageOf, Sentence, throwIfCancelled } from '../errors.ts'
import { type FileStamp, openVideo, stampOf, type VideoSource } from '../video/index.ts'
import type { Host } from './host.ts'
import { PictureCache } from './picture-cache.ts'
import { sentenceOf } from './sentence.ts'
import type { ClipFacts, ModelProcessFunctions } from './surface.ts'
import { ViewPictures } from './view-pictures.ts'

/** Encoded pictures of all clips together. */
const PICTURE_BYTES = 256 * 1024 ** 2
/** Progress is told at most this often. */
const PROGRESS_MS = 100

type OpenOptions = Parameters<ModelProcessFunctions['openClip']>[1]
type PictureWant = Parameters<ModelProcessFunctions['wantPictures']>[0]

interface OpenClip {
  readonly cacheFolder: string
  readonly source: Promise<VideoSource>
  /** Undefined until it is known: the file is what it is then. */
  stamp: FileStamp | undefined
  /** Undefined until `source` is there. */
  contentHash: string | undefined
  /** Stops the opening. */
  readonly stop: AbortController
  readonly views: Map<string, ViewPictures>
  /** Calls of `openClip` that no `closeClip` has answered. */
  uses: number
}

export class Clips {
  readonly #host: Host
  readonly #isBusy: () => boolean
  readonly #pictures = new PictureCache(PICTURE_BYTES)
  readonly #open = new Map<string, OpenClip>()

  /** @param isBusy whether the processor is needed for more than pictures that nobody has asked for */
  constructor(host: Host, isBusy: () => boolean) {
    this.#host = host
    this.#isBusy = isBusy
  }

  /** @throws UserError when it cannot be opened; CancelledError when it is closed before it was */
  async open(path: string, options: OpenOptions): Promise<ClipFacts> {
    const key = resolve(path)
    const before = this.#open.get(key)
    const used = before ?? this.#start(key, options)
    // Counted before anything is awaited, so that a close that comes meanwhile closes it.
    used.uses++
    const clip = before ? await this.#renewed(key, before, options) : used
    try {
      const source = await clip.source
      if (this.#open.get(key) !== clip) throw new CancelledError()
      return factsOf(source)
    } catch (error) {
      if (this.#open.get(key) === clip) this.#open.delete(key)
      throw error
    }
  }

  /**
   * Closes a clip that nobody uses any more.
   * @returns the hash of its content, if it was open and no other clip that is open has the same
   */
  async close(path: string): Promise<string | undefined> {
    const key = resolve(path)
    const clip = this.#open.get(key)
    if (!clip || --clip.uses > 0) return undefined
    this.#open.delete(key)
    await this.#end(key, clip)
    const { contentHash } = clip
    return [...this.#open.values()].some((other) => other.contentHash === contentHash)
      ? undefined
      : contentHash
  }

  /** Whether one {@link close} more closes the clip. */
  isLastUse(path: string): boolean {
    return this.#open.get(resolve(path))?.uses === 1
  }

  /** @throws UserError when the clip is not open */
  async source(path: string): Promise<VideoSource> {
    return this.#clip(path).source
  }

  /** Where things of a clip are kept that can be made again. @throws UserError when the clip is not open */
  cacheFolder(path: string): string {
    return this.#clip(path).cacheFolder
  }

  /** @throws UserError when the clip is not open */
  async want({ clip: path, view, frames, quality, again, at }: PictureWant): Promise<void> {
    const clip = this.#clip(path)
    const source = await clip.source
    let pictures = clip.views.get(view)
    if (!pictures) {
      pictures = new ViewPictures(resolve(path), source, this.#pictures, this.#sinkOf(path, view))
      clip.views.set(view, pictures)
    }
    pictures.want(frames, Math.min(100, Math.max(1, Math.round(quality) || 1)), { again, at })
    if (frames.length > 0 || at !== undefined) return
    // A view that is nowhere is hidden or closed; it gets new decoders when it comes back.
    clip.views.delete(view)
    await pictures.close()
  }

  /** Closes everything. */
  async closeAll(): Promise<void> {
    const all = [...this.#open]
    this.#open.clear()
    await Promise.all(all.map(([key, clip]) => this.#end(key, clip)))
  }

  #clip(path: string): OpenClip {
    const clip = this.#open.get(resolve(path))
    if (!clip) throw new Sentence('{0} is not open any more; open it again.', path)
    return clip
  }

  /** A clip that is open already, or what has taken its place. */
  async #renewed(key: string, before: OpenClip, options: OpenOptions): Promise<OpenClip> {
    const stamp = await stampOf(key).catch(async (error) => {
      await this.close(key)
      throw error
    })
    const now = this.#open.get(key)
    if (!now) throw new CancelledError()
    if (now !== before || isSame(before.stamp ?? stamp, stamp)) return now
    // The file was replaced: whoever had it open goes on with the new one.
    const clip = this.#start(key, options)
    clip.uses = before.uses
    await this.#end(key, before)
    return clip
  }

  #start(key: string, options: OpenOptions): OpenClip {
    const { cacheFolder, ffmpeg } = options
    const stop = new AbortController()
    let told = 0
    const read = async (): Promise<VideoSource> => {
      const stamp = await stampOf(key)
      clip.stamp = stamp
      throwIfCancelled(stop.signal)
      const source = await openVideo(key, {
        cacheFolder,
        ffmpeg,
        signal: stop.signal,
        onProgress: (done, total) => {
          const now = performance.now()
          if (now - told < PROGRESS_MS) return
          told = now
          this.#host.tell.opening({ clip: key, done, total })
        },
      })
      clip.contentHash = source.table.contentHash
      return source
    }
    const source = read()
    // Whoever asked gets the failure; until then it is nobody's unhandled one.
    source.catch(() => {})
    const clip: OpenClip = {
      cacheFolder,
      source,
      stamp: undefined,
      contentHash: undefined,
      stop,
      views: new Map(),
      uses: 0,
    }
    this.#open.set(key, clip)
    return clip
  }

  async #end(key: string, clip: OpenClip): Promise<void> {
    clip.stop.abort()
    await Promise.all([...clip.views.values()].map((view) => view.close()))
    this.#pictures.forget(key)
    const source = await clip.source.catch(() => undefined)
    await source?.close()
  }

  #sinkOf(clip: string, view: string) {
    const { tell, room } = this.#host
    return {
      picture: (frame: number, { bytes, mime }: { bytes: Uint8Array; mime: string }) =>
        tell.picture({ clip, view, frame, bytes, mime }),
      failed: (frame: number, error: unknown) => {
        tell.log({ level: 'error', text: `Frame ${frame} of ${clip}: ${messageOf(error)}` })
        tell.pictureFailed({ clip, view, frame, message: sentenceOf(error, `Reading frame ${frame}`) })
      },
      room,
      isBusy: this.#isBusy,
    }
  }
}

function isSame(a: FileStamp, b: FileStamp): boolean {
  return a.size === b.size && a.modified === b.modified
}

function factsOf({ table }: VideoSource): ClipFacts {
  const { path, kind, contentHash, width, height, averageFps, variableFrameRate, warnings } = table
  return {
    path,
    kind,
    contentHash,
    frameCount: table.frames.length,
    width,
    height,
    times: Float64Array.from(table.frames, ({ time }) => time),
    averageFps,
    variableFrameRate,
    warnings,
  }
}
