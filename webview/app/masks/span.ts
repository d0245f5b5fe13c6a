/** Rounding must not open gaps where an edge runs exactly through the centres of pixels. */
const TINY = 1e-9

/** The columns whose centres lie from `left` to `right`, both included. */
export function centresWithin(left: number, right: number): [start: number, end: number] {
  return [Math.ceil(left - 0.5 - TINY), Math.floor(right - 0.5 + TINY) + 1]
}
