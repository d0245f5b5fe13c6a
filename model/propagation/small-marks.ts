/** Which marked objects are small on the patch grid, and how they travel. */
import { type LabelMap, pixelsOf } from '../label-map.ts'
import { cellCount, type Grid } from './grid.ts'
import type { MaskMark } from './groups.ts'
import type { PropagationSettings } from './settings.ts'
import { centreOf, pixelsOfObject } from './spots.ts'

/**
 * Cells that a mask should cover to travel as an area, unless it is compact. Discs on five places of a moving body, 24
 * frames of the sample clip: with 3 cells they were there on 1 to 10 frames, with 7 three of the five to the end.
 */
export const FEWEST_CELLS = 8

/** Ids, ascending. */
export interface SmallObjects {
  /** Those that travel as points and keep their shape, see `spots.ts`. */
  readonly spots: readonly number[]
  /**
   * Those that are likely to be found absent soon although they are in the picture: what surrounds them has more votes,
   * and they are no spots.
   */
  readonly fading: readonly number[]
}

/** Which objects are small, judged by the largest mark of each. */
export function smallObjects(
  masks: readonly MaskMark[],
  grid: Grid,
  { spots }: Pick<PropagationSettings, 'spots'>,
): SmallObjects {
  const largest = new Map<number, { readonly cells: number; readonly map: LabelMap }>()
  for (const { map } of masks) {
    const pixelsPerCell = (map.width * map.height) / cellCount(grid)
    pixelsOf(map).forEach((pixels, id) => {
      const cells = pixels / pixelsPerCell
      if (id !== 0 && cells > (largest.get(id)?.cells ?? 0)) largest.set(id, { cells, map })
    })
  }
  const small: { spots: number[]; fading: number[] } = { spots: [], fading: [] }
  for (const [id, { cells, map }] of [...largest].sort(([a], [b]) => a - b)) {
    if (spots && cells < spots.cells && fillOf(id, map) >= spots.fill) small.spots.push(id)
    else if (cells < FEWEST_CELLS) small.fading.push(id)
  }
  return small
}

/** An object's share of the circle around its centre that holds all of it. */
function fillOf(id: number, map: LabelMap): number {
  const pixels = pixelsOfObject(id, [map])
  const { x, y } = centreOf(pixels, map.width)
  let farthest = 0
  for (const pixel of pixels)
    farthest = Math.max(farthest, ((pixel % map.width) - x) ** 2 + (Math.floor(pixel / map.width) - y) ** 2)
  // Half a pixel around each centre.
  return pixels.length / (Math.PI * (Math.sqrt(farthest) + 0.5) ** 2)
}
