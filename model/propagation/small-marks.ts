/** Which marked objects are too small for the patch grid to be carried far. */
import { pixelsOf } from '../label-map.ts'
import { cellCount, type Grid } from './grid.ts'
import type { MaskMark } from './groups.ts'

/**
 * Cells that a mask should cover. Discs on five places of a moving body, 24 frames of the sample clip: with 3 cells they
 * were there on 1 to 10 frames, with 7 three of the five to the end.
 */
export const FEWEST_CELLS = 8

/**
 * Objects whose largest mark covers fewer cells than {@link FEWEST_CELLS}: what surrounds them has more votes, and they
 * are soon found absent although they are in the picture.
 * @returns ids, ascending
 */
export function smallMarks(masks: readonly MaskMark[], grid: Grid): readonly number[] {
  const largest = new Map<number, number>()
  for (const { map } of masks) {
    const pixelsPerCell = (map.width * map.height) / cellCount(grid)
    pixelsOf(map).forEach((pixels, id) => {
      if (id !== 0 && pixels > 0) largest.set(id, Math.max(largest.get(id) ?? 0, pixels / pixelsPerCell))
    })
  }
  return [...largest]
    .filter(([, cells]) => cells < FEWEST_CELLS)
    .map(([id]) => id)
    .sort((a, b) => a - b)
}
