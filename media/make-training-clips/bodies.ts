import type { Dice } from './dice.ts'
import {
  blended,
  circle,
  corners,
  type Distance,
  ellipse,
  gridOf,
  limb,
  type Outline,
  polygon,
  roundedBox,
  smoothCurve,
  union,
} from './outline.ts'

/** A stiff piece of a body. Its own coordinates have the joint at 0, 0. */
export interface Part {
  readonly outline: Outline
  /** Farthest point from the joint, in pixels. */
  readonly reach: number
  /** Index of the part that it hangs on; undefined for the trunk. */
  readonly parent: number | undefined
  /** Place of the joint in the coordinates of the parent. */
  readonly joint: readonly [x: number, y: number]
  /** Angle at the joint in radians: `rest + swing * sin(pace * time + phase)`. */
  readonly rest: number
  readonly swing: number
  readonly phase: number
  /** Drawn before the trunk. */
  readonly behind: boolean
  /** Brightness of the far limbs and the like. */
  readonly light: number
}

export interface Body {
  readonly parts: readonly Part[]
  /** Radians per frame of the swinging. */
  readonly pace: number
  /** Soft bodies bend as a whole. */
  readonly soft: boolean
  /** Wheels turn by this much per frame instead of swinging. */
  readonly spin?: number
  /** Keeps its head up: does not turn freely. */
  readonly upright: boolean
}

/** A body of about `radius` pixels from its middle to its farthest point. */
export function randomBody(dice: Dice, radius: number): Body {
  const build = dice.weighted<(dice: Dice, radius: number) => Body>([
    [3, curveBody],
    [1.5, cornerBody],
    [1, boxBody],
    [2.5, quadruped],
    [1.5, biped],
    [1.5, fish],
    [1, bird],
    [1, vehicle],
    [1, chain],
  ])
  return build(dice, radius)
}

interface Hung {
  distance: Distance
  size: readonly [halfWidth: number, halfHeight: number]
  parent?: number
  joint?: readonly [x: number, y: number]
  rest?: number
  swing?: number
  phase?: number
  behind?: boolean
  light?: number
}

function part({
  distance,
  size,
  parent,
  joint = [0, 0],
  rest = 0,
  swing = 0,
  phase = 0,
  behind = false,
  light = 1,
}: Hung): Part {
  const outline = gridOf(distance, size[0], size[1])
  return { outline, reach: Math.hypot(size[0], size[1]), parent, joint, rest, swing, phase, behind, light }
}

function single(dice: Dice, distance: Distance, size: readonly [number, number], upright = false): Body {
  return { parts: [part({ distance, size })], pace: pace(dice), soft: true, upright }
}

function pace(dice: Dice): number {
  return (2 * Math.PI) / dice.log(12, 50)
}

function curveBody(dice: Dice, radius: number): Body {
  const size = [radius, radius * dice.range(0.4, 1)] as const
  return single(dice, smoothCurve(dice, ...size), size)
}

function cornerBody(dice: Dice, radius: number): Body {
  const size = [radius, radius * dice.range(0.4, 1)] as const
  return { ...single(dice, corners(dice, ...size), size), soft: dice.chance(0.4) }
}

function boxBody(dice: Dice, radius: number): Body {
  const size = [radius, radius * dice.range(0.25, 1)] as const
  const corner = dice.chance(0.5) ? 1 : dice.range(0.1, 0.6) * size[1]
  return { ...single(dice, roundedBox(0, 0, ...size, corner), size), soft: dice.chance(0.4) }
}

/** Trunk, head, four legs of two pieces and a tail, seen from the side. */
function quadruped(dice: Dice, radius: number): Body {
  const long = radius * dice.range(0.5, 0.65)
  const thick = radius * dice.range(0.2, 0.34)
  const leg = radius * dice.range(0.3, 0.62)
  const thin = radius * dice.range(0.055, 0.11)
  const gait = dice.range(0.1, 0.55)
  const trunk = blended(
    thick * 0.6,
    ellipse(-long * 0.5, 0, long * 0.55, thick * dice.range(0.85, 1)),
    ellipse(long * 0.5, 0, long * 0.55, thick),
    limb(-long * 0.6, 0, thick * 0.7, long * 0.6, 0, thick * 0.8),
  )
  const parts = [part({ distance: trunk, size: [long * 1.1, thick * 1.15] })]
  for (const [x, phase, far] of [
    [-0.75, 0, true],
    [0.7, Math.PI, true],
    [-0.65, Math.PI, false],
    [0.8, 0, false],
  ] as const) {
    const light = far ? 0.72 : 1
    const upper = limb(0, 0, thin * 1.9, 0, leg * 0.55, thin)
    const lower = union(
      limb(0, 0, thin, 0, leg * 0.6, thin * 0.8),
      limb(0, leg * 0.6, thin * 0.8, thin * 1.5, leg * 0.62, thin * 0.7),
    )
    const index = parts.length
    parts.push(
      part({
        distance: upper,
        size: [thin * 2, leg * 0.6 + thin],
        parent: 0,
        joint: [x * long, thick * 0.6],
        swing: gait,
        phase,
        behind: far,
        light,
      }),
      part({
        distance: lower,
        size: [thin * 3, leg * 0.6 + thin],
        parent: index,
        joint: [0, leg * 0.55],
        rest: x < 0 ? -0.2 : 0.1,
        swing: gait * 0.8,
        phase: phase + 1.2,
        behind: far,
        light,
      }),
    )
  }
  const neck = radius * dice.range(0.15, 0.45)
  const head = radius * dice.range(0.12, 0.2)
  const skull = blended(
    head * 0.5,
    limb(0, 0, thick * 0.5, neck, 0, head * 0.7),
    ellipse(neck, 0, head, head * 0.85),
    limb(neck, head * 0.1, head * 0.6, neck + head * dice.range(0.9, 1.7), head * 0.6, head * 0.35),
    limb(neck - head * 0.2, -head * 0.6, head * 0.25, neck - head * 0.5, -head * 1.4, head * 0.15),
  )
  parts.push(
    part({
      distance: skull,
      size: [neck + head * 2, head * 1.8 + thick * 0.3],
      parent: 0,
      joint: [long * 0.95, -thick * 0.35],
      rest: dice.range(-0.9, 0.1),
      swing: dice.range(0.03, 0.25),
      phase: dice.angle(),
    }),
    part({
      distance: limb(0, 0, thin * 1.2, -radius * 0.4, 0, thin * 0.5),
      size: [radius * 0.5, thin * 1.5],
      parent: 0,
      joint: [-long, -thick * 0.4],
      rest: dice.range(-0.9, 0.9),
      swing: dice.range(0.1, 0.6),
      phase: dice.angle(),
      behind: true,
    }),
  )
  return { parts, pace: pace(dice), soft: false, upright: true }
}

/** Trunk, head, arms and legs, standing. */
function biped(dice: Dice, radius: number): Body {
  const tall = radius * dice.range(0.3, 0.38)
  const wide = radius * dice.range(0.16, 0.24)
  const leg = radius * dice.range(0.5, 0.6)
  const thin = radius * dice.range(0.06, 0.1)
  const gait = dice.range(0.15, 0.7)
  const trunk = blended(
    wide * 0.5,
    ellipse(0, -tall * 0.5, wide * 1.1, tall * 0.6),
    limb(0, -tall * 0.4, wide * 0.8, 0, tall * 0.8, wide * 0.75),
  )
  const parts = [part({ distance: trunk, size: [wide * 1.2, tall * 1.6] })]
  for (const [side, far] of [
    [-1, true],
    [1, false],
  ] as const) {
    const phase = side < 0 ? 0 : Math.PI
    const light = far ? 0.75 : 1
    const common = { behind: far, light }
    const legAt = parts.length
    parts.push(
      part({
        ...common,
        distance: limb(0, 0, thin * 1.5, 0, leg * 0.5, thin),
        size: [thin * 1.6, leg * 0.5 + thin],
        parent: 0,
        joint: [side * wide * 0.25, tall * 0.9],
        swing: gait,
        phase,
      }),
      part({
        ...common,
        distance: union(
          limb(0, 0, thin, 0, leg * 0.5, thin * 0.7),
          limb(0, leg * 0.5, thin * 0.7, thin * 2, leg * 0.52, thin * 0.6),
        ),
        size: [thin * 3, leg * 0.52 + thin],
        parent: legAt,
        joint: [0, leg * 0.5],
        rest: 0.25,
        swing: gait * 0.5,
        phase: phase + 1,
      }),
    )
    const armAt = parts.length
    parts.push(
      part({
        ...common,
        distance: limb(0, 0, thin * 1.1, 0, tall * 0.8, thin * 0.8),
        size: [thin * 1.2, tall * 0.8 + thin],
        parent: 0,
        joint: [side * wide * 0.7, -tall * 0.7],
        rest: side * -0.2,
        swing: gait,
        phase: phase + Math.PI,
      }),
      part({
        ...common,
        distance: union(
          limb(0, 0, thin * 0.8, 0, tall * 0.7, thin * 0.6),
          circle(0, tall * 0.75, thin * 0.9),
        ),
        size: [thin, tall * 0.8 + thin],
        parent: armAt,
        joint: [0, tall * 0.8],
        rest: dice.range(-1.2, -0.1),
        swing: gait * 0.6,
        phase: phase + Math.PI,
      }),
    )
  }
  const head = radius * dice.range(0.12, 0.17)
  parts.push(
    part({
      distance: blended(
        head * 0.4,
        limb(0, 0, head * 0.4, 0, -head, head * 0.5),
        ellipse(0, -head * 1.4, head * 0.85, head),
      ),
      size: [head, head * 2.5],
      parent: 0,
      joint: [0, -tall],
      swing: dice.range(0.02, 0.15),
      phase: dice.angle(),
    }),
  )
  return { parts, pace: pace(dice), soft: false, upright: true }
}

function fish(dice: Dice, radius: number): Body {
  const thick = radius * dice.range(0.2, 0.45)
  const tail = radius * dice.range(0.2, 0.4)
  const distance = blended(
    thick * 0.3,
    ellipse(radius * 0.15, 0, radius * 0.8, thick),
    polygon([
      [-radius * 0.5, 0],
      [-radius * 0.98, -tail],
      [-radius * 0.85, 0],
      [-radius * 0.98, tail],
    ]),
    polygon([
      [radius * 0.3, -thick * 0.7],
      [-radius * 0.3, -thick * dice.range(1.1, 1.8)],
      [-radius * 0.3, -thick * 0.5],
    ]),
  )
  return single(dice, distance, [radius, Math.max(thick * 1.8, tail * 1.05)])
}

function bird(dice: Dice, radius: number): Body {
  const long = radius * dice.range(0.45, 0.6)
  const thick = long * dice.range(0.3, 0.45)
  const wing = radius * dice.range(0.6, 0.95)
  const trunk = blended(
    thick * 0.4,
    ellipse(0, 0, long, thick),
    circle(long * 0.95, -thick * 0.5, thick * 0.62),
    polygon([
      [long * 1.1, -thick * 0.7],
      [long * 1.45, -thick * 0.4],
      [long * 1.1, -thick * 0.2],
    ]),
    polygon([
      [-long * 0.7, 0],
      [-long * 1.5, -thick * 0.5],
      [-long * 1.5, thick * 0.5],
    ]),
  )
  const feathers = () =>
    blended(
      thick * 0.3,
      limb(0, 0, thick * 0.6, -wing * 0.2, -wing * 0.6, thick * 0.5),
      limb(-wing * 0.2, -wing * 0.6, thick * 0.5, -wing * 0.5, -wing, thick * 0.15),
    )
  const beat = dice.range(0.3, 0.9)
  const wings = [true, false].map((behind) =>
    part({
      distance: feathers(),
      size: [wing * 0.7, wing * 1.1],
      parent: 0,
      joint: [behind ? long * 0.15 : 0, -thick * 0.4],
      rest: behind ? 0.4 : -0.1,
      swing: beat,
      phase: behind ? 0.5 : 0,
      behind,
      light: behind ? 0.75 : 1,
    }),
  )
  return {
    parts: [part({ distance: trunk, size: [long * 1.6, thick * 1.3] }), ...wings],
    pace: pace(dice),
    soft: false,
    upright: dice.chance(0.7),
  }
}

function vehicle(dice: Dice, radius: number): Body {
  const tall = radius * dice.range(0.2, 0.32)
  const wheel = radius * dice.range(0.16, 0.24)
  const cabin = dice.range(-0.4, 0.2) * radius
  const trunk = blended(
    tall * 0.3,
    roundedBox(0, 0, radius * 0.95, tall, tall * 0.4),
    roundedBox(cabin, -tall * 1.3, radius * dice.range(0.3, 0.55), tall * dice.range(0.7, 1.2), tall * 0.4),
  )
  const wheels = [-0.6, 0.6].map((x) =>
    part({
      distance: circle(0, 0, wheel),
      size: [wheel, wheel],
      parent: 0,
      joint: [x * radius, tall * 0.9],
      light: 0.6,
    }),
  )
  return {
    parts: [part({ distance: trunk, size: [radius, tall * 2.7] }), ...wheels],
    pace: 0,
    soft: false,
    spin: dice.range(-0.25, 0.25),
    upright: true,
  }
}

/** A row of links that swing one after the other: snake, arm, tail. */
function chain(dice: Dice, radius: number): Body {
  const count = dice.whole(3, 6)
  const length = (radius * 1.7) / count
  const thick = radius * dice.range(0.12, 0.28)
  const thin = thick * dice.range(0.4, 1)
  const swing = dice.range(0.1, 0.45)
  const parts: Part[] = []
  for (let i = 0; i < count; i++) {
    const from = thick + ((thin - thick) * i) / count
    const to = thick + ((thin - thick) * (i + 1)) / count
    const [first, second] = i === 0 ? [-length / 2, length / 2] : [0, length]
    parts.push(
      part({
        distance: limb(first, 0, from, second, 0, to),
        size: [length + thick, thick * 1.05],
        parent: i === 0 ? undefined : i - 1,
        joint: i === 0 ? [0, 0] : [i === 1 ? length / 2 : length, 0],
        rest: i === 0 ? 0 : dice.range(-0.2, 0.2),
        swing: i === 0 ? 0 : swing,
        phase: -i * 0.9,
      }),
    )
  }
  return { parts, pace: pace(dice), soft: false, upright: false }
}
