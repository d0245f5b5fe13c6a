/** What a recording traces: corners as somebody clicks them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeMask } from '../../model/annotation/index.ts'
import { readIndexedPng } from '../../model/formats/index.ts'
import { traceContours } from '../../webview/app/masks/index.ts'
import { root } from './build.ts'

/** Every so many pixels of an outline somebody clicks. */
const SPACING = 12

/** What is traced on one frame. */
export interface Outline {
  readonly frame: number
  /** In pixels of the video; those that subtract take away what lies inside. */
  readonly polygons: readonly {
    readonly points: readonly (readonly [x: number, y: number])[]
    readonly subtract?: boolean
  }[]
}

/**
 * The outlines in a JSON file: a list of {@link Outline}, the first one for frame 0, the others corrections. Corners must
 * lie more than 5 screen pixels apart: two clicks that close, one right after the other, are a double click and close the polygon.
 */
export function outlinesOf(file: string): Outline[] {
  return JSON.parse(readFileSync(file, 'utf8')) as Outline[]
}

/** Around the first koi of the sample clip. */
export async function outlineOfMask(): Promise<Outline> {
  const { indices, width, height } = await readIndexedPng(join(root, 'media', 'sample', 'first-mask.png'))
  const mask = encodeMask(
    Uint8Array.from(indices, (value) => Number(value === 1)),
    width,
    height,
  )
  const outline = traceContours(mask).reduce((a, b) => (b.length > a.length ? b : a))
  const points: [number, number][] = []
  for (let i = 0; i < outline.length; i += 2) {
    const point = [outline[i]! - 0.5, outline[i + 1]! - 0.5] as const
    const last = points.at(-1)
    if (!last || Math.hypot(point[0] - last[0], point[1] - last[1]) >= SPACING) points.push([...point])
  }
  return { frame: 0, polygons: [{ points }] }
}
