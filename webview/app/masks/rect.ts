/** A box of whole pixels; `right` and `bottom` lie outside. Empty when it has no width or no height. */
export interface Rect {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

export const EMPTY: Rect = { left: 0, top: 0, right: 0, bottom: 0 }

export function isEmpty(rect: Rect): boolean {
  return rect.right <= rect.left || rect.bottom <= rect.top
}

/** The smallest box around both; an empty one adds nothing. */
export function join(a: Rect, b: Rect): Rect {
  if (isEmpty(a)) return b
  if (isEmpty(b)) return a
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  }
}

/** What both have in common. */
export function overlap(a: Rect, b: Rect): Rect {
  const rect = {
    left: Math.max(a.left, b.left),
    top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right),
    bottom: Math.min(a.bottom, b.bottom),
  }
  return isEmpty(rect) ? EMPTY : rect
}

/** Wider by `by` pixels on every side. */
export function grow(rect: Rect, by: number): Rect {
  if (isEmpty(rect)) return rect
  return { left: rect.left - by, top: rect.top - by, right: rect.right + by, bottom: rect.bottom + by }
}
