import { clamp01, gradientNoise, mix, octaves, seededRandom, smoothstep } from './noise.ts'
import { blend, blurred, type Colour, Picture, scaled } from './picture.ts'

/** Where the bed's picture lies in the world (pixels of the video at zoom 1) and how fine it is. */
export const BED = { left: -130, top: -110, width: 900, height: 580, detail: 1.5 }

const STONE_COLOURS: Colour[] = [
  [0.25, 0.24, 0.21],
  [0.2, 0.16, 0.11],
  [0.36, 0.31, 0.22],
  [0.11, 0.12, 0.13],
  [0.44, 0.42, 0.37],
  [0.17, 0.18, 0.12],
  [0.28, 0.2, 0.15],
  [0.15, 0.16, 0.17],
]

/** Layers of stones from the bottom up: distance between stones in pixels, share of places that hold one. */
const STONE_LAYERS = [
  { spacing: 8, share: 1, lift: 0.6 },
  { spacing: 15, share: 0.75, lift: 1.3 },
  { spacing: 27, share: 0.5, lift: 2.2 },
  { spacing: 58, share: 0.36, lift: 4.2 },
]

/** The bed of the pond: sand, pebbles and stones lit from the upper left, with moss in places. */
export function paintBed(seed: number): Picture {
  const { left, top, detail } = BED
  const width = Math.round(BED.width * detail)
  const height = Math.round(BED.height * detail)
  const picture = new Picture(width, height)
  const heights = new Float32Array(width * height)
  const rough = gradientNoise(seed)
  const layers = STONE_LAYERS.map((layer, i) => ({
    ...layer,
    find: stoneField(seed + 10 * i, layer.spacing, layer.share),
  }))
  for (let py = 0; py < height; py++)
    for (let px = 0; px < width; px++) {
      const x = left + px / detail
      const y = top + py / detail
      let tall = 0.5 * octaves(rough, x / 40, y / 40, 4)
      let colour = blend([0.2, 0.17, 0.11], [0.3, 0.26, 0.18], 0.5 + 0.5 * octaves(rough, x / 7, y / 7, 3))
      for (const { find, lift } of layers) {
        const wobble = 0.16 * rough(x / lift / 3, y / lift / 3)
        const stone = find(x, y, wobble)
        if (stone.distance >= 1) continue
        const dome = Math.sqrt(1 - stone.distance * stone.distance)
        // A stone hides the relief of what lies under it, except for a trace that makes it uneven.
        const own =
          1.1 * lift * (0.45 + 0.75 * dome) +
          0.25 * lift * octaves(rough, x / lift / 5 + 60 * stone.key, y / lift / 5, 3)
        tall = mix(tall, own + 0.06 * tall, smoothstep(1, 0.93, stone.distance))
        const grain = octaves(rough, x / 3.1 + stone.key * 9, y / 3.1, 3)
        const vein =
          stone.key > 0.6 ? smoothstep(0.08, 0, Math.abs(rough(x / 13 + stone.key * 50, y / 13))) : 0
        const tint = STONE_COLOURS[Math.floor(stone.key * 997) % STONE_COLOURS.length]!
        const bright = 0.72 + 0.55 * ((stone.key * 31.7) % 1) + 0.28 * grain + 0.35 * vein
        colour = blend(colour, scaled(tint, bright), smoothstep(1, 0.94, stone.distance))
      }
      const moss =
        smoothstep(0.1, 0.55, octaves(rough, x / 95 + 5, y / 95, 3)) * (0.6 + 0.4 * rough(x / 4, y / 4))
      colour = blend(colour, [0.085, 0.13, 0.035], 0.62 * clamp01(moss))
      heights[py * width + px] = tall + 0.12 * rough(x / 1.7, y / 1.7)
      picture.set(px, py, colour)
    }
  shadeRelief(picture, heights, detail)
  return picture
}

interface Stone {
  /** 0 in the middle of the stone, 1 at its edge. */
  distance: number
  /** A number in 0..1 that belongs to the stone. */
  key: number
}

/** Stones scattered over the plane on a jittered grid: each an ellipse of its own size and turn. */
function stoneField(seed: number, spacing: number, share: number) {
  const found: Stone = { distance: 1, key: 0 }
  return (x: number, y: number, wobble: number): Stone => {
    found.distance = 9
    const cellX = Math.floor(x / spacing)
    const cellY = Math.floor(y / spacing)
    for (let cy = cellY - 1; cy <= cellY + 1; cy++)
      for (let cx = cellX - 1; cx <= cellX + 1; cx++) {
        const key = cellHash(seed, cx, cy)
        if ((key * 7.31) % 1 > share) continue
        const dx = x / spacing - cx - 0.2 - 0.6 * ((key * 53.7) % 1)
        const dy = y / spacing - cy - 0.2 - 0.6 * ((key * 91.3) % 1)
        const turn = key * 40
        const long = 0.42 + 0.24 * ((key * 17.9) % 1)
        const wide = long * (0.62 + 0.36 * ((key * 29.1) % 1))
        const a = (dx * Math.cos(turn) + dy * Math.sin(turn)) / long
        const b = (dy * Math.cos(turn) - dx * Math.sin(turn)) / wide
        // Between a circle and a square, so that stones are not all eggs.
        const distance = (a * a * a * a + b * b * b * b + 1.2 * a * a * b * b) ** 0.25 * (1 + wobble)
        if (distance < found.distance) {
          found.distance = distance
          found.key = key
        }
      }
    return found
  }
}

function cellHash(seed: number, x: number, y: number): number {
  let h = Math.imul(x, 374761393) ^ Math.imul(y, 668265263) ^ Math.imul(seed, 2246822519)
  h = Math.imul(h ^ (h >>> 13), 1274126177)
  h = Math.imul(h ^ (h >>> 16), 2246822519)
  return ((h ^ (h >>> 15)) >>> 0) / 4294967296
}

/** Light from the upper left, and darkness between the stones (what lies below its surroundings sees less sky). */
function shadeRelief(picture: Picture, heights: Float32Array, detail: number): void {
  const { width, height, data } = picture
  const near = blurred(heights, width, height, Math.round(4 * detail))
  const wide = blurred(heights, width, height, Math.round(13 * detail))
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const i = y * width + x
      const tall = heights[i]!
      const slopeX = (heights[i + (x + 1 < width ? 1 : 0)]! - heights[i - (x > 0 ? 1 : 0)]!) * 0.5 * detail
      const slopeY =
        (heights[y + 1 < height ? i + width : i]! - heights[y > 0 ? i - width : i]!) * 0.5 * detail
      const length = Math.sqrt(slopeX * slopeX + slopeY * slopeY + 1)
      const lambert = Math.max(0, (0.42 * slopeX + 0.52 * slopeY + 0.74) / length)
      const open = clamp01(0.8 + 0.2 * (tall - near[i]!)) * clamp01(0.85 + 0.11 * (tall - wide[i]!))
      const light = (0.24 + 1.05 * lambert) * open * open
      for (let channel = 0; channel < 3; channel++) data[i * 4 + channel] = data[i * 4 + channel]! * light
    }
}

/** The net of light that waves throw on the ground, on a coarse grid over the world. */
export class Caustics {
  private readonly noise = gradientNoise(77)
  private readonly columns = Math.ceil(BED.width / 2)
  private readonly rows = Math.ceil(BED.height / 2)
  private readonly light = new Float32Array(this.columns * this.rows)

  /** Computes the light at one moment. @param seconds since the start of the clip */
  update(seconds: number): void {
    const { noise } = this
    for (let row = 0, i = 0; row < this.rows; row++)
      for (let column = 0; column < this.columns; column++, i++) {
        const x = column * 2
        const y = row * 2
        const bend = noise(x / 90, y / 90, seconds * 0.5)
        const one = 1 - Math.abs(noise(x / 47 + bend, y / 41 - bend, seconds * 0.9))
        const two = 1 - Math.abs(noise(x / 33 - bend + 40, y / 37 + bend, seconds * 1.1 + 9))
        const lines = one ** 11 * 0.95 + two ** 13 * 0.6
        this.light[i] = 0.62 + 0.95 * lines + 0.8 * (one * two) ** 9
      }
  }

  /** Brightness at a place of the world, about 0.6 to 2.3. */
  at(x: number, y: number): number {
    const cx = Math.min(Math.max((x - BED.left) / 2, 0), this.columns - 1.001)
    const cy = Math.min(Math.max((y - BED.top) / 2, 0), this.rows - 1.001)
    const ix = Math.floor(cx)
    const iy = Math.floor(cy)
    const i = iy * this.columns + ix
    const { light } = this
    return mix(
      mix(light[i]!, light[i + 1]!, cx - ix),
      mix(light[i + this.columns]!, light[i + this.columns + 1]!, cx - ix),
      cy - iy,
    )
  }
}

/** A lily pad seen from above on a square picture; its rim touches the border. */
export function paintPad(seed: number, size: number): Picture {
  const picture = new Picture(size, size)
  const noise = gradientNoise(seed)
  const random = seededRandom(seed)
  const veins = 15 + Math.floor(random() * 5)
  const radius = size / 2 - 3
  for (let py = 0; py < size; py++)
    for (let px = 0; px < size; px++) {
      const x = (px - size / 2 + 0.5) / radius
      const y = (py - size / 2 + 0.5) / radius
      const far = Math.hypot(x, y)
      const angle = Math.atan2(y, x)
      const rim = 0.96 + 0.03 * noise(Math.cos(angle) * 2 + 7, Math.sin(angle) * 2)
      const edge = far / rim
      const soft = 1.6 / radius
      // The notch opens towards angle 0, a little curved, with rounded lips.
      const notch =
        Math.abs(angle + 0.12 * far) - 0.2 * smoothstep(0.02, 0.5, far) - 0.06 * smoothstep(0.85, 1, edge)
      const alpha =
        smoothstep(1 + soft, 1 - soft, edge) * (far < 0.03 ? 1 : smoothstep(-soft, soft, notch * far))
      if (alpha === 0) continue
      const cell = ((angle + 0.1 * noise(x * 2, y * 2)) / (2 * Math.PI)) * veins
      const off = (Math.abs(cell - Math.round(cell)) * 2 * Math.PI * far) / veins
      const vein = smoothstep(0.022, 0.004, off) * smoothstep(1, 0.55, edge)
      const branch = smoothstep(0.1, 0, Math.abs(noise(x * 9, y * 9))) * 0.28 * smoothstep(0.2, 0.6, far)
      const patch = 0.5 + 0.5 * octaves(noise, x * 2.4, y * 2.4, 4)
      let colour = blend([0.035, 0.12, 0.018], [0.12, 0.27, 0.035], patch)
      colour = blend(colour, [0.2, 0.32, 0.07], 0.45 * vein + branch * 0.6)
      colour = blend(
        colour,
        [0.26, 0.21, 0.05],
        0.6 * smoothstep(0.42, 0.75, octaves(noise, x * 3 + 9, y * 3, 4)),
      )
      colour = blend(colour, [0.2, 0.1, 0.035], 0.75 * smoothstep(0.945, 0.99, edge))
      // Gentle waves of the leaf, higher towards the rim, lit from the upper left.
      const wave = (dx: number, dy: number) =>
        noise((x + dx) * 1.7 + 3, (y + dy) * 1.7) * 0.55 + noise((x + dx) * 7, (y + dy) * 7) * 0.05
      const slope = (wave(0.02, 0) - wave(-0.02, 0) + wave(0, 0.02) - wave(0, -0.02)) / 0.04
      const curl = smoothstep(0.86, 0.97, edge) * (x * -0.6 + y * -0.8) * -0.3
      const light = 0.92 + 0.28 * slope + curl + 0.12 * noise(x * 30, y * 30)
      picture.set(px, py, scaled(colour, Math.max(0.25, light)), alpha)
    }
  return picture
}

/** A water lily in bloom seen from above on a square picture. */
export function paintLily(seed: number, size: number): Picture {
  const picture = new Picture(size, size)
  const noise = gradientNoise(seed)
  const rings = [
    { petals: 9, reach: 0.97, turn: 0.1, shade: 0.72 },
    { petals: 8, reach: 0.78, turn: 0.5, shade: 0.86 },
    { petals: 7, reach: 0.56, turn: 0.9, shade: 1 },
  ]
  for (let py = 0; py < size; py++)
    for (let px = 0; px < size; px++) {
      const x = (px + 0.5) / (size / 2) - 1
      const y = (py + 0.5) / (size / 2) - 1
      const far = Math.hypot(x, y)
      const angle = Math.atan2(y, x)
      let colour: Colour = [0, 0, 0]
      let alpha = 0
      for (const { petals, reach, turn, shade } of rings) {
        const cell = ((angle + turn) / (2 * Math.PI)) * petals
        const off = cell - Math.round(cell)
        const along = far / (reach * (1 + 0.06 * noise(Math.round(cell) * 3.7, turn * 9)))
        const half = 0.62 * Math.sqrt(Math.max(0, 1 - along ** 3)) * (0.55 + 0.45 * along)
        const cover = smoothstep(half, half - 0.09, Math.abs(off)) * smoothstep(1, 0.97, along)
        const groove =
          1 - 0.2 * smoothstep(0.1, 0, Math.abs(off)) - 0.35 * smoothstep(half - 0.25, half, Math.abs(off))
        const tip = blend([0.78, 0.62, 0.64], [0.78, 0.24, 0.38], smoothstep(0.35, 1, along))
        const lit = shade * groove * (0.9 - 0.16 * (x + y)) * (0.55 + 0.45 * smoothstep(0, 0.5, along))
        colour = blend(colour, scaled(tip, lit), cover)
        alpha = Math.max(alpha, cover)
      }
      const heart = smoothstep(0.24, 0.17, far + 0.03 * noise(Math.cos(angle) * 8, Math.sin(angle) * 8))
      colour = blend(colour, scaled([0.85, 0.5, 0.06], 0.8 + 0.35 * noise(x * 22, y * 22)), heart)
      picture.set(px, py, colour, Math.max(alpha, heart))
    }
  return picture
}
