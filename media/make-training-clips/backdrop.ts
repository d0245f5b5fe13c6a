import type { Dice } from './dice.ts'
import { fractal } from './fields.ts'
import { corners, type Distance, ellipse, limb, roundedBox, smoothCurve, union } from './outline.ts'
import { type Palette, randomPalette } from './palette.ts'
import type { Surface } from './surface.ts'
import { randomTexture } from './textures.ts'

/** A painted background: one to four surfaces side by side, and things that stand about on them. */
export function randomBackdrop(
  dice: Dice,
  width: number,
  height: number,
  unit: number,
): { surface: Surface; palette: Palette } {
  const palette = randomPalette(dice)
  const texture = (tones: Palette) => randomTexture(width, height, dice, tones, unit, 'backdrop')
  const other = () => (dice.chance(0.4) ? palette : randomPalette(dice))
  const surface = texture(palette)
  const plan = dice.weighted<'one' | 'horizon' | 'patches'>([
    [2, 'one'],
    [4, 'horizon'],
    [3, 'patches'],
  ])
  if (plan === 'horizon') {
    const upper = texture(other())
    const line = fractal(width, 1, dice, { cell: dice.log(15, 150) * unit, octaves: dice.whole(1, 5) })
    const level = height * dice.range(0.35, 0.62)
    const rough = dice.chance(0.3) ? 0 : dice.log(1, 14) * unit
    const tilt = dice.range(-0.06, 0.06)
    for (let x = 0; x < width; x++) {
      const edge = level + rough * line[x]! + tilt * (x - width / 2)
      for (let y = 0; y < Math.min(height, edge); y++) copyPixel(upper, surface, y * width + x, y * width + x)
    }
  } else if (plan === 'patches') {
    for (let n = dice.whole(1, 2); n > 0; n--) {
      const upper = texture(other())
      const field = fractal(width, height, dice, {
        cell: dice.log(30, 160) * unit,
        octaves: dice.whole(1, 5),
      })
      const level = dice.range(-0.2, 0.9)
      for (let i = 0; i < field.length; i++) if (field[i]! > level) copyPixel(upper, surface, i, i)
    }
  }
  furnish(surface, dice, unit, palette)
  surface.soften(dice.chance(0.25) ? Math.round(dice.range(1, 5) * unit) : 1)
  return { surface, palette }
}

/** Stones, trunks, boxes and bushes that belong to the background. */
function furnish(surface: Surface, dice: Dice, unit: number, palette: Palette): void {
  if (dice.chance(0.2)) return
  const stock = Array.from({ length: dice.whole(1, 3) }, () =>
    randomTexture(
      Math.ceil(150 * unit),
      Math.ceil(150 * unit),
      dice,
      dice.chance(0.5) ? palette : randomPalette(dice),
      unit,
      'object',
    ),
  )
  const shadow = dice.chance(0.6) ? dice.range(0.15, 0.5) : 0
  const count = dice.whole(2, 30)
  for (let n = 0; n < count; n++) {
    const radius = dice.log(8, 70) * unit
    stamp(surface, dice.pick(stock), dice, randomShape(dice, radius), radius, shadow)
  }
}

function randomShape(dice: Dice, radius: number): Distance {
  const flat = radius * dice.range(0.3, 1)
  return dice.weighted<() => Distance>([
    [3, () => smoothCurve(dice, radius, flat)],
    [1.5, () => corners(dice, radius, flat)],
    [1.5, () => roundedBox(0, 0, radius * 0.95, flat * 0.6, dice.range(0, 0.4) * flat)],
    [1, () => limb(-radius * 0.9, 0, radius * 0.12, radius * 0.9, 0, radius * 0.08)],
    [
      1,
      () =>
        union(
          ellipse(0, -radius * 0.4, radius * 0.5, radius * 0.5),
          roundedBox(0, radius * 0.4, radius * 0.1, radius * 0.55, 1),
        ),
    ],
  ])()
}

function stamp(
  target: Surface,
  skin: Surface,
  dice: Dice,
  shape: Distance,
  radius: number,
  shadow: number,
): void {
  const cx = dice.range(0, target.width)
  const cy = dice.range(0, target.height)
  const angle = dice.chance(0.5) ? dice.range(-0.15, 0.15) : dice.angle()
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const soft = radius * 0.25
  const light = dice.range(0.75, 1.2)
  const reach = radius * 1.5
  const bottom = Math.min(target.height - 1, Math.floor(cy + reach))
  const right = Math.min(target.width - 1, Math.floor(cx + reach))
  for (let y = Math.max(0, Math.ceil(cy - reach)); y <= bottom; y++)
    for (let x = Math.max(0, Math.ceil(cx - reach)); x <= right; x++) {
      const u = (x - cx) * cos + (y - cy) * sin
      const v = (y - cy) * cos - (x - cx) * sin
      const distance = shape(u, v)
      const at = y * target.width + x
      if (distance < 0) {
        const from = Math.floor(v + skin.height / 2) * skin.width + Math.floor(u + skin.width / 2)
        copyPixel(skin, target, from, at)
        target.shade(at, light * (1 - 0.3 * Math.max(0, 1 + distance / soft) ** 2))
      } else if (shadow > 0 && distance < soft) target.shade(at, 1 - shadow * (1 - distance / soft) ** 2)
    }
}

function copyPixel(from: Surface, to: Surface, source: number, target: number): void {
  for (let c = 0; c < 3; c++) to.data[target * 4 + c] = from.data[source * 4 + c]!
}
