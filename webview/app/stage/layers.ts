import type { Size } from './view.ts'

/** The canvases of the stage, from the bottom up: each is redrawn only when what is on it changes. */
export const LAYERS = ['picture', 'fills', 'lines', 'tool'] as const
export type LayerName = (typeof LAYERS)[number]
/** What may have to be drawn again; `live` is the part of the fills that a stroke has just changed. */
export type Stale = LayerName | 'live'

/** Canvases at the resolution of the screen, and a promise to redraw them once before the next picture of it. */
export class Layers {
  readonly #contexts: Record<LayerName, CanvasRenderingContext2D>
  readonly #render: (stale: ReadonlySet<Stale>) => void
  #stale = new Set<Stale>()
  #request = 0
  size: Size = { width: 1, height: 1 }
  /** Device pixels per CSS pixel. */
  density = 1

  constructor(canvases: Record<LayerName, HTMLCanvasElement>, render: (stale: ReadonlySet<Stale>) => void) {
    this.#render = render
    this.#contexts = Object.fromEntries(
      LAYERS.map((name) => [name, canvases[name].getContext('2d')!]),
    ) as Record<LayerName, CanvasRenderingContext2D>
  }

  context(name: LayerName): CanvasRenderingContext2D {
    return this.#contexts[name]
  }

  /** @returns whether the size is another than before */
  resize(size: Size, density: number): boolean {
    this.density = density
    if (size.width === this.size.width && size.height === this.size.height) return false
    this.size = size
    for (const { canvas } of Object.values(this.#contexts)) {
      canvas.width = size.width
      canvas.height = size.height
    }
    // A canvas is empty after a change of size: it must not be seen like that.
    this.stale(...LAYERS)
    this.#now()
    return true
  }

  /** These are drawn again before the screen is. */
  stale(...names: readonly Stale[]): void {
    for (const name of names) this.#stale.add(name)
    if (this.#request === 0) this.#request = requestAnimationFrame(() => this.#now())
  }

  stop(): void {
    cancelAnimationFrame(this.#request)
    this.#request = 0
    this.#stale.clear()
  }

  #now(): void {
    cancelAnimationFrame(this.#request)
    this.#request = 0
    const stale = this.#stale
    this.#stale = new Set()
    this.#render(stale)
  }
}
