import type { Dice } from './dice.ts'

/** A number that changes smoothly with time (in frames, fractions allowed). */
export type Curve = (time: number) => number

export const still: Curve = () => 0

/** A slow swing of at most `reach`, and never faster than `fastest` per frame. */
export function swing(dice: Dice, reach: number, fastest: number): Curve {
  const pace = Math.min((2 * Math.PI) / dice.log(16, 120), fastest / Math.max(reach, 1e-6))
  const phase = dice.angle()
  return (time) => reach * Math.sin(pace * time + phase)
}

/** Trembling of a hand-held camera: three incommensurable swings, deviation about `strength`. */
export function tremble(dice: Dice, strength: number): Curve {
  const waves = [0.23, 0.61, 1.37].map((pace) => ({
    pace: pace * dice.range(0.7, 1.3),
    phase: dice.angle(),
    by: (strength * 0.45) / Math.sqrt(pace),
  }))
  return (time) => waves.reduce((sum, { pace, phase, by }) => sum + by * Math.sin(pace * time + phase), 0)
}

export function plus(...curves: readonly Curve[]): Curve {
  return (time) => curves.reduce((sum, curve) => sum + curve(time), 0)
}

export interface Camera {
  /** Place looked at, in pixels of the background. */
  readonly x: Curve
  readonly y: Curve
  /** Logarithm of the magnification. */
  readonly zoom: Curve
  /** Radians. */
  readonly turn: Curve
}

/** Standing, panning, following, drawing nearer, held by hand; `unit` as in scene.ts. */
export function randomCamera(dice: Dice, unit: number): Camera {
  if (dice.chance(0.15)) return { x: still, y: still, zoom: still, turn: still }
  const shake = dice.chance(0.5) ? dice.log(0.15, 1.6) * unit : 0
  const speed = dice.chance(0.3) ? 0 : dice.log(0.2, 4) * unit
  const heading = dice.chance(0.6) ? dice.range(-0.2, 0.2) + (dice.chance(0.5) ? Math.PI : 0) : dice.angle()
  const [vx, vy] = [Math.cos(heading) * speed, Math.sin(heading) * speed]
  const nearer = dice.chance(0.4) ? dice.range(-0.006, 0.009) : 0
  const roll = dice.chance(0.3) ? dice.range(0.01, 0.12) : 0
  return {
    x: plus((time) => vx * time, swing(dice, dice.range(0, 14) * unit, 1.2 * unit), tremble(dice, shake)),
    y: plus((time) => vy * time, swing(dice, dice.range(0, 8) * unit, 0.8 * unit), tremble(dice, shake)),
    zoom: plus((time) => 0.5 * Math.tanh(2 * nearer * time), tremble(dice, shake * 0.001)),
    turn: plus(swing(dice, roll, 0.01), tremble(dice, shake * 0.001)),
  }
}
