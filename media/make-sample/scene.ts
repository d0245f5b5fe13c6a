import { KOI_LANDMARKS, Koi, type KoiLook, type KoiPose, kohaku, utsuri } from './koi.ts'
import { clamp01, gradientNoise, mix, octaves, smoothstep } from './noise.ts'
import type { Picture } from './picture.ts'
import { BED, Caustics, paintBed, paintLily, paintPad } from './pond.ts'

export const WIDTH = 640
export const HEIGHT = 360
export const FRAMES = 100
export const FRAMES_PER_SECOND = 25

/** One picture of the clip with everything that is known about it. */
export interface SceneFrame {
  /** HEIGHT x WIDTH x RGB, 8 bits, sRGB. */
  rgb: Uint8Array
  /** HEIGHT x WIDTH object ids: 1 the white and orange fish, 2 the black and golden one, 0 all else. */
  labels: Uint8Array
  /** Landmarks of object 1 in pixels (0, 0 is the centre of the first); not visible under a leaf. */
  keypoints: { name: string; x: number; y: number; visible: boolean }[]
}

/** How long the shutter is open, as a share of a frame: half is what a film camera does. */
const SHUTTER = 0.5
/** Each pixel is sampled this often per side; every sample has its own moment, which gives the motion blur. */
const SAMPLES = 2
const SEED = 20240
/** How deep the fish swim, as a share of the way to the bed: waves bend their picture by so much less. */
const FISH_DEPTH = 0.35

interface Leaf {
  x: number
  y: number
  radius: number
  turn: number
  picture: Picture
  /** Floating leaves cast a shadow of this reach; a flower stands on a leaf that casts one already. */
  castsShadow: boolean
}

interface Camera {
  x: number
  y: number
  zoom: number
  cos: number
  sin: number
}

/** The pond: two koi, lily pads that float above them, the bed below, and a camera that follows by hand. */
export class Scene {
  private readonly bed = paintBed(SEED)
  private readonly caustics = new Caustics()
  private readonly hand = gradientNoise(SEED + 1)
  private readonly sky = gradientNoise(SEED + 2)
  private readonly grain = gradientNoise(SEED + 3)
  private readonly looks: KoiLook[] = [kohaku(164, SEED + 11), utsuri(144, SEED + 16)]
  private readonly paths: KoiPose[][]
  private readonly leaves: Leaf[]
  private readonly sampled = new Float32Array(4)

  constructor() {
    this.paths = [
      swim({
        x: 130,
        y: 214,
        speed: 106,
        beat: 1.75,
        heading: (t) => -0.13 + 0.36 * Math.sin(1.8 * t + 0.1) - 0.04 * t,
      }),
      swim({
        x: 480,
        y: 72,
        speed: 82,
        beat: 1.5,
        heading: (t) => 3.3 - 0.3 * Math.sin(1.4 * t + 0.9) - 0.1 * t * t * 0.55,
      }),
    ]
    const pads = [1, 2, 3, 4].map((n) => paintPad(SEED + 30 + n, 256))
    const leaf = (x: number, y: number, radius: number, turn: number, which: number): Leaf => {
      return { x, y, radius, turn, picture: pads[which]!, castsShadow: true }
    }
    this.leaves = [
      leaf(352, 196, 60, 2.1, 0),
      leaf(596, 312, 92, 3.6, 1),
      leaf(480, 352, 46, -1.2, 3),
      leaf(8, 356, 84, -0.6, 2),
      leaf(632, 20, 52, 2.6, 0),
      leaf(30, 20, 40, 0.9, 3),
      { x: 566, y: 276, radius: 34, turn: 0.3, picture: paintLily(SEED + 41, 192), castsShadow: false },
    ]
  }

  /** Draws one frame. @param index 0 .. FRAMES - 1 */
  draw(index: number): SceneFrame {
    const rgb = new Uint8Array(WIDTH * HEIGHT * 3)
    const labels = new Uint8Array(WIDTH * HEIGHT)
    this.caustics.update(index / FRAMES_PER_SECOND)
    const samples = SAMPLES * SAMPLES
    const moments = Array.from({ length: samples }, (_, k) =>
      this.moment(index + ((k + 0.5) / samples - 0.5) * SHUTTER),
    )
    const light = new Float32Array(3)
    for (let y = 0, i = 0; y < HEIGHT; y++)
      for (let x = 0; x < WIDTH; x++, i++) {
        light.fill(0)
        const hits = [0, 0, 0]
        for (let k = 0; k < samples; k++) {
          const moment = moments[k]!
          const sx = x + ((k % SAMPLES) + 0.5) / SAMPLES - 0.5
          const sy = y + (Math.floor(k / SAMPLES) + 0.5) / SAMPLES - 0.5
          const id = this.lookAt(moment, sx, sy, light)
          hits[id] = hits[id]! + 1
        }
        labels[i] = hits[1]! * 2 >= samples ? 1 : hits[2]! * 2 >= samples ? 2 : 0
        this.develop(light, 1 / samples, x, y, index, rgb, i * 3)
      }
    return { rgb, labels, keypoints: this.keypoints(index, labels) }
  }

  private moment(frame: number) {
    const seconds = frame / FRAMES_PER_SECOND
    return {
      seconds,
      camera: this.camera(seconds),
      koi: this.looks.map((look, n) => new Koi(look, poseAt(this.paths[n]!, seconds))),
      leaves: this.leaves.map((leaf, n) => {
        const drift = leaf.castsShadow ? n : 1
        const turn = leaf.turn + 0.05 * Math.sin(0.7 * seconds + drift)
        return {
          ...leaf,
          x: leaf.x + 2.5 * Math.sin(0.8 * seconds + 2 * drift),
          y: leaf.y + 2 * Math.cos(0.6 * seconds + drift),
          cos: Math.cos(turn),
          sin: Math.sin(turn),
        }
      }),
    }
  }

  /** A slow pan to the right while drawing nearer, held by hand. */
  private camera(seconds: number): Camera {
    const share = smoothstep(-0.6, 4.6, seconds)
    const turn = 0.006 * this.hand(seconds * 0.9, 3)
    return {
      x: 290 + 74 * share + 2.2 * this.hand(seconds * 1.7, 11) + 0.5 * this.hand(seconds * 6, 31),
      y: 178 - 6 * share + 1.8 * this.hand(seconds * 1.5, 21) + 0.5 * this.hand(seconds * 6, 41),
      zoom: 1.02 + 0.07 * share,
      cos: Math.cos(turn),
      sin: Math.sin(turn),
    }
  }

  /** Adds the light of one sample to `light` and says which object it met first. */
  private lookAt(
    moment: ReturnType<Scene['moment']>,
    sx: number,
    sy: number,
    light: Float32Array,
  ): 0 | 1 | 2 {
    const { camera, seconds, koi, leaves } = moment
    const out = this.sampled
    const dx = (sx - WIDTH / 2) / camera.zoom
    const dy = (sy - HEIGHT / 2) / camera.zoom
    const offX = dx * camera.cos - dy * camera.sin
    const offY = dx * camera.sin + dy * camera.cos
    const x = camera.x + offX
    const y = camera.y + offY

    // Floating leaves are nearer to the camera than the bed: they pass a little faster.
    let cover = 0
    let red = 0
    let green = 0
    let blue = 0
    const leafX = WIDTH / 2 + (camera.x - WIDTH / 2) * 1.06 + offX
    const leafY = HEIGHT / 2 + (camera.y - HEIGHT / 2) * 1.06 + offY
    for (const leaf of leaves) {
      const lx = leafX - leaf.x
      const ly = leafY - leaf.y
      if (lx * lx + ly * ly > leaf.radius * leaf.radius * 1.02) continue
      const scale = leaf.picture.width / 2 / leaf.radius
      const middle = leaf.picture.width / 2 - 0.5
      leaf.picture.sample(
        middle + (lx * leaf.cos + ly * leaf.sin) * scale,
        middle + (ly * leaf.cos - lx * leaf.sin) * scale,
        out,
      )
      const alpha = out[3]!
      red = mix(red, out[0]! * 1.18, alpha)
      green = mix(green, out[1]! * 1.18, alpha)
      blue = mix(blue, out[2]! * 1.18, alpha)
      cover = 1 - (1 - cover) * (1 - alpha)
    }
    if (cover > 0.995) {
      addLight(light, red, green, blue)
      return 0
    }

    // Waves bend the view of what lies below, more with depth.
    const [waveX, waveY] = waves(x, y, seconds)
    const fishX = x + FISH_DEPTH * waveX
    const fishY = y + FISH_DEPTH * waveY
    const below = this.water(moment, x + waveX, y + waveY)
    let [r, g, b] = below
    let id: 0 | 1 | 2 = 0
    for (let n = koi.length - 1; n >= 0; n--) {
      const hit = koi[n]!.seenAt(fishX, fishY)
      if (hit.alpha === 0) continue
      let sun = 0.46 + 0.5 * this.caustics.at(fishX, fishY)
      sun *=
        1 - 0.5 * leafShadow(leaves, fishX - 8 - this.shift(camera).x, fishY - 11 - this.shift(camera).y, 7)
      // A little green water lies above the fish as well.
      r = mix(r, hit.red * sun * 0.86 + 0.004, hit.alpha)
      g = mix(g, hit.green * sun * 0.96 + 0.01, hit.alpha)
      b = mix(b, hit.blue * sun * 0.9 + 0.008, hit.alpha)
      if (hit.alpha > 0.5) id = n === 0 ? 1 : 2
    }
    const glint = this.glint(x, y, seconds)
    r = mix(r, 0.75, glint)
    g = mix(g, 0.86, glint)
    b = mix(b, 0.95, glint)
    addLight(light, mix(r, red, cover), mix(g, green, cover), mix(b, blue, cover))
    return cover > 0.5 ? 0 : id
  }

  /** How far the floating layer has slid over the world. */
  private shift(camera: Camera): { x: number; y: number } {
    return { x: (camera.x - WIDTH / 2) * -0.06, y: (camera.y - HEIGHT / 2) * -0.06 }
  }

  /** The bed through the water: net of light, shadows of fish and leaves, green depth. */
  private water(
    { koi, leaves, camera }: ReturnType<Scene['moment']>,
    x: number,
    y: number,
  ): [number, number, number] {
    const out = this.sampled
    this.bed.sample((x - BED.left) * BED.detail, (y - BED.top) * BED.detail, out)
    const slid = this.shift(camera)
    let shadow = 0.72 * leafShadow(leaves, x - 17 - slid.x, y - 23 - slid.y, 11)
    for (const fish of koi) shadow = Math.max(shadow, 0.95 * fish.shade(x - 12, y - 19, 6))
    const net = this.caustics.at(x, y)
    const sun = mix(net, 0.3, shadow) * 1.05
    const deep = 0.5 + 0.5 * Math.sin(x / 210 + 0.6) * Math.cos(y / 170 + 0.4)
    return [
      out[0]! * sun * mix(0.8, 0.58, deep) + mix(0.002, 0.005, deep),
      out[1]! * sun * mix(0.97, 0.86, deep) + mix(0.006, 0.016, deep),
      out[2]! * sun * mix(0.84, 0.74, deep) + mix(0.005, 0.014, deep),
    ]
  }

  /** The sky mirrored on the water: soft bright streaks, strongest at the upper right. */
  private glint(x: number, y: number, seconds: number): number {
    const place = smoothstep(-200, 500, x - 1.6 * y)
    if (place === 0) return 0
    const streak = octaves(this.sky, x / 150 + 0.1 * seconds, y / 52, 2, seconds * 0.35)
    return 0.015 + 0.13 * place * smoothstep(0.05, 0.75, streak)
  }

  /** Lens, film and sRGB: darker corners, a soft shoulder, a little grain. */
  private develop(
    light: Float32Array,
    share: number,
    x: number,
    y: number,
    frame: number,
    rgb: Uint8Array,
    at: number,
  ): void {
    const fromX = x / WIDTH - 0.5
    const fromY = y / HEIGHT - 0.5
    const lens = 1.62 * (1 - 0.75 * (fromX * fromX + fromY * fromY))
    const grain = 1.3 * this.grain(x * 0.71 + frame * 13.7, y * 0.71 - frame * 7.3)
    for (let channel = 0; channel < 3; channel++) {
      const value = light[channel]! * share * lens
      const shoulder = value < 0.5 ? value : 0.5 + 0.5 * (1 - Math.exp(-(value - 0.5) / 0.5))
      rgb[at + channel] = Math.round(Math.min(255, Math.max(0, 255 * clamp01(shoulder) ** (1 / 2.2) + grain)))
    }
  }

  private keypoints(index: number, labels: Uint8Array): SceneFrame['keypoints'] {
    const { camera, koi, seconds } = this.moment(index)
    return KOI_LANDMARKS.map(({ name, along, across }) => {
      const target = koi[0]!.toWorld(along, across)
      let { x, y } = target
      // What is seen at x, y lies where the waves bend the view to: solve for x, y.
      for (let round = 0; round < 4; round++) {
        const [waveX, waveY] = waves(x, y, seconds)
        x = target.x - FISH_DEPTH * waveX
        y = target.y - FISH_DEPTH * waveY
      }
      const offX = x - camera.x
      const offY = y - camera.y
      const sx = WIDTH / 2 + (offX * camera.cos + offY * camera.sin) * camera.zoom
      const sy = HEIGHT / 2 + (offY * camera.cos - offX * camera.sin) * camera.zoom
      const column = Math.round(sx)
      const row = Math.round(sy)
      const onScreen = column >= 0 && column < WIDTH && row >= 0 && row < HEIGHT
      const visible = onScreen && labels[row * WIDTH + column] === 1
      return { name, x: Math.round(sx * 100) / 100, y: Math.round(sy * 100) / 100, visible }
    })
  }
}

/** How far waves bend the view of the bed, in pixels. */
function waves(x: number, y: number, seconds: number): [number, number] {
  return [
    1.5 * Math.sin(x / 31 + y / 57 + 2.1 * seconds) + 0.8 * Math.sin(x / 17 - y / 13 - 2.9 * seconds),
    1.5 * Math.cos(y / 29 - x / 61 + 1.8 * seconds) + 0.8 * Math.cos(y / 15 + x / 19 + 2.6 * seconds),
  ]
}

function addLight(light: Float32Array, red: number, green: number, blue: number): void {
  light[0] = light[0]! + red
  light[1] = light[1]! + green
  light[2] = light[2]! + blue
}

function leafShadow(leaves: readonly Leaf[], x: number, y: number, softness: number): number {
  let dark = 0
  for (const leaf of leaves) {
    if (!leaf.castsShadow) continue
    const dx = x - leaf.x
    const dy = y - leaf.y
    const reach = leaf.radius + softness
    if (dx * dx + dy * dy > reach * reach) continue
    dark = Math.max(dark, smoothstep(reach, leaf.radius - softness, Math.sqrt(dx * dx + dy * dy)))
  }
  return dark
}

interface Swim {
  x: number
  y: number
  /** Pixels per second. */
  speed: number
  /** Tail beats per second. */
  beat: number
  heading: (seconds: number) => number
}

/** Steps per frame with which a path is followed; poses between steps are interpolated. */
const STEPS = 8

/** Follows a heading from a start; the path begins one frame early so that the first shutter has a past. */
function swim({ x, y, speed, beat, heading }: Swim): KoiPose[] {
  const step = 1 / (FRAMES_PER_SECOND * STEPS)
  const path: KoiPose[] = []
  let px = x
  let py = y
  for (let i = -STEPS; i <= (FRAMES + 1) * STEPS; i++) {
    const t = i * step
    const angle = heading(t)
    const turning = (heading(t + 0.01) - heading(t - 0.01)) / 0.02
    // A stroke of the tail pushes, the glide after it slows down.
    const now = speed * (1 + 0.12 * Math.sin(2 * 2 * Math.PI * beat * t))
    path.push({ x: px, y: py, heading: angle, bend: turning / speed, beat: 2 * Math.PI * beat * t })
    px += Math.cos(angle) * now * step
    py += Math.sin(angle) * now * step
  }
  return path
}

function poseAt(path: readonly KoiPose[], seconds: number): KoiPose {
  const at = (seconds * FRAMES_PER_SECOND + 1) * STEPS
  const i = Math.min(path.length - 2, Math.max(0, Math.floor(at)))
  const a = path[i]!
  const b = path[i + 1]!
  const share = at - i
  return {
    x: mix(a.x, b.x, share),
    y: mix(a.y, b.y, share),
    heading: mix(a.heading, b.heading, share),
    bend: mix(a.bend, b.bend, share),
    beat: mix(a.beat, b.beat, share),
  }
}
