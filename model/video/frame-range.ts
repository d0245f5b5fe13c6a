import { UsageError } from '../errors.ts'
import { checkPictureSize } from './limits.ts'
import type { FrameRangeOptions, FrameSize, FrameTable } from './types.ts'

/** A checked request for frames `first` to `last`, both included, at `size`. */
export interface FrameRange {
  readonly first: number
  readonly last: number
  readonly size: FrameSize
}

/** Fills in what a request leaves out. @throws UsageError for indices outside the table or a size that is none */
export function frameRange(table: FrameTable, options: FrameRangeOptions): FrameRange {
  const end = table.frames.length - 1
  const { first = 0, last = end, size = table } = options
  for (const index of [first, last]) {
    if (!Number.isInteger(index) || index < 0 || index > end) {
      throw new UsageError(`${table.path} has no frame ${index}; its frames are 0 to ${end}.`)
    }
  }
  if (last < first) throw new UsageError(`The frame range ${first} to ${last} of ${table.path} is empty.`)
  if (!Number.isInteger(size.width) || !Number.isInteger(size.height)) {
    throw new UsageError(`The frame size ${size.width}x${size.height} is not in whole pixels.`)
  }
  checkPictureSize(table.path, size.width, size.height)
  return { first, last, size: { width: size.width, height: size.height } }
}
