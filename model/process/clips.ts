/** The clips that are open, each once, and the views that look at them. */
import { resolve } from 'node:path'
import { messageOf, Sentence } from '../errors.ts'
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
  readonly stamp: FileStamp
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

  /** @throws UserError when it cannot be opened */
  async open(path: string, options: OpenOptions): Promise<ClipFacts> {
    const key = resolve(path)
    const stamp = await stampOf(key)
    const before = this.#open.get(key)
    const same = before?.stamp.size === stamp.size && before.stamp.modified === stamp.modified
    const clip = before && same ? before : this.#start(key, stamp, options)
    if (before && !same) {
      // The file was replaced: whoever had it open goes on with the new one.
      clip.uses = before.uses
      this.#open.set(key, clip)
      await this.#end(key, before)
    }
    this.#open.set(key, clip)
    clip.uses++
    try {
      return factsOf(await clip.source)
    } catch (error) {
      if (this.#open.get(key) === clip) this.#open.delete(key)
      throw error
    }
  }

  /** Closes a clip that nobody uses any more. @returns the hash of its content, if it was open */
  async close(path: string): Promise<string | undefined> {
    const key = resolve(path)
    const clip = this.#open.get(key)
    if (!clip || --clip.uses > 0) return undefined
    this.#open.delete(key)
    return this.#end(key, clip)
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

  #start(key: string, stamp: FileStamp, options: OpenOptions): OpenClip {
    const stop = new AbortController()
    let told = 0
    const source = openVideo(key, {
      cacheFolder: options.cacheFolder,
      ffmpeg: options.ffmpeg,
      signal: stop.signal,
      onProgress: (done, total) => {
        const now = performance.now()
        if (now - told < PROGRESS_MS) return
        told = now
        this.#host.tell.opening({ clip: key, done, total })
      },
    })
    // Whoever asked gets the failure; until then it is nobody's unhandled one.
    source.catch(() => {})
    return { cacheFolder: options.cacheFolder, source, stamp, stop, views: new Map(), uses: 0 }
  }

  async #end(key: string, clip: OpenClip): Promise<string | undefined> {
    clip.stop.abort()
    await Promise.all([...clip.views.values()].map((view) => view.close()))
    this.#pictures.forget(key)
    const source = await clip.source.catch(() => undefined)
    await source?.close()
    return source?.table.contentHash
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
