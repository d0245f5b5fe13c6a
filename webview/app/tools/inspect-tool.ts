import { patchAt, patchSize, percentText } from '../inspect/geometry.ts'
import { HeatLayer } from '../inspect/heat-layer.ts'
import { stageLook } from '../inspect/look.ts'
import { drawMatches, drawPatch } from '../inspect/marks.ts'
import * as inspection from '../inspect/state.ts'
import type { Size } from '../stage/view.ts'
import { toCanvas } from '../stage/view.ts'
import type { StageCommand } from '../stage-port.ts'
import { settings } from '../state.ts'
import { t } from '../texts.ts'
import type { CanvasTool, PointerSample, ToolHost } from './canvas-tool.ts'
import { drawTag } from './tag.ts'

/** Points at patches, and shows where the model finds them and what it looks at. It changes nothing. */
export class InspectTool implements CanvasTool {
  readonly #host: ToolHost
  readonly #heat = new HeatLayer()
  #pointer: PointerSample | undefined

  constructor(host: ToolHost) {
    this.#host = host
  }

  get cursor(): string {
    return inspection.what.peek() === 'correspondence' ? 'crosshair' : 'default'
  }

  /** From patch to patch. */
  get keyStep(): Size | undefined {
    const patches = inspection.network.peek()
    return patches && patchSize(patches, this.#host)
  }

  down(sample: PointerSample): boolean {
    this.#pointer = sample
    if (inspection.what.peek() !== 'correspondence' || !this.#isInside(sample)) return false
    const { frame } = this.#host
    if (frame < 0) return false
    inspection.pin({ frame, x: sample.x, y: sample.y })
    return true
  }

  drag(): void {}

  up(): void {}

  hover(sample: PointerSample | undefined): void {
    this.#pointer = sample
    const { frame } = this.#host
    inspection.pointer.value =
      sample && frame >= 0 && this.#isInside(sample) ? { frame, x: sample.x, y: sample.y } : undefined
    this.#host.redraw()
  }

  cancel(): void {}

  leave(): void {
    // On another frame the pointer is over another picture.
    inspection.pointer.value = undefined
  }

  perform(command: StageCommand): boolean {
    if (command.name !== 'giveUp') return false
    if (!inspection.unpin()) inspection.leaveInspecting()
    return true
  }

  draw(context: CanvasRenderingContext2D): void {
    const look = stageLook.peek()
    if (look === undefined) return
    const { view, width, height, density, font } = this.#host
    const corner = toCanvas(view, 0, 0)
    const place = {
      left: corner.x,
      top: corner.y,
      width: width * view.scale,
      height: height * view.scale,
    }
    if (look.heat) this.#heat.draw(context, look.heat, look.patches, place, settings.peek().heatMapOpacity)
    drawMatches(context, look.matches, look.patches, place, { density, font, labels: true })
    if (look.patch) drawPatch(context, look.patch, look.patches, place, density)
    this.#drawValue(context)
  }

  /** The number under the pointer, where a map lies over the frame. */
  #drawValue(context: CanvasRenderingContext2D): void {
    const sample = this.#pointer
    const look = stageLook.peek()
    if (sample === undefined || !look?.heat || !this.#isInside(sample)) return
    const { row, column } = patchAt(sample, look.patches, this.#host)
    const value = look.heat.values[row * look.patches.columns + column]
    if (value === undefined) return
    const { x, y } = toCanvas(this.#host.view, sample.x, sample.y)
    const text =
      inspection.what.peek() === 'attention'
        ? t('Attention {0}', percentText(value))
        : t('Similarity {0}', value.toFixed(2))
    const { density, font } = this.#host
    drawTag(context, text, x, y, { density, font, colour: '#21918c' })
  }

  #isInside({ x, y }: PointerSample): boolean {
    return x >= 0 && y >= 0 && x < this.#host.width && y < this.#host.height
  }
}
