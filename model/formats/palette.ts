/** Red, green, blue; each 0..255. */
export type Rgb = [red: number, green: number, blue: number]

const palette: readonly Rgb[] = Array.from({ length: 256 }, (_, id) => interleave(id))

/**
 * The 256 colours of DAVIS label maps, which are the PASCAL VOC colour map: the bits of the object id are dealt
 * out in turn to red, green and blue, highest colour bit first (VOCdevkit, `VOClabelcolormap.m`). 0 is black,
 * 1 = 128,0,0; 2 = 0,128,0; 3 = 128,128,0.
 */
export function davisPalette(): readonly Rgb[] {
  return palette
}

/**
 * The DAVIS colour of one object id.
 * @throws RangeError when the id is not an integer in 0..255
 */
export function colourOf(id: number): Rgb {
  const colour = palette[id]
  if (colour === undefined) throw new RangeError(`Object id ${id} is not in 0..255`)
  return colour
}

/** The DAVIS colour of a number from 1 on as `#rrggbb`; beyond 254, where 255 is void, they begin again. */
export function colourTextOf(number: number): string {
  return `#${colourOf(1 + ((number - 1) % 254))
    .map((part) => part.toString(16).padStart(2, '0'))
    .join('')}`
}

function interleave(id: number): Rgb {
  const colour: Rgb = [0, 0, 0]
  for (let bit = 0; bit < 8; bit++) colour[bit % 3]! |= ((id >> bit) & 1) << (7 - Math.floor(bit / 3))
  return colour
}
