import { isInspecting } from '../inspect/index.ts'
import type { Rect } from '../masks/index.ts'
import * as state from '../state.ts'
import { type CanvasTool, KeypointsTool } from '../tools/index.ts'
import { drawCrosshair } from './crosshair.ts'
import { drawVisible } from './draw-visible.ts'
import type { Fills } from './fills.ts'
import { missingKeypoints } from './hints.ts'
import type { Layers, Stale } from './layers.ts'
import { drawLines } from './lines.ts'
import type { Mark } from './marks.ts'
import type { Pictures } from './pictures.ts'
import type { StageToolHost } from './tool-host.ts'
import { isBlocky, toCanvas } from './view.ts'

/** Opacity of what is being drawn where masks are shown as outlines only. */
const LIVE_OPACITY = 0.35

/** What the person holds over the canvas. */
export interface Held {
  readonly tool: CanvasTool | undefined
  /** The keyboard's own pointer, in pixels of the video. */
  readonly keyPointer: { readonly x: number; readonly y: number } | undefined
}

export interface PainterOptions {
  readonly root: HTMLElement
  readonly layers: Layers
  readonly fills: Fills
  readonly pictures: Pictures<ImageBitmap>
  readonly host: StageToolHost
  readonly held: () => Held
}

/** Draws the frame on screen: picture and marks of a frame are always drawn in the same turn. */
export class Painter {
  readonly #root: HTMLElement
  readonly #layers: Layers
  readonly #fills: Fills
  readonly #pictures: Pictures<ImageBitmap>
  readonly #host: StageToolHost
  readonly #held: () => Held

  constructor({ root, layers, fills, pictures, host, held }: PainterOptions) {
    this.#root = root
    this.#layers = layers
    this.#fills = fills
    this.#pictures = pictures
    this.#host = host
    this.#held = held
  }

  /** Draws what is out of date. */
  render(stale: ReadonlySet<Stale>): void {
    const frame = state.shownFrame.peek()
    const picture = frame === undefined ? undefined : this.#pictures.get(frame)
    if (stale.has('picture')) this.#renderPicture(frame, picture)
    if (stale.has('fills')) this.#renderFills(frame)
    else if (stale.has('live')) this.#renderFills(frame, this.#fills.updateLive())
    if (stale.has('lines')) this.#renderLines()
    if (stale.has('tool')) this.#renderTool()
  }

  #renderPicture(frame: number | undefined, picture: ImageBitmap | undefined): void {
    const context = this.#layers.context('picture')
    const { view } = this.#host
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, this.#layers.size.width, this.#layers.size.height)
    if (frame === undefined || picture === undefined) {
      this.#root.removeAttribute('data-frame')
      return
    }
    context.imageSmoothingEnabled = !isBlocky(view)
    context.imageSmoothingQuality = 'high'
    const bounds = { left: 0, top: 0, right: picture.width, bottom: picture.height }
    drawVisible(context, picture, bounds, view, this.#layers.size)
    this.#root.dataset.frame = String(frame)
  }

  #renderFills(frame: number | undefined, box?: Rect): void {
    if (frame !== undefined && box === undefined) {
      this.#fills.updateLive()
      this.#fills.show(this.#host.drawn)
    }
    const { maskOpacity, maskStyle } = state.settings.peek()
    const plain = maskStyle === 'outline' ? 0 : maskOpacity
    // A heat map needs the picture's own colours beneath it.
    const masks = isInspecting.peek() ? 0 : plain
    const opacity = this.#fills.isLive ? Math.max(plain, LIVE_OPACITY) : masks
    this.#fills.draw(this.#layers.context('fills'), this.#host.view, this.#layers.size, opacity, box)
  }

  #renderLines(): void {
    const { draft, view, liveObject } = this.#host
    drawLines(this.#layers.context('lines'), this.#marksWithDraft(), {
      view,
      canvas: this.#layers.size,
      density: this.#layers.density,
      outlines: state.settings.peek().maskStyle !== 'fill',
      without: liveObject,
      draft,
    })
  }

  /** A skeleton that is being placed belongs to the marks, though the object has nothing on the frame yet. */
  #marksWithDraft(): readonly Mark[] {
    const { draft, object, drawn: marks } = this.#host
    if (draft === undefined || object?.id !== draft.objectId) return marks
    if (marks.some(({ objectId }) => objectId === draft.objectId)) return marks
    return [
      ...marks,
      {
        objectId: object.id,
        name: object.name,
        colour: state.colourOf(object),
        entry: { state: 'keyframe', occluded: false },
        selected: true,
        edges: state.labelOf(object)?.skeleton?.edges ?? [],
        keypointNames: this.#host.keypointNamesOf(object),
      },
    ]
  }

  #renderTool(): void {
    const context = this.#layers.context('tool')
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, this.#layers.size.width, this.#layers.size.height)
    const { tool, keyPointer } = this.#held()
    listMissing(tool)
    if (state.shownFrame.peek() === undefined) return
    context.save()
    tool?.draw(context)
    context.restore()
    if (keyPointer) {
      const { x, y } = toCanvas(this.#host.view, keyPointer.x, keyPointer.y)
      drawCrosshair(context, x, y, this.#layers.density)
    }
  }
}

function listMissing(tool: CanvasTool | undefined): void {
  const missing = tool instanceof KeypointsTool ? tool.missing : []
  if (missing.join() !== missingKeypoints.peek().join()) missingKeypoints.value = missing
}
