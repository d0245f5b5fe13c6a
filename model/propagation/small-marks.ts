/** Which marked objects are too small for the patch grid to be carried far. */
import { cellCount, type Grid } from './grid.ts'
import type { MaskMark } from './groups.ts'

/**
 * Cells that a mask should cover. Discs on five places of a moving body, 24 frames of the sample clip: with 3 cells none
 * was left after half of them, with 7 half of the discs stayed to the end.
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
    const areas = new Map<number, number>()
    for (const id of map.data) if (id !== 0) areas.set(id, (areas.get(id) ?? 0) + 1)
    const pixelsPerCell = (map.width * map.height) / cellCount(grid)
    for (const [id, area] of areas) largest.set(id, Math.max(largest.get(id) ?? 0, area / pixelsPerCell))
  }
  return [...largest]
    .filter(([, cells]) => cells < FEWEST_CELLS)
    .map(([id]) => id)
    .sort((a, b) => a - b)
}
