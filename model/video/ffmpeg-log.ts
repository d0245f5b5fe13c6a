import { isError, plainLine } from './ffmpeg-process.ts'
import type { Rational } from './types.ts'

/** A picture as the `showinfo` filter announces it, after rotation. */
export interface ShownPicture {
  /** Ticks, or undefined when the picture has no timestamp. */
  readonly pts: number | undefined
  readonly keyFrame: boolean
  readonly width: number
  readonly height: number
  /** 0/1 when unknown. */
  readonly sampleAspect: Rational
  /** Adler-32 over the planes; undefined when another message cut the line. */
  readonly checksum: number | undefined
}

/** What ffmpeg says about its input before it decodes. */
export interface InputDescription {
  container: string
  codec: string
  codedWidth: number
  codedHeight: number
  /** Degrees clockwise. */
  rotation: 0 | 90 | 180 | 270
  /** Seconds, from the header. */
  duration: number | undefined
  /** Frames per second, from the header. */
  fps: number | undefined
  hasAudio: boolean
}

// The first half of the line is written in one piece; the checksum may be cut off by a decoder thread's message.
const PICTURE =
  /n:\s*\d+\s+pts:\s*(\S+)\s.*?\ssar:(\d+)\/(\d+)\s+s:(\d+)x(\d+)\s.*?\biskey:(\d)(?:.*?\schecksum:([0-9A-F]{8}))?/

/** Reads a line of the log as an announced picture, or undefined when it is something else. */
export function readPicture(line: string): ShownPicture | undefined {
  // What begins with the bare tag, or goes on with a colon, is ffmpeg printing names and titles out of the file.
  const match = /^(\[info\]|\s+:)/.test(line) ? null : PICTURE.exec(line)
  if (match === null) return undefined
  const [, pts, sarNum, sarDen, width, height, key, checksum] = match
  const ticks = Number(pts)
  return {
    pts: Number.isSafeInteger(ticks) ? ticks : undefined,
    keyFrame: key === '1',
    width: Number(width),
    height: Number(height),
    sampleAspect: { num: Number(sarNum), den: Number(sarDen) },
    checksum: checksum === undefined ? undefined : Number.parseInt(checksum, 16),
  }
}

/** The tick length that `showinfo` announces once, or undefined for another line. */
export function readTimeBase(line: string): Rational | undefined {
  const match = /config in time_base: (\d+)\/(\d+)/.exec(line)
  if (match === null) return undefined
  const [num, den] = [Number(match[1]), Number(match[2])]
  return num > 0 && den > 0 ? { num, den } : undefined
}

/**
 * Collects what a log says about the input: lines go in one by one, in order. Only the part between `Input #0`
 * and `Output #0` counts.
 */
export class InputLog {
  readonly #streams = new Map<number, string>()
  readonly #rotations = new Map<number, number>()
  #container = ''
  #duration: number | undefined
  #mapped: number | undefined
  #section: 'before' | 'input' | 'mapping' | 'after' = 'before'
  #current = -1
  #hasAudio = false

  add(tagged: string): void {
    if (this.#section === 'after') return
    // `[info]   Stream #0:0...`: what is left after the tag is indented; a wrapped metadata value begins with `:`.
    const line = tagged.replace(/^\[\w+\] /, '')
    if (this.#section === 'before') {
      const input = /^Input #0, (\S+), from /.exec(line)
      if (input !== null) {
        this.#section = 'input'
        this.#container = input[1] ?? ''
      }
    } else if (this.#section === 'input') {
      if (/^Stream mapping:/.test(line)) this.#section = 'mapping'
      else this.#addInputLine(line)
    } else if (/^Output #0,/.test(line)) {
      this.#section = 'after'
    } else {
      const mapping = /^\s+Stream #0:(\d+) -> #0:0/.exec(line)
      if (mapping !== null) this.#mapped = Number(mapping[1])
    }
  }

  #addInputLine(line: string): void {
    const duration = /^ {2}Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)/.exec(line)
    if (duration !== null) {
      this.#duration = Number(duration[1]) * 3600 + Number(duration[2]) * 60 + Number(duration[3])
      return
    }
    const stream = /^ {2}Stream #0:(\d+)[^ ]*: (\w+): (.*)$/.exec(line)
    if (stream !== null) {
      this.#current = Number(stream[1])
      if (stream[2] === 'Video') this.#streams.set(this.#current, stream[3] ?? '')
      if (stream[2] === 'Audio') this.#hasAudio = true
      return
    }
    const matrix = /^ {4,}displaymatrix: rotation of (-?\d+(?:\.\d+)?) degrees/.exec(line)
    if (matrix !== null) this.#rotations.set(this.#current, Number(matrix[1]))
  }

  /** Whether decoding has begun, so that pictures may be announced. */
  get decoding(): boolean {
    return this.#section === 'mapping' || this.#section === 'after'
  }

  /** Whether a container was recognised at all. */
  get opened(): boolean {
    return this.#section !== 'before'
  }

  /** Whether the container has a video stream, cover pictures included. */
  get hasVideo(): boolean {
    return this.#streams.size > 0
  }

  describe(): InputDescription {
    const index = this.#mapped ?? [...this.#streams.keys()][0] ?? -1
    const text = this.#streams.get(index) ?? ''
    const size = /, (\d+)x(\d+)\b/.exec(text)
    const fps = /, (\d+(?:\.\d+)?)(k?) fps\b/.exec(text)
    const tbr = /, (\d+(?:\.\d+)?)(k?) tbr\b/.exec(text)
    const rate = fps ?? tbr
    return {
      container: this.#container,
      codec: /^[\w.-]+/.exec(text)?.[0] ?? 'unknown',
      codedWidth: Number(size?.[1] ?? 0),
      codedHeight: Number(size?.[2] ?? 0),
      rotation: clockwise(this.#rotations.get(index) ?? 0),
      duration: this.#duration,
      fps: rate === null ? undefined : Number(rate[1]) * (rate[2] === 'k' ? 1000 : 1),
      hasAudio: this.#hasAudio,
    }
  }
}

/** The log gives the display matrix in degrees anticlockwise; odd angles count as the nearest quarter turn. */
function clockwise(anticlockwise: number): 0 | 90 | 180 | 270 {
  const quarters = ((Math.round(-anticlockwise / 90) % 4) + 4) % 4
  return ([0, 90, 180, 270] as const)[quarters] ?? 0
}

/**
 * Counts what the reading side complains about: errors of any kind, and warnings that speak of missing data. The
 * discarding output (`null`) is left out: it dislikes timestamps closer together than its assumed rate, and they do
 * no harm.
 */
export class Complaints {
  #count = 0
  #first = ''
  #memory: string | undefined

  add(line: string): void {
    if (line.startsWith('[null @')) return
    const wrong =
      isError(line) ||
      (/^(\[[^\]]* @ [^\]]*\] )*\[warning\]/.test(line) && /corrupt|truncat|conceal|premature/i.test(line))
    if (!wrong) return
    this.#count++
    if (this.#first === '') this.#first = shortened(line)
    if (this.#memory === undefined && isShortOfMemory(line)) this.#memory = shortened(line)
  }

  get count(): number {
    return this.#count
  }

  /** The first complaint, without the tags. */
  get first(): string {
    return this.#first
  }

  /** The first one that says that the machine's memory did not suffice for decoding. */
  get memory(): string | undefined {
    return this.#memory
  }
}

function shortened(line: string): string {
  return plainLine(line)
    .replace(/[.\s]+$/, '')
    .slice(0, 200)
}

/**
 * Decoders only: what reads the container says the same of a size in a damaged file that is absurd. Where no thread can
 * be started, it is for want of memory too.
 */
function isShortOfMemory(line: string): boolean {
  if (/^\[error\] file:|demuxing/.test(line)) return false
  return /(cannot|could not) allocate memory|error allocating|opening decoder.*resource temporarily/i.test(
    line,
  )
}

/** The number of pictures in the final report (`frame=   90 fps=...`), or undefined for another line. */
export function readFinalCount(line: string): number | undefined {
  const match = /\bframe=\s*(\d+)\s+fps=/.exec(line)
  return match === null ? undefined : Number(match[1])
}

/** The signal that ffmpeg obeyed, after which it ends in good order, or undefined for another line. */
export function readStopSignal(line: string): number | undefined {
  const match = /^\[info\] Exiting normally, received signal (\d+)/.exec(line)
  return match === null ? undefined : Number(match[1])
}
