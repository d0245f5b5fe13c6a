import type { Entry, Keypoint, Rle } from '../../model/annotation/index.ts'

/** What the search for doubtful frames knows of a shape. */
export interface Measure {
  /** Pixels of the mask, or of the box around the keypoints. */
  readonly area: number
  /** Centre of gravity, in pixels. */
  readonly x: number
  readonly y: number
  /** Connected parts that hold at least a tenth of the mask each; 1 for keypoints. */
  readonly parts: number
}

/** A part smaller than this share of the mask is crumbs, not a part. */
const LARGE_PART = 0.1

/** Undefined where there is no shape to measure: absent, an empty mask, no visible keypoint. */
export function measureOf(entry: Entry | undefined): Measure | undefined {
  if (entry === undefined || entry.state === 'absent') return undefined
  if (entry.mask !== undefined) return measureMask(entry.mask)
  return entry.keypoints === undefined ? undefined : measurePose(entry.keypoints)
}

function measurePose(keypoints: readonly Keypoint[]): Measure | undefined {
  const seen = keypoints.filter(({ visibility }) => visibility !== 'absent')
  if (seen.length === 0) return undefined
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity]
  let x = 0
  let y = 0
  for (const point of seen) {
    left = Math.min(left, point.x)
    right = Math.max(right, point.x)
    top = Math.min(top, point.y)
    bottom = Math.max(bottom, point.y)
    x += point.x
    y += point.y
  }
  // A single point has a size as well, so that its movement can be compared with something.
  const area = Math.max(right - left, 1) * Math.max(bottom - top, 1)
  return { area, x: x / seen.length, y: y / seen.length, parts: 1 }
}

/** Works on the runs: a vertical stretch per column, joined with those of the column before that it touches. */
function measureMask({ width, height, counts }: Rle): Measure | undefined {
  const parts = new Parts()
  let area = 0
  let sumX = 0
  let sumY = 0
  let position = 0
  for (let i = 0; i < counts.length; i++) {
    const start = position
    position += counts[i]!
    if ((i & 1) === 0) continue
    for (let at = start; at < position; ) {
      const column = Math.floor(at / height)
      const top = at - column * height
      const length = Math.min(position - at, height - top)
      area += length
      sumX += column * length
      sumY += length * (top + (length - 1) / 2)
      parts.add(column, top, top + length - 1, length)
      at += length
    }
  }
  if (area === 0 || width === 0) return undefined
  return { area, x: sumX / area, y: sumY / area, parts: parts.countAbove(area * LARGE_PART) }
}

/** Connected stretches of columns, by union-find; corners count as touching. */
class Parts {
  readonly #parent: number[] = []
  readonly #size: number[] = []
  readonly #top: number[] = []
  readonly #bottom: number[] = []
  #column = -2
  /** First stretch of the column before and of this one. */
  #before = 0
  #here = 0
  /** First stretch of the column before that may still touch. */
  #next = 0

  add(column: number, top: number, bottom: number, length: number): void {
    const id = this.#parent.length
    if (column !== this.#column) {
      this.#before = column === this.#column + 1 ? this.#here : id
      this.#here = id
      this.#next = this.#before
      this.#column = column
    }
    this.#parent.push(id)
    this.#size.push(length)
    this.#top.push(top)
    this.#bottom.push(bottom)
    while (this.#next < this.#here && this.#bottom[this.#next]! + 1 < top) this.#next++
    for (let other = this.#next; other < this.#here && this.#top[other]! <= bottom + 1; other++)
      this.#join(id, other)
  }

  countAbove(size: number): number {
    let count = 0
    for (let id = 0; id < this.#parent.length; id++)
      if (this.#parent[id] === id && this.#size[id]! >= size) count++
    return count
  }

  #join(a: number, b: number): void {
    const rootA = this.#root(a)
    const rootB = this.#root(b)
    if (rootA === rootB) return
    this.#parent[rootB] = rootA
    this.#size[rootA] = this.#size[rootA]! + this.#size[rootB]!
  }

  #root(id: number): number {
    let root = id
    while (this.#parent[root] !== root) {
      const parent = this.#parent[root]!
      this.#parent[root] = this.#parent[parent]!
      root = this.#parent[root]!
    }
    return root
  }
}
