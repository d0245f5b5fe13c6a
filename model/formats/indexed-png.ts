import { readFile, stat } from 'node:fs/promises'
import { explainSystemError, UserError } from '../errors.ts'
import { writeFileAtomic } from '../files.ts'
import { davisPalette, type Rgb } from './palette.ts'
import { decodePng, encodePalettePng, PngError, type PngSamples } from './png-stream.ts'

/** A label map: one object id per pixel, 0 is background. */
export interface IndexedPng {
  width: number
  height: number
  /** height x width object ids, row-major. */
  indices: Uint8Array
  /** The file's own palette; it may be shorter than the largest id. */
  palette?: Rgb[]
  /** `palette`: the numbers are object ids. `grey`: they are grey values, often 0 and 255. */
  kind: 'palette' | 'grey'
}

/** What {@link encodeIndexedPng} takes. */
export interface IndexedPngContent {
  width: number
  height: number
  /** height x width object ids, row-major. */
  indices: Uint8Array
  /** Up to 256 colours, at least one more than the largest id; the DAVIS palette when left out. */
  palette?: readonly (readonly [number, number, number])[]
}

const LIMITS = { side: 16_384, pixels: 100e6 }
const MAX_FILE_BYTES = 512 * 2 ** 20

/**
 * Reads a mask picture as object ids.
 *
 * - palette PNG (1, 2, 4 or 8 bits): the stored indices, whatever their colours;
 * - greyscale PNG (1, 2, 4 or 8 bits): the stored values;
 * - RGB or RGBA: black and white become 0 and 255 (`kind` grey); pictures made only of DAVIS palette colours
 *   become their ids (`kind` palette).
 *
 * Pixels of an alpha channel below one half are background. Interlaced files are read too.
 * @throws UserError naming the file when it cannot be read, is no PNG, is damaged or cut off, is larger than
 *   16384 per side or 100 megapixels (known from the header, before anything is decoded), or is a photograph
 */
export async function readIndexedPng(path: string): Promise<IndexedPng> {
  let bytes: Uint8Array
  try {
    if ((await stat(path)).size > MAX_FILE_BYTES)
      throw new UserError(`Cannot read the mask ${path}: the file is larger than 512 MiB; give a PNG mask.`)
    bytes = await readFile(path)
  } catch (error) {
    throw explainSystemError(error, 'read the mask', path)
  }
  return decodeIndexedPng(bytes, path)
}

/**
 * {@link readIndexedPng} for a file already in memory.
 * @param name how error sentences call it
 * @throws UserError as there
 */
export function decodeIndexedPng(bytes: Uint8Array, name: string): IndexedPng {
  try {
    const picture = decodePng(bytes, LIMITS)
    if (picture.colourType === 3) return whole(picture, picture.samples, 'palette')
    if (picture.colourType === 0) return whole(picture, picture.samples, 'grey')
    return picture.channels === 2 ? fromGreyAlpha(picture) : fromColours(picture)
  } catch (error) {
    if (!(error instanceof PngError)) throw error
    throw new UserError(
      `Cannot read the mask ${name}: ${error.message}; give an 8-bit indexed PNG (object ids) or a black and white one.`,
      { cause: error },
    )
  }
}

/**
 * An 8-bit indexed PNG with the DAVIS palette unless another is given.
 * @throws RangeError when the number of pixels does not fit the size, or an id has no colour
 */
export function encodeIndexedPng(content: IndexedPngContent): Uint8Array {
  const { width, height, indices, palette = davisPalette() } = content
  if (!(width >= 1 && height >= 1) || indices.length !== width * height)
    throw new RangeError(`${indices.length} object ids do not fill ${width}x${height} pixels`)
  if (palette.length === 0 || palette.length > 256)
    throw new RangeError(`A palette of ${palette.length} colours does not fit an 8-bit PNG`)
  if (palette.length < 256) {
    const largest = indices.reduce((most, id) => Math.max(most, id), 0)
    if (largest >= palette.length) throw new RangeError(`Object id ${largest} has no colour in the palette`)
  }
  return encodePalettePng(width, height, indices, palette)
}

/**
 * Writes {@link encodeIndexedPng} atomically.
 * @throws UserError naming the file when it cannot be written
 */
export async function writeIndexedPng(path: string, content: IndexedPngContent): Promise<void> {
  await writeFileAtomic(path, encodeIndexedPng(content))
}

function whole(picture: PngSamples, indices: Uint8Array, kind: IndexedPng['kind']): IndexedPng {
  const { width, height, palette } = picture
  // RGB files may carry a suggested palette, which says nothing about the ids.
  return { width, height, indices, kind, ...(picture.colourType === 3 && palette && { palette }) }
}

function fromGreyAlpha(picture: PngSamples): IndexedPng {
  const { samples } = picture
  const indices = new Uint8Array(picture.width * picture.height)
  for (let i = 0; i < indices.length; i++) indices[i] = samples[2 * i + 1]! < 128 ? 0 : samples[2 * i]!
  return whole(picture, indices, 'grey')
}

const WHITE = 0xffffff
const idOfColour = new Map(davisPalette().map(([r, g, b], id) => [(r << 16) | (g << 8) | b, id]))

function fromColours(picture: PngSamples): IndexedPng {
  const { samples, channels } = picture
  const indices = new Uint8Array(picture.width * picture.height)
  let white = false
  let coloured: number | undefined
  let last = -1
  let id = 0
  for (let i = 0, at = 0; i < indices.length; i++, at += channels) {
    const seen = channels === 3 || samples[at + 3]! >= 128
    const colour = seen ? (samples[at]! << 16) | (samples[at + 1]! << 8) | samples[at + 2]! : 0
    if (colour !== last) {
      last = colour
      const known = colour === WHITE ? 255 : idOfColour.get(colour)
      if (known === undefined) throw new PngError(`its colour ${rgbText(colour)} stands for no object`)
      if (colour === WHITE) white = true
      else if (colour !== 0) coloured ??= colour
      id = known
    }
    indices[i] = id
  }
  if (white && coloured !== undefined)
    throw new PngError(`it mixes white with the colour ${rgbText(coloured)}, so the objects are not clear`)
  return whole(picture, indices, coloured === undefined ? 'grey' : 'palette')
}

function rgbText(colour: number): string {
  return `${colour >> 16},${(colour >> 8) & 255},${colour & 255}`
}
