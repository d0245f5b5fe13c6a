import { brushRadius, type Dab, sweep } from '../masks/index.ts'
import { toCanvas } from '../stage/view.ts'
import type { StageCommand } from '../stage-port.ts'
import type { CanvasTool, PointerSample, ToolHost } from './canvas-tool.ts'
import { Drawing } from './drawing.ts'

/** Below this many device pixels the circle of the brush would hide what it points at. */
const SMALLEST_CIRCLE = 7

/** Brush and eraser: a stroke that follows the pointer and is one step. */
export class StrokeTool implements CanvasTool {
  readonly #host: ToolHost
  readonly #erases: boolean
  #drawing: Drawing | undefined
  #last: Dab | undefined
  /** Where the stroke before ended, for a straight line from there. */
  #end: { readonly frame: number; readonly x: number; readonly y: number } | undefined
  #pointer: PointerSample | undefined

  constructor(host: ToolHost, erases: boolean) {
    this.#host = host
    this.#erases = erases
  }

  get cursor(): string {
    const diameter = this.#host.brushSize * this.#host.view.scale
    return diameter < SMALLEST_CIRCLE * this.#host.density ? 'crosshair' : 'none'
  }

  get isHolding(): boolean {
    return this.#drawing !== undefined
  }

  down(sample: PointerSample): boolean {
    this.#pointer = sample
    if (sample.secondary) return false
    this.#drawing = Drawing.begin(this.#host, this.#isErasing(sample) ? 'subtract' : 'add')
    if (this.#drawing === undefined) return false
    this.#last = this.#dab(sample)
    const end = this.#end
    const from =
      sample.shift && end?.frame === this.#host.frame ? { ...this.#last, x: end.x, y: end.y } : this.#last
    sweep(from, this.#last, this.#drawing.edit.span)
    this.#host.updateLive()
    return true
  }

  drag(samples: readonly PointerSample[]): void {
    this.#pointer = samples.at(-1) ?? this.#pointer
    if (this.#drawing === undefined || this.#last === undefined) return
    for (const sample of samples) {
      const next = this.#dab(sample)
      sweep(this.#last, next, this.#drawing.edit.span)
      this.#last = next
    }
    this.#host.updateLive()
    this.#host.redraw()
  }

  up(): void {
    const drawing = this.#drawing
    if (drawing === undefined) return
    this.#drawing = undefined
    if (this.#last) this.#end = { frame: drawing.frame, x: this.#last.x, y: this.#last.y }
    drawing.commit(drawing.edit.mode === 'add' ? 'Paint' : 'Erase')
  }

  hover(sample: PointerSample | undefined): void {
    this.#pointer = sample
    this.#host.redraw()
  }

  cancel(): void {
    this.#drawing?.cancel()
    this.#drawing = undefined
  }

  leave(): void {
    this.up()
  }

  perform(command: StageCommand): boolean {
    if (this.#drawing === undefined) return false
    if (command.name === 'giveUp') this.cancel()
    else if (command.name === 'finish') this.up()
    else return false
    return true
  }

  draw(context: CanvasRenderingContext2D): void {
    const sample = this.#pointer
    if (sample === undefined) return
    const { view, density } = this.#host
    const { x, y } = toCanvas(view, sample.x, sample.y)
    const pressed = this.#drawing !== undefined
    const radius =
      brushRadius(this.#host.brushSize, pressed ? this.#pressure(sample) : undefined) * view.scale
    if (2 * radius < SMALLEST_CIRCLE * density) return
    const erasing = pressed ? this.#drawing?.edit.mode === 'subtract' : this.#isErasing(sample)
    const circle = (r: number, width: number, style: string) => {
      context.beginPath()
      context.arc(x, y, r, 0, 2 * Math.PI)
      context.lineWidth = width * density
      context.strokeStyle = style
      context.stroke()
    }
    circle(radius, 3, 'rgba(0, 0, 0, 0.6)')
    context.setLineDash(erasing ? [5 * density, 4 * density] : [])
    circle(radius, 1.25, '#ffffff')
    context.setLineDash([])
    context.fillStyle = 'rgba(0, 0, 0, 0.6)'
    context.fillRect(x - 2 * density, y - 2 * density, 4 * density, 4 * density)
    context.fillStyle = this.#host.colourOf(this.#host.object)
    context.fillRect(x - density, y - density, 2 * density, 2 * density)
  }

  #isErasing(sample: PointerSample): boolean {
    return sample.eraser || this.#erases !== sample.alt
  }

  #pressure(sample: PointerSample): number | undefined {
    return this.#host.penPressure ? sample.pressure : undefined
  }

  #dab(sample: PointerSample): Dab {
    return {
      x: sample.x,
      y: sample.y,
      radius: brushRadius(this.#host.brushSize, this.#pressure(sample)),
    }
  }
}
