/** Red, green, blue; each 0..255. */
export type OverlayColour = readonly [red: number, green: number, blue: number]

/**
 * Colours for drawing on footage: vivid, and told apart with the common kinds of colour blindness because
 * neighbours differ in lightness too (after Paul Tol's "vibrant" scheme). The DAVIS colours are made for files,
 * not for eyes: half of them are too dark to be seen on a picture.
 */
const FIRST: readonly OverlayColour[] = [
  [51, 187, 238],
  [238, 51, 119],
  [250, 220, 50],
  [238, 119, 51],
  [0, 180, 150],
  [60, 120, 230],
  [190, 150, 255],
  [205, 45, 25],
]

/**
 * The colour of an object on footage. The first eight are chosen by hand; later ones go round the colour circle in
 * steps of the golden angle, from a start that keeps the first twenty apart.
 * @param id object id from 1; 0 gives the first colour as well
 */
export function overlayColour(id: number): OverlayColour {
  const index = Math.max(0, Math.floor(id) - 1)
  return FIRST[index] ?? fromHue((index * 137.508 + 140) % 360, index % 2 === 0 ? 0.55 : 0.5)
}

/** HSL with full saturation. @param hue degrees @param lightness 0..1 */
function fromHue(hue: number, lightness: number): OverlayColour {
  const reach = Math.min(lightness, 1 - lightness)
  const channel = (offset: number) => {
    const k = (offset + hue / 30) % 12
    return Math.round(255 * (lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1))))
  }
  return [channel(0), channel(8), channel(4)]
}
