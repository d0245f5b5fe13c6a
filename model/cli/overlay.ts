import { drawCaption } from './overlay-caption.ts'
import { type Canvas, drawLine, drawRing } from './overlay-marks.ts'
import type { OverlayColour } from './overlay-palette.ts'

export { overlayColour } from './overlay-palette.ts'

export interface OverlayKeypoint {
  /** Pixels; 0, 0 is the centre of the first. */
  x: number
  y: number
  visibility: 'visible' | 'occluded' | 'absent'
}

export interface OverlayLayers {
  /** height x width object ids, row-major; 0 is left as it is. */
  labels?: Uint8Array
  /** Keypoints of each object that has some. */
  keypoints?: readonly (readonly OverlayKeypoint[])[]
  /** Pairs of keypoint indices joined by a line, for the same entry of `keypoints`. */
  skeletons?: readonly (readonly (readonly [number, number])[])[]
  /** Object id of each entry of `keypoints`; 1, 2, ... when left out. */
  keypointIds?: readonly number[]
  /** Usually {@link overlayColour}. */
  colourOf: (id: number) => OverlayColour
  /** One line in the upper left corner. */
  caption?: string
  /** Of the tint inside a mask, 0..1; 0.5 when left out. The outline is always opaque. */
  opacity?: number
}

const DARK: OverlayColour = [12, 12, 16]

/**
 * Draws marks over a frame: masks as a tint with a crisp outline in the full colour (2 pixels up to 720 rows),
 * skeletons as lines, visible keypoints as discs and occluded ones as rings, both with a dark rim, and a caption.
 * Absent keypoints and their lines are not drawn.
 * @param frame RGB24, row-major; it is not changed
 * @returns a new RGB24 picture of the same size
 * @throws RangeError when the frame or the labels do not fit the size
 */
export function drawOverlay(
  frame: { width: number; height: number; data: Uint8Array },
  layers: OverlayLayers,
): Uint8Array {
  const { width, height } = frame
  if (frame.data.length !== width * height * 3)
    throw new RangeError(`A frame of ${frame.data.length} bytes is not ${width}x${height} RGB`)
  const canvas: Canvas = { width, height, data: frame.data.slice() }
  if (layers.labels) {
    if (layers.labels.length !== width * height)
      throw new RangeError(`${layers.labels.length} labels do not fill ${width}x${height} pixels`)
    drawMasks(canvas, layers.labels, layers.colourOf, layers.opacity ?? 0.5)
  }
  layers.keypoints?.forEach((points, index) => {
    const colour = layers.colourOf(layers.keypointIds?.[index] ?? index + 1)
    drawKeypoints(canvas, points, layers.skeletons?.[index] ?? [], colour)
  })
  if (layers.caption) drawCaption(canvas, layers.caption, Math.max(1, Math.round(height / 220)))
  return canvas.data
}

function drawMasks(
  { width, height, data }: Canvas,
  labels: Uint8Array,
  colourOf: OverlayLayers['colourOf'],
  opacity: number,
): void {
  const reach = Math.max(2, Math.round(height / 360))
  const disc = discOffsets(reach, width)
  const colours: (OverlayColour | undefined)[] = []
  const kept = Float32Array.from({ length: 256 }, (_, value) => value * (1 - opacity) + 0.5)
  for (let y = 0, i = 0; y < height; y++) {
    const innerRow = y >= reach && y < height - reach
    for (let x = 0; x < width; x++, i++) {
      const id = labels[i]!
      if (id === 0) continue
      colours[id] ??= colourOf(id)
      const colour = colours[id]
      const inner = innerRow && x >= reach && x < width - reach
      const onEdge = inner
        ? hasOther(labels, i, id, disc.steps)
        : edgeNearBorder(labels, width, height, x, y, disc.offsets)
      const at = i * 3
      if (onEdge) {
        data[at] = colour[0]
        data[at + 1] = colour[1]
        data[at + 2] = colour[2]
      } else {
        data[at] = kept[data[at]!]! + opacity * colour[0]
        data[at + 1] = kept[data[at + 1]!]! + opacity * colour[1]
        data[at + 2] = kept[data[at + 2]!]! + opacity * colour[2]
      }
    }
  }
}

function hasOther(labels: Uint8Array, i: number, id: number, steps: Int32Array): boolean {
  for (let k = 0; k < steps.length; k++) if (labels[i + steps[k]!] !== id) return true
  return false
}

/** The border of the picture is no edge of an object: beyond it nothing is known. */
function edgeNearBorder(
  labels: Uint8Array,
  width: number,
  height: number,
  x: number,
  y: number,
  offsets: readonly [number, number][],
): boolean {
  const id = labels[y * width + x]
  return offsets.some(([dx, dy]) => {
    const nx = x + dx
    const ny = y + dy
    return nx >= 0 && ny >= 0 && nx < width && ny < height && labels[ny * width + nx] !== id
  })
}

/** Neighbours within a disc, nearest first, because edges are mostly found close by. */
function discOffsets(radius: number, width: number): { offsets: [number, number][]; steps: Int32Array } {
  const offsets: [number, number][] = []
  for (let dy = -radius; dy <= radius; dy++)
    for (let dx = -radius; dx <= radius; dx++)
      if ((dx !== 0 || dy !== 0) && dx * dx + dy * dy <= radius * radius) offsets.push([dx, dy])
  offsets.sort((a, b) => a[0] ** 2 + a[1] ** 2 - b[0] ** 2 - b[1] ** 2)
  return { offsets, steps: Int32Array.from(offsets, ([dx, dy]) => dy * width + dx) }
}

function drawKeypoints(
  canvas: Canvas,
  points: readonly OverlayKeypoint[],
  skeleton: readonly (readonly [number, number])[],
  colour: OverlayColour,
): void {
  const radius = Math.max(3, canvas.height / 110)
  const rim = Math.max(1, radius * 0.35)
  const bones = skeleton.flatMap(([a, b]) => {
    const from = points[a]
    const to = points[b]
    if (!from || !to || from.visibility === 'absent' || to.visibility === 'absent') return []
    return [{ from, to, alpha: from.visibility === 'visible' && to.visibility === 'visible' ? 1 : 0.45 }]
  })
  for (const { from, to, alpha } of bones)
    drawLine(canvas, from, to, radius * 0.6 + 2 * rim, DARK, 0.6 * alpha)
  for (const { from, to, alpha } of bones) drawLine(canvas, from, to, radius * 0.6, colour, alpha)
  for (const { x, y, visibility } of points) {
    if (visibility === 'absent') continue
    drawRing(canvas, x, y, 0, radius + rim, DARK, visibility === 'visible' ? 0.9 : 0.55)
    drawRing(canvas, x, y, visibility === 'visible' ? 0 : radius * 0.55, radius, colour)
  }
}
