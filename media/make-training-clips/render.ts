import type { Outline } from './outline.ts'
import type { Surface } from './surface.ts'

/** Where a layer is at one moment. */
export interface Placement {
  /** Pixels of the frame that it may touch. */
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
  /** Pixels of the frame per pixel of the layer. */
  readonly scale: number
  /** Brightness of its surface, 1 as painted. */
  readonly light: number
  /** Writes the place on the layer that is seen at `x, y` of the frame to `out`. Must be smooth. */
  locate(x: number, y: number, out: Float64Array): void
}

/** A surface cut along an outline. */
export interface Layer {
  readonly surface: Surface
  /** Place on the surface of the layer's 0, 0. */
  readonly origin: readonly [x: number, y: number]
  /** Undefined: covers everything. */
  readonly outline: Outline | undefined
  /** Darker towards the edge, as round things are: within `depth` pixels by up to `strength`. */
  readonly rim: { readonly depth: number; readonly strength: number }
  place(time: number): Placement
}

export interface Shadow {
  readonly dx: number
  readonly dy: number
  /** Half width of its edge in pixels. */
  readonly softness: number
  /** 0..1 */
  readonly strength: number
}

/** Layers that belong together: shadows first, then the layers in their order. */
export interface Thing {
  /** Index in the mask; 0 for what is not an object. */
  readonly label: number
  readonly layers: readonly Layer[]
  readonly shadow: Shadow | undefined
}

/** Everything in a clip, far to near. */
export interface Stage {
  readonly width: number
  readonly height: number
  readonly things: readonly Thing[]
  /** Share of the time between two frames that the shutter is open. */
  readonly shutter: number
  /** Light at a place and time, 1 as painted. Must be smooth. */
  light(x: number, y: number, time: number): number
  /** Deviation of the sensor's noise, in 255ths. */
  readonly noise: number
  /** Start of the noise, so that it differs from clip to clip. */
  readonly noiseSeed: number
}

/** Positions are exact at the corners of cells of this many pixels and run straight between them. */
const CELL = 8
/** Four looks per frame (rotated grid), spread over the exposure: edges without steps, and motion blur. */
const LOOKS = [
  [-0.375, -0.125],
  [0.125, -0.375],
  [0.375, 0.125],
  [-0.125, 0.375],
] as const

/** Pixels `start` to before `end` of a row; `u, v` is the place on the layer of the first, the steps lead to the next. */
type Span = (start: number, end: number, u: number, v: number, stepU: number, stepV: number) => void

/** Draws the frames of a stage. Keeps its buffers: one painter per clip. */
export class Painter {
  readonly #stage: Stage
  readonly #look: Float32Array
  readonly #sum: Float32Array
  readonly #labels: Uint8Array
  readonly #rgb: Uint8ClampedArray
  readonly #nodes: Float64Array

  constructor(stage: Stage) {
    this.#stage = stage
    const pixels = stage.width * stage.height
    this.#look = new Float32Array(pixels * 3)
    this.#sum = new Float32Array(pixels * 3)
    this.#labels = new Uint8Array(pixels)
    this.#rgb = new Uint8ClampedArray(pixels * 3)
    this.#nodes = new Float64Array(
      2 * (Math.ceil(stage.width / CELL) + 2) * (Math.ceil(stage.height / CELL) + 2),
    )
  }

  /** @returns RGB, height x width x 3; overwritten by the next frame */
  frame(time: number): Uint8Array {
    const { things, shutter } = this.#stage
    this.#sum.fill(0)
    for (const [index, [dx, dy]] of LOOKS.entries()) {
      const moment = time + (shutter * (index - 1.5)) / LOOKS.length
      for (const { layers, shadow } of things) {
        if (shadow) for (const layer of layers) this.#castShadow(layer, shadow, moment, dx, dy)
        for (const layer of layers) this.#paint(layer, moment, dx, dy)
      }
      for (let i = 0; i < this.#sum.length; i++) this.#sum[i]! += this.#look[i]!
    }
    this.#expose(time)
    return new Uint8Array(this.#rgb.buffer)
  }

  /** @returns the label of the nearest thing at the centre of every pixel in the middle of the exposure; overwritten by the next call */
  labels(time: number): Uint8Array {
    for (const { label, layers } of this.#stage.things)
      for (const layer of layers)
        this.#visit(layer, layer.place(time), 0, 0, 0, (start, end, firstU, firstV, stepU, stepV) => {
          for (let at = start, u = firstU, v = firstV; at < end; at++, u += stepU, v += stepV)
            if (layer.outline === undefined || distanceAt(layer.outline, u, v) < 0) this.#labels[at] = label
        })
    return this.#labels
  }

  #paint(layer: Layer, time: number, dx: number, dy: number): void {
    const placement = layer.place(time)
    const look = this.#look
    const { surface, outline } = layer
    const { data, width, height } = surface
    const [originX, originY] = layer.origin
    const { depth, strength } = layer.rim
    const { scale, light } = placement
    const [lastX, lastY] = [width - 1, height - 1]
    this.#visit(layer, placement, dx, dy, 1, (start, end, firstU, firstV, stepU, stepV) => {
      for (let at = start, u = firstU, v = firstV; at < end; at++, u += stepU, v += stepV) {
        let cover = 1
        let shade = light
        if (outline !== undefined) {
          const distance = distanceAt(outline, u, v)
          cover = 0.5 - distance * scale
          if (cover <= 0) continue
          if (cover > 1) cover = 1
          const rim = 1 + distance / depth
          if (rim > 0) shade *= 1 - strength * (rim > 1 ? 1 : rim * rim)
        }
        // Beyond its edge a surface goes on as in a mirror.
        let x = Math.abs(u + originX)
        if (x > lastX) x = mirrored(x, lastX)
        let y = Math.abs(v + originY)
        if (y > lastY) y = mirrored(y, lastY)
        let ix = x | 0
        if (ix >= lastX) ix = lastX - 1
        let iy = y | 0
        if (iy >= lastY) iy = lastY - 1
        const fx = x - ix
        const fy = y - iy
        const a = (iy * width + ix) * 4
        const b = a + width * 4
        const w11 = fx * fy * shade
        const w10 = fy * shade - w11
        const w01 = fx * shade - w11
        const w00 = shade - w01 - w10 - w11
        const red = data[a]! * w00 + data[a + 4]! * w01 + data[b]! * w10 + data[b + 4]! * w11
        const green = data[a + 1]! * w00 + data[a + 5]! * w01 + data[b + 1]! * w10 + data[b + 5]! * w11
        const blue = data[a + 2]! * w00 + data[a + 6]! * w01 + data[b + 2]! * w10 + data[b + 6]! * w11
        const out = at * 3
        if (cover === 1) {
          look[out] = red
          look[out + 1] = green
          look[out + 2] = blue
        } else {
          look[out]! += (red - look[out]!) * cover
          look[out + 1]! += (green - look[out + 1]!) * cover
          look[out + 2]! += (blue - look[out + 2]!) * cover
        }
      }
    })
  }

  #castShadow(layer: Layer, shadow: Shadow, time: number, dx: number, dy: number): void {
    const { outline } = layer
    if (outline === undefined) return
    const look = this.#look
    const placement = layer.place(time)
    const moved: Placement = {
      ...placement,
      left: placement.left + shadow.dx - shadow.softness,
      right: placement.right + shadow.dx + shadow.softness,
      top: placement.top + shadow.dy - shadow.softness,
      bottom: placement.bottom + shadow.dy + shadow.softness,
      locate: (x, y, out) => placement.locate(x - shadow.dx, y - shadow.dy, out),
    }
    const reach = shadow.softness / placement.scale
    this.#visit(layer, moved, dx, dy, shadow.softness, (start, end, firstU, firstV, stepU, stepV) => {
      for (let at = start, u = firstU, v = firstV; at < end; at++, u += stepU, v += stepV) {
        let deep = 0.5 - distanceAt(outline, u, v) / (2 * reach)
        if (deep <= 0) continue
        if (deep > 1) deep = 1
        const keep = 1 - shadow.strength * deep * deep * (3 - 2 * deep)
        const out = at * 3
        look[out]! *= keep
        look[out + 1]! *= keep
        look[out + 2]! *= keep
      }
    })
  }

  /**
   * Calls `visitor` for every short row of pixels that the layer may touch.
   * @param border pixels around the outline that matter, too
   */
  #visit(layer: Layer, placement: Placement, dx: number, dy: number, border: number, visitor: Span): void {
    const { width, height } = this.#stage
    const firstX = Math.max(0, Math.floor(placement.left / CELL))
    const firstY = Math.max(0, Math.floor(placement.top / CELL))
    const endX = Math.min(Math.ceil(width / CELL), Math.floor(placement.right / CELL) + 1)
    const endY = Math.min(Math.ceil(height / CELL), Math.floor(placement.bottom / CELL) + 1)
    if (endX <= firstX || endY <= firstY) return
    const columns = endX - firstX + 1
    const nodes = this.#nodes
    const place = new Float64Array(2)
    for (let row = firstY, i = 0; row <= endY; row++)
      for (let column = firstX; column <= endX; column++, i += 2) {
        placement.locate(column * CELL + dx, row * CELL + dy, place)
        nodes[i] = place[0]!
        nodes[i + 1] = place[1]!
      }
    // No edge within a cell whose middle is farther away than its corners are.
    const far = (CELL * 0.75 + border + 1) / placement.scale
    for (let row = firstY; row < endY; row++)
      for (let column = firstX; column < endX; column++) {
        const a = 2 * ((row - firstY) * columns + column - firstX)
        const c = a + 2 * columns
        const [u00, v00, u10, v10] = [nodes[a]!, nodes[a + 1]!, nodes[a + 2]!, nodes[a + 3]!]
        const [u01, v01, u11, v11] = [nodes[c]!, nodes[c + 1]!, nodes[c + 2]!, nodes[c + 3]!]
        if (
          layer.outline !== undefined &&
          distanceAt(layer.outline, (u00 + u10 + u01 + u11) / 4, (v00 + v10 + v01 + v11) / 4) > far * 1.5
        )
          continue
        const endPixelX = Math.min(width, (column + 1) * CELL)
        const endPixelY = Math.min(height, (row + 1) * CELL)
        for (let y = row * CELL; y < endPixelY; y++) {
          const t = (y - row * CELL) / CELL
          const u = u00 + (u01 - u00) * t
          const v = v00 + (v01 - v00) * t
          const stepU = (u10 + (u11 - u10) * t - u) / CELL
          const stepV = (v10 + (v11 - v10) * t - v) / CELL
          const start = y * width + column * CELL
          visitor(start, start + endPixelX - column * CELL, u, v, stepU, stepV)
        }
      }
  }

  /** Light, sensor noise, rounding. */
  #expose(time: number): void {
    const { width, height, light, noise, noiseSeed } = this.#stage
    const rgb = this.#rgb
    const sum = this.#sum
    let at = (Math.imul(Math.round(time * 1000) + noiseSeed, 0x9e3779b1) >>> 0) % NOISE.length
    for (let y = 0; y < height; y++) {
      // A stride without pattern: rows must not repeat one another's noise.
      at = (at + 104_729) % NOISE.length
      for (let start = 0; start < width; start += CELL) {
        const from = light(start, y, time) / LOOKS.length
        const slope = (light(start + CELL, y, time) / LOOKS.length - from) / CELL
        const end = Math.min(width, start + CELL)
        for (let x = start; x < end; x++) {
          const gain = from + slope * (x - start)
          const i = (y * width + x) * 3
          for (let c = 0; c < 3; c++) {
            if (++at >= NOISE.length) at = 0
            rgb[i + c] = sum[i + c]! * gain + noise * NOISE[at]!
          }
        }
      }
    }
  }
}

function mirrored(at: number, last: number): number {
  const there = at % (2 * last)
  return there > last ? 2 * last - there : there
}

/** About normal values, from a fixed generator. */
const NOISE = (() => {
  const values = new Float32Array((1 << 18) - 5)
  let state = 1
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 4294967296
  }
  for (let i = 0; i < values.length; i++) values[i] = (next() + next() + next() + next() - 2) * 1.732
  return values
})()

/** The outline's distance at a place, straight between the values of its grid. */
export function distanceAt(
  { left, top, step, columns, rows, values }: Outline,
  u: number,
  v: number,
): number {
  let x = (u - left) / step
  let y = (v - top) / step
  x = x < 0 ? 0 : x > columns - 1.001 ? columns - 1.001 : x
  y = y < 0 ? 0 : y > rows - 1.001 ? rows - 1.001 : y
  const ix = x | 0
  const iy = y | 0
  const fx = x - ix
  const fy = y - iy
  const at = iy * columns + ix
  const upper = values[at]! + (values[at + 1]! - values[at]!) * fx
  const lower = values[at + columns]! + (values[at + columns + 1]! - values[at + columns]!) * fx
  return upper + (lower - upper) * fy
}
