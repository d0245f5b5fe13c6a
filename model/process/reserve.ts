/** Which frame of a clip is made ready next when all that a person may want soon is there. */

export interface ReserveOptions {
  readonly frameCount: number
  /** Whether the picture of a frame is there. */
  readonly has: (frame: number) => boolean
  /** Whether one more can be kept without another one being given up. */
  readonly hasRoom: () => boolean
}

/** Goes through the frames after the person's and, behind the last, through those before it. */
export class Reserve {
  readonly #options: ReserveOptions
  readonly #failed = new Set<number>()
  #start = 0
  #passed = 0

  constructor(options: ReserveOptions) {
    this.#options = options
  }

  /** The person is on another frame. */
  startAt(frame: number): void {
    this.#start = frame
    this.#passed = 0
  }

  /** A frame that cannot be had is not tried again. */
  giveUp(frame: number): void {
    this.#failed.add(frame)
  }

  /** The next frame that is missing; undefined when all are there, or no more can be kept. */
  next(): number | undefined {
    const { frameCount, has, hasRoom } = this.#options
    if (!hasRoom()) return undefined
    for (; this.#passed < frameCount; this.#passed++) {
      const frame = (this.#start + this.#passed) % frameCount
      if (!this.#failed.has(frame) && !has(frame)) return frame
    }
    return undefined
  }
}
