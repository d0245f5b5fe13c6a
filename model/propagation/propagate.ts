/** The main job: marked frames in, labels for every other frame out, one frame after the other. */

import type { LabelMap } from '../label-map.ts'
import type { Engine } from '../runtime/index.ts'
import type { FrameSize, VideoSource } from '../video/index.ts'
import { Affinity } from './affinity.ts'
import { FeatureCache, type FeatureExtractor } from './features.ts'
import { FrameReader } from './frame-reader.ts'
import { blendLabels, type PackedLabels, packLabels, type SoftLabels, unpackLabels } from './grid.ts'
import { type Group, groupMarks, type MaskMark, type PoseMark } from './groups.ts'
import { decodeJoint, type GridPoint } from './keypoints.ts'
import { MaskFrames, type PlannedGroup } from './mask-frames.ts'
import { overlappingObjects } from './overlap.ts'
import { type Direction, frameRun, type Leg, planLegs, plannedResults } from './plan.ts'
import type { PropagationSettings } from './settings.ts'
import { type WalkStep, walk } from './walk.ts'

export interface PropagationJob {
  readonly video: VideoSource
  readonly engine: Engine
  readonly extractor: FeatureExtractor
  readonly settings: PropagationSettings
  readonly masks: readonly MaskMark[]
  readonly poses: readonly PoseMark[]
  readonly direction: Direction
  /** First and last frame to label, both included. */
  readonly range: readonly [number, number]
  /** Memory for features of frames that are not in use just now. */
  readonly cacheBytes?: number
  readonly signal?: AbortSignal
}

/** Masks of one frame that do not overlap. */
export interface MaskLayerResult {
  /** Object ids at the video's size. */
  readonly map: LabelMap
  readonly objects: readonly { readonly id: number; readonly confidence: number; readonly area: number }[]
}

/**
 * One frame's masks of the objects that travel together, and again of those that an earlier result of this frame gave,
 * with what all of them leave each other.
 */
export interface MaskResult {
  readonly kind: 'masks'
  readonly frame: number
  readonly layers: readonly MaskLayerResult[]
}

/** One frame's pose of one object. */
export interface PoseResult {
  readonly kind: 'pose'
  readonly frame: number
  readonly object: number
  /** In pixels of the video; undefined where the joint was not marked anywhere. */
  readonly joints: readonly (
    | { readonly x: number; readonly y: number; readonly confidence: number }
    | undefined
  )[]
  readonly confidence: number
}

export type FrameResult = (MaskResult | PoseResult) & {
  /** Wall-clock seconds since the result before. */
  readonly seconds: number
  /** Labelled from one end of a span between two marks; the result from both ends follows and replaces it. */
  readonly provisional: boolean
}

const DEFAULT_CACHE_BYTES = 256 * 1024 ** 2

/** A job that is ready to run: how much it is, and its results. */
export interface Propagation {
  /** How many results `results` gives. */
  readonly total: number
  readonly results: AsyncGenerator<FrameResult>
}

/**
 * Prepares a propagation. Marked frames are never among the results; a frame between two marks has a provisional
 * result first. Stopping the loop early, or the signal, leaves everything yielded so far valid.
 * @throws UserError when a mark does not fit the video or lies outside the range
 */
export function propagate(job: PropagationJob): Propagation {
  const { extractor, video, settings } = job
  const { width, height } = video.table
  const overlapping = overlappingObjects(job.masks)
  const groups = groupMarks(job.masks, job.poses, {
    overlapping,
    grid: extractor.grid,
    patch: extractor.config.patch,
    protocol: settings.protocol,
    width,
    height,
  })
  const planned = groups.map(
    (group): PlannedGroup => ({
      group,
      legs: planLegs([...group.marks.keys()], job.range, job.direction),
    }),
  )
  // A job without any mark is refused by the plan.
  if (planned.length === 0) planLegs([], job.range, job.direction)
  return {
    total: planned.reduce((total, { legs }) => total + plannedResults(legs), 0),
    results: run(job, planned, new MaskFrames(job, planned, overlapping)),
  }
}

async function* run(
  job: PropagationJob,
  planned: readonly PlannedGroup[],
  maskFrames: MaskFrames,
): AsyncGenerator<FrameResult> {
  const { engine, extractor, settings, video, signal } = job
  const reader = new FrameReader(video, extractor.size, signal)
  const pixels = async (frame: number): Promise<Uint8Array> => (await reader.read(frame)).data
  const cache = new FeatureCache(engine, extractor, pixels, job.cacheBytes ?? DEFAULT_CACHE_BYTES)
  const affinity = new Affinity(engine, {
    grid: extractor.grid,
    dim: extractor.config.dim,
    k: settings.topK,
    neighbourhood: settings.neighbourhood,
  })
  const walkFrom = (frames: readonly number[], marks: ReadonlyMap<number, SoftLabels>) =>
    walk({ frames, marks, tokens: cache, affinity, settings, signal })
  let last = performance.now()
  try {
    for (const plan of planned) {
      const { group } = plan
      for (const leg of plan.legs) {
        const steps =
          leg.kind === 'walk' ? outwards(leg, group.marks, walkFrom) : between(leg, group.marks, walkFrom)
        for await (const { frame, labels, origin, provisional } of steps) {
          const result =
            group.kind === 'pose'
              ? decodePose(group, frame, origin, labels, video.table)
              : maskFrames.decode(plan, frame, labels, provisional)
          const now = performance.now()
          const seconds = (now - last) / 1000
          last = now
          yield { ...result, seconds, provisional }
        }
      }
    }
  } finally {
    await reader.close()
    await cache.clear()
    await affinity.close()
  }
}

type WalkFrom = (
  frames: readonly number[],
  marks: ReadonlyMap<number, SoftLabels>,
) => AsyncGenerator<WalkStep>

/** Labels of a frame, and the marked frame that they come from (mostly). */
interface LabelledStep extends WalkStep {
  readonly origin: number
  readonly provisional: boolean
}

async function* outwards(
  { frames }: Extract<Leg, { kind: 'walk' }>,
  marks: ReadonlyMap<number, SoftLabels>,
  walkFrom: WalkFrom,
): AsyncGenerator<LabelledStep> {
  for await (const step of walkFrom(frames, marks)) yield { ...step, origin: frames[0]!, provisional: false }
}

/**
 * A span between two marked frames, labelled from both ends: near one end that end's labels count more. The walk
 * from the first end is kept packed, a few kilobytes per frame, and its labels are given as they come, so that
 * whoever stops in the middle has them.
 */
async function* between(
  { from, to }: Extract<Leg, { kind: 'between' }>,
  marks: ReadonlyMap<number, SoftLabels>,
  walkFrom: WalkFrom,
): AsyncGenerator<LabelledStep> {
  const kept = new Map<number, PackedLabels>()
  for await (const { frame, labels } of walkFrom(frameRun(from, to - 1), marks)) {
    kept.set(frame, packLabels(labels))
    yield { frame, labels, origin: from, provisional: true }
  }
  for await (const { frame, labels } of walkFrom(frameRun(to, from + 1), marks)) {
    const joined = blendLabels(unpackLabels(kept.get(frame)!), labels, (to - frame) / (to - from))
    kept.delete(frame)
    yield { frame, labels: joined, origin: frame - from <= to - frame ? from : to, provisional: false }
  }
}

/**
 * Reads a pose back. A stamp sits on whole cells; what that rounding moved the joint by at the walk's marked frame
 * is added again, so that a joint that does not move stays where the person put it.
 */
function decodePose(
  group: Extract<Group, { kind: 'pose' }>,
  frame: number,
  origin: number,
  labels: SoftLabels,
  { width, height }: FrameSize,
): PoseResult {
  const { rows, columns } = labels.grid
  const marked = group.joints.get(origin)!
  const stamps = group.marks.get(origin)!
  let total = 0
  let count = 0
  const joints = marked.map((place, i) => {
    const decoded = decodeJoint(labels, i + 1)
    if (!decoded) return undefined
    const shift = place ? difference(place, decodeJoint(stamps, i + 1)) : { x: 0, y: 0 }
    const confidence = Math.min(1, decoded.strength)
    total += confidence
    count++
    return {
      x: clamp(((decoded.x + shift.x) * width) / columns, width - 1),
      y: clamp(((decoded.y + shift.y) * height) / rows, height - 1),
      confidence,
    }
  })
  return { kind: 'pose', frame, object: group.object, joints, confidence: count > 0 ? total / count : 0 }
}

function difference(a: GridPoint, b: GridPoint | undefined): GridPoint {
  return b ? { x: a.x - b.x, y: a.y - b.y } : { x: 0, y: 0 }
}

function clamp(value: number, max: number): number {
  return Math.min(max, Math.max(0, value))
}
