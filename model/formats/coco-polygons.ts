/** Masks as polygons, the other way in which COCO's files have them; we write run lengths, which can have holes. */
import { encodeMask, fillPolygon, MAX_PIXELS, MAX_SIDE, type Point, type Rle } from '../annotation/index.ts'
import type { CocoFile } from './coco-file.ts'
import type { JsonPath } from './json-text.ts'
import { finite, list } from './record-schemas.ts'

const Polygons = list(list(finite))

/**
 * The pixels whose centres lie in any of the polygons; x and y count from the left and upper edge of the picture, as
 * pycocotools have it (which also takes some of the pixels that an edge only touches).
 * @throws UserError with the place of what is no polygon
 */
export function maskOfPolygons(
  file: CocoFile,
  value: unknown,
  { width, height }: { readonly width: number; readonly height: number },
  at: JsonPath,
): Rle {
  const polygons = file.check(Polygons, value, at)
  if (Math.max(width, height) > MAX_SIDE || width * height > MAX_PIXELS)
    file.fail(at, `a picture of ${width}x${height} pixels is too large to be drawn on`)
  const pixels = new Uint8Array(width * height)
  for (const [i, numbers] of polygons.entries()) {
    if (numbers.length < 6 || numbers.length % 2 !== 0)
      file.fail(
        [...at, i],
        `${numbers.length} numbers are no polygon; pairs for three corners or more are expected`,
      )
    const corners: Point[] = []
    for (let j = 0; j < numbers.length; j += 2) corners.push({ x: numbers[j]!, y: numbers[j + 1]! })
    fillPolygon(
      corners,
      (row, start, end) => {
        const [from, to] = [Math.max(0, start), Math.min(width, end)]
        if (from < to) pixels.fill(1, row * width + from, row * width + to)
      },
      height,
    )
  }
  return encodeMask(pixels, width, height)
}
