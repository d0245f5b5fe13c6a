import type { Rle } from '../../../model/annotation/index.ts'
import { EMPTY, grow, isEmpty, type MaskEdit, type Rect } from '../masks/index.ts'
import { boundsOfFills, composeFills, type Fill, onStripe, pixelOf } from './compose.ts'
import { drawVisible } from './draw-visible.ts'
import type { Mark } from './marks.ts'
import { isBlocky, type Size, type View } from './view.ts'

/** A picture of all masks of a frame, as large as the box around them. */
interface Composed {
  readonly key: string
  readonly masks: readonly Rle[]
  readonly canvas: HTMLCanvasElement | undefined
  readonly bounds: Rect
}

/** Bytes of composed masks that are kept. */
const LIMIT = 64 * 2 ** 20

/** The filled masks of the frame on screen: composed once per frame, changed in place while somebody draws. */
export class Fills {
  readonly #cache = new Map<number, Composed>()
  #bytes = 0
  #shown: Composed = { key: '', masks: [], canvas: undefined, bounds: EMPTY }
  #live: Live | undefined

  /** Makes the masks of a frame ready to be drawn; what is known already is not done again. */
  show(frame: number, marks: readonly Mark[]): void {
    const filled = marks.filter(({ entry }) => entry.mask !== undefined)
    const masks = filled.map(({ entry }) => entry.mask!)
    const key = filled.map(({ colour, entry }) => `${colour}${entry.occluded ? '/' : ''}`).join()
    const known = this.#cache.get(frame)
    if (known?.key === key && known.masks.every((mask, i) => mask === masks[i])) {
      this.#cache.delete(frame)
      this.#cache.set(frame, known)
      this.#shown = known
      return
    }
    if (known !== undefined) this.#forget(frame, known)
    const fills = filled.map(fillOf)
    const bounds = boundsOfFills(fills)
    this.#shown = { key, masks, canvas: pictureOf(composeFills(fills, bounds), bounds), bounds }
    this.#cache.set(frame, this.#shown)
    this.#bytes += bytesOf(this.#shown)
    for (const [oldest, composed] of this.#cache) {
      if (this.#bytes <= LIMIT || oldest === frame) break
      this.#forget(oldest, composed)
    }
  }

  /** Forgets everything: another clip. */
  clear(): void {
    this.#cache.clear()
    this.#bytes = 0
    this.#shown = { key: '', masks: [], canvas: undefined, bounds: EMPTY }
    this.#live = undefined
  }

  #forget(frame: number, composed: Composed): void {
    this.#cache.delete(frame)
    this.#bytes -= bytesOf(composed)
  }

  /** From here on the edit is seen; `marks` are those of the frame, `colour` that of the object drawn. */
  beginLive(edit: MaskEdit, marks: readonly Mark[], objectId: number | undefined, colour: string): void {
    const others = marks.filter((mark) => mark.objectId !== objectId && mark.entry.mask !== undefined)
    const own = marks.find((mark) => mark.objectId === objectId)
    this.#live = new Live(edit, this.#shown, others.map(fillOf), colour, own?.entry.occluded ?? false)
  }

  /** Takes over what was drawn since the last call. @returns the box that changed, in pixels of the video */
  updateLive(): Rect {
    return this.#live?.update() ?? EMPTY
  }

  endLive(): void {
    this.#live = undefined
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
    const source = this.#live?.canvas ?? this.#shown.canvas
    const bounds = this.#live?.bounds ?? this.#shown.bounds
    if (source !== undefined && opacity > 0) {
      context.globalAlpha = opacity
      context.imageSmoothingEnabled = !isBlocky(view)
      // A little more than the box: smoothing looks at neighbours.
      drawVisible(context, source, bounds, view, canvas, box && grow(box, 3))
    }
    context.restore()
  }
}

/** The masks while one of them is being drawn: a picture of the whole frame that is changed in small boxes. */
class Live {
  readonly canvas: HTMLCanvasElement
  readonly bounds: Rect
  readonly #edit: MaskEdit
  readonly #context: CanvasRenderingContext2D
  /** What lies beneath the object. */
  readonly #under: Uint32Array
  readonly #pixel: number
  readonly #striped: boolean

  constructor(edit: MaskEdit, shown: Composed, others: readonly Fill[], colour: string, striped: boolean) {
    this.#edit = edit
    this.#pixel = pixelOf(colour)
    this.#striped = striped
    this.bounds = { left: 0, top: 0, right: edit.width, bottom: edit.height }
    this.#under = composeFills(others, this.bounds)
    this.canvas = document.createElement('canvas')
    this.canvas.width = edit.width
    this.canvas.height = edit.height
    this.#context = this.canvas.getContext('2d')!
    if (shown.canvas !== undefined) this.#context.drawImage(shown.canvas, shown.bounds.left, shown.bounds.top)
  }

  update(): Rect {
    const box = this.#edit.takeDirty()
    if (isEmpty(box)) return EMPTY
    const width = box.right - box.left
    const image = new ImageData(width, box.bottom - box.top)
    const target = new Uint32Array(image.data.buffer)
    const { pixels } = this.#edit
    for (let y = box.top; y < box.bottom; y++) {
      let at = y * this.#edit.width + box.left
      let to = (y - box.top) * width
      for (let x = box.left; x < box.right; x++, at++, to++) {
        const own = pixels[at] !== 0 && !(this.#striped && !onStripe(x, y))
        target[to] = own ? this.#pixel : this.#under[at]!
      }
    }
    this.#context.putImageData(image, box.left, box.top)
    return box
  }
}

function fillOf({ entry, colour }: Mark): Fill {
  return { mask: entry.mask!, pixel: pixelOf(colour), striped: entry.occluded }
}

function pictureOf(pixels: Uint32Array<ArrayBuffer>, bounds: Rect): HTMLCanvasElement | undefined {
  if (isEmpty(bounds)) return undefined
  const canvas = document.createElement('canvas')
  canvas.width = bounds.right - bounds.left
  canvas.height = bounds.bottom - bounds.top
  const image = new ImageData(new Uint8ClampedArray(pixels.buffer), canvas.width, canvas.height)
  canvas.getContext('2d')!.putImageData(image, 0, 0)
  return canvas
}

function bytesOf({ canvas }: Composed): number {
  return canvas === undefined ? 0 : canvas.width * canvas.height * 4
}
