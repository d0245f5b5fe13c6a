import { frameAt, middleOfFrame, type Scale, xOfFrame } from './scale.ts'

/** Heights in CSS pixels. */
export const RULER_HEIGHT = 32
export const LANE_HEIGHT = 24

/** What is under the pointer. */
export type Hit =
  | { readonly kind: 'ruler'; readonly frame: number }
  /** The first or last frame of the chosen range, on the ruler. */
  | { readonly kind: 'range'; readonly end: 'first' | 'last'; readonly frame: number }
  | { readonly kind: 'lane'; readonly lane: number; readonly frame: number }
  | { readonly kind: 'nothing' }

/** How far from a range's end it is still taken hold of. */
const GRIP = 5

/**
 * What is at a place of the timeline.
 * @param y      pixels from the ruler's upper edge
 * @param scroll pixels by which the lanes are scrolled up
 */
export function hitTest(
  x: number,
  y: number,
  view: {
    readonly scale: Scale
    readonly frameCount: number
    readonly lanes: number
    readonly scroll: number
    readonly range: readonly [number, number] | undefined
  },
): Hit {
  if (view.frameCount === 0) return { kind: 'nothing' }
  const frame = frameAt(view.scale, x, view.frameCount)
  if (y < RULER_HEIGHT) {
    if (view.range) {
      const toFirst = Math.abs(x - xOfFrame(view.scale, view.range[0]))
      const toLast = Math.abs(x - xOfFrame(view.scale, view.range[1] + 1))
      if (Math.min(toFirst, toLast) <= GRIP)
        return { kind: 'range', end: toLast <= toFirst ? 'last' : 'first', frame }
    }
    return { kind: 'ruler', frame }
  }
  const lane = Math.floor((y - RULER_HEIGHT + view.scroll) / LANE_HEIGHT)
  return lane >= 0 && lane < view.lanes ? { kind: 'lane', lane, frame } : { kind: 'nothing' }
}

/**
 * Pixels from the middle of a range's first or last frame to where its end was taken hold of. Kept while the end is
 * dragged: without a movement it stays where it is.
 */
export function gripOffset(
  x: number,
  scale: Scale,
  range: readonly [number, number],
  end: 'first' | 'last',
): number {
  return x - middleOfFrame(scale, range[end === 'first' ? 0 : 1])
}

/**
 * The scroll moved as little as shows a lane.
 * @param height pixels of ruler and lanes that are seen
 */
export function revealLane(lane: number, scroll: number, height: number): number {
  const top = lane * LANE_HEIGHT
  return Math.min(top, Math.max(scroll, RULER_HEIGHT + top + LANE_HEIGHT - height))
}

/** The lanes that can be seen, first and one past the last. */
export function visibleLanes(scroll: number, height: number, lanes: number): readonly [number, number] {
  const first = Math.max(0, Math.floor(scroll / LANE_HEIGHT))
  return [first, Math.min(lanes, Math.ceil((scroll + height) / LANE_HEIGHT))]
}
