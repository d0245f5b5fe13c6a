/**
 * Finds a small piece of one frame in another, near a place that is roughly known: normalised cross-correlation of
 * colours. The patch grid tells which thing it is to a cell or two; the picture itself tells where exactly.
 */
import type { Picture } from './edges.ts'
import type { Grid } from './grid.ts'
import type { GridPoint } from './keypoints.ts'
import { clamp, vertex } from './numbers.ts'

/** Samples along a side of a cell: places are found to a fraction of them. */
const SAMPLES = 4
/** Cells around the place in which it is looked for, to each side. */
const REACH = 3
/** What the score, at most 1, loses towards the end of the reach. */
const AWAY = 0.3
/** A piece that fits as well as this has not turned. */
const GOOD = 0.8
/** How far pieces turn before they are marked again, in degrees. */
const TURNS = [-45, -30, -15, 15, 30, 45]
/** How much better they have to fit then: of seven tries one always fits best. */
const TURNING = 0.1
/** A piece without any structure matches everywhere alike; below this deviation (of 255) it is not looked for. */
const FLATTEST = 2

/** Colours around a place: `side` by `side` samples, RGB. */
interface Samples {
  readonly side: number
  readonly data: Float32Array
}

/** What a thing looks like with a little of its surroundings, turned one way. */
interface Turned {
  readonly side: number
  /** Per sample and channel, less the channel's mean. */
  readonly centred: Float32Array
  readonly norm: number
}

/** A thing as it is, and as it looks when it has turned. */
export interface Piece {
  readonly upright: Turned
  readonly turned: readonly Turned[]
}

export interface Match extends GridPoint {
  /** Correlation there, -1..1. */
  readonly score: number
}

/**
 * Cuts a piece out of a picture.
 * @param at   centre of the piece; cell i of the grid has its centre at i
 * @param half half its side in cells
 */
export function cutPiece(picture: Picture, grid: Grid, at: GridPoint, half: number): Piece {
  const samples = Math.ceil(half * SAMPLES)
  // Corners of the square when it turns.
  const around = sampleAround(picture, grid, at, Math.ceil(samples * Math.SQRT2) + 1)
  return {
    upright: turn(around, samples, 0),
    turned: TURNS.map((degrees) => turn(around, samples, (degrees * Math.PI) / 180)),
  }
}

/** The middle of some samples, `half` to each side, turned by an angle. */
function turn({ side: width, data }: Samples, half: number, angle: number): Turned {
  const side = 2 * half + 1
  const middle = (width - 1) / 2
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)]
  const centred = new Float32Array(side * side * 3)
  for (let i = 0; i < side * side; i++) {
    const right = (i % side) - half
    const down = Math.floor(i / side) - half
    const x = middle + right * cosine + down * sine
    const y = middle - right * sine + down * cosine
    const [left, top] = [Math.floor(x), Math.floor(y)]
    for (let channel = 0; channel < 3; channel++) {
      const at = (column: number, row: number) => data[(row * width + column) * 3 + channel]!
      const above = at(left, top) + (at(left + 1, top) - at(left, top)) * (x - left)
      const below = at(left, top + 1) + (at(left + 1, top + 1) - at(left, top + 1)) * (x - left)
      centred[3 * i + channel] = above + (below - above) * (y - top)
    }
  }
  let squares = 0
  for (let channel = 0; channel < 3; channel++) {
    let mean = 0
    for (let i = channel; i < centred.length; i += 3) mean += centred[i]! / (side * side)
    for (let i = channel; i < centred.length; i += 3) {
      centred[i]! -= mean
      squares += centred[i]! ** 2
    }
  }
  return { side, centred, norm: Math.sqrt(squares) }
}

/**
 * The place near `near` where a piece fits best; places further away have to fit better. Where it does not fit well, it
 * may have turned.
 * @returns undefined where the piece has nothing to be known by
 */
export function findPiece(
  { upright, turned }: Piece,
  picture: Picture,
  grid: Grid,
  near: GridPoint,
): Match | undefined {
  const { side, norm } = upright
  if (norm / Math.sqrt(3 * side * side) < FLATTEST) return undefined
  const window = sampleAround(picture, grid, near, (side - 1) / 2 + REACH * SAMPLES)
  const straight = bestPlace(upright, window)
  const tries = straight.score < GOOD ? turned.map((each) => bestPlace(each, window)) : []
  const other = tries.reduce((a, b) => (b.score > a.score ? b : a), straight)
  const best = other.score > straight.score + TURNING ? other : straight
  return { x: near.x + best.x / SAMPLES, y: near.y + best.y / SAMPLES, score: best.score }
}

/**
 * Where a piece fits best in a window, in samples from the window's middle: every second place is tried, then those around
 * the best of them.
 */
function bestPlace(piece: Turned, window: Samples): Match {
  const reach = REACH * SAMPLES
  const scoreAt = (x: number, y: number) => correlation(piece, window, reach + x, reach + y)
  let best = { x: 0, y: 0, score: scoreAt(0, 0) }
  let most = best.score
  const visit = (x: number, y: number): void => {
    const score = scoreAt(x, y)
    const rating = score - (AWAY * (x ** 2 + y ** 2)) / reach ** 2
    if (rating <= most) return
    most = rating
    best = { x, y, score }
  }
  for (let y = -reach; y <= reach; y += 2) for (let x = -reach; x <= reach; x += 2) visit(x, y)
  const [left, top] = [Math.max(-reach, best.x - 1), Math.max(-reach, best.y - 1)]
  const [right, bottom] = [Math.min(reach, best.x + 1), Math.min(reach, best.y + 1)]
  for (let y = top; y <= bottom; y++) for (let x = left; x <= right; x++) visit(x, y)
  const { x, y, score } = best
  const isInside = (i: number) => Math.abs(i) < reach
  return {
    x: x + (isInside(x) ? vertex(scoreAt(x - 1, y), score, scoreAt(x + 1, y)) : 0),
    y: y + (isInside(y) ? vertex(scoreAt(x, y - 1), score, scoreAt(x, y + 1)) : 0),
    score,
  }
}

/** Of the piece with the samples of a window from (across, down) on, over all channels; -1..1. */
function correlation({ side, centred, norm }: Turned, window: Samples, across: number, down: number): number {
  let product = 0
  let squares = 0
  const sums = [0, 0, 0]
  for (let row = 0; row < side; row++) {
    let from = ((down + row) * window.side + across) * 3
    const start = row * side * 3
    const end = start + side * 3
    for (let i = start; i < end; i += 3, from += 3) {
      const r = window.data[from]!
      const g = window.data[from + 1]!
      const b = window.data[from + 2]!
      product += r * centred[i]! + g * centred[i + 1]! + b * centred[i + 2]!
      squares += r * r + g * g + b * b
      sums[0]! += r
      sums[1]! += g
      sums[2]! += b
    }
  }
  for (const sum of sums) squares -= sum ** 2 / (side * side)
  return squares <= 0 ? 0 : product / (norm * Math.sqrt(squares))
}

/** Samples up to `half` of them to each side of a place; beyond the picture its border goes on. */
function sampleAround({ width, height, data }: Picture, grid: Grid, at: GridPoint, half: number): Samples {
  const side = 2 * half + 1
  const out = new Float32Array(side * side * 3)
  const columns = tapsAround(at.x, width, grid.columns, half)
  const rows = tapsAround(at.y, height, grid.rows, half)
  let to = 0
  for (const row of rows)
    for (const column of columns) {
      for (const { pixel: y, weight: vertical } of row)
        for (const { pixel: x, weight: horizontal } of column) {
          const weight = vertical * horizontal
          const from = (y * width + x) * 3
          out[to]! += weight * data[from]!
          out[to + 1]! += weight * data[from + 1]!
          out[to + 2]! += weight * data[from + 2]!
        }
      to += 3
    }
  return { side, data: out }
}

/** Per sample the pixels that it is the mean of: those within half a sample, those at its ends in part. */
function tapsAround(
  at: number,
  pixels: number,
  cells: number,
  half: number,
): { readonly pixel: number; readonly weight: number }[][] {
  const size = pixels / cells
  const wide = Math.max(1, size / SAMPLES)
  return Array.from({ length: 2 * half + 1 }, (_, i) => {
    // Pixel p covers p to p + 1.
    const low = (at + 0.5 + (i - half) / SAMPLES) * size - wide / 2
    const taps: { pixel: number; weight: number }[] = []
    for (let p = Math.floor(low); p < low + wide; p++) {
      const weight = (Math.min(p + 1, low + wide) - Math.max(p, low)) / wide
      if (weight > 0) taps.push({ pixel: clamp(p, pixels - 1), weight })
    }
    return taps
  })
}
