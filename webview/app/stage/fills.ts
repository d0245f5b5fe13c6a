import type { Rle } from '../../../model/annotation/index.ts'
import { EMPTY, grow, isEmpty, join, type MaskEdit, overlap, type Rect } from '../masks/index.ts'
import { boundsOfFills, clearBox, composeFills, type Fill, onStripe, pixelOf } from './compose.ts'
import { drawVisible } from './draw-visible.ts'
import type { Mark } from './marks.ts'
import { isBlocky, type Size, type View } from './view.ts'

/** What the picture shows, to know whether it must be made anew. */
interface Shown {
  readonly masks: readonly Rle[]
  readonly look: string
}

const NOTHING: Shown = { masks: [], look: '' }

/**
 * The filled masks of the frame on screen, as one picture at the resolution of the video. It is the same picture for
 * every frame: painting 20 masks into memory that is there takes a millisecond, to get new memory takes ten. Its rows
 * are the video's columns, see compose.ts.
 */
export class Fills {
  readonly #canvas = document.createElement('canvas')
  readonly #context = this.#canvas.getContext('2d')!
  #image: ImageData | undefined
  #pixels = new Uint32Array(0)
  /** Holds everything that is painted. */
  #bounds: Rect = EMPTY
  #shown = NOTHING
  #live: Live | undefined
  #under = new Uint32Array(0)

  /** Another clip: everything of before is gone. Sizes in pixels of the video. */
  open(width: number, height: number): void {
    this.#canvas.width = height
    this.#canvas.height = width
    this.#image = new ImageData(height, width)
    this.#pixels = new Uint32Array(this.#image.data.buffer)
    this.#under = new Uint32Array(0)
    this.#bounds = EMPTY
    this.#shown = NOTHING
    this.#live = undefined
  }

  /** Paints the masks of a frame, unless they are painted already. */
  show(marks: readonly Mark[]): void {
    if (this.#image === undefined || this.#live !== undefined) return
    const filled = marks.filter(({ entry, outlineOnly }) => entry.mask !== undefined && outlineOnly !== true)
    const masks = filled.map(({ entry }) => entry.mask!)
    const look = filled.map(({ colour, entry }) => `${colour}${entry.occluded ? '/' : ''}`).join()
    const before = this.#shown
    if (before.look === look && masks.length === before.masks.length)
      if (masks.every((mask, i) => mask === before.masks[i])) return
    const fills = filled.map(fillOf)
    const bounds = boundsOfFills(fills)
    clearBox(this.#pixels, this.#image.width, this.#bounds)
    composeFills(fills, this.#pixels, this.#image.width)
    this.#put(join(bounds, this.#bounds))
    this.#bounds = bounds
    this.#shown = { masks, look }
  }

  /** From here on the edit is seen; `marks` are those of the frame, `colour` that of the object drawn. */
  beginLive(edit: MaskEdit, marks: readonly Mark[], objectId: number, colour: string): void {
    this.show(marks)
    const others = marks.filter((mark) => mark.objectId !== objectId && mark.entry.mask !== undefined)
    const own = marks.find((mark) => mark.objectId === objectId)
    if (this.#under.length === this.#pixels.length) this.#under.fill(0)
    else this.#under = new Uint32Array(this.#pixels.length)
    composeFills(others.map(fillOf), this.#under, edit.height)
    this.#live = { edit, pixel: pixelOf(colour), striped: own?.entry.occluded ?? false }
  }

  /** Paints what was drawn since the last call. @returns the box that changed, in pixels of the video */
  updateLive(): Rect {
    if (this.#live === undefined) return EMPTY
    const { edit, pixel, striped } = this.#live
    const box = edit.takeDirty()
    for (let y = box.top; y < box.bottom; y++)
      for (let x = box.left; x < box.right; x++) {
        const own = edit.pixels[y * edit.width + x] !== 0 && !(striped && !onStripe(x, y))
        const at = x * edit.height + y
        this.#pixels[at] = own ? pixel : this.#under[at]!
      }
    this.#put(box)
    this.#bounds = join(this.#bounds, box)
    return box
  }

  endLive(): void {
    if (this.#live === undefined) return
    this.updateLive()
    this.#live = undefined
    this.#shown = { masks: [], look: 'drawn on' }
  }

  get isLive(): boolean {
    return this.#live !== undefined
  }

  /** Draws the masks; inside a box of the video only, when one is given. */
  draw(context: CanvasRenderingContext2D, view: View, canvas: Size, opacity: number, box?: Rect): void {
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.save()
    if (box === undefined) context.clearRect(0, 0, canvas.width, canvas.height)
    else {
      // Whole device pixels, so that neighbouring boxes leave no seam.
      const left = Math.floor(view.x + box.left * view.scale) - 1
      const top = Math.floor(view.y + box.top * view.scale) - 1
      const right = Math.ceil(view.x + box.right * view.scale) + 1
      const bottom = Math.ceil(view.y + box.bottom * view.scale) + 1
      context.beginPath()
      context.rect(left, top, right - left, bottom - top)
      context.clip()
      context.clearRect(left, top, right - left, bottom - top)
    }
    // A little more than the box: smoothing looks at neighbours.
    const part = box === undefined ? this.#bounds : overlap(this.#bounds, grow(box, 3))
    if (opacity > 0 && !isEmpty(part)) {
      context.globalAlpha = opacity
      context.imageSmoothingEnabled = !isBlocky(view)
      // Swaps x and y, of everything alike.
      context.transform(0, 1, 1, 0, 0, 0)
      const whole = { left: 0, top: 0, right: this.#canvas.width, bottom: this.#canvas.height }
      const turnedView = { ...view, x: view.y, y: view.x }
      const turnedCanvas = { width: canvas.height, height: canvas.width }
      drawVisible(context, this.#canvas, whole, turnedView, turnedCanvas, turned(part))
    }
    context.restore()
  }

  #put(box: Rect): void {
    if (this.#image === undefined || isEmpty(box)) return
    const { left, top, right, bottom } = turned(box)
    this.#context.putImageData(this.#image, 0, 0, left, top, right - left, bottom - top)
  }
}

/** A mask that is being drawn. */
interface Live {
  readonly edit: MaskEdit
  readonly pixel: number
  readonly striped: boolean
}

function fillOf({ entry, colour }: Mark): Fill {
  return { mask: entry.mask!, pixel: pixelOf(colour), striped: entry.occluded }
}

function turned({ left, top, right, bottom }: Rect): Rect {
  return { left: top, top: left, right: bottom, bottom: right }
}
