import type { Dice } from './dice.ts'

/**
 * Fractal noise: lattices of random values joined by cubic B-splines, each octave twice as fine.
 * Much faster than gradient noise, because a whole lattice is spread along rows and then along columns.
 * @param cell width of the coarsest feature in pixels
 * @param gain strength of an octave relative to the coarser one; 0.5 is natural, more is rougher
 * @returns height x width, mean about 0, deviation about 1
 */
export function fractal(
  width: number,
  height: number,
  dice: Dice,
  {
    cell,
    octaves = 5,
    gain = 0.5,
    stretch = 1,
  }: { cell: number; octaves?: number; gain?: number; stretch?: number },
): Float32Array {
  const sum = new Float32Array(width * height)
  let strength = 1
  let power = 0
  for (let octave = 0, size = cell; octave < octaves && size >= 1.5; octave++, size /= 2) {
    addLattice(sum, width, height, dice, size * stretch, size, strength)
    power += strength * strength
    strength *= gain
  }
  // A spline of even values in -1..1 has a deviation of about 0.27.
  const scale = 1 / (0.27 * Math.sqrt(power))
  for (let i = 0; i < sum.length; i++) sum[i]! *= scale
  return sum
}

function addLattice(
  sum: Float32Array,
  width: number,
  height: number,
  dice: Dice,
  cellX: number,
  cellY: number,
  strength: number,
): void {
  const columns = Math.ceil(width / cellX) + 4
  const rows = Math.ceil(height / cellY) + 4
  const shiftX = dice.next()
  const shiftY = dice.next()
  const spread = new Float32Array(rows * width)
  const line = new Float32Array(columns)
  const weights = new Float64Array(4)
  // The same for every row: worked out once.
  const starts = new Int32Array(width)
  const shares = new Float32Array(width * 4)
  for (let x = 0; x < width; x++) {
    const at = x / cellX + shiftX
    starts[x] = Math.floor(at)
    splineWeights(at - starts[x]!, weights)
    shares.set(weights, x * 4)
  }
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < columns; i++) line[i] = (dice.next() * 2 - 1) * strength
    for (let x = 0, w = 0; x < width; x++, w += 4) {
      const i = starts[x]!
      spread[row * width + x] =
        line[i]! * shares[w]! +
        line[i + 1]! * shares[w + 1]! +
        line[i + 2]! * shares[w + 2]! +
        line[i + 3]! * shares[w + 3]!
    }
  }
  for (let y = 0; y < height; y++) {
    const at = y / cellY + shiftY
    const i = Math.floor(at)
    splineWeights(at - i, weights)
    const [a, b, c, d] = weights as unknown as [number, number, number, number]
    const first = i * width
    const out = y * width
    for (let x = 0; x < width; x++) {
      const from = first + x
      sum[out + x]! +=
        spread[from]! * a +
        spread[from + width]! * b +
        spread[from + 2 * width]! * c +
        spread[from + 3 * width]! * d
    }
  }
}

function splineWeights(t: number, out: Float64Array): void {
  const s = 1 - t
  out[0] = (s * s * s) / 6
  out[1] = (3 * t * t * t - 6 * t * t + 4) / 6
  out[2] = (3 * s * s * s - 6 * s * s + 4) / 6
  out[3] = (t * t * t) / 6
}

/** A hash of three numbers, 0..1. */
export function hashed(x: number, y: number, salt: number): number {
  let mixed = Math.imul(x | 0, 0x27d4eb2d) ^ Math.imul(y | 0, 0x165667b1) ^ Math.imul(salt | 0, 0x9e3779b1)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 4294967296
}
