import type { Dice } from './dice.ts'

/** Distance to an outline in pixels, negative inside. */
export type Distance = (x: number, y: number) => number

/** Distances on a grid, which gives an edge without steps at every size. */
export interface Outline {
  /** Place of the first value. */
  readonly left: number
  readonly top: number
  /** Pixels between two values. */
  readonly step: number
  readonly columns: number
  readonly rows: number
  /** rows x columns. */
  readonly values: Float32Array
}

/** Room around a shape, as a share of its half size: for shadows, and so that the grid ends outside. */
const MARGIN = 0.3

export function gridOf(distance: Distance, halfWidth: number, halfHeight: number): Outline {
  const step = 2
  const margin = MARGIN * Math.max(halfWidth, halfHeight) + 4
  const columns = Math.ceil((2 * (halfWidth + margin)) / step) + 1
  const rows = Math.ceil((2 * (halfHeight + margin)) / step) + 1
  const left = -halfWidth - margin
  const top = -halfHeight - margin
  const values = new Float32Array(rows * columns)
  for (let y = 0, i = 0; y < rows; y++)
    for (let x = 0; x < columns; x++, i++) {
      const border = x === 0 || y === 0 || x === columns - 1 || y === rows - 1
      const value = distance(left + x * step, top + y * step)
      // Values beyond the grid repeat its border, which must therefore be outside.
      values[i] = border ? Math.max(value, 4) : value
    }
  return { left, top, step, columns, rows, values }
}

export function circle(cx: number, cy: number, radius: number): Distance {
  return (x, y) => Math.hypot(x - cx, y - cy) - radius
}

/** Near the edge as exact as needed (first-order distance). */
export function ellipse(cx: number, cy: number, rx: number, ry: number): Distance {
  return (x, y) => {
    const k0 = Math.hypot((x - cx) / rx, (y - cy) / ry)
    const k1 = Math.hypot((x - cx) / (rx * rx), (y - cy) / (ry * ry))
    return k1 === 0 ? -Math.min(rx, ry) : (k0 * (k0 - 1)) / k1
  }
}

/** A limb: from radius `ra` at `a` to radius `rb` at `b`. */
export function limb(ax: number, ay: number, ra: number, bx: number, by: number, rb: number): Distance {
  const [dx, dy] = [bx - ax, by - ay]
  const square = dx * dx + dy * dy || 1
  return (x, y) => {
    const t = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / square))
    return Math.hypot(x - ax - t * dx, y - ay - t * dy) - (ra + (rb - ra) * t)
  }
}

export function roundedBox(
  cx: number,
  cy: number,
  halfWidth: number,
  halfHeight: number,
  corner: number,
): Distance {
  return (x, y) => {
    const qx = Math.abs(x - cx) - halfWidth + corner
    const qy = Math.abs(y - cy) - halfHeight + corner
    return Math.hypot(Math.max(qx, 0), Math.max(qy, 0)) + Math.min(Math.max(qx, qy), 0) - corner
  }
}

/** Signed distance to a closed polygon (crossing number for the sign). */
export function polygon(points: readonly (readonly [number, number])[]): Distance {
  const xs = Float64Array.from(points, ([x]) => x)
  const ys = Float64Array.from(points, ([, y]) => y)
  const count = points.length
  return (x, y) => {
    let nearest = Number.POSITIVE_INFINITY
    let inside = false
    for (let i = 0, j = count - 1; i < count; j = i++) {
      const ex = xs[j]! - xs[i]!
      const ey = ys[j]! - ys[i]!
      const wx = x - xs[i]!
      const wy = y - ys[i]!
      const t = Math.min(1, Math.max(0, (wx * ex + wy * ey) / (ex * ex + ey * ey || 1)))
      const bx = wx - ex * t
      const by = wy - ey * t
      nearest = Math.min(nearest, bx * bx + by * by)
      if (ys[i]! > y !== ys[j]! > y && x < (ex * wy) / ey + xs[i]!) inside = !inside
    }
    return inside ? -Math.sqrt(nearest) : Math.sqrt(nearest)
  }
}

export function union(...parts: readonly Distance[]): Distance {
  return (x, y) => {
    let least = parts[0]!(x, y)
    for (let i = 1; i < parts.length; i++) least = Math.min(least, parts[i]!(x, y))
    return least
  }
}

/** A union whose joints are filled in over about `softness` pixels. */
export function blended(softness: number, ...parts: readonly Distance[]): Distance {
  return (x, y) => {
    let value = parts[0]!(x, y)
    for (let i = 1; i < parts.length; i++) {
      const other = parts[i]!(x, y)
      const h = Math.max(softness - Math.abs(value - other), 0) / softness
      value = Math.min(value, other) - h * h * softness * 0.25
    }
    return value
  }
}

/** A smooth closed curve around the origin, inside a box of `halfWidth` x `halfHeight`. */
export function smoothCurve(dice: Dice, halfWidth: number, halfHeight: number): Distance {
  const waves = Array.from({ length: 5 }, (_, i) => ({
    times: i + 2,
    by: (dice.range(0, 0.34) * 2) / (i + 2),
    phase: dice.angle(),
  }))
  const radii: number[] = []
  const count = 72
  for (let i = 0; i < count; i++) {
    const angle = (i / count) * 2 * Math.PI
    radii.push(waves.reduce((sum, wave) => sum + wave.by * Math.cos(wave.times * angle + wave.phase), 1))
  }
  const largest = Math.max(...radii)
  return polygon(
    radii.map((radius, i) => {
      const angle = (i / count) * 2 * Math.PI
      const r = Math.max(0.2, radius / largest)
      return [Math.cos(angle) * r * halfWidth, Math.sin(angle) * r * halfHeight] as const
    }),
  )
}

/** Three to nine corners around the origin. */
export function corners(dice: Dice, halfWidth: number, halfHeight: number): Distance {
  const count = dice.whole(3, 9)
  const start = dice.angle()
  const spiky = dice.chance(0.3) ? 0.45 : 0.8
  return polygon(
    Array.from({ length: count }, (_, i) => {
      const angle = start + ((i + dice.range(-0.3, 0.3)) / count) * 2 * Math.PI
      const r = dice.range(spiky, 1)
      return [Math.cos(angle) * r * halfWidth, Math.sin(angle) * r * halfHeight] as const
    }),
  )
}
