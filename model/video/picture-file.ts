/** One image file as pixels, alike for a frame of an image folder and for a picture on its own. */
import { readFile, stat } from 'node:fs/promises'
import sharp from 'sharp'
import { explainSystemError, messageOf, UserError } from '../errors.ts'
import { checkPictureSize, MAX_PIXELS } from './limits.ts'
import type { FrameSize, VideoFrame } from './types.ts'

const LARGEST_FILE = 2 ** 30

// Colour profiles are ignored, as image loaders of the field do: the stored values are the values.
const INPUT = { limitInputPixels: MAX_PIXELS, ignoreIcc: true, failOn: 'error' } as const

/** A picture that was found sound as far as its header tells. */
export interface Picture extends FrameSize {
  /** RGB, [height, width, 3] of the size asked for. @throws UserError when the file is damaged */
  pixels(size: FrameSize): Promise<Uint8Array>
}

/** Opens one picture file. @throws UserError naming the file: missing, not an image, too large */
export async function openPicture(path: string): Promise<Picture> {
  const bytes = await readImageFile(path)
  const { width, height } = (await readHeader(path, bytes)).shown
  checkPictureSize(path, width, height)
  return { width, height, pixels: async (size) => (await decodePicture(path, bytes, size)).data }
}

/** Whole files go to the decoder, because it would keep what it read under a name although the file changed since. */
export async function readImageFile(path: string): Promise<Buffer> {
  try {
    const { size } = await stat(path)
    if (size > LARGEST_FILE) throw new UserError(`${path} is larger than 1 GiB, too large for an image.`)
    return await readFile(path)
  } catch (error) {
    throw explainSystemError(error, 'read', path)
  }
}

export async function readHeader(
  path: string,
  bytes: Buffer,
): Promise<{ stored: FrameSize; shown: FrameSize; format: string }> {
  try {
    const { width, height, orientation = 1, format } = await sharp(bytes, INPUT).metadata()
    // EXIF orientations 5 to 8 lie on their side.
    const shown = orientation >= 5 ? { width: height, height: width } : { width, height }
    return { stored: { width, height }, shown, format }
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** Upright, without alpha, 8 bits, stretched to `size`. */
export async function decodePicture(
  path: string,
  bytes: Buffer,
  size: FrameSize,
): Promise<Omit<VideoFrame, 'index'>> {
  try {
    const image = sharp(bytes, INPUT)
      .autoOrient()
      .removeAlpha()
      .toColourspace('srgb')
      .resize(size.width, size.height, { fit: 'fill', kernel: 'cubic', fastShrinkOnLoad: false })
    const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
    if (info.channels !== 3) throw new Error(`it has ${info.channels} colour channels instead of 3`)
    return {
      width: info.width,
      height: info.height,
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    }
  } catch (error) {
    throw unreadable(path, error)
  }
}

function unreadable(path: string, error: unknown): unknown {
  if (error instanceof UserError) return error
  const known = explainSystemError(error, 'read', path)
  if (known !== error) return known
  const reason = messageOf(error).split('\n')[0]
  return new UserError(
    `${path} cannot be read as an image (${reason}); replace it by a sound PNG, JPEG, WebP or TIFF file, or take it out of its folder.`,
    { cause: error },
  )
}
