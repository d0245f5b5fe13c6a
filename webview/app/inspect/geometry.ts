import type { NetworkView, PatchPlace } from '../../protocol/index.ts'
import type { Size } from '../stage/view.ts'

/** The network's patches. */
export type Patches = Pick<NetworkView, 'rows' | 'columns'>

interface Point {
  readonly x: number
  readonly y: number
}

/** The patch that holds a point of the video, as the model process counts them; the nearest for points outside. */
export function patchAt({ x, y }: Point, { rows, columns }: Patches, picture: Size): PatchPlace {
  const index = (at: number, size: number, count: number) =>
    Math.min(count - 1, Math.max(0, Math.floor((at / size) * count)))
  return { row: index(y, picture.height, rows), column: index(x, picture.width, columns) }
}

/** The middle of a patch in pixels of the video. */
export function middleOf({ row, column }: PatchPlace, { rows, columns }: Patches, picture: Size): Point {
  return { x: ((column + 0.5) / columns) * picture.width, y: ((row + 0.5) / rows) * picture.height }
}

/** Size of a patch in pixels of the video. */
export function patchSize({ rows, columns }: Patches, picture: Size): Size {
  return { width: picture.width / columns, height: picture.height / rows }
}

/** A share of 0 to 1 in percent: two digits that count, whatever its size. */
export function percentText(share: number): string {
  const percent = 100 * share
  if (percent === 0) return '0 %'
  if (percent < 0.001) return '< 0.001 %'
  return `${percent < 10 ? percent.toPrecision(2) : percent.toFixed(0)} %`
}

/** A box on the canvas. */
export interface Box {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** Which boxes can be shown when none may cover one before it; the first always can. */
export function apart(boxes: readonly Box[]): readonly boolean[] {
  const kept: Box[] = []
  return boxes.map((box) => {
    const covers = kept.some(
      (other) =>
        box.left < other.left + other.width &&
        other.left < box.left + box.width &&
        box.top < other.top + other.height &&
        other.top < box.top + box.height,
    )
    if (!covers) kept.push(box)
    return !covers
  })
}
