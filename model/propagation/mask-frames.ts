/** From soft labels to the masks of a frame, settled with what other groups have on it. */
import { type LabelMap, pixelsOf, resizeNearest } from '../label-map.ts'
import { channelConfidence } from './confidence.ts'
import { decodeLabels, votesAt } from './decode.ts'
import { decodeAlongEdges, type Picture } from './edges.ts'
import { channelBlock, type PackedLabels, packLabels, type SoftLabels, unpackLabels } from './grid.ts'
import type { Group, MaskGroup, MaskLayer } from './groups.ts'
import { type Sheet, settleOverlaps } from './joint.ts'
import type { ObjectPairs } from './overlap.ts'
import { type Leg, labelledFrames } from './plan.ts'
import type { MaskLayerResult, MaskResult, PropagationJob } from './propagate.ts'
import type { EarlierLabels } from './resume.ts'
import { LEAST_STRENGTH, moveShape, nearestShape, readSpot, type Shapes } from './spots.ts'

/** A group and the walks that label it. */
export interface PlannedGroup {
  readonly group: Group
  readonly legs: readonly Leg[]
}

/**
 * Groups are labelled one after the other. A frame that a later group labels too is remembered packed, a few
 * kilobytes, until that group has come to it.
 */
export class MaskFrames {
  readonly #job: PropagationJob
  readonly #planned: readonly PlannedGroup[]
  readonly #earlier: EarlierLabels | undefined
  readonly #overlapping: ObjectPairs
  readonly #marked = new Map<number, LabelMap[]>()
  readonly #lastOf = new Map<number, PlannedGroup>()
  readonly #kept = new Map<number, Map<MaskGroup, PackedLabels>>()

  /** @param earlier what an interrupted job has labelled, where this one goes on from it */
  constructor(
    job: PropagationJob,
    planned: readonly PlannedGroup[],
    overlapping: ObjectPairs,
    earlier?: EarlierLabels,
  ) {
    this.#job = job
    this.#planned = planned
    this.#earlier = earlier
    this.#overlapping = overlapping
    for (const { frame, map } of job.masks) this.#marked.set(frame, [...(this.#marked.get(frame) ?? []), map])
    for (const plan of planned)
      if (plan.group.kind === 'masks')
        for (const leg of plan.legs) for (const frame of labelledFrames(leg)) this.#lastOf.set(frame, plan)
  }

  /**
   * The masks of a group on a frame, and again those of earlier groups.
   * @param picture the frame, where the settings ask for outlines along its edges
   */
  decode(
    plan: PlannedGroup,
    frame: number,
    labels: SoftLabels,
    provisional: boolean,
    picture?: Picture,
  ): MaskResult {
    const group = plan.group as MaskGroup
    const before = this.#kept.get(frame) ?? new Map<MaskGroup, PackedLabels>()
    const sheets = this.#sheets(group, frame, labels, picture)
    for (const [other, packed] of before)
      if (other !== group) sheets.push(...this.#sheets(other, frame, unpackLabels(packed), picture))
    if (this.#earlier)
      for (const other of this.#planned.slice(0, this.#planned.indexOf(plan))) {
        if (other.group.kind !== 'masks' || before.has(other.group)) continue
        const known = this.#earlier.final(other, frame)
        if (known) sheets.push(...this.#sheets(other.group, frame, known, picture))
      }
    const marked = [...(this.#marked.get(frame) ?? []), ...(this.#job.bystanders?.(frame) ?? [])]
    settleOverlaps(sheets, marked, this.#overlapping)

    if (this.#lastOf.get(frame) !== plan) this.#kept.set(frame, before.set(group, packLabels(labels)))
    else if (!provisional) this.#kept.delete(frame)
    return { kind: 'masks', frame, layers: sheets.map(layerResult) }
  }

  #sheets({ layers }: MaskGroup, frame: number, labels: SoftLabels, picture: Picture | undefined): Sheet[] {
    return layers.map(({ objects, first, shapes }) => {
      const block = channelBlock(labels, first, objects.length + 1)
      return shapes
        ? this.#spotSheet(objects, frame, block, shapes)
        : this.#areaSheet(objects, block, picture)
    })
  }

  #areaSheet(objects: MaskLayer['objects'], labels: SoftLabels, picture: Picture | undefined): Sheet {
    const { extractor, video, settings } = this.#job
    const { patch } = extractor.config
    const channels =
      settings.edges && picture
        ? toVideoSize(decodeAlongEdges(labels, picture, settings.edges), video.table)
        : decodeLabels(labels, patch, video.table, settings.protocol)
    const idOf = Uint8Array.of(0, ...objects)
    return {
      objects,
      confidence: channelConfidence(labels).subarray(1),
      votes: (object, pixel) => votesAt(labels, patch, object + 1, pixel, video.table, settings.protocol),
      map: { ...channels, data: channels.data.map((channel) => idOf[channel]!) },
    }
  }

  #spotSheet(objects: MaskLayer['objects'], frame: number, labels: SoftLabels, shapes: Shapes): Sheet {
    const { width, height } = this.#job.video.table
    const map = { width, height, data: new Uint8Array(width * height) }
    const confidence = objects.map((object, i) => {
      const place = readSpot(labels, i + 1)
      const nearest = nearestShape(frame, shapes, i)
      const strength = place?.strength ?? 0
      if (!place || !nearest || strength < LEAST_STRENGTH) return 1 - strength
      for (const pixel of moveShape(nearest.shape, place, { width, height, grid: labels.grid }))
        map.data[pixel] = object
      return strength
    })
    // What is small lies on what is large.
    return { objects, confidence, votes: (object) => 1 + confidence[object]!, map }
  }
}

function layerResult({ objects, confidence, map }: Sheet): MaskLayerResult {
  const area = pixelsOf(map)
  return { map, objects: objects.map((id, i) => ({ id, confidence: confidence[i]!, area: area[id]! })) }
}

/** A map that was drawn smaller than the video. */
const toVideoSize = (map: LabelMap, { width, height }: { width: number; height: number }): LabelMap =>
  resizeNearest(map, width, height, 'centre')
