import { decodeMask, difference, intersection, paintMask, type Rle } from '../../../model/annotation/index.ts'
import { boundsOf, encodeWithin, forEachRun } from './codes.ts'
import { EMPTY, isEmpty, join, overlap, type Rect } from './rect.ts'

/** Another object of the frame, as far as drawing must know it. */
export interface Neighbour {
  readonly objectId: number
  readonly mask: Rle
  /** A locked object never loses a pixel. */
  readonly locked: boolean
}

export interface MaskEditOptions {
  readonly width: number
  readonly height: number
  /** What the object has on the frame. */
  readonly base: Rle | undefined
  readonly neighbours: readonly Neighbour[]
  /** Whether pixels are taken from neighbours; otherwise those stay theirs and cannot be drawn on. */
  readonly takeOver: boolean
  readonly mode: 'add' | 'subtract'
}

/** What an edit of a mask comes to. */
export interface MaskEditResult {
  /** The object's new mask; undefined when nothing of it changed. */
  readonly mask: Rle | undefined
  /** The new masks of neighbours that lost pixels. */
  readonly neighbours: ReadonlyMap<number, Rle>
}

/**
 * One object's mask while a stroke, a polygon or a filling goes over it. Spans may come in any order and any number
 * of times. After every span each pixel that was drawn belongs to one object only, and locked objects have lost none.
 */
export class MaskEdit {
  readonly width: number
  readonly height: number
  readonly mode: 'add' | 'subtract'
  /** The mask as it is now: height x width, row-major, 0 or 1. */
  readonly pixels: Uint8Array
  readonly #options: MaskEditOptions
  /** Pixels that may not be drawn on. */
  readonly #closed: Uint8Array | undefined
  /** Pixels that were drawn and are not closed. */
  readonly #drawn: Uint8Array
  #drawnBounds: Rect = EMPTY
  #dirty: Rect = EMPTY
  #changed = false

  constructor(options: MaskEditOptions) {
    this.#options = options
    this.width = options.width
    this.height = options.height
    this.mode = options.mode
    const size = options.width * options.height
    this.pixels = options.base === undefined ? new Uint8Array(size) : decodeMask(options.base)
    this.#drawn = new Uint8Array(size)
    if (options.mode === 'add') {
      const closed = options.neighbours.filter(({ locked }) => locked || !options.takeOver)
      if (closed.length > 0) {
        this.#closed = new Uint8Array(size)
        for (const { mask } of closed) paintMask(mask, this.#closed, 1)
      }
    }
  }

  /** Draws one stretch of a row; what lies outside the picture is cut off. */
  span = (row: number, from: number, to: number): void => {
    if (row < 0 || row >= this.height) return
    const start = Math.max(0, from)
    const end = Math.min(this.width, to)
    if (end <= start) return
    const value = this.mode === 'add' ? 1 : 0
    const closed = this.#closed
    const first = row * this.width + start
    const last = row * this.width + end
    let changed = false
    for (let at = first; at < last; at++) {
      if (closed !== undefined && closed[at] !== 0) continue
      this.#drawn[at] = 1
      if (this.pixels[at] === value) continue
      this.pixels[at] = value
      changed = true
    }
    if (changed) this.#changed = true
    const box = { left: start, top: row, right: end, bottom: row + 1 }
    this.#dirty = join(this.#dirty, box)
    this.#drawnBounds = join(this.#drawnBounds, box)
  }

  /** The box of what was drawn since the last call. */
  takeDirty(): Rect {
    const dirty = this.#dirty
    this.#dirty = EMPTY
    return dirty
  }

  /** Whether a pixel is drawn on by this edit, and so taken from whatever lies beneath. */
  isDrawn(at: number): boolean {
    return this.#drawn[at] !== 0
  }

  /** A box that holds every pixel set now. */
  get bounds(): Rect {
    const { base, mode } = this.#options
    const before = base === undefined ? EMPTY : boundsOf(base)
    return mode === 'add' ? join(before, this.#drawnBounds) : before
  }

  /** Everything that was drawn, without what could not be drawn on. */
  drawn(): Rle {
    return encodeWithin(this.#drawn, this.width, this.height, this.#drawnBounds)
  }

  /** Draws what another edit has drawn. */
  draw(drawn: Rle): void {
    forEachRun(drawn, (x, top, bottom) => {
      for (let y = top; y < bottom; y++) this.span(y, x, x + 1)
    })
  }

  finish(): MaskEditResult {
    const { width, height } = this
    const neighbours = new Map<number, Rle>()
    const drawn = this.#drawnBounds
    if (this.mode === 'add' && this.#options.takeOver && !isEmpty(drawn)) {
      const taken = this.drawn()
      for (const { objectId, mask, locked } of this.#options.neighbours)
        if (!locked && !isEmpty(overlap(boundsOf(mask), drawn)) && hasCommon(mask, taken))
          neighbours.set(objectId, difference(mask, taken))
    }
    return {
      mask: this.#changed ? encodeWithin(this.pixels, width, height, this.bounds) : undefined,
      neighbours,
    }
  }
}

function hasCommon(a: Rle, b: Rle): boolean {
  return intersection(a, b).counts.length > 1
}
