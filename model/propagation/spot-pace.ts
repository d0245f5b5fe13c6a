/** What a walk does with the votes for spots: they do not jump, and are put where the picture shows them. */
import type { MaskGroup } from './groups.ts'
import type { GuidePictures } from './guide-pictures.ts'
import { settleJoints } from './joint-pace.ts'
import { cutPiece, findPiece, type Piece } from './match.ts'
import type { PropagationSettings } from './settings.ts'
import { nearestShape, readSpot, stampSpot } from './spots.ts'
import type { WalkOptions } from './walk.ts'

/** Cells of its surroundings by which a spot is known. */
const MARGIN = 1.5

/**
 * Each spot is looked for around its strongest vote in reach, as it looks on the nearest marked frame, and travels on
 * from where it is found: what it looks like does not drift, however far the walk.
 * @returns undefined where the group has no spots
 */
export function settleSpots(
  settings: Pick<PropagationSettings, 'jointPace'>,
  { layers }: MaskGroup,
  pictures: Pick<GuidePictures, 'read' | 'readMarked'>,
): WalkOptions['settle'] {
  const spots = layers.flatMap(({ shapes, objects, first }) =>
    shapes ? objects.map((object, i) => ({ object, channel: first + 1 + i, shapes, i })) : [],
  )
  if (spots.length === 0) return undefined
  const settle = settleJoints(
    settings,
    spots.map(({ channel }) => channel),
  )
  /** By object, of the mark that is nearest just now. */
  const pieces = new Map<number, { readonly marked: number; readonly piece: Piece }>()
  return async (labels, before, frame) => {
    const settled = settle ? settle(labels, before) : { ...labels, data: labels.data.slice() }
    const { grid } = settled
    for (const { object, channel, shapes, i } of spots) {
      const place = readSpot(settled, channel)
      const nearest = nearestShape(frame, shapes, i)
      if (!place || !nearest) continue
      const { marked, shape } = nearest
      if (pieces.get(object)?.marked !== marked) {
        const picture = await pictures.readMarked(marked)
        pieces.set(object, { marked, piece: cutPiece(picture, grid, shape.centre, shape.half + MARGIN) })
      }
      const { piece } = pieces.get(object)!
      const found = findPiece(piece, await pictures.read(frame), grid, place)
      // Votes alone fade behind many frames; what merely looks alike has few votes.
      const strength = found
        ? Math.sqrt(place.strength * Math.min(1, Math.max(0, found.score)))
        : place.strength
      stampSpot(settled, channel, found ?? place, strength)
    }
    return settled
  }
}
