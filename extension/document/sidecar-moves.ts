import { dirname, join, relative, resolve, sep } from 'node:path'
import { exists, isDirectory, isSidecarPath, sidecarOf, sidecarPlaces, videoNamedIn } from './locate-video.ts'

/** A file or folder that is renamed or moved; absolute paths. */
export interface Move {
  readonly from: string
  readonly to: string
}

/** Where a path is after a move; undefined when the move does not concern it. */
export function movedPath(path: string, { from, to }: Move): string | undefined {
  if (path === from) return to
  const inside = relative(from, path)
  return inside === '' || inside.startsWith(`..${sep}`) || inside === '..' || inside === path
    ? undefined
    : join(to, inside)
}

/**
 * Which side-cars have to go along when these files and folders move, so that each is found by its video's new name. To
 * be asked while everything still lies where it was.
 * @returns only side-cars that name just that video, and only to places where nothing lies: whatever is doubtful stays
 */
export async function sidecarMoves(moves: readonly Move[]): Promise<Move[]> {
  const along: Move[] = []
  for (const { from, to } of moves) {
    if (isSidecarPath(from)) continue
    const isFolder = await isDirectory(from)
    const sidecar = await sidecarOf(from, isFolder)
    if (!sidecar.exists || (await videoNamedIn(sidecar.path)) !== from) continue
    // It moves by itself: inside the folder, or because it was chosen together with its video.
    if (moves.some((move) => movedPath(sidecar.path, move) !== undefined)) continue
    // Only its ending is another: it is looked for where it is.
    if (sidecarPlaces(to, isFolder)[0] === sidecar.path) continue
    const place = await freePlace(to, isFolder, along)
    if (place !== undefined) along.push({ from: sidecar.path, to: place })
  }
  return along
}

/** Where the side-car of a video that will lie at a path is looked for then; undefined where something lies there. */
async function freePlace(
  videoPath: string,
  isFolder: boolean,
  along: readonly Move[],
): Promise<string | undefined> {
  const there = await sidecarOf(videoPath, isFolder)
  // Of two videos with one stem that move together, the second has the longer name.
  const isSecond = along.some(({ to }) => to === there.path)
  const place = isSecond ? sidecarPlaces(videoPath, isFolder)[1] : there.path
  if (along.some(({ to }) => to === place)) return undefined
  return (await exists(place)) || (await exists(lastGoodOf(place))) ? undefined : place
}

/** The side-cars, and beside each what it was before its last save. */
export async function withLastGood(sidecars: readonly Move[]): Promise<Move[]> {
  const all = [...sidecars]
  for (const { from, to } of sidecars)
    if (await exists(lastGoodOf(from))) all.push({ from: lastGoodOf(from), to: lastGoodOf(to) })
  return all
}

function lastGoodOf(sidecarPath: string): string {
  return `${sidecarPath}.bak`
}

/**
 * The renamed video that a side-car still names as it was called before.
 * @param moves what has moved: the video, and the side-car where that went along
 * @returns its path now; undefined where the side-car names a video that is there, or one that did not move
 */
export async function renamedVideo(sidecarPath: string, moves: readonly Move[]): Promise<string | undefined> {
  const named = await videoNamedIn(sidecarPath)
  if (named === undefined || (await exists(named))) return undefined
  const places = [sidecarPath, ...moves.flatMap(({ from, to }) => (to === sidecarPath ? [from] : []))]
  const before = places.map((place) => resolve(dirname(place), relative(dirname(sidecarPath), named)))
  for (const { from, to } of moves)
    if (before.includes(from) && (await exists(to)) && (await sidecarOf(to)).path === sidecarPath) return to
  return undefined
}
