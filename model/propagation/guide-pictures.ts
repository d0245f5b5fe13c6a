/** The pictures along whose edges masks are drawn and in which spots are found, in the order of the walks. */
import type { FrameTable, VideoFrame, VideoSource } from '../video/index.ts'
import { FrameReader } from './frame-reader.ts'

/** Short side of the largest picture that is asked for. Masks of larger videos are drawn at this size and enlarged. */
const LARGEST_SHORT_SIDE = 1080

export class GuidePictures {
  readonly #reader: FrameReader
  /** Marked frames lie elsewhere: asked of the same decoder, they would make it start again and again. */
  readonly #marked: FrameReader
  #latest: { readonly frame: number; readonly picture: Promise<VideoFrame> } | undefined

  constructor(video: VideoSource, signal?: AbortSignal) {
    const size = guideSize(video.table)
    this.#reader = new FrameReader(video, size, signal)
    this.#marked = new FrameReader(video, size, signal)
  }

  /** Starts on a frame before it is wanted: the decoder has to start too, and the network is busy meanwhile. */
  expect(frame: number): void {
    this.read(frame).catch(() => {})
  }

  /** A frame that is labelled; the same again costs nothing. */
  read(frame: number): Promise<VideoFrame> {
    if (this.#latest?.frame !== frame) this.#latest = { frame, picture: this.#reader.read(frame) }
    return this.#latest.picture
  }

  readMarked(frame: number): Promise<VideoFrame> {
    return this.#marked.read(frame)
  }

  async close(): Promise<void> {
    await this.#reader.close()
    await this.#marked.close()
  }
}

function guideSize({ width, height }: FrameTable): { width: number; height: number } {
  const scale = Math.min(1, LARGEST_SHORT_SIDE / Math.min(width, height))
  return { width: Math.round(width * scale), height: Math.round(height * scale) }
}
