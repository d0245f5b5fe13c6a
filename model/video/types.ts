/** One picture of a clip. Its index is its only key: timestamps are facts about it, never a way to address it. */
export interface FrameEntry {
  /** 0-based place among all pictures that a full decode gives, in presentation order. */
  readonly index: number
  /** Presentation timestamp in ticks of {@link FrameTable.timeBase}; made up where `timestamps` is `synthetic`. */
  readonly pts: number
  /** `pts` in seconds. For showing only. */
  readonly time: number
  /** Whether the decoder said that decoding can start at this picture. Always true for image folders. */
  readonly keyFrame: boolean
  /** Adler-32 of the decoded picture before scaling; proves that a seek gave this very picture. Videos only. */
  readonly checksum?: number
  /** Name inside the folder, for image folders only. */
  readonly file?: string
}

/** A ratio of two whole numbers. */
export interface Rational {
  readonly num: number
  readonly den: number
}

/** What is known about a clip after every picture of it was decoded once. */
export interface FrameTable {
  readonly kind: 'video' | 'images'
  /** Absolute path of the file or folder. */
  readonly path: string
  /** Entry n is the n-th picture that a full decode gives. Never empty. */
  readonly frames: readonly FrameEntry[]
  /** Seconds per tick of `pts`. */
  readonly timeBase: Rational
  /** `file`: every picture has its own, rising timestamp. `synthetic`: some are missing, repeated or made up. */
  readonly timestamps: 'file' | 'synthetic'
  /** Width and height in square pixels, after rotation and pixel aspect: the size of every decoded frame. */
  readonly width: number
  readonly height: number
  /** Size as stored, before rotation and pixel aspect. */
  readonly codedWidth: number
  readonly codedHeight: number
  /** Degrees clockwise by which the stored picture is turned for display. */
  readonly rotation: 0 | 90 | 180 | 270
  /** Width over height of a stored pixel; 1/1 when the file does not say. */
  readonly sampleAspect: Rational
  readonly variableFrameRate: boolean
  /** Frames per second over the whole clip, above 0. For one frame or an image folder: the nominal rate. */
  readonly averageFps: number
  readonly codec: string
  readonly container: string
  /** `sha256:` and 64 hexadecimal digits, over the whole file (image folders: over names and contents). */
  readonly contentHash: string
  /** Sentences a person should read, such as that the file is cut off. */
  readonly warnings: readonly string[]
}

/** A decoded picture: RGB, 8 bits each, row-major, `width * height * 3` bytes that nobody else holds. */
export interface VideoFrame {
  readonly index: number
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

export interface FrameSize {
  readonly width: number
  readonly height: number
}

export interface FrameOptions {
  /** Size of the decoded frame in pixels; the table's size when left out. The aspect ratio is the caller's business. */
  readonly size?: FrameSize
  readonly signal?: AbortSignal
}

export interface FrameRangeOptions extends FrameOptions {
  /** First index, 0 when left out. */
  readonly first?: number
  /** Last index, included; the last frame of the table when left out. */
  readonly last?: number
  /** Somebody waits for the first frame: a decoder that {@link VideoSource.prepare} has started may be taken for it. */
  readonly prompt?: boolean
}

/** A clip that can be read frame by frame. */
export interface VideoSource {
  readonly table: FrameTable
  /**
   * Every frame from `first` to `last` in order. Decoding runs a few frames ahead and then waits, so memory does
   * not grow with the clip. Leaving the loop early (break, return, throw) stops the decoder and waits for its end.
   * @throws UsageError for a range outside the table, CancelledError when the signal fires, UserError naming file
   *   and frame when decoding fails
   */
  frames(options?: FrameRangeOptions): AsyncIterable<VideoFrame>
  /** One frame by its index. @throws as {@link frames} */
  frame(index: number, options?: FrameOptions): Promise<VideoFrame>
  /** Gets ready to give one range of full-size frames sooner (`prompt`), where the source has a way to. Costs no work while it waits. */
  prepare?(): void
  /** Gives back what {@link prepare} holds. */
  rest?(): Promise<void>
  /** Stops every decoder still running for this source. Reading afterwards is an error. */
  close(): Promise<void>
}
