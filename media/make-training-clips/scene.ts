import { randomBackdrop } from './backdrop.ts'
import { type Body, randomBody } from './bodies.ts'
import { Dice } from './dice.ts'
import { type Camera, type Curve, plus, randomCamera, still, swing } from './motion.ts'
import { type Palette, randomPalette, shifted } from './palette.ts'
import { type Layer, Painter, type Placement, type Shadow, type Stage, type Thing } from './render.ts'
import type { Surface } from './surface.ts'
import { randomTexture } from './textures.ts'

/** Lengths and speeds are drawn for a frame whose shorter side has this many pixels, then scaled by `unit`. */
const NOMINAL = 256
/** An object counts as visible from this many pixels of the nominal frame on. */
const VISIBLE = 150
const ATTEMPTS = 20

export interface Clip {
  readonly painter: Painter
  /** Number of labelled objects: their masks have the values 1..objects. */
  readonly objects: number
}

/** A random clip in which every labelled object can be seen on frame 0. The same seed gives the same clip. */
export function randomClip(seed: number, width: number, height: number): Clip {
  const dice = new Dice(seed)
  for (let attempt = 1; ; attempt++) {
    const { stage, objects } = randomStage(dice.fork(), width, height)
    const painter = new Painter(stage)
    const least = VISIBLE * (Math.min(width, height) / NOMINAL) ** 2
    const seen = countLabels(painter.labels(0), objects)
    // After many attempts rather an object too small than no clip.
    if (attempt === ATTEMPTS || seen.every((pixels) => pixels >= least)) return { painter, objects }
  }
}

function countLabels(labels: Uint8Array, objects: number): number[] {
  const counts = new Array<number>(objects + 1).fill(0)
  for (const label of labels) counts[label]!++
  return counts.slice(1)
}

function randomStage(dice: Dice, width: number, height: number): { stage: Stage; objects: number } {
  const unit = Math.min(width, height) / NOMINAL
  const camera = randomCamera(dice.fork(), unit)
  const backdrop = backdropLayer(dice.fork(), width, height, unit, camera)
  const shadow = randomShadow(dice, unit)
  const objects = dice.weighted([
    [3, 1],
    [4, 2],
    [3, 3],
    [2, 4],
    [1, 5],
  ])
  const things: Thing[] = [{ label: 0, layers: [backdrop.layer], shadow: undefined }]
  const view: View = { width, height, unit, camera }
  const looks: Look[] = []
  for (let label = 1; label <= objects; label++) {
    const look = randomLook(dice.fork(), unit, objects, looks, backdrop.palette)
    looks.push(look)
    things.push({ label, layers: objectLayers(dice.fork(), view, look, 'object'), shadow })
  }
  // Who passes by or stands in front is no object of the mask, but hides objects.
  if (dice.chance(0.3)) {
    const look = randomLook(dice.fork(), unit, 3, [], backdrop.palette)
    things.push({
      label: 0,
      layers: objectLayers(dice.fork(), view, look, dice.chance(0.5) ? 'passer' : 'post'),
      shadow,
    })
  }
  return {
    stage: {
      width,
      height,
      things,
      shutter: dice.chance(0.2) ? 0 : dice.range(0.1, 0.7),
      light: randomLight(dice.fork(), width, height),
      noise: dice.chance(0.2) ? 0 : dice.log(0.5, 5),
      noiseSeed: dice.whole(0, 1 << 20),
    },
    objects,
  }
}

interface View {
  readonly width: number
  readonly height: number
  readonly unit: number
  readonly camera: Camera
}

function backdropLayer(
  dice: Dice,
  width: number,
  height: number,
  unit: number,
  camera: Camera,
): { layer: Layer; palette: Palette } {
  const room = Math.round(160 * unit)
  const { surface, palette } = randomBackdrop(dice, width + 2 * room, height + 2 * room, unit)
  const slant = dice.chance(0.4) ? 0.35 / Math.max(width, height) : 0
  const slantX = dice.range(-slant, slant)
  const slantY = dice.range(-slant, slant)
  // Near and far parts of a background pass at different speeds when the camera moves sideways.
  const depth = dice.chance(0.5) ? dice.range(0.05, 0.5) : 0
  const wave = (2 * Math.PI) / (dice.range(120, 260) * unit)
  const phase = dice.angle()
  const most = 0.35 / wave
  const sway = dice.chance(0.15) ? dice.range(0.4, 2) * unit : 0
  const swayPace = dice.range(0.08, 0.35)
  const swayWave = (2 * Math.PI) / (dice.log(25, 90) * unit)
  const layer: Layer = {
    surface,
    origin: [surface.width / 2, surface.height / 2],
    outline: undefined,
    rim: { depth: 1, strength: 0 },
    place(time): Placement {
      const panX = camera.x(time)
      const panY = camera.y(time)
      const turn = camera.turn(time)
      const zoom = Math.exp(camera.zoom(time))
      const [cos, sin] = [Math.cos(turn) / zoom, Math.sin(turn) / zoom]
      const shiftX = most * Math.tanh((depth * panX) / most)
      const shiftY = most * Math.tanh((depth * panY) / most)
      return {
        ...{ left: 0, top: 0, right: width, bottom: height, scale: zoom, light: 1 },
        locate(x, y, out) {
          const dx = x - width / 2
          const dy = y - height / 2
          const away = 1 / (1 + slantX * dx + slantY * dy)
          const u = (dx * cos + dy * sin) * away + panX
          const v = (dy * cos - dx * sin) * away + panY
          const near = Math.sin(u * wave + phase) * Math.sin(v * wave + 2 * phase)
          out[0] = u + shiftX * near + sway * Math.sin(v * swayWave + swayPace * time)
          out[1] = v + shiftY * near + sway * Math.sin(u * swayWave + 1.3 * swayPace * time)
        },
      }
    },
  }
  return { layer, palette }
}

/** What an object looks like, without where it is. */
interface Look {
  readonly body: Body
  readonly radius: number
  readonly skin: Surface
  readonly palette: Palette
}

function randomLook(
  dice: Dice,
  unit: number,
  crowd: number,
  others: readonly Look[],
  backdrop: Palette,
): Look {
  const radius = dice.log(26, crowd > 3 ? 60 : crowd > 1 ? 85 : 110) * unit
  const twin = others.length > 0 && dice.chance(0.3) ? dice.pick(others) : undefined
  if (twin) {
    // A look-alike: the same kind of skin or the very same, on a body of its own.
    const palette = shifted(twin.palette, dice, 6)
    const skin = dice.chance(0.5) ? twin.skin : skinOf(dice, radius, palette, unit)
    return { body: randomBody(dice, radius), radius, skin, palette }
  }
  const palette = dice.chance(0.12) ? shifted(backdrop, dice, 15) : randomPalette(dice)
  return { body: randomBody(dice, radius), radius, skin: skinOf(dice, radius, palette, unit), palette }
}

function skinOf(dice: Dice, radius: number, palette: Palette, unit: number): Surface {
  const side = Math.ceil(2.6 * radius)
  return randomTexture(side, side, dice, palette, unit, 'object')
}

/** Where an object is: place in the frame, angle, size and stretch. */
interface Course {
  readonly x: Curve
  readonly y: Curve
  readonly turn: Curve
  readonly size: Curve
  readonly wide: Curve
  readonly tall: Curve
  /** 1: stands on the background and moves with it; 0: the camera follows it. */
  readonly attached: number
}

function randomCourse(
  dice: Dice,
  { width, height, unit }: View,
  body: Body,
  role: 'object' | 'passer' | 'post',
): Course {
  const kind =
    role === 'object'
      ? dice.weighted([
          [5, 'stay'],
          [3.5, 'cross'],
          [1.5, 'stand'],
        ] as const)
      : role
  const startX = width * dice.range(0.15, 0.85)
  const startY = height * dice.range(0.2, 0.8)
  const rest = body.upright ? dice.range(-0.12, 0.12) : dice.angle()
  const growth = dice.chance(0.3) ? dice.range(-0.008, 0.01) : 0
  const shared = {
    turn: plus(
      () => rest,
      body.upright ? swing(dice, dice.range(0, 0.2), 0.02) : swing(dice, dice.log(0.05, 1.2), 0.05),
    ),
    size: (time: number) => Math.exp(0.6 * Math.tanh(growth * time)),
    // Turning away from the viewer narrows a body; breathing and squashing change it a little.
    wide: dice.chance(0.3) ? swing(dice, dice.range(0.05, 0.3), 0.012) : still,
    tall: dice.chance(0.2) ? swing(dice, dice.range(0.02, 0.12), 0.012) : still,
  }
  if (kind === 'stand' || kind === 'post')
    return { ...shared, x: () => startX, y: () => startY, attached: role === 'post' ? dice.range(1, 1.6) : 1 }
  if (kind === 'stay') {
    const fastest = dice.log(0.3, 5) * unit
    const reach = dice.log(6, 90) * unit
    return {
      ...shared,
      x: plus(() => startX, swing(dice, reach, fastest), swing(dice, 8 * unit, 0.8 * unit)),
      y: plus(
        () => startY,
        swing(dice, reach * dice.range(0.1, 1), fastest),
        swing(dice, 6 * unit, 0.8 * unit),
      ),
      attached: dice.chance(0.4) ? dice.range(0, 1) : dice.range(0, 0.3),
    }
  }
  const speed = dice.log(kind === 'passer' ? 2.5 : 0.6, 7) * unit
  // Towards the middle, so that it has a way to go; a passer-by starts outside and arrives during the clip.
  const heading = Math.atan2(height / 2 - startY, width / 2 - startX) + dice.range(-0.9, 0.9)
  const [vx, vy] = [Math.cos(heading) * speed, Math.sin(heading) * speed * 0.7]
  const delay = kind === 'passer' ? dice.range(10, 40) : 0
  return {
    ...shared,
    x: plus((time) => startX + vx * (time - delay), swing(dice, dice.range(0, 8) * unit, unit)),
    y: plus((time) => startY + vy * (time - delay), swing(dice, dice.range(0, 8) * unit, unit)),
    attached: dice.chance(0.5) ? 0.3 : 0,
  }
}

function objectLayers(dice: Dice, view: View, look: Look, role: 'object' | 'passer' | 'post'): Layer[] {
  const { body, radius, skin } = look
  const { camera, width, height } = view
  const course = randomCourse(dice, view, body, role)
  const phase = dice.angle()
  const bend = body.soft && dice.chance(0.75) ? randomBend(dice, radius) : undefined
  const flicker = dice.chance(0.3) ? swing(dice, dice.range(0.02, 0.15), 0.01) : still
  // Between the parts of a body a dark rim would look like a drawn line.
  const round = body.parts.length > 1 ? 0.35 : 1
  const rim = {
    depth: radius * dice.range(0.1, 0.4),
    strength: dice.chance(0.6) ? round * dice.range(0.1, 0.5) : 0,
  }
  const flipped = dice.sign()

  /** Body to frame: x' = a x + c y + e, y' = b x + d y + f. */
  function trunk(time: number): Matrix {
    const follow = course.attached
    const turn = camera.turn(time) * follow
    const zoom = Math.exp(camera.zoom(time) * Math.min(1, follow))
    const x = course.x(time) - width / 2 - camera.x(time) * follow
    const y = course.y(time) - height / 2 - camera.y(time) * follow
    const [cos, sin] = [Math.cos(turn) * zoom, Math.sin(turn) * zoom]
    const size = course.size(time) * zoom
    const placed: Matrix = [1, 0, 0, 1, width / 2 + cos * x - sin * y, height / 2 + sin * x + cos * y]
    const shape: Matrix = [
      flipped * size * (1 + course.wide(time)),
      0,
      0,
      size * (1 + course.tall(time)),
      0,
      0,
    ]
    return times(times(placed, rotation(turn + course.turn(time))), shape)
  }

  function partMatrix(index: number, time: number): Matrix {
    const { parent, joint, rest, swing: by, phase: own } = body.parts[index]!
    if (parent === undefined) return trunk(time)
    const angle =
      body.spin === undefined ? rest + by * Math.sin(body.pace * time + phase + own) : body.spin * time
    return times(times(partMatrix(parent, time), [1, 0, 0, 1, joint[0], joint[1]]), rotation(angle))
  }

  const layers = body.parts.map((part, index): Layer & { behind: boolean } => ({
    surface: skin,
    // Each part shows another piece of the skin, so that limbs are not copies of the trunk.
    origin: [
      skin.width / 2 + ((index * 37) % (skin.width / 3)),
      skin.height / 2 + ((index * 53) % (skin.height / 3)),
    ],
    outline: part.outline,
    rim,
    behind: part.behind,
    place(time): Placement {
      const matrix = partMatrix(index, time)
      const [a, b, c, d, e, f] = inverse(matrix)
      const scale = Math.sqrt(Math.abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]))
      const largest = Math.max(Math.hypot(matrix[0], matrix[1]), Math.hypot(matrix[2], matrix[3]))
      const reach = (part.reach + (bend?.reach ?? 0)) * largest + 2
      return {
        left: matrix[4] - reach,
        right: matrix[4] + reach,
        top: matrix[5] - reach,
        bottom: matrix[5] + reach,
        scale,
        light: part.light * (1 + flicker(time)),
        locate(x, y, out) {
          out[0] = a * x + c * y + e
          out[1] = b * x + d * y + f
          bend?.apply(time, out)
        },
      }
    },
  }))
  return [...layers.filter(({ behind }) => behind), ...layers.filter(({ behind }) => !behind)]
}

/** Two shears that change along the body and with time: whatever their size, no place is seen twice. */
function randomBend(
  dice: Dice,
  radius: number,
): { reach: number; apply(time: number, place: Float64Array): void } {
  const wave = () => ({
    by: radius * dice.log(0.02, 0.14),
    rate: (2 * Math.PI) / (radius * dice.log(1.2, 5)),
    pace: dice.sign() * ((2 * Math.PI) / dice.log(14, 70)),
    phase: dice.angle(),
  })
  const waves = [wave(), wave(), wave(), wave()] as const
  const at = ({ by, rate, pace, phase }: ReturnType<typeof wave>, along: number, time: number) =>
    by * Math.sin(rate * along + pace * time + phase)
  return {
    reach: waves.reduce((sum, { by }) => sum + by, 0),
    apply(time, place) {
      place[1]! += at(waves[0], place[0]!, time) + at(waves[1], place[0]!, time)
      place[0]! += at(waves[2], place[1]!, time) + at(waves[3], place[1]!, time)
    },
  }
}

function randomShadow(dice: Dice, unit: number): Shadow | undefined {
  if (dice.chance(0.4)) return undefined
  return {
    dx: dice.range(-10, 10) * unit,
    dy: dice.range(2, 14) * unit,
    softness: dice.range(2, 7) * unit,
    strength: dice.range(0.1, 0.45),
  }
}

/** Light that is stronger on one side, brightens and dims, and now and then a soft shadow that wanders across. */
function randomLight(dice: Dice, width: number, height: number): Stage['light'] {
  const angle = dice.angle()
  const slope = dice.range(0, 0.25)
  const [sx, sy] = [(Math.cos(angle) * slope) / width, (Math.sin(angle) * slope) / height]
  const exposure = dice.range(0.8, 1.15)
  const dimming = dice.chance(0.5) ? swing(dice, dice.range(0.02, 0.16), 0.012) : still
  const corner = dice.chance(0.4) ? dice.range(0.05, 0.3) : 0
  const cloud = dice.chance(0.2) ? dice.range(0.1, 0.4) : 0
  const cloudWave = (2 * Math.PI) / (Math.max(width, height) * dice.range(0.5, 1.5))
  const cloudPace = dice.range(0.02, 0.15) * dice.sign()
  const tilt = dice.range(-0.7, 0.7)
  return (x, y, time) => {
    const dx = x - width / 2
    const dy = y - height / 2
    const away = (dx * dx + dy * dy) / (width * width + height * height)
    const passing = Math.max(0, Math.sin((dx + tilt * dy) * cloudWave + cloudPace * time))
    return (
      exposure *
      (1 + sx * dx + sy * dy) *
      (1 + dimming(time)) *
      (1 - corner * 4 * away) *
      (1 - cloud * passing * passing)
    )
  }
}

type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number]

function rotation(angle: number): Matrix {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  return [cos, sin, -sin, cos, 0, 0]
}

/** First `n`, then `m`. */
function times(m: Matrix, n: Matrix): Matrix {
  return [
    m[0] * n[0] + m[2] * n[1],
    m[1] * n[0] + m[3] * n[1],
    m[0] * n[2] + m[2] * n[3],
    m[1] * n[2] + m[3] * n[3],
    m[0] * n[4] + m[2] * n[5] + m[4],
    m[1] * n[4] + m[3] * n[5] + m[5],
  ]
}

function inverse([a, b, c, d, e, f]: Matrix): Matrix {
  const det = a * d - b * c
  return [d / det, -b / det, -c / det, a / det, (c * f - d * e) / det, (b * e - a * f) / det]
}
