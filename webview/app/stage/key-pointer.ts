import type { CanvasTool, PointerSample } from '../tools/index.ts'
import type { Viewport } from './viewport.ts'

/** A place in pixels of the video. */
interface Place {
  readonly x: number
  readonly y: number
}

/** The pointer that the keyboard moves, for whoever has no other. */
export class KeyPointer {
  readonly #tool: () => CanvasTool | undefined
  readonly #viewport: Pick<Viewport, 'picture' | 'reveal'>
  #place: Place | undefined

  constructor(tool: () => CanvasTool | undefined, viewport: Pick<Viewport, 'picture' | 'reveal'>) {
    this.#tool = tool
    this.#viewport = viewport
  }

  /** Where it is; undefined while a pointing device is used. */
  get place(): Place | undefined {
    return this.#place
  }

  /** Moves it by steps of the tool, within the picture; begins in the middle. */
  move(dx: number, dy: number): void {
    const tool = this.#tool()
    const { width, height } = this.#viewport.picture
    const { x, y } = this.#place ?? { x: width / 2, y: height / 2 }
    const step = tool?.keyStep ?? { width: 1, height: 1 }
    const clamp = (value: number, size: number) => Math.min(size, Math.max(0, value))
    this.#place = { x: clamp(x + dx * step.width, width), y: clamp(y + dy * step.height, height) }
    this.#viewport.reveal(this.#place)
    if (tool?.isHolding) tool.drag([sampleAt(this.#place)])
    else tool?.hover(sampleAt(this.#place))
  }

  /** A stroke goes on until the next press, and a keypoint is held until then; everything else is a click. */
  press(shift = false): void {
    if (this.#place === undefined) this.move(0, 0)
    const tool = this.#tool()
    if (tool?.isHolding) tool.up()
    else if (tool?.down(sampleAt(this.#place!, shift)) && !tool.isHolding) tool.up()
  }

  /** A pointing device is used: a stroke that is going on ends where it is. */
  putAway(): void {
    if (this.#place === undefined) return
    this.#place = undefined
    const tool = this.#tool()
    if (tool?.isHolding) tool.up()
  }
}

function sampleAt({ x, y }: Place, shift = false): PointerSample {
  return {
    x,
    y,
    pressure: undefined,
    shift,
    alt: false,
    secondary: false,
    eraser: false,
    clicks: 1,
  }
}
