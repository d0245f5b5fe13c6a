import { AnnotationError } from './error.ts'
import { checkSize, fromCounts, type Rle } from './rle.ts'

/** Six groups of five bits hold every difference of counts up to 2^26 with its sign. */
const MAX_GROUPS = 6

/** Work space, as large as the largest mask so far: thousands are read and written at a time. */
let groupSpace = new Uint8Array(4096)
let countSpace = new Uint32Array(4096)
const ascii = new TextDecoder()

/**
 * COCO's compressed string: from the fourth count on the difference to the count two before, each in groups
 * of five bits, low bits first, in the characters 48 to 111; bit 5 says that more groups follow.
 */
export function toCompressed(rle: Rle): string {
  const { counts } = rle
  if (groupSpace.length < counts.length * MAX_GROUPS) groupSpace = new Uint8Array(counts.length * MAX_GROUPS)
  const codes = groupSpace
  let length = 0
  for (let i = 0; i < counts.length; i++) {
    let value = i > 2 ? counts[i]! - counts[i - 2]! : counts[i]!
    let more = true
    while (more) {
      const group = value & 0x1f
      value >>= 5
      // Finished when the rest is only the sign that this group already shows.
      more = group & 0x10 ? value !== -1 : value !== 0
      codes[length++] = (more ? group | 0x20 : group) + 48
    }
  }
  return ascii.decode(codes.subarray(0, length))
}

/**
 * Reads COCO's compressed string; it may come from anywhere.
 * @param width, height of the mask in pixels, 1 to 16,384 each
 * @throws AnnotationError when the text is not such a code or its runs are not those of this size
 */
export function fromCompressed(text: string, width: number, height: number): Rle {
  checkSize(width, height)
  const total = width * height
  if (countSpace.length < text.length) countSpace = new Uint32Array(text.length)
  const counts = countSpace
  let length = 0
  let at = 0
  while (at < text.length) {
    let value = 0
    let groups = 0
    let code: number
    do {
      if (at === text.length) throw new AnnotationError('The run-length code of a mask ends in the middle.')
      if (groups === MAX_GROUPS)
        throw new AnnotationError(`The run-length code of a mask has an oversized number at character ${at}.`)
      code = text.charCodeAt(at) - 48
      if (!(code >= 0 && code < 64))
        throw new AnnotationError(`The run-length code of a mask has a foreign character at ${at}.`)
      value |= (code & 0x1f) << (5 * groups)
      groups++
      at++
    } while (code & 0x20)
    if (code & 0x10) value |= -1 << (5 * groups)
    if (length > 2) value += counts[length - 2]!
    if (value < 0 || value > total)
      throw new AnnotationError(
        `The run-length code of a mask of ${width}x${height} pixels has an impossible run before character ${at}.`,
      )
    counts[length++] = value
  }
  return fromCounts(counts.subarray(0, length), width, height)
}
