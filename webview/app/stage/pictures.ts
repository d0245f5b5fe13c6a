/** A decoded picture, as the browser gives it. */
export interface Picture {
  readonly width: number
  readonly height: number
  /** Gives its memory back. */
  close(): void
}

export interface PicturesOptions<P extends Picture> {
  /** Unpacks the bytes that the host sent. */
  readonly decode: (bytes: Uint8Array, mime: string) => Promise<P>
  /** Asks the host, most urgent first; replaces what was asked before. `again`: what it sent did not arrive. */
  readonly want: (frames: readonly number[], at: number, again: boolean) => void
  /** A picture can be shown now, or it has turned out that it cannot. */
  readonly changed: (frame: number) => void
  /** Bytes of decoded pictures that are kept. */
  readonly limit: number
}

/** Pictures asked for ahead in the direction of travel, and behind. */
const AHEAD = 24
const BEHIND = 6
/** The same for somebody who has jumped and not stepped yet: as many as the first steps need, who may as well jump on. */
const LANDED_AHEAD = 6
const LANDED_BEHIND = 2
/** Part of the memory that may be full of pictures nobody has seen yet. */
const AHEAD_PART = 0.7
/**
 * Pictures that may be on their way at once. What was sent cannot be called back, and the frame that a person jumps to
 * comes behind it: on a busy machine or a thin line thirty pictures are seconds.
 */
const WINDOW = 6
/** Further than this at once is a jump: what lies around matters only when the person stays there. */
const STEP = 12

/**
 * The pictures around the frame that is shown: kept by least recent use within a limit of bytes, and asked for ahead of
 * time. A picture that is on screen is never given up.
 */
export class Pictures<P extends Picture> {
  readonly #options: PicturesOptions<P>
  /** In order of use, least recent first. */
  readonly #kept = new Map<number, P>()
  readonly #decoding = new Set<number>()
  readonly #failed = new Map<number, string>()
  #bytes = 0
  /** What was asked for before this number went up belongs to another clip. */
  #generation = 0
  #asked = ''
  /** Asked for and not here yet. */
  #outstanding = new Set<number>()
  /** How the person came to the frame. One that was jumped to is asked for alone until they stay: have landed. */
  #came: 'stepping' | 'jumping' | 'landed' = 'stepping'
  #frame = 0
  #likely: readonly number[] = []
  #direction: 1 | -1 = 1
  #frameCount = 0
  #pictureBytes = 1
  #shown: number | undefined
  #also: number | undefined

  constructor(options: PicturesOptions<P>) {
    this.#options = options
  }

  /** Another clip, or the same one read again: nothing of before is of use. */
  open(frameCount: number, width: number, height: number): void {
    this.close()
    this.#failed.clear()
    this.#likely = []
    this.#came = 'stepping'
    this.#asked = ''
    this.#outstanding.clear()
    this.#shown = undefined
    this.#also = undefined
    this.#frameCount = frameCount
    this.#pictureBytes = Math.max(1, width * height * 4)
  }

  /** Gives all memory back, also of what is being unpacked. */
  close(): void {
    this.#generation++
    for (const picture of this.#kept.values()) picture.close()
    this.#kept.clear()
    this.#decoding.clear()
    this.#bytes = 0
  }

  has(frame: number): boolean {
    return this.#kept.has(frame)
  }

  /** The picture of a frame, which counts as used by that. */
  get(frame: number): P | undefined {
    const picture = this.#kept.get(frame)
    if (picture === undefined) return undefined
    this.#kept.delete(frame)
    this.#kept.set(frame, picture)
    return picture
  }

  /** Why there is no picture of a frame, as a sentence. */
  failure(frame: number): string | undefined {
    return this.#failed.get(frame)
  }

  /** Bytes that the kept pictures take. */
  get bytes(): number {
    return this.#bytes
  }

  /** The picture on screen; it stays whatever happens. */
  show(frame: number): void {
    this.#shown = frame
  }

  /** A second frame that is shown somewhere: asked for next after the person's own, and kept. */
  also(frame: number | undefined): void {
    if (frame === this.#also) return
    this.#also = frame
    this.#ask()
  }

  /** The person is on this frame, on the way in this direction: asks for what is missing. */
  follow(frame: number, direction: 1 | -1): void {
    if (frame !== this.#frame) {
      this.#failed.delete(frame)
      this.#likely = []
      this.#came = Math.abs(frame - this.#frame) > STEP ? 'jumping' : 'stepping'
    }
    this.#frame = frame
    this.#direction = direction
    this.#ask()
  }

  /**
   * The person has the frame on screen and stays.
   * @param likely where they may jump to from here: asked for after the frames around this one
   */
  stay(likely: readonly number[]): void {
    if (this.#came === 'jumping') this.#came = 'landed'
    this.#likely = likely
    this.#ask()
  }

  /** Asks again, because an answer is long overdue. */
  askAgain(): void {
    this.#asked = ''
    this.#ask(true)
  }

  async arrived(frame: number, bytes: Uint8Array, mime: string): Promise<void> {
    this.#outstanding.delete(frame)
    if (this.#kept.has(frame) || this.#decoding.has(frame)) return
    const generation = this.#generation
    this.#decoding.add(frame)
    try {
      const picture = await this.#options.decode(bytes, mime)
      if (generation !== this.#generation) {
        picture.close()
        return
      }
      this.#decoding.delete(frame)
      this.#failed.delete(frame)
      this.#kept.set(frame, picture)
      this.#bytes += this.#pictureBytes
      this.#trim()
    } catch (error) {
      if (generation !== this.#generation) return
      this.#decoding.delete(frame)
      this.#failed.set(frame, error instanceof Error ? error.message : String(error))
    }
    this.#options.changed(frame)
    this.#askForMore()
  }

  failed(frame: number, message: string): void {
    this.#outstanding.delete(frame)
    this.#failed.set(frame, message)
    this.#options.changed(frame)
    this.#askForMore()
  }

  /** Asks for the next ones, a few at a time. */
  #askForMore(): void {
    if (this.#outstanding.size <= WINDOW / 2) this.#ask()
  }

  #ask(again = false): void {
    if (this.#frameCount === 0) return
    const room = Math.max(1, Math.floor((this.#options.limit / this.#pictureBytes) * AHEAD_PART))
    const landed = this.#came === 'landed'
    const ahead = Math.min(landed ? LANDED_AHEAD : AHEAD, room)
    const behind = Math.min(landed ? LANDED_BEHIND : BEHIND, Math.max(0, room - ahead))
    const frames: number[] = []
    const add = (frame: number) => {
      if (frame < 0 || frame >= this.#frameCount || frames.includes(frame)) return
      if (this.#kept.has(frame) || this.#decoding.has(frame) || this.#failed.has(frame)) return
      frames.push(frame)
    }
    add(this.#frame)
    if (this.#also !== undefined) add(this.#also)
    // Nothing else may take the processor or the line from a frame that was jumped to.
    if (this.#came !== 'jumping') {
      const soon = Math.min(ahead, LANDED_AHEAD)
      for (let i = 1; i <= soon; i++) add(this.#frame + i * this.#direction)
      // Only where there is room for all: none of those around may be given up for one. The frames before this one come
      // later: they cost a way from the key frame before them.
      if (ahead + behind + this.#likely.length <= room) for (const frame of this.#likely) add(frame)
      for (let i = soon + 1; i <= ahead; i++) add(this.#frame + i * this.#direction)
      for (let i = 1; i <= behind; i++) add(this.#frame - i * this.#direction)
    }
    frames.length = Math.min(frames.length, WINDOW)
    const asked = frames.join()
    if (asked === this.#asked) return
    this.#asked = asked
    this.#outstanding = new Set(frames)
    this.#options.want(frames, this.#frame, again)
  }

  #trim(): void {
    if (this.#bytes <= this.#options.limit) return
    for (const [frame, picture] of this.#kept) {
      if (this.#bytes <= this.#options.limit) break
      if (frame === this.#shown || frame === this.#frame || frame === this.#also) continue
      picture.close()
      this.#kept.delete(frame)
      this.#bytes -= this.#pictureBytes
    }
  }
}
