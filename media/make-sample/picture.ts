/** Linear light, 0..1 and above. */
export type Colour = [red: number, green: number, blue: number]

/** A picture of linear RGB and coverage, sampled with bilinear interpolation. */
export class Picture {
  readonly width: number
  readonly height: number
  /** height x width x (red, green, blue, alpha). */
  readonly data: Float32Array

  constructor(width: number, height: number) {
    this.width = width
    this.height = height
    this.data = new Float32Array(width * height * 4)
  }

  set(x: number, y: number, [red, green, blue]: Colour, alpha = 1): void {
    this.data.set([red, green, blue, alpha], (y * this.width + x) * 4)
  }

  /** Writes red, green, blue, alpha at `x, y` (pixel centres at whole numbers, edges repeated) to `out`. */
  sample(x: number, y: number, out: Float32Array): void {
    const { width, height, data } = this
    const cx = Math.min(width - 1.001, Math.max(0, x))
    const cy = Math.min(height - 1.001, Math.max(0, y))
    const ix = Math.floor(cx)
    const iy = Math.floor(cy)
    const fx = cx - ix
    const fy = cy - iy
    const at = (iy * width + ix) * 4
    const below = at + width * 4
    const a = (1 - fx) * (1 - fy)
    const b = fx * (1 - fy)
    const c = (1 - fx) * fy
    const d = fx * fy
    for (let i = 0; i < 4; i++)
      out[i] = data[at + i]! * a + data[at + 4 + i]! * b + data[below + i]! * c + data[below + 4 + i]! * d
  }
}

export function blend(a: Colour, b: Colour, share: number): Colour {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share]
}

export function scaled([red, green, blue]: Colour, by: number): Colour {
  return [red * by, green * by, blue * by]
}

/** Mean over a box of `2 * radius + 1` per side, twice: close to a soft round blur. */
export function blurred(values: Float32Array, width: number, height: number, radius: number): Float32Array {
  let current = values
  for (let round = 0; round < 2; round++) {
    const rows = boxAlong(current, width, height, 1, width, radius)
    current = boxAlong(rows, height, width, width, 1, radius)
  }
  return current
}

function boxAlong(
  values: Float32Array,
  length: number,
  lines: number,
  step: number,
  lineStep: number,
  radius: number,
): Float32Array {
  const result = new Float32Array(values.length)
  const size = 2 * radius + 1
  for (let line = 0; line < lines; line++) {
    const start = line * lineStep
    const at = (i: number) => values[start + Math.min(Math.max(i, 0), length - 1) * step]!
    let sum = 0
    for (let i = -radius; i <= radius; i++) sum += at(i)
    for (let i = 0; i < length; i++) {
      result[start + i * step] = sum / size
      sum += at(i + radius + 1) - at(i - radius)
    }
  }
  return result
}
