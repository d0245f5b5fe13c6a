/** One object on one picture, as an annotation holds it. */

import {
  area,
  boundingBox,
  type Keypoint,
  type Rle,
  type Shape,
  type Visibility,
} from '../annotation/index.ts'
import type { CocoAnnotation, CocoFile } from './coco-file.ts'
import { maskOfPolygons } from './coco-polygons.ts'
import { ABSENT, isSeen, isThere } from './held.ts'
import type { JsonPath } from './json-text.ts'
import { finite, list } from './record-schemas.ts'
import { maskOf, Segmentation, segmentationOf } from './segmentation.ts'

/** COCO's `v`. */
const VISIBILITIES: readonly Visibility[] = ['absent', 'occluded', 'visible']

/** What the format holds of a shape: an absent keypoint has no place. */
export function cocoShape({ mask, keypoints }: Shape): Shape {
  return { ...(mask && { mask }), ...(keypoints && { keypoints: keypoints.map(withoutPlace) }) }
}

function withoutPlace(keypoint: Keypoint): Keypoint {
  return isThere(keypoint) ? keypoint : { ...keypoint, ...ABSENT }
}

/**
 * The fields of an annotation that say where the object is.
 * @param joints of the skeleton of its category: evaluation of keypoints reads them of every annotation of the category,
 *   and takes none for a pose that is not known
 * @returns undefined where there is nothing to see: code for training stumbles over boxes without an area
 */
export function shapeFields(shape: Shape, joints: number): Record<string, unknown> | undefined {
  if (!isSeen(shape)) return undefined
  const mask = shape.mask !== undefined && area(shape.mask) > 0 ? shape.mask : undefined
  const keypoints = cocoShape(shape).keypoints ?? Array.from({ length: joints }, () => ABSENT)
  return {
    ...(mask && { segmentation: segmentationOf(mask) }),
    ...(mask ? boxOfMask(mask) : boxOfPoints(keypoints.filter(isThere))),
    ...(keypoints.length > 0 && {
      keypoints: keypoints.flatMap(({ x, y, visibility }) => [x, y, VISIBILITIES.indexOf(visibility)]),
      num_keypoints: keypoints.filter(isThere).length,
    }),
  }
}

function boxOfMask(mask: Rle) {
  return { area: area(mask), bbox: boundingBox(mask) }
}

/** Evaluation of keypoints divides by the area, so that there must be one: that of the box. */
function boxOfPoints(points: readonly Keypoint[]) {
  const [left, right] = ends(points.map(({ x }) => x))
  const [top, bottom] = ends(points.map(({ y }) => y))
  const [width, height] = [finiteOf(right - left), finiteOf(bottom - top)]
  return { area: finiteOf(width * height), bbox: [left, top, width, height] }
}

function ends(values: readonly number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)]
}

/** JSON has no infinity, and a keypoint may be anywhere. */
function finiteOf(value: number): number {
  return Math.min(value, Number.MAX_VALUE)
}

/**
 * What an annotation says of where its object is; undefined where it says nothing.
 * @param picture that it is on
 * @param joints  of the skeleton of its category
 * @param at      the annotation's place in the file
 * @throws UserError with the place of what is wrong or cannot be read
 */
export function shapeOf(
  file: CocoFile,
  { segmentation, keypoints }: CocoAnnotation,
  picture: { readonly width: number; readonly height: number },
  joints: number,
  at: JsonPath,
): Shape | undefined {
  if (isMissing(segmentation) && isMissing(keypoints))
    file.refuse(at, 'it has neither a mask nor keypoints; give it one of them, or take it away')
  const mask = maskIn(file, segmentation, picture, [...at, 'segmentation'])
  const points = keypointsIn(file, keypoints, joints, [...at, 'keypoints'])
  const shape = { ...(mask && { mask }), ...(points && { keypoints: points }) }
  return isSeen(shape) ? shape : undefined
}

/** An empty list is what annotations of the one kind have for the other in files of others. */
function isMissing(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0)
}

function maskIn(
  file: CocoFile,
  value: unknown,
  picture: { readonly width: number; readonly height: number },
  at: JsonPath,
): Rle | undefined {
  if (isMissing(value)) return undefined
  const mask = Array.isArray(value)
    ? maskOfPolygons(file, value, picture, at)
    : maskOf(file.check(Segmentation, value, at), picture, 'an image', file, at)
  return area(mask) > 0 ? mask : undefined
}

const Numbers = list(finite)

/** A pose whose points are all absent is one that nobody has marked. */
function keypointsIn(file: CocoFile, value: unknown, joints: number, at: JsonPath): Keypoint[] | undefined {
  if (isMissing(value)) return undefined
  const numbers = file.check(Numbers, value, at)
  if (numbers.length !== 3 * joints)
    file.fail(
      at,
      `${numbers.length} numbers are not three for each of the ${joints} keypoints of its category`,
    )
  const keypoints = Array.from({ length: joints }, (_, i): Keypoint => {
    const [x, y, code] = numbers.slice(3 * i, 3 * i + 3) as [number, number, number]
    const visibility = VISIBILITIES[code]
    if (visibility === undefined)
      file.fail([...at, 3 * i + 2], `${code} is no visibility; 0, 1 or 2 is expected`)
    return visibility === undefined || visibility === 'absent' ? ABSENT : { x, y, visibility }
  })
  return keypoints.some(isThere) ? keypoints : undefined
}
