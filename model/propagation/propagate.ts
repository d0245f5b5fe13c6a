/** The main job: marked frames in, labels for every other frame out, one frame after the other. */

import type { LabelMap } from '../label-map.ts'
import type { Engine } from '../runtime/index.ts'
import type { VideoSource } from '../video/index.ts'
import { Affinity } from './affinity.ts'
import { FeatureCache, type FeatureExtractor } from './features.ts'
import { FrameReader } from './frame-reader.ts'
import { type Group, type GroupContext, groupMarks, type MaskMark, type PoseMark } from './groups.ts'
import { GuidePictures } from './guide-pictures.ts'
import { settleJoints } from './joint-pace.ts'
import { between, outwards, type WalkFrom } from './legs.ts'
import { MaskFrames, type PlannedGroup } from './mask-frames.ts'
import { overlappingObjects } from './overlap.ts'
import { type Direction, labelledFrames, planLegs } from './plan.ts'
import { decodePose, goneResults } from './pose-frames.ts'
import {
  EarlierLabels,
  type EarlierResults,
  legProgress,
  NOTHING_DONE,
  resultsLeft,
  type WalkedStep,
} from './resume.ts'
import { type PropagationSettings, settingsOfJoints } from './settings.ts'
import { type SmallObjects, smallObjects } from './small-marks.ts'
import { settleSpots } from './spot-pace.ts'
import { type WalkOptions, walk } from './walk.ts'

export interface PropagationJob {
  readonly video: VideoSource
  readonly engine: Engine
  readonly extractor: FeatureExtractor
  readonly settings: PropagationSettings
  readonly masks: readonly MaskMark[]
  readonly poses: readonly PoseMark[]
  /**
   * Masks that a person drew on a frame, of objects that are not carried: results keep clear of them. Asked for when they
   * are needed, so that a long job needs no memory for them.
   */
  readonly bystanders?: (frame: number) => readonly LabelMap[]
  readonly direction: Direction
  /** First and last frame to label, both included. */
  readonly range: readonly [number, number]
  /** What a mark outside the range is: a mistake (the default), or context that walks may start from. */
  readonly beyond?: 'refuse' | 'context'
  /** What an interrupted job with the same marks, range and direction gave; this one goes on from it. */
  readonly earlier?: EarlierResults
  /** Told each walk's labels before the result that is made of them, for {@link EarlierResults.walked}. */
  readonly onWalked?: (step: WalkedStep) => void
  /** Features of the video by the extractor, shared with other jobs before and after this one. */
  readonly features?: FeatureCache
  /** For the extractor's grid and these settings, shared likewise. */
  readonly affinity?: Affinity
  /** Memory for features of frames that are not in use just now, where no cache is given. */
  readonly cacheBytes?: number
  readonly signal?: AbortSignal
  /**
   * Awaited after each frame that is walked through on the way into the range. Such a frame gives no result, so whoever
   * rests between results rests here as well.
   */
  readonly gate?: () => Promise<void>
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
  /** A person said that the object is not there from some frame on, and no mark lies between. */
  readonly isGone?: true
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
  /** Objects that are small for the network's size, and how they travel. */
  readonly small: SmallObjects
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
  const overlapping = overlappingObjects(job.masks, job.bystanders)
  const small = smallObjects(job.masks, extractor.grid, settings)
  const context: GroupContext = {
    overlapping,
    spots: small.spots,
    grid: extractor.grid,
    patch: extractor.config.patch,
    protocol: settings.protocol,
    width,
    height,
  }
  const planned = groupMarks(job.masks, job.poses, context).map(
    (group): PlannedGroup => ({
      group,
      legs: planLegs(
        [...group.marks.keys()],
        job.range,
        job.direction,
        job.beyond,
        group.kind === 'pose' ? group.gone : [],
      ),
    }),
  )
  // A job without any mark is refused by the plan.
  if (planned.length === 0) planLegs([], job.range, job.direction)
  const groups = planned.map(({ group }) => group)
  const earlier = job.earlier && new EarlierLabels(job.earlier, groups, context, settings)
  return {
    total: planned.reduce((total, { group, legs }) => total + resultsLeft(group, legs, earlier), 0),
    small,
    results: run(job, planned, new MaskFrames(job, planned, overlapping, earlier), earlier),
  }
}

async function* run(
  job: PropagationJob,
  planned: readonly PlannedGroup[],
  maskFrames: MaskFrames,
  earlier: EarlierLabels | undefined,
): AsyncGenerator<FrameResult> {
  const { engine, extractor, settings, video, signal } = job
  const reader = new FrameReader(video, extractor.size, signal)
  const pixels = async (frame: number): Promise<Uint8Array> => (await reader.read(frame)).data
  const cache = job.features ?? new FeatureCache(engine, extractor, job.cacheBytes ?? DEFAULT_CACHE_BYTES)
  const tokens = cache.tokensOf(pixels)
  const affinity = job.affinity ?? Affinity.of(engine, extractor, settings)
  const guides = settings.edges || settings.spots ? new GuidePictures(video, signal) : undefined
  let last = performance.now()
  try {
    for (const [index, plan] of planned.entries()) {
      const { group } = plan
      const settle = settlingOf(group, settings, guides)
      for (const leg of plan.legs) {
        if (leg.kind === 'gone') {
          if (group.kind === 'pose') yield* goneResults(group, labelledFrames(leg))
          continue
        }
        const walkFrom: WalkFrom = async function* (walkIndex, [start, ...frames], before) {
          const left = [start!, ...frames.slice(before?.walked ?? 0)]
          const { marks } = group
          if (group.kind === 'masks' && left[1] !== undefined) guides?.expect(left[1])
          for await (const step of walk({
            frames: left,
            marks,
            tokens,
            affinity,
            settings: group.kind === 'pose' ? settingsOfJoints(settings) : settings,
            settle,
            signal,
            before,
          })) {
            job.onWalked?.({ ...step, group: index, walk: walkIndex })
            yield step
          }
        }
        const done = earlier ? legProgress(group, leg, earlier) : NOTHING_DONE
        const steps = leg.kind === 'walk' ? outwards(leg, walkFrom, done) : between(leg, walkFrom, done)
        for await (const { frame, labels, origin, provisional } of steps) {
          if (frame < leg.range[0] || frame > leg.range[1]) {
            await job.gate?.()
            continue
          }
          const result =
            group.kind === 'pose'
              ? decodePose(group, frame, origin, labels, video.table, settings.joints)
              : maskFrames.decode(plan, frame, labels, provisional, await guides?.read(frame))
          const now = performance.now()
          const seconds = (now - last) / 1000
          last = now
          yield { ...result, seconds, provisional }
        }
      }
    }
  } finally {
    await reader.close()
    await guides?.close()
    if (!job.features) await cache.clear()
    if (!job.affinity) await affinity.close()
  }
}

function settlingOf(
  group: Group,
  settings: PropagationSettings,
  guides: GuidePictures | undefined,
): WalkOptions['settle'] {
  if (group.kind === 'pose') {
    const joints = [...group.joints.values()][0]!
    return settleJoints(
      settings,
      joints.map((_, i) => i + 1),
    )
  }
  return guides && settleSpots(settings, group, guides)
}
