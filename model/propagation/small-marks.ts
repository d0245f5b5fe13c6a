/** Which marked objects are small on the patch grid, and how they travel. */
import { cellCount, type Grid } from './grid.ts'
import type { MaskMark } from './groups.ts'
import type { PropagationSettings } from './settings.ts'

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

/** An object as it was marked. */
interface Extent {
  readonly cells: number
  /** Its share of the circle around its centre that holds all of it. */
  readonly fill: number
}

/** Which objects are small, judged by the largest mark of each. */
export function smallObjects(
  masks: readonly MaskMark[],
  grid: Grid,
  { spots }: Pick<PropagationSettings, 'spots'>,
): SmallObjects {
  const largest = new Map<number, Extent>()
  for (const { map } of masks)
    for (const [id, extent] of extentsOf(map, grid))
      if (extent.cells > (largest.get(id)?.cells ?? 0)) largest.set(id, extent)
  const isSpot = ({ cells, fill }: Extent): boolean =>
    spots !== undefined && cells < spots.cells && fill >= spots.fill
  const all = [...largest].sort(([a], [b]) => a - b)
  return {
    spots: all.filter(([, extent]) => isSpot(extent)).map(([id]) => id),
    fading: all.filter(([, extent]) => extent.cells < FEWEST_CELLS && !isSpot(extent)).map(([id]) => id),
  }
}

function extentsOf({ width, height, data }: MaskMark['map'], grid: Grid): Map<number, Extent> {
  const pixelsOf = new Map<number, number[]>()
  data.forEach((id, pixel) => {
    if (id === 0) return
    const pixels = pixelsOf.get(id)
    if (pixels) pixels.push(pixel)
    else pixelsOf.set(id, [pixel])
  })
  const extents = new Map<number, Extent>()
  for (const [id, pixels] of pixelsOf) {
    const count = pixels.length
    let [x, y] = [0, 0]
    for (const pixel of pixels) {
      x += (pixel % width) / count
      y += Math.floor(pixel / width) / count
    }
    let farthest = 0
    for (const pixel of pixels)
      farthest = Math.max(farthest, ((pixel % width) - x) ** 2 + (Math.floor(pixel / width) - y) ** 2)
    // Half a pixel around each centre.
    const fill = count / (Math.PI * (Math.sqrt(farthest) + 0.5) ** 2)
    extents.set(id, { cells: (count * cellCount(grid)) / (width * height), fill })
  }
  return extents
}
