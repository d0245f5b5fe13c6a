import { type HeatScale, heatPixels } from '../../../model/heat-map.ts'
import type { Patches } from './geometry.ts'

/** A heat map as a picture of one pixel per patch, made anew only when its numbers are others. */
export class HeatLayer {
  #made: HTMLCanvasElement | undefined
  #shown: { readonly values: Float32Array; readonly scale: HeatScale } | undefined

  /**
   * Draws it over a picture.
   * @param left, top, width, height where the picture lies on the canvas
   * @param opacity 0 to 1
   */
  draw(
    context: CanvasRenderingContext2D,
    heat: { readonly values: Float32Array; readonly scale: HeatScale },
    { rows, columns }: Patches,
    place: { left: number; top: number; width: number; height: number },
    opacity: number,
  ): void {
    this.#made ??= document.createElement('canvas')
    const canvas = this.#made
    const { low, high } = heat.scale
    const before = this.#shown
    if (before?.values !== heat.values || before.scale.low !== low || before.scale.high !== high) {
      canvas.width = columns
      canvas.height = rows
      const pixels = new ImageData(heatPixels(heat.values, heat.scale), columns, rows)
      canvas.getContext('2d')!.putImageData(pixels, 0, 0)
      this.#shown = heat
    }
    context.save()
    context.globalAlpha = opacity
    // Patches have edges: what lies between two of them was not computed.
    context.imageSmoothingEnabled = false
    context.drawImage(canvas, place.left, place.top, place.width, place.height)
    context.restore()
  }
}
