import { UserError } from '../errors.ts'
import { readIndexedPng } from './indexed-png.ts'

/** The masks of one frame as a picture of object ids. */
export interface MaskPicture {
  readonly width: number
  readonly height: number
  /** height x width object ids, row-major; 0 is background. */
  readonly data: Uint8Array
  /** Those that occur, ascending. */
  readonly objects: readonly number[]
  /** Whether the picture holds 0 and 255 only: one object, called 1 here, that has no number of its own. */
  readonly isBlackAndWhite: boolean
}

/**
 * Reads an indexed or grey PNG whose values are object ids. Of 0 and 255 alone, 255 is the one object; beside other ids
 * of an indexed PNG it is DAVIS' void, which belongs to nobody.
 * @throws UserError when it cannot be read, is not of the video's size, marks no object, or is a black-and-white mask with
 *   soft edges
 */
export async function readMaskPicture(
  path: string,
  video: { readonly width: number; readonly height: number },
): Promise<MaskPicture> {
  const { width, height, indices, kind } = await readIndexedPng(path)
  if (width !== video.width || height !== video.height)
    throw new UserError(
      `${path} is ${width}x${height} and the video ${video.width}x${video.height}; give a mask of the video's size.`,
    )
  const ids = new Set(indices)
  ids.delete(0)
  const isBlackAndWhite = ids.size === 1 && ids.has(255)
  // White is the object here and the greys its edge: as ids they would be hundreds of objects, and the object void.
  if (kind === 'grey' && ids.has(255) && !isBlackAndWhite)
    throw new UserError(
      `${path} has greys beside white, as a black-and-white mask with soft edges has; save it in pure black and white, or as an indexed PNG if its values are object numbers.`,
    )
  const data = ids.has(255) ? indices.map((id) => (id === 255 ? Number(isBlackAndWhite) : id)) : indices
  if (ids.delete(255) && isBlackAndWhite) ids.add(1)
  if (ids.size === 0)
    throw new UserError(
      `${path} marks no object: every pixel is background. Give a mask with at least one object.`,
    )
  return { width, height, data, objects: [...ids].sort((a, b) => a - b), isBlackAndWhite }
}
