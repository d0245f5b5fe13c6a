/** The pictures along whose edges masks are drawn, in the order in which their frames are labelled. */
import type { FrameTable, VideoFrame, VideoSource } from '../video/index.ts'
import { FrameReader } from './frame-reader.ts'

/** Short side of the largest picture that is asked for. Masks of larger videos are drawn at this size and enlarged. */
const LARGEST_SHORT_SIDE = 1080

export class GuidePictures {
  readonly #reader: FrameReader
  #first: { readonly frame: number; readonly picture: Promise<VideoFrame> } | undefined

  constructor(video: VideoSource, signal?: AbortSignal) {
    this.#reader = new FrameReader(video, guideSize(video.table), signal)
  }

  /** Starts on a frame before it is wanted: the decoder has to start too, and the network is busy meanwhile. */
  expect(frame: number): void {
    const picture = this.#reader.read(frame)
    picture.catch(() => {})
    this.#first = { frame, picture }
  }

  read(frame: number): Promise<VideoFrame> {
    const first = this.#first
    this.#first = undefined
    return first?.frame === frame ? first.picture : this.#reader.read(frame)
  }

  close(): Promise<void> {
    return this.#reader.close()
  }
}

function guideSize({ width, height }: FrameTable): { width: number; height: number } {
  const scale = Math.min(1, LARGEST_SHORT_SIDE / Math.min(width, height))
  return { width: Math.round(width * scale), height: Math.round(height * scale) }
}
