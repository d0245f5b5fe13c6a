import * as v from 'valibot'
import { AnnotationError, fromCompressed, fromCounts, type Rle, toCompressed } from '../annotation/index.ts'
import type { DatasetFile } from './dataset-file.ts'
import type { JsonPath } from './json-text.ts'
import { LIMITS, list, positive } from './record-schemas.ts'

/** A run-length mask as COCO's family of formats writes it. */
export const Segmentation = v.strictObject({
  /** Height and width. */
  size: v.strictTuple([positive, positive]),
  /** Compressed, or plain run lengths as original data has them. */
  counts: v.union([v.string(), list(v.number(), LIMITS.entries)], 'run lengths are expected'),
})
export type Segmentation = v.InferOutput<typeof Segmentation>

export function segmentationOf(mask: Rle): Segmentation {
  return { size: [mask.height, mask.width], counts: toCompressed(mask) }
}

/**
 * @param size of the pictures, which the mask must have
 * @param what they belong to, for the sentence
 * @param path of the segmentation in the file
 * @throws UserError with the place when the size is another one or the run lengths are none of it
 */
export function maskOf(
  { size: [h, w], counts }: Segmentation,
  { width, height }: { readonly width: number; readonly height: number },
  what: string,
  file: Pick<DatasetFile<unknown>, 'fail'>,
  path: JsonPath,
): Rle {
  if (w !== width || h !== height)
    file.fail([...path, 'size'], `a mask of ${w}x${h} does not fit ${what} of ${width}x${height}`)
  try {
    return typeof counts === 'string'
      ? fromCompressed(counts, width, height)
      : fromCounts(counts, width, height)
  } catch (error) {
    if (error instanceof AnnotationError) file.fail([...path, 'counts'], error.message)
    throw error
  }
}
