import { computed } from '@preact/signals'
import { clippedScaleOf, type HeatScale, scaleOf } from '../../../model/heat-map.ts'
import type { AttentionView, CorrespondenceView, PatchPlace } from '../../protocol/index.ts'
import * as state from '../state.ts'
import { type Patches, patchAt } from './geometry.ts'
import { head, insetMap, network, pinned, pointer, stageMap, what } from './state.ts'

/** What is drawn over a picture. */
export interface Look {
  readonly patches: Patches
  readonly heat: { readonly values: Float32Array; readonly scale: HeatScale } | undefined
  /** The patch that is looked for, where it is on this frame. */
  readonly patch: PatchPlace | undefined
  /** Best first. */
  readonly matches: CorrespondenceView['matches']
}

/** The numbers of one head, or their mean, and their scale. */
export function attentionHeat(view: AttentionView, chosen: number | undefined): NonNullable<Look['heat']> {
  const count = view.mean.length
  const values =
    chosen === undefined || chosen >= view.heads
      ? view.mean
      : view.maps.subarray(chosen * count, (chosen + 1) * count)
  return { values, scale: clippedScaleOf(values) }
}

/** Similarities and their scale. */
export function similarityHeat({ similarity }: CorrespondenceView): NonNullable<Look['heat']> {
  return { values: similarity, scale: scaleOf(similarity) }
}

/** What lies over the frame on the stage. */
export const stageLook = computed<Look | undefined>(() => {
  const map = stageMap.value
  if (map?.kind === 'attention')
    return {
      patches: map.network,
      heat: attentionHeat(map, head.value),
      patch: undefined,
      matches: [],
    }
  const patches = map?.network ?? network.value
  if (patches === undefined || what.value === 'attention') return undefined
  return {
    patches,
    heat: map && similarityHeat(map),
    patch: referencePatch(state.shownFrame.value, patches),
    matches: map?.matches ?? [],
  }
})

/** What lies over the frame in the panel. */
export const insetLook = computed<Look | undefined>(() => {
  const map = insetMap.value
  const patches = map?.network ?? network.value
  if (patches === undefined) return undefined
  const pin = pinned.value
  return {
    patches,
    heat: map && similarityHeat(map),
    patch: pin && referencePatch(pin.frame, patches),
    matches: map?.matches ?? [],
  }
})

/** The patch that is looked for, on the frame that it is from. */
function referencePatch(frame: number | undefined, patches: Patches): PatchPlace | undefined {
  const clip = state.clip.value
  const point = pinned.value ?? pointer.value
  if (clip === undefined || point === undefined || point.frame !== frame) return undefined
  return patchAt(point, patches, clip)
}
