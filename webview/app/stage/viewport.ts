import * as state from '../state.ts'
import type { Layers } from './layers.ts'
import { recallView, rememberView } from './placement.ts'
import { fitView, pan, resize, reveal, type Size, stepZoom, type View, zoomAt } from './view.ts'

/** CSS pixels. */
const FONT_SIZE = 12

/** The view in force: moved by the person, kept through resizes of the canvas, remembered, and told to the outside. */
export class Viewport {
  readonly #root: HTMLElement
  readonly #layers: Layers
  readonly #moved: () => void
  #view: View = { scale: 1, x: 0, y: 0, fitted: true }
  #placed = false
  #font = `${FONT_SIZE}px sans-serif`

  /** @param moved called when the picture lies elsewhere on the canvas, other than by a resize */
  constructor(root: HTMLElement, layers: Layers, moved: () => void) {
    this.#root = root
    this.#layers = layers
    this.#moved = moved
  }

  get view(): View {
    return this.#view
  }

  /** The typeface for text on the canvas, as large as the text around it. */
  get font(): string {
    return this.#font
  }

  /** Size of the picture in pixels of the video; at least 1, also without a clip. */
  get picture(): Size {
    const clip = state.clip.peek()
    return { width: Math.max(1, clip?.width ?? 0), height: Math.max(1, clip?.height ?? 0) }
  }

  fit(): void {
    this.#set(fitView(this.picture, this.#layers.size))
  }

  /** One pixel of the video on each of the screen. */
  actualSize(): void {
    this.#zoomInMiddle(1)
  }

  /** The next step in or out. */
  step(direction: 1 | -1): void {
    this.#zoomInMiddle(stepZoom(this.#view.scale, direction))
  }

  /** In device pixels. */
  pan(dx: number, dy: number): void {
    this.#set(pan(this.#view, dx, dy, this.picture, this.#layers.size))
  }

  /** Moves a place, in pixels of the video, into sight; what is seen already stays where it is. */
  reveal({ x, y }: { readonly x: number; readonly y: number }): void {
    const view = reveal(this.#view, x, y, this.picture, this.#layers.size)
    if (view !== this.#view) this.#set(view)
  }

  /** What is under (x, y), device pixels, stays there. */
  zoom(factor: number, x: number, y: number): void {
    this.#zoomTo(this.#view.scale * factor, x, y)
  }

  /** Finds the first view, as soon as the sizes of picture and canvas are known. */
  place(): void {
    if (this.#placed || state.clip.peek() === undefined || this.#layers.size.width <= 1) return
    this.#placed = true
    this.#set(recallView(this.picture, this.#layers.size))
  }

  /** Gives the canvas the size of its element, until the returned function is called. */
  followSize(): () => void {
    const observer = new ResizeObserver(([entry]) => {
      if (entry === undefined) return
      const { inlineSize, blockSize } = entry.contentBoxSize[0]!
      if (inlineSize === 0 || blockSize === 0) return
      const exact = entry.devicePixelContentBoxSize?.[0]
      const density = window.devicePixelRatio || 1
      const size = {
        width: exact?.inlineSize ?? Math.round(inlineSize * density),
        height: exact?.blockSize ?? Math.round(blockSize * density),
      }
      this.#font = `${FONT_SIZE * density}px ${getComputedStyle(this.#root).fontFamily}`
      if (this.#placed) this.#view = resize(this.#view, this.picture, this.#layers.size, size)
      this.#layers.resize(size, density)
      this.place()
      this.#publish()
    })
    try {
      observer.observe(this.#root, { box: 'device-pixel-content-box' })
    } catch {
      observer.observe(this.#root)
    }
    return () => observer.disconnect()
  }

  #zoomInMiddle(scale: number): void {
    const { width, height } = this.#layers.size
    this.#zoomTo(scale, width / 2, height / 2)
  }

  #zoomTo(scale: number, x: number, y: number): void {
    this.#set(zoomAt(this.#view, scale, x, y, this.picture, this.#layers.size))
  }

  #set(view: View): void {
    if (!this.#placed) return
    this.#view = view
    this.#publish()
    this.#layers.stale('picture', 'fills', 'lines', 'tool')
    this.#moved()
  }

  #publish(): void {
    const { density, size } = this.#layers
    state.zoom.value = this.#view.scale
    rememberView(this.#view, size)
    this.#root.dataset.scale = String(this.#view.scale / density)
    this.#root.dataset.x = String(this.#view.x / density)
    this.#root.dataset.y = String(this.#view.y / density)
  }
}
