import type { Dice } from './dice.ts'

/** Red, green, blue as in a picture file, 0..255. */
export type Tone = readonly [red: number, green: number, blue: number]

/** Some colours that go together, dark to light, and the steps between them. */
export interface Palette {
  readonly tones: readonly Tone[]
  /** 256 x 3, from the darkest tone to the lightest. */
  readonly ramp: Uint8Array
}

/** Hues of things outdoors and indoors, in degrees, with how often and how saturated they are at most. */
const FAMILIES: readonly (readonly [
  weight: number,
  value: { hue: number; spread: number; saturation: number },
])[] = [
  [3, { hue: 30, spread: 14, saturation: 0.5 }], // earth, wood, skin, fur
  [3, { hue: 95, spread: 25, saturation: 0.42 }], // leaves, grass
  [2, { hue: 210, spread: 15, saturation: 0.45 }], // sky, water, cloth
  [3, { hue: 40, spread: 40, saturation: 0.15 }], // stone, walls, grey things
  [1.5, { hue: 0, spread: 14, saturation: 0.5 }], // brick, red things
  [0.8, { hue: 48, spread: 10, saturation: 0.5 }], // yellow, sand
  [0.8, { hue: 270, spread: 50, saturation: 0.35 }], // violet
  [0.8, { hue: 170, spread: 20, saturation: 0.4 }], // teal
]

/** A random natural palette: mostly muted, now and then with one stronger colour, of any contrast. */
export function randomPalette(dice: Dice): Palette {
  const family = dice.weighted(FAMILIES)
  const other = dice.chance(0.35) ? dice.weighted(FAMILIES) : family
  const contrast = dice.log(0.18, 0.85)
  const middle = dice.range(0.2 + contrast * 0.25, 0.85 - contrast * 0.3)
  const dullness = dice.range(0.25, 1)
  const count = dice.whole(3, 6)
  const tones: Tone[] = []
  for (let i = 0; i < count; i++) {
    const from = dice.chance(0.3) ? other : family
    const light = middle + contrast * (i / (count - 1) - 0.5) + dice.range(-0.04, 0.04)
    // Very dark and very light surfaces show little colour.
    const saturation = from.saturation * dullness * dice.range(0.5, 1) * (1 - Math.abs(2 * light - 1) ** 3)
    tones.push(fromHsl(from.hue + dice.range(-1, 1) * from.spread, saturation, light))
  }
  return { tones, ramp: rampOf(tones) }
}

/** The same surface under a slightly different colour: for look-alikes. */
export function shifted(palette: Palette, dice: Dice, amount: number): Palette {
  const change = [dice.bell() * amount, dice.bell() * amount, dice.bell() * amount]
  const tones = palette.tones.map(
    (tone) => tone.map((value, i) => clampByte(value + change[i]!)) as unknown as Tone,
  )
  return { tones, ramp: rampOf(tones) }
}

function rampOf(tones: readonly Tone[]): Uint8Array {
  const ramp = new Uint8Array(256 * 3)
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (tones.length - 1)
    const index = Math.min(tones.length - 2, Math.floor(at))
    for (let c = 0; c < 3; c++) {
      const from = tones[index]![c]!
      ramp[i * 3 + c] = Math.round(from + (tones[index + 1]![c]! - from) * (at - index))
    }
  }
  return ramp
}

function fromHsl(hue: number, saturation: number, light: number): Tone {
  const clamped = Math.min(0.97, Math.max(0.03, light))
  const chroma = saturation * Math.min(clamped, 1 - clamped)
  const channel = (n: number) => {
    const k = (((n + hue / 30) % 12) + 12) % 12
    return clampByte(255 * (clamped - chroma * Math.max(-1, Math.min(k - 3, 9 - k, 1))))
  }
  return [channel(0), channel(8), channel(4)]
}

function clampByte(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)))
}
