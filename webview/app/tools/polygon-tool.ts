import { fillPolygon, type Point } from '../masks/index.ts'
import { toCanvas } from '../stage/view.ts'
import type { StageCommand } from '../stage-port.ts'
import { t } from '../texts.ts'
import type { CanvasTool, PointerSample, ToolHost } from './canvas-tool.ts'
import { Drawing } from './drawing.ts'
import type { Outline } from './unfinished.ts'

/** CSS pixels around the first corner in which a click closes the polygon. */
const CLOSING_REACH = 10

/** Polygons that add to the mask, or take away from it with Shift or Alt. */
export class PolygonTool implements CanvasTool {
  readonly cursor = 'crosshair'
  readonly #host: ToolHost
  #pointer: PointerSample | undefined

  constructor(host: ToolHost) {
    this.#host = host
  }

  down(sample: PointerSample): boolean {
    this.#pointer = sample
    if (sample.secondary) return false
    const subtract = sample.shift || sample.alt
    const outline = this.#here()
    if (outline === undefined) {
      const { frame, object } = this.#host
      if (!this.#host.canDraw(object)) return false
      this.#replace(undefined, { frame, objectId: object?.id, corners: [at(sample)], subtract })
    } else if (this.#closes(outline, sample)) this.#close(outline, subtract)
    else if (sample.clicks < 2) this.#change(outline, [...outline.corners, at(sample)])
    else this.#close(outline, subtract)
    this.#host.redraw()
    return true
  }

  drag(samples: readonly PointerSample[]): void {
    this.hover(samples.at(-1))
  }

  up(): void {}

  hover(sample: PointerSample | undefined): void {
    this.#pointer = sample
    this.#host.redraw()
  }

  cancel(): void {}

  leave(): void {
    this.#host.redraw()
  }

  perform(command: StageCommand): boolean {
    const outline = this.#here()
    if (outline === undefined) return false
    if (command.name === 'finish') this.#close(outline, false)
    else if (command.name === 'giveUp') this.#replace(outline, undefined)
    else if (command.name === 'removePoint') this.#change(outline, outline.corners.slice(0, -1))
    else return false
    this.#host.redraw()
    return true
  }

  draw(context: CanvasRenderingContext2D): void {
    const outline = this.#here()
    if (outline === undefined) return
    const { view, density } = this.#host
    const corners = outline.corners.map(({ x, y }) => toCanvas(view, x, y))
    const pointer = this.#pointer
    const closing = pointer !== undefined && this.#closes(outline, pointer)
    const subtract = outline.subtract || pointer?.shift === true || pointer?.alt === true
    const path = new Path2D()
    for (const { x, y } of corners) path.lineTo(x, y)
    if (closing) path.closePath()
    else if (pointer !== undefined) {
      const tip = toCanvas(view, pointer.x, pointer.y)
      path.lineTo(tip.x, tip.y)
    }
    context.globalAlpha = 0.2
    context.fillStyle = subtract ? '#000000' : this.#host.colourOf(this.#host.object)
    context.fill(path, 'evenodd')
    context.globalAlpha = 1
    context.lineJoin = 'round'
    context.strokeStyle = 'rgba(0, 0, 0, 0.65)'
    context.lineWidth = 3.5 * density
    context.stroke(path)
    context.strokeStyle = '#ffffff'
    context.lineWidth = 1.5 * density
    context.setLineDash(subtract ? [5 * density, 4 * density] : [])
    context.stroke(path)
    context.setLineDash([])
    for (const [i, { x, y }] of corners.entries()) {
      const size = (i === 0 && closing ? 5.5 : 3.5) * density
      context.fillStyle = i === 0 && closing ? this.#host.colourOf(this.#host.object) : '#ffffff'
      context.strokeStyle = 'rgba(0, 0, 0, 0.65)'
      context.lineWidth = 1.5 * density
      context.beginPath()
      if (i === 0) context.arc(x, y, size + density, 0, 2 * Math.PI)
      else context.rect(x - size, y - size, 2 * size, 2 * size)
      context.fill()
      context.stroke()
    }
  }

  /** The unfinished polygon of the frame on screen and the object that is worked on. */
  #here(): Outline | undefined {
    const { frame, object, unfinished } = this.#host
    const there = unfinished.outlines.filter((outline) => outline.frame === frame)
    // What was begun before there was any object goes to the first one that is worked on.
    return (
      there.find(({ objectId }) => objectId === object?.id) ??
      there.find(({ objectId }) => objectId === undefined)
    )
  }

  #change(outline: Outline, corners: readonly Point[]): void {
    const changed = { ...outline, objectId: this.#host.object?.id, corners }
    this.#replace(outline, corners.length === 0 ? undefined : changed)
  }

  #replace(before: Outline | undefined, after: Outline | undefined): void {
    const { unfinished } = this.#host
    const others = unfinished.outlines.filter((outline) => outline !== before)
    this.#host.unfinished = { ...unfinished, outlines: after === undefined ? others : [...others, after] }
  }

  #closes({ corners }: Outline, { x, y }: Point): boolean {
    const first = corners[0]!
    const reach = (CLOSING_REACH * this.#host.density) / this.#host.view.scale
    return corners.length >= 3 && Math.hypot(first.x - x, first.y - y) <= reach
  }

  #close(outline: Outline, subtract: boolean): void {
    if (outline.corners.length < 3) {
      this.#host.hint(t('A polygon needs three corners.'))
      return
    }
    const taking = outline.subtract || subtract
    const drawing = Drawing.begin(this.#host, taking ? 'subtract' : 'add')
    if (drawing === undefined) return
    this.#replace(outline, undefined)
    fillPolygon(outline.corners, drawing.edit.span)
    this.#host.updateLive()
    drawing.commit(taking ? 'Subtract polygon' : 'Add polygon', () => {
      this.#replace(undefined, outline)
      this.#host.redraw()
    })
  }
}

function at({ x, y }: Point): Point {
  return { x, y }
}
