/** A seeded source of numbers in [0, 1): mulberry32. The same seed gives the same clip everywhere. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Smooth noise in about -1..1 whose features are one unit wide; `z` is usually time. */
export type Noise = (x: number, y: number, z?: number) => number

/** Gradient noise (Perlin 2002) over a seeded permutation. */
export function gradientNoise(seed: number): Noise {
  const random = seededRandom(seed)
  const table = Uint8Array.from({ length: 512 }, (_, i) => i & 255)
  for (let i = 255; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const kept = table[i]!
    table[i] = table[j]!
    table[j] = kept
  }
  table.copyWithin(256, 0, 256)
  return (x, y, z = 0) => {
    const ix = Math.floor(x)
    const iy = Math.floor(y)
    const iz = Math.floor(z)
    const fx = x - ix
    const fy = y - iy
    const fz = z - iz
    const u = fade(fx)
    const v = fade(fy)
    const w = fade(fz)
    const a = table[ix & 255]! + (iy & 255)
    const b = table[(ix + 1) & 255]! + (iy & 255)
    const depth = iz & 255
    const corner = (hash: number, dx: number, dy: number, dz: number) =>
      gradient(table[(table[hash & 255]! + depth + dz) & 255]!, fx - dx, fy - dy, fz - dz)
    const near = mix(
      mix(corner(a, 0, 0, 0), corner(b, 1, 0, 0), u),
      mix(corner(a + 1, 0, 1, 0), corner(b + 1, 1, 1, 0), u),
      v,
    )
    if (fz === 0) return near
    const far = mix(
      mix(corner(a, 0, 0, 1), corner(b, 1, 0, 1), u),
      mix(corner(a + 1, 0, 1, 1), corner(b + 1, 1, 1, 1), u),
      v,
    )
    return mix(near, far, w)
  }
}

/** Several octaves of noise, each twice as fine and half as strong; about -1..1. */
export function octaves(noise: Noise, x: number, y: number, count: number, z = 0): number {
  let sum = 0
  let strength = 0.5
  let scale = 1
  for (let i = 0; i < count; i++) {
    sum += strength * noise(x * scale + 17.3 * i, y * scale - 9.1 * i, z)
    scale *= 2
    strength *= 0.5
  }
  return sum * 1.6
}

export function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share
}

export function clamp01(value: number): number {
  return Math.min(1, Math.max(0, value))
}

/** 0 below `from`, 1 above `to`, smooth between; `from` may be the larger one. */
export function smoothstep(from: number, to: number, value: number): number {
  const t = clamp01((value - from) / (to - from))
  return t * t * (3 - 2 * t)
}

function fade(t: number): number {
  return t * t * t * (t * (t * 6 - 15) + 10)
}

function gradient(hash: number, x: number, y: number, z: number): number {
  const h = hash & 15
  const u = h < 8 ? x : y
  const v = h < 4 ? y : h === 12 || h === 14 ? x : z
  return ((h & 1) === 0 ? u : -u) + ((h & 2) === 0 ? v : -v)
}
