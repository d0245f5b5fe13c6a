/**
 * Objects that are marked on the same frames travel together and share one background, unless a person drew them one
 * over the other: then each keeps its whole mask in a layer of its own. Objects marked on
 * different frames travel apart: on a frame where an object was never marked, its pixels are unknown, and must
 * not vote for the background.
 */

import { UserError } from '../errors.ts'
import type { LabelMap } from '../label-map.ts'
import { type Grid, joinChannels, type SoftLabels } from './grid.ts'
import { type GridPoint, labelsFromJoints } from './keypoints.ts'
import { labelsFromDecoded, labelsFromMask } from './labels.ts'
import { layersOf, type ObjectPairs } from './overlap.ts'
import type { PropagationSettings } from './settings.ts'
import { fillBeneath, type Shapes, shapesOf, stampSpots } from './spots.ts'

/** Masks on a frame that a person marked. Where masks overlap, the frame has several of these. */
export interface MaskMark {
  readonly frame: number
  /** Object ids 1..255 per pixel of the video, 0 elsewhere. */
  readonly map: LabelMap
  /** Objects that are known on this frame; one without a pixel is known to be absent. */
  readonly objects: readonly number[]
}

/**
 * A frame on which a person placed one object's keypoints; undefined for a joint that is absent. Without any, the object is
 * gone from there on: nothing of it is carried further, up to the next mark.
 */
export interface PoseMark {
  readonly frame: number
  readonly object: number
  /**
   * In pixels of the video, 0 is the centre of the first pixel. Editors measure from the picture's edge, up to its whole
   * width and height: what lies beyond the last pixel's centre counts as there.
   */
  readonly joints: readonly ({ readonly x: number; readonly y: number } | undefined)[]
}

/** Objects that compete for pixels: `first` is the channel of their background, first + 1 + i that of objects[i]. */
export interface MaskLayer {
  readonly objects: readonly number[]
  readonly first: number
  /** Where the objects are spots: what was drawn of them. */
  readonly shapes?: Shapes
}

/** What travels together. */
export type Group =
  | {
      readonly kind: 'masks'
      /** Objects that a person drew one over the other are in different ones, and so are spots and areas. */
      readonly layers: readonly MaskLayer[]
      readonly marks: ReadonlyMap<number, SoftLabels>
    }
  | {
      readonly kind: 'pose'
      readonly object: number
      readonly marks: ReadonlyMap<number, SoftLabels>
      /** The joints as marked, in grid cells. */
      readonly joints: ReadonlyMap<number, readonly (GridPoint | undefined)[]>
      /** Frames on which the object is not there. */
      readonly gone: readonly number[]
    }

export type MaskGroup = Extract<Group, { kind: 'masks' }>

export interface GroupContext {
  /** From {@link overlappingObjects}. */
  readonly overlapping: ObjectPairs
  /** From {@link smallObjects}: objects that travel as points. */
  readonly spots: readonly number[]
  readonly grid: Grid
  readonly patch: number
  readonly protocol: PropagationSettings['protocol']
  /** Of the video. */
  readonly width: number
  readonly height: number
}

/**
 * An object without a pixel on any frame is left out: nothing shows what to carry.
 * @throws UserError when a mask or a joint does not fit the video
 */
export function groupMarks(
  masks: readonly MaskMark[],
  poses: readonly PoseMark[],
  context: GroupContext,
): Group[] {
  return [...groupMasks(masks, context), ...groupPoses(poses, context)]
}

function groupMasks(masks: readonly MaskMark[], context: GroupContext): Group[] {
  const { width, height } = context
  const framesOf = new Map<number, Set<number>>()
  const mapsOf = new Map<number, LabelMap[]>()
  const seen = new Set<number>()
  for (const { frame, map, objects } of masks) {
    if (map.width !== width || map.height !== height)
      throw new UserError(
        `The mask of frame ${frame} is ${map.width}x${map.height} and the video ${width}x${height}; give a mask of the video's size.`,
      )
    for (const object of objects) framesOf.set(object, (framesOf.get(object) ?? new Set()).add(frame))
    for (const id of map.data) if (id !== 0) seen.add(id)
    mapsOf.set(frame, [...(mapsOf.get(frame) ?? []), map])
  }
  const byFrames = new Map<string, number[]>()
  for (const [object, frames] of framesOf) {
    if (!seen.has(object)) continue
    const key = [...frames].sort((a, b) => a - b).join()
    byFrames.set(key, [...(byFrames.get(key) ?? []), object])
  }
  return [...byFrames].map(([key, objects]) => {
    const frames = key.split(',').map(Number)
    let first = 0
    const layers = objectsOfLayers(objects, context).map(({ objects, isOfSpots }): MaskLayer => {
      const layer = { objects, first }
      first += objects.length + 1
      if (!isOfSpots) return layer
      const shapes = frames.map((frame) => [frame, shapesOf(objects, mapsOf.get(frame)!, context)] as const)
      return { ...layer, shapes: new Map(shapes) }
    })
    const marks = new Map(
      frames.map((frame) => [
        frame,
        joinChannels(layers.map((layer) => markedLabels(layer, frame, mapsOf.get(frame)!, context))),
      ]),
    )
    return { kind: 'masks', layers, marks }
  })
}

function objectsOfLayers(
  objects: readonly number[],
  { overlapping, spots }: GroupContext,
): { objects: readonly number[]; isOfSpots: boolean }[] {
  return [false, true].flatMap((isOfSpots) =>
    layersOf(
      objects.filter((object) => spots.includes(object) === isOfSpots),
      overlapping,
    ).map((layer) => ({ objects: layer, isOfSpots })),
  )
}

/** Soft labels of a layer on a frame that a person marked. */
function markedLabels(
  { objects, shapes }: MaskLayer,
  frame: number,
  maps: readonly LabelMap[],
  context: GroupContext,
): SoftLabels {
  const { grid, patch, protocol } = context
  if (shapes) return stampSpots(shapes.get(frame)!, grid)
  const map = layerMap(objects, maps, context)
  return labelsFromMask(map, grid, objects.length + 1, patch, protocol)
}

/** Soft labels of a group's objects on a frame that was labelled before, one block of channels per layer. */
export function decodedLabels(
  layers: readonly MaskLayer[],
  maps: readonly LabelMap[],
  context: GroupContext,
): SoftLabels {
  return joinChannels(
    layers.map(({ objects, shapes }) =>
      shapes
        ? stampSpots(shapesOf(objects, maps, context), context.grid)
        : labelsFromDecoded(layerMap(objects, maps, context), context.grid, objects.length + 1),
    ),
  )
}

/** The pixels of a layer's objects on a frame, as channels of the layer; what spots cover goes to what is around them. */
function layerMap(
  objects: readonly number[],
  maps: readonly LabelMap[],
  { spots, width, height }: GroupContext,
): LabelMap {
  const channelOf = new Uint8Array(256)
  objects.forEach((object, i) => {
    channelOf[object] = i + 1
  })
  const data = new Uint8Array(width * height)
  for (const map of maps)
    map.data.forEach((id, pixel) => {
      const channel = channelOf[id]!
      if (channel !== 0) data[pixel] = channel
    })
  fillBeneath({ width, height, data }, spots, maps)
  return { width, height, data }
}

function groupPoses(poses: readonly PoseMark[], context: GroupContext): Group[] {
  const byObject = new Map<number, PoseMark[]>()
  const goneOf = new Map<number, number[]>()
  for (const pose of poses)
    if (pose.joints.some((joint) => joint !== undefined))
      byObject.set(pose.object, [...(byObject.get(pose.object) ?? []), pose])
    else goneOf.set(pose.object, [...(goneOf.get(pose.object) ?? []), pose.frame])
  return [...byObject].map(([object, marked]) => {
    const joints = new Map<number, readonly (GridPoint | undefined)[]>()
    const marks = new Map<number, SoftLabels>()
    for (const pose of marked) {
      const points = gridPoints(pose, context)
      if (points.length !== marked[0]!.joints.length)
        throw new UserError(
          `Object ${object} has ${marked[0]!.joints.length} keypoints on frame ${marked[0]!.frame} and ${points.length} on frame ${pose.frame}; give it the same ones on both.`,
        )
      joints.set(pose.frame, points)
      marks.set(pose.frame, labelsFromJoints(points, context.grid))
    }
    return { kind: 'pose', object, marks, joints, gone: goneOf.get(object) ?? [] }
  })
}

/** A pose in grid cells. @throws UserError when a joint is outside the video */
export function gridPoints(pose: PoseMark, { grid, width, height }: GroupContext): (GridPoint | undefined)[] {
  return pose.joints.map((joint, i) => {
    if (!joint) return undefined
    if (!(joint.x >= 0 && joint.y >= 0 && joint.x <= width && joint.y <= height))
      throw new UserError(
        `Keypoint ${i} of frame ${pose.frame} is at (${joint.x}, ${joint.y}), outside the video of ${width}x${height}; move it inside or mark it as not visible.`,
      )
    return {
      x: (Math.min(joint.x, width - 1) * grid.columns) / width,
      y: (Math.min(joint.y, height - 1) * grid.rows) / height,
    }
  })
}
