import { UserError } from '../errors.ts'

/** Longest side of a picture, in pixels. Twice the side of an 8K video. */
export const MAX_SIDE = 16_384

/** Pixels of one picture: 8K video has half as many. One RGB frame then takes at most 192 MiB. */
export const MAX_PIXELS = 2 ** 26

/** Refuses a picture size before anything of that size is allocated. @throws UserError naming the file */
export function checkPictureSize(path: string, width: number, height: number): void {
  const fits = width >= 1 && height >= 1 && width <= MAX_SIDE && height <= MAX_SIDE
  if (!fits || width * height > MAX_PIXELS) {
    throw pictureTooLarge(path, `${width}x${height}`)
  }
}

/** @param size `width x height` as text */
export function pictureTooLarge(path: string, size: string): UserError {
  return new UserError(
    `${path}: the picture size ${size} is not supported; at most ${MAX_SIDE} pixels per side and ` +
      `${Math.floor(MAX_PIXELS / 1e6)} megapixels can be used, so scale it down first.`,
  )
}
