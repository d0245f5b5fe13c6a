/**
 * One decision per pixel for all objects of a frame, whatever groups and layers they travel in: of two objects that
 * may not overlap, the one with more votes keeps the pixel.
 */
import type { LabelMap } from '../label-map.ts'
import type { ObjectPairs } from './overlap.ts'

/** The objects of one layer on a frame: votes for each, and the pixels that they won among themselves. */
export interface Sheet {
  readonly objects: readonly number[]
  /** Of each object, 0..1. */
  readonly confidence: ArrayLike<number>
  /** Votes for the object at this place of `objects`, at a pixel that it has. */
  readonly votes: (object: number, pixel: number) => number
  /** Object ids; changed by {@link settleOverlaps}. */
  readonly map: LabelMap
}

interface Claim {
  readonly object: number
  readonly sheet: Sheet | undefined
  readonly votes: number
}

/**
 * Takes pixels away from objects so that only the pairs in `overlapping` share any. What a person marked on the frame
 * is never taken.
 * @param marked label maps of a person on this frame, of objects that are in no sheet
 */
export function settleOverlaps(
  sheets: readonly Sheet[],
  marked: readonly LabelMap[],
  overlapping: ObjectPairs,
): void {
  const [first] = sheets
  if (!first || sheets.length + marked.length < 2) return
  const { width, height } = first.map
  for (let pixel = 0; pixel < width * height; pixel++) {
    let claimed = 0
    for (const { map } of sheets) if (map.data[pixel] !== 0) claimed++
    if (claimed === 0) continue
    for (const { data } of marked) if (data[pixel] !== 0) claimed++
    if (claimed < 2) continue
    const claims: Claim[] = marked
      .filter(({ data }) => data[pixel] !== 0)
      .map(({ data }) => ({ object: data[pixel]!, sheet: undefined, votes: Number.POSITIVE_INFINITY }))
    for (const sheet of sheets) {
      const object = sheet.map.data[pixel]!
      if (object === 0) continue
      claims.push({ object, sheet, votes: sheet.votes(sheet.objects.indexOf(object), pixel) })
    }
    claims.sort((a, b) => b.votes - a.votes || a.object - b.object)
    const kept: number[] = []
    for (const { object, sheet } of claims) {
      if (!sheet || kept.every((other) => overlapping.has(object, other))) kept.push(object)
      else sheet.map.data[pixel] = 0
    }
  }
}
