import type { Dice } from './dice.ts'
import { fractal, hashed } from './fields.ts'
import type { Palette, Tone } from './palette.ts'
import { Surface } from './surface.ts'

/** Draws a texture of `width` x `height`; `unit` is the number of pixels of one 256th of the frame. */
type Texture = (surface: Surface, dice: Dice, palette: Palette, unit: number) => void

/** How often each kind appears on an object, and on a background. */
const KINDS: readonly (readonly [object: number, backdrop: number, Texture])[] = [
  [3, 3, clouds],
  [1.5, 1.5, grain],
  [1.5, 2, cells],
  [1.2, 1, tiles],
  [1.5, 2.5, leaves],
  [2, 0.7, spots],
  [1.5, 2, strokes],
  [0.6, 0.7, lettering],
  [2, 2, plain],
]

/**
 * A random texture. On top of its kind come broad light and shade and a fine grain, so that even repeated patterns
 * differ from place to place as real surfaces do.
 */
export function randomTexture(
  width: number,
  height: number,
  dice: Dice,
  palette: Palette,
  unit: number,
  use: 'object' | 'backdrop',
): Surface {
  const surface = new Surface(width, height)
  const draw = dice.weighted(
    KINDS.map(([object, backdrop, kind]) => [use === 'object' ? object : backdrop, kind]),
  )
  draw(surface, dice, palette, unit)
  surface.soften(1)
  if (draw !== plain || dice.chance(0.6)) weather(surface, dice, unit)
  if (dice.chance(0.25)) surface.soften(Math.round(dice.range(1, 4) * unit))
  return surface
}

function weather(surface: Surface, dice: Dice, unit: number): void {
  const { width, height } = surface
  const broad = fractal(width, height, dice, { cell: dice.log(30, 120) * unit, octaves: 3 })
  const fine = fractal(width, height, dice, { cell: dice.log(3, 10) * unit, octaves: 3, gain: 0.7 })
  const broadBy = dice.range(0, 0.16)
  const fineBy = dice.chance(0.3) ? 0.01 : dice.range(0.02, 0.09)
  for (let i = 0; i < broad.length; i++) surface.shade(i, 1 + broadBy * broad[i]! + fineBy * fine[i]!)
}

/** Fractal noise through the palette: cloud, stone, fur seen from afar. */
function clouds(surface: Surface, dice: Dice, palette: Palette, unit: number): void {
  const { width, height } = surface
  const field = fractal(width, height, dice, {
    cell: dice.log(10, 90) * unit,
    octaves: dice.whole(4, 7),
    gain: dice.range(0.45, 0.75),
    stretch: dice.chance(0.3) ? dice.log(0.25, 5) : 1,
  })
  const contrast = dice.log(25, 75)
  for (let i = 0; i < field.length; i++) paintRamp(surface, i, palette, 128 + contrast * field[i]!)
}

/** Lines of equal height of a slope with noise: wood, marble, zebra. */
function grain(surface: Surface, dice: Dice, palette: Palette, unit: number): void {
  const { width, height } = surface
  const field = fractal(width, height, dice, { cell: dice.log(25, 90) * unit, octaves: dice.whole(2, 6) })
  const angle = dice.angle()
  const period = dice.log(5, 30) * unit
  const [dx, dy] = [Math.cos(angle) / period, Math.sin(angle) / period]
  const bend = dice.range(0.1, 1.2)
  const sharp = dice.range(0.7, 4)
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const wave = Math.sin(2 * Math.PI * (x * dx + y * dy + bend * field[i]!)) * sharp
      paintRamp(surface, i, palette, 128 + 118 * (wave / Math.sqrt(1 + wave * wave)))
    }
}

/** The nearest of scattered points decides the colour (Worley 1996): pebbles, scales, foliage, cracked ground. */
function cells(surface: Surface, dice: Dice, palette: Palette, unit: number): void {
  const { width, height } = surface
  const size = dice.log(6, 36) * unit
  const stretch = dice.chance(0.4) ? dice.log(0.4, 2.5) : 1
  const warp = dice.range(0, 0.5)
  const warpX = fractal(width, height, dice, { cell: size * 2, octaves: 3 })
  const salt = dice.whole(0, 1 << 30)
  const edge = dice.chance(0.6) ? dice.range(0.05, 0.3) : 0
  const edgeBy = dice.range(-0.7, 0.25)
  const round = dice.range(-0.1, 0.5)
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const px = (x / size) * stretch + warp * warpX[i]!
      const py = y / size + warp * warpX[width * height - 1 - i]!
      const ix = Math.floor(px)
      const iy = Math.floor(py)
      let first = 9
      let second = 9
      let id = 0
      for (let v = -1; v <= 1; v++)
        for (let u = -1; u <= 1; u++) {
          const hash = hashed(ix + u, iy + v, salt)
          const cx = ix + u + hash - px
          const cy = iy + v + ((hash * 4093) % 1) - py
          const distance = cx * cx + cy * cy
          if (distance < first) {
            second = first
            first = distance
            id = hash
          } else if (distance < second) second = distance
        }
      const gap = Math.sqrt(second) - Math.sqrt(first)
      const light = (1 - round * first) * (gap < edge ? 1 + edgeBy * (1 - gap / edge) : 1)
      paintRamp(surface, i, palette, ((id * 7919) % 1) * 255, light)
    }
}

/** Stripes, checks, bricks and plaid, a little irregular. */
function tiles(surface: Surface, dice: Dice, palette: Palette, unit: number): void {
  const { width, height } = surface
  const kind = dice.pick(['stripes', 'checks', 'bricks', 'plaid'] as const)
  const angle = dice.chance(0.5) ? dice.range(-0.08, 0.08) : dice.angle()
  const sizeX = dice.log(6, 34) * unit
  const sizeY = kind === 'bricks' ? sizeX * dice.range(0.3, 0.6) : sizeX * dice.range(0.8, 1.25)
  const joint = dice.range(0.04, 0.16)
  const jointLight = dice.range(0.55, 1.25)
  const jitter = dice.range(10, 90)
  const salt = dice.whole(0, 1 << 30)
  const wobble = fractal(width, height, dice, { cell: dice.log(20, 80) * unit, octaves: 3 })
  const wobbleBy = dice.range(0, 0.12)
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const v = (y * cos - x * sin) / sizeY + wobbleBy * wobble[i]!
      const row = Math.floor(v)
      const u =
        (x * cos + y * sin) / sizeX + wobbleBy * wobble[i]! + (kind === 'bricks' && (row & 1) === 1 ? 0.5 : 0)
      const column = Math.floor(u)
      const [fu, fv] = [u - column, v - row]
      if (kind === 'stripes') {
        const tone = palette.tones[((column % 2) + 2) % 2 === 0 ? 0 : palette.tones.length - 1]!
        paint(surface, i, tone, 1 + (hashed(column, 0, salt) - 0.5) * (jitter / 200))
      } else if (kind === 'plaid') {
        const level = (fu < 0.3 ? 90 : 0) + (fv < 0.3 ? 90 : 0) + (fu > 0.55 && fu < 0.62 ? 60 : 0)
        paintRamp(surface, i, palette, level + 20 * hashed(column, row, salt))
      } else if (kind === 'checks') {
        const base = ((column + row) & 1) === 0 ? 40 : 215
        paintRamp(surface, i, palette, base + (hashed(column, row, salt) - 0.5) * jitter)
      } else {
        const inJoint = fu < joint || fv < joint * 1.8
        paintRamp(
          surface,
          i,
          palette,
          128 + (hashed(column, row, salt) - 0.5) * 2 * jitter,
          inJoint ? jointLight : 1,
        )
      }
    }
}

/**
 * Things that hide one another, with sizes as in photographs (dead leaves, Lee et al. 2001: radius to the power -3):
 * discs, boxes and slivers of the palette, each shaded from one side to the other.
 */
function leaves(surface: Surface, dice: Dice, palette: Palette, unit: number): void {
  const { width, height } = surface
  fill(surface, dice.pick(palette.tones))
  const smallest = dice.log(2.5, 9) * unit
  const largest = dice.log(20, 70) * unit
  const boxes = dice.pick([0, 0, 0.3, 1])
  const thin = dice.range(0.25, 1)
  const common = dice.chance(0.4) ? dice.angle() : undefined
  let area = width * height * 3
  for (let count = 0; area > 0 && count < 30_000; count++) {
    // Inverse of the cumulative distribution of r^-3 between the two radii.
    const share = dice.next()
    const radius = 1 / Math.sqrt((1 - share) / smallest ** 2 + share / largest ** 2)
    const flat = dice.range(thin, 1)
    const angle = common === undefined ? dice.angle() : common + dice.range(-0.3, 0.3)
    const tone = dice.pick(palette.tones)
    const light = dice.range(0.8, 1.15)
    const slope = dice.range(-0.25, 0.25)
    stampLeaf(surface, {
      x: dice.range(-radius, width + radius),
      y: dice.range(-radius, height + radius),
      radius,
      flat,
      angle,
      box: dice.chance(boxes),
      tone,
      light,
      slope,
    })
    area -= radius * radius * flat * 3
  }
}

interface Leaf {
  x: number
  y: number
  radius: number
  flat: number
  angle: number
  box: boolean
  tone: Tone
  light: number
  slope: number
}

function stampLeaf(surface: Surface, { x, y, radius, flat, angle, box, tone, light, slope }: Leaf): void {
  const [cos, sin] = [Math.cos(angle) / radius, Math.sin(angle) / radius]
  const reach = box ? radius * 1.42 : radius
  const top = Math.max(0, Math.ceil(y - reach))
  const bottom = Math.min(surface.height - 1, Math.floor(y + reach))
  const left = Math.max(0, Math.ceil(x - reach))
  const right = Math.min(surface.width - 1, Math.floor(x + reach))
  for (let py = top; py <= bottom; py++)
    for (let px = left; px <= right; px++) {
      const u = (px - x) * cos + (py - y) * sin
      const v = ((py - y) * cos - (px - x) * sin) / flat
      if (box ? Math.abs(u) > 1 || Math.abs(v) > 1 : u * u + v * v > 1) continue
      paint(surface, py * surface.width + px, tone, light * (1 + slope * v))
    }
}

/** Patches of one colour on another: leopard, cow, camouflage. */
function spots(surface: Surface, dice: Dice, palette: Palette, unit: number): void {
  const { width, height } = surface
  const cell = dice.log(6, 40) * unit
  const field = fractal(width, height, dice, { cell, octaves: dice.whole(1, 3), gain: 0.4 })
  const base = fractal(width, height, dice, { cell: cell * 2, octaves: 5 })
  const level = dice.range(-0.3, 1)
  const ring = dice.chance(0.3) ? dice.range(0.5, 1.2) : 9
  const dark = dice.chance(0.6)
  for (let i = 0; i < field.length; i++) {
    const over = field[i]! - level
    const inside = over < ring ? clamp01(over * 8 + 0.5) : clamp01((ring - over) * 8 + 0.5)
    const from = dark ? 200 : 50
    paintRamp(surface, i, palette, from + 22 * base[i]! + inside * (dark ? -150 : 160))
  }
}

/** Many short strokes along a slowly turning direction: grass, fur, straw, needles. */
function strokes(surface: Surface, dice: Dice, palette: Palette, unit: number): void {
  const { width, height } = surface
  fill(surface, palette.tones[0]!)
  const turn = fractal(width, height, dice, { cell: dice.log(30, 120) * unit, octaves: 2 })
  const base = dice.angle()
  const wild = dice.range(0.1, 0.9)
  const length = dice.log(5, 26) * unit
  const thick = dice.range(0.6, 1.7) * unit
  const patches = fractal(width, height, dice, { cell: dice.log(20, 80) * unit, octaves: 3 })
  const count = Math.min(90_000, (width * height * 2.2) / (length * 2 * thick))
  for (let n = 0; n < count; n++) {
    let x = dice.range(0, width - 1)
    let y = dice.range(0, height - 1)
    const start = Math.floor(y) * width + Math.floor(x)
    const angle = base + wild * turn[start]! + dice.bell() * 0.25
    const [dx, dy] = [Math.cos(angle), Math.sin(angle)]
    const level = 128 + 45 * patches[start]! + 55 * dice.bell()
    const reach = length * dice.range(0.5, 1.3)
    for (let walked = 0; walked < reach; walked++, x += dx, y += dy) {
      const light = 0.8 + (0.35 * walked) / reach
      for (let side = -thick; side <= thick; side++) {
        const px = Math.round(x - dy * side)
        const py = Math.round(y + dx * side)
        if (px >= 0 && py >= 0 && px < width && py < height)
          paintRamp(surface, py * width + px, palette, level, light)
      }
    }
  }
}

/** Rows of small marks on paper, in blocks: print, signs, shelves. */
function lettering(surface: Surface, dice: Dice, palette: Palette, unit: number): void {
  const { width, height } = surface
  const onDark = dice.chance(0.3)
  const tones = onDark ? [...palette.tones].reverse() : palette.tones
  fill(surface, tones[tones.length - 1]!)
  const blocks = dice.whole(3, 10)
  for (let b = 0; b < blocks; b++)
    box(
      surface,
      dice.range(0, width),
      dice.range(0, height),
      dice.log(20, 120) * unit,
      dice.log(15, 90) * unit,
      dice.pick(tones),
    )
  const size = dice.log(5, 16) * unit
  const ink = tones[0]!
  for (let y = size; y < height - size; y += size * dice.range(1.6, 2.2)) {
    let x = dice.range(0, size * 4)
    while (x < width - size) {
      if (dice.chance(0.16)) {
        x += size * dice.range(0.6, 3)
        continue
      }
      const marks = dice.whole(2, 4)
      for (let m = 0; m < marks; m++) {
        const upright = dice.chance(0.5)
        const thickness = Math.max(1, size * 0.16)
        box(
          surface,
          x + dice.range(0, size * 0.5),
          y + dice.range(0, size * 0.8),
          upright ? thickness : size * dice.range(0.2, 0.6),
          upright ? size * dice.range(0.3, 1) : thickness,
          ink,
        )
      }
      x += size * dice.range(0.7, 1)
    }
  }
}

/** Almost one colour, as walls, sky and paint are. */
function plain(surface: Surface, dice: Dice, palette: Palette): void {
  const { width, height } = surface
  const angle = dice.angle()
  const from = dice.range(60, 190)
  const by = dice.range(0, 70)
  const [dx, dy] = [(Math.cos(angle) * by) / width, (Math.sin(angle) * by) / height]
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++)
      paintRamp(surface, i, palette, from + (x - width / 2) * dx + (y - height / 2) * dy)
}

function box(surface: Surface, x: number, y: number, width: number, height: number, tone: Tone): void {
  const right = Math.min(surface.width, Math.round(x + width))
  const bottom = Math.min(surface.height, Math.round(y + height))
  for (let py = Math.max(0, Math.round(y)); py < bottom; py++)
    for (let px = Math.max(0, Math.round(x)); px < right; px++)
      paint(surface, py * surface.width + px, tone, 1)
}

function fill(surface: Surface, tone: Tone): void {
  for (let i = 0; i < surface.width * surface.height; i++) paint(surface, i, tone, 1)
}

function paint(surface: Surface, index: number, tone: Tone, light: number): void {
  surface.set(index, tone[0] * light, tone[1] * light, tone[2] * light)
}

function paintRamp(surface: Surface, index: number, { ramp }: Palette, level: number, light = 1): void {
  const at = Math.min(255, Math.max(0, Math.round(level))) * 3
  surface.set(index, ramp[at]! * light, ramp[at + 1]! * light, ramp[at + 2]! * light)
}

function clamp01(value: number): number {
  return Math.min(1, Math.max(0, value))
}
