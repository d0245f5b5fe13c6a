/**
 * Takes the pixels of one row from `start` up to, not including, `end`. What shapes are made of: a brush, a polygon
 * and filled holes all come as spans, which may lie outside the picture and may come twice.
 */
export type SpanSink = (row: number, start: number, end: number) => void

/** A place in the picture: pixels of the video from its left and top edge. */
export interface Point {
  readonly x: number
  readonly y: number
}

/**
 * The pixels whose centres lie inside a closed polygon by the even-odd rule. A centre on a left or upper edge is
 * inside, on a right or lower one outside, so that neighbours which share an edge share no pixel.
 * @param rows of the picture, where corners may lie far outside of it; the spans of others are left out
 */
export function fillPolygon(
  corners: readonly Point[],
  sink: SpanSink,
  rows = Number.POSITIVE_INFINITY,
): void {
  if (corners.length < 3) return
  let top = Number.POSITIVE_INFINITY
  let bottom = Number.NEGATIVE_INFINITY
  for (const { y } of corners) {
    top = Math.min(top, y)
    bottom = Math.max(bottom, y)
  }
  const crossings: number[] = []
  const first = Math.ceil(top - 0.5)
  for (let row = rows < Infinity ? Math.max(0, first) : first; row < rows && row + 0.5 < bottom; row++) {
    const y = row + 0.5
    crossings.length = 0
    let before = corners[corners.length - 1]!
    for (const corner of corners) {
      if (before.y <= y !== corner.y <= y)
        crossings.push(before.x + ((y - before.y) / (corner.y - before.y)) * (corner.x - before.x))
      before = corner
    }
    crossings.sort((a, b) => a - b)
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const start = Math.ceil(crossings[i]! - 0.5)
      const end = Math.ceil(crossings[i + 1]! - 0.5)
      if (end > start) sink(row, start, end)
    }
  }
}
