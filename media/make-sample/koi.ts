import { clamp01, gradientNoise, mix, octaves, smoothstep } from './noise.ts'
import { blend, type Colour, scaled } from './picture.ts'

/** Where a fish is at one moment. */
export interface KoiPose {
  /** Place of the shoulders in the world, pixels. */
  x: number
  y: number
  /** Direction of the head, radians, 0 to the right, growing clockwise on the screen. */
  heading: number
  /** How much the swimming path bends, 1/pixels; positive turns clockwise. */
  bend: number
  /** Phase of the tail beat, radians. */
  beat: number
}

export interface KoiLook {
  /** Nose to the end of the body without the tail fin, pixels. */
  length: number
  /** Skin at a place of the body: `along` 0 nose .. 1 tail, `across` in body lengths, 0 on the back. */
  skin: (along: number, across: number) => Colour
  fin: Colour
}

/** What a ray meets: linear colour and how much of the view it takes. */
export interface KoiHit {
  alpha: number
  red: number
  green: number
  blue: number
}

/** The place of the shoulders on the body, from the nose. */
const SHOULDERS = 0.3
/** Half the width of the body at places from nose to tail, in body lengths, as seen from above. */
const OUTLINE: [number, number][] = [
  [0, 0],
  [0.012, 0.026],
  [0.04, 0.046],
  [0.09, 0.066],
  [0.16, 0.083],
  [0.26, 0.096],
  [0.36, 0.099],
  [0.48, 0.092],
  [0.6, 0.076],
  [0.72, 0.055],
  [0.84, 0.036],
  [0.94, 0.024],
  [1.0, 0.02],
]
const outline = Float32Array.from({ length: 513 }, (_, i) => interpolate(i / 512))

/** Points a person would mark, as places on the body: `[along, across]`. */
export const KOI_LANDMARKS: { name: string; along: number; across: number }[] = [
  { name: 'nose', along: 0.015, across: 0 },
  { name: 'left eye', along: 0.085, across: -0.047 },
  { name: 'right eye', along: 0.085, across: 0.047 },
  { name: 'shoulders', along: 0.3, across: 0 },
  { name: 'back', along: 0.6, across: 0 },
  { name: 'tail base', along: 0.93, across: 0 },
]
/** Pairs of landmarks joined by a bone. */
export const KOI_SKELETON: [number, number][] = [
  [0, 3],
  [1, 3],
  [2, 3],
  [3, 4],
  [4, 5],
]

/** White with orange-red patches and a few small black ones. */
export function kohaku(length: number, seed: number): KoiLook {
  const noise = gradientNoise(seed)
  return {
    length,
    fin: [0.62, 0.56, 0.5],
    skin: (along, across) => {
      const patch = octaves(noise, along * 3.4 + 1.7, across * 6.5, 3) + 0.13
      const red = smoothstep(-0.02, 0.02, patch) * smoothstep(0.05, 0.07, along)
      const ink =
        smoothstep(0.5, 0.54, octaves(noise, along * 8 + 31, across * 11, 2)) * smoothstep(0.25, 0.3, along)
      const white: Colour = [0.74, 0.69, 0.61]
      const orange = blend([0.7, 0.085, 0.012], [0.78, 0.2, 0.03], 0.5 + 0.5 * noise(along * 9, across * 14))
      return blend(blend(white, orange, red), [0.02, 0.02, 0.025], ink)
    },
  }
}

/** Black with golden bands. */
export function utsuri(length: number, seed: number): KoiLook {
  const noise = gradientNoise(seed)
  return {
    length,
    fin: [0.55, 0.33, 0.08],
    skin: (along, across) => {
      const patch = octaves(noise, along * 4.2 + 0.3, across * 5.5, 3)
      const gold = blend([0.82, 0.42, 0.025], [0.9, 0.56, 0.1], 0.5 + 0.5 * noise(along * 7, across * 12))
      return blend([0.016, 0.016, 0.02], gold, smoothstep(-0.1, -0.06, patch))
    },
  }
}

/** One fish at one moment, ready to be asked what is seen at a place of the world. */
export class Koi {
  private readonly look: KoiLook
  private readonly pose: KoiPose
  private readonly cos: number
  private readonly sin: number
  private readonly hit: KoiHit = { alpha: 0, red: 0, green: 0, blue: 0 }

  constructor(look: KoiLook, pose: KoiPose) {
    this.look = look
    this.pose = pose
    this.cos = Math.cos(pose.heading)
    this.sin = Math.sin(pose.heading)
  }

  /** The place in the world of a point of the body. */
  toWorld(along: number, across: number): { x: number; y: number } {
    const { length } = this.look
    const forward = (SHOULDERS - along) * length
    const side = (across + this.spine(along)) * length
    return {
      x: this.pose.x + forward * this.cos - side * this.sin,
      y: this.pose.y + forward * this.sin + side * this.cos,
    }
  }

  /** How much of a soft, wide shadow falls on a place, 0..1. */
  shade(x: number, y: number, softness: number): number {
    const { length } = this.look
    const dx = x - this.pose.x
    const dy = y - this.pose.y
    if (dx * dx + dy * dy > length * length * 1.3) return 0
    const along = SHOULDERS - (dx * this.cos + dy * this.sin) / length
    const across = (dy * this.cos - dx * this.sin) / length - this.spine(along)
    const soft = softness / length
    const ends = smoothstep(-soft, soft, along) * smoothstep(1.22 + soft, 1.1 - soft, along)
    const tail = along > 0.95 ? 0.09 * smoothstep(0.95, 1.2, along) : 0
    const half = Math.max(halfWidth(clamp01(along)), tail)
    return ends * smoothstep(half + soft, half - soft, Math.abs(across))
  }

  /** What is seen at a place of the world; the object is used again by the next call. */
  seenAt(x: number, y: number): KoiHit {
    const { hit } = this
    hit.alpha = 0
    const { length } = this.look
    const dx = x - this.pose.x
    const dy = y - this.pose.y
    if (dx * dx + dy * dy > length * length * 1.2) return hit
    const along = SHOULDERS - (dx * this.cos + dy * this.sin) / length
    if (along < -0.02 || along > 1.32) return hit
    const across = (dy * this.cos - dx * this.sin) / length - this.spine(along)
    if (Math.abs(across) > 0.3) return hit
    this.tailFin(along, across)
    this.pairedFins(along, across)
    this.body(along, across)
    return hit
  }

  /** Sideways place of the spine in body lengths: the swimming wave, which grows to the tail, and the turn. */
  private spine(along: number): number {
    const { beat, bend } = this.pose
    const reach = along - SHOULDERS
    const strength = 0.006 + 0.062 * Math.max(0, along) ** 2
    const wave = strength * Math.sin(beat - 5.2 * along)
    return wave + 0.5 * bend * this.look.length * reach * reach * (reach > 0 ? 1 : 0.4)
  }

  private body(along: number, across: number): void {
    if (along < 0 || along > 1) return
    const half = halfWidth(along)
    const soft = 0.6 / this.look.length
    const cover = smoothstep(half + soft, half - soft, Math.abs(across))
    if (cover === 0) return
    const q = Math.max(-0.999, Math.min(0.999, across / (half + soft)))
    let colour = this.look.skin(along, across)
    const scales = smoothstep(0.2, 0.27, along) * smoothstep(1, 0.8, along)
    if (scales > 0) {
      const row = across * 62 + 400
      const column = along * 50 + (Math.floor(row) & 1) * 0.5
      const u = column - Math.floor(column) - 0.5
      const v = row - Math.floor(row) - 0.5
      const rim = smoothstep(0.3, 0.6, Math.sqrt(u * u * 1.3 + v * v * 1.3))
      colour = scaled(colour, 1 + scales * (0.1 - 0.32 * rim))
    }
    const gill =
      smoothstep(0.012, 0.002, Math.abs(along - 0.185 - 0.035 * (1 - q * q))) *
      smoothstep(0.25, 0.6, Math.abs(q))
    colour = scaled(colour, 1 - 0.4 * gill)
    // A fin along the back: a dark slit with a light edge.
    const fin = smoothstep(0.34, 0.38, along) * smoothstep(0.7, 0.62, along)
    const lean = across - 0.006 * Math.sin(this.pose.beat - 3)
    colour = blend(colour, scaled(this.look.fin, 0.9), fin * 0.75 * smoothstep(0.009, 0.004, Math.abs(lean)))
    colour = scaled(colour, 1 - fin * 0.35 * smoothstep(0.008, 0, Math.abs(lean - 0.012)))
    // The body is a tube: its surface turns away towards the sides.
    const up = Math.sqrt(1 - q * q)
    const nose = along < 0.1 ? (0.1 - along) * 5 : 0
    const normalX = this.cos * nose - this.sin * q
    const normalY = this.sin * nose + this.cos * q
    const lit = Math.max(0, -0.42 * normalX - 0.52 * normalY + 0.74 * up)
    const shine =
      Math.max(0, -0.24 * normalX - 0.3 * normalY + 0.92 * up) ** 48 *
      0.2 *
      (1 - 0.8 * smoothstep(0.1, 0.02, along))
    const light = 0.2 + 0.98 * lit
    const eye = Math.hypot(along - 0.085, Math.abs(across) - half * 0.74)
    const pupil = smoothstep(0.0125, 0.009, eye)
    this.over(blend(scaled(colour, light), [0.008, 0.008, 0.01], pupil), cover, shine * (1 - pupil))
  }

  private tailFin(along: number, across: number): void {
    const from = 0.9
    if (along < from) return
    const t = (along - from) / 0.38
    const sway = 0.035 * t * t * Math.cos(this.pose.beat - 5.4)
    const v = across - sway
    const half = 0.018 + 0.105 * t ** 0.85
    const ratio = v / half
    const end = 0.68 + 0.3 * Math.min(1, Math.abs(ratio)) ** 1.4
    const cover = smoothstep(1, 0.93, Math.abs(ratio)) * smoothstep(end, end - 0.05, t)
    if (cover === 0) return
    const rays = 0.8 + 0.2 * Math.sin(ratio * 26 + 2 * t)
    const root = this.look.skin(0.93, 0)
    const colour = blend(root, this.look.fin, smoothstep(0.1, 0.5, t))
    this.over(scaled(colour, rays * (0.95 - 0.25 * t)), cover * mix(0.95, 0.66, t), 0)
  }

  private pairedFins(along: number, across: number): void {
    for (const side of [-1, 1]) {
      const flap = 0.22 * Math.sin(this.pose.beat * 0.5 + (side > 0 ? 0 : 0.9))
      this.fan(along - 0.23, across * side - 0.07, 0.95 + flap, 0.185, 0.5)
      this.fan(along - 0.56, across * side - 0.06, 0.62 + flap * 0.4, 0.1, 0.42)
    }
  }

  /** A fin spread like a fan from its root; `angle` is measured from the tail outwards. */
  private fan(along: number, across: number, angle: number, reach: number, spread: number): void {
    const far = Math.hypot(along, across)
    if (far > reach || far < 1e-6) return
    const turn = (Math.atan2(across, along) - angle) / spread
    if (Math.abs(turn) > 1) return
    const rim = reach * (0.62 + 0.38 * Math.cos(turn * 1.5) + 0.02 * Math.cos(turn * 20))
    const cover = smoothstep(rim, rim * 0.93, far) * smoothstep(1, 0.86, Math.abs(turn))
    if (cover === 0) return
    const rays = 0.78 + 0.22 * Math.cos(turn * 21)
    this.over(
      scaled(this.look.fin, rays * (1 - 0.2 * (far / reach))),
      cover * mix(0.92, 0.62, far / reach),
      0,
    )
  }

  private over(colour: Colour, alpha: number, shine: number): void {
    const { hit } = this
    const kept = hit.alpha * (1 - alpha)
    const total = kept + alpha
    if (total === 0) return
    hit.red = (hit.red * kept + (colour[0] + shine) * alpha) / total
    hit.green = (hit.green * kept + (colour[1] + shine) * alpha) / total
    hit.blue = (hit.blue * kept + (colour[2] + shine) * alpha) / total
    hit.alpha = total
  }
}

function halfWidth(along: number): number {
  const at = along * 512
  const i = Math.min(511, Math.floor(at))
  return mix(outline[i]!, outline[i + 1]!, at - i)
}

/** Catmull-Rom through the outline's points. */
function interpolate(along: number): number {
  const last = OUTLINE.length - 1
  let i = 0
  while (i < last - 1 && OUTLINE[i + 1]![0] <= along) i++
  const [p0, p1, p2, p3] = [i - 1, i, i + 1, i + 2].map((k) => OUTLINE[Math.min(Math.max(k, 0), last)]!) as [
    [number, number],
    [number, number],
    [number, number],
    [number, number],
  ]
  const span = p2[0] - p1[0]
  const t = (along - p1[0]) / span
  const m1 = p2[0] === p0[0] ? 0 : ((p2[1] - p0[1]) / (p2[0] - p0[0])) * span
  const m2 = p3[0] === p1[0] ? 0 : ((p3[1] - p1[1]) / (p3[0] - p1[0])) * span
  const t2 = t * t
  const t3 = t2 * t
  return p1[1] * (2 * t3 - 3 * t2 + 1) + m1 * (t3 - 2 * t2 + t) + p2[1] * (3 * t2 - 2 * t3) + m2 * (t3 - t2)
}
