import { batch, computed, effect, signal } from '@preact/signals'
import {
  type AttentionView,
  type CorrespondenceView,
  type InspectionWish,
  MOST_MATCHES,
  type NetworkView,
} from '../../protocol/index.ts'
import * as state from '../state.ts'
import { t } from '../texts.ts'
import { type FramePoint, otherFrameOf, wishOf } from './wishes.ts'

/** What is inspected and what has been found. */

export const what = state.keep('inspect', signal<InspectionWish['kind']>('correspondence'))
/** How many matches are marked. */
export const topK = state.keep('inspectMatches', signal(7))
/** The head whose attention is shown, from 0; undefined for the mean of all. */
export const head = state.keep('inspectHead', signal<number | undefined>(undefined))
export const pinned = state.keep('inspectPinned', signal<FramePoint | undefined>(undefined))
/** The frame to look in, where the person has chosen one. */
export const chosenOther = state.keep('inspectOther', signal<number | undefined>(undefined))
/** Where the pointer is. */
export const pointer = signal<FramePoint | undefined>(undefined)
/** The last frame before the one that is shown. */
const cameFrom = signal<number | undefined>(undefined)

let before = -1
effect(() => {
  const frame = state.frame.value
  if (before >= 0 && before !== frame) cameFrom.value = before
  before = frame
})

export const isInspecting = computed(() => state.tool.value === 'inspect')

/** The frame to look in while nothing is pinned; undefined in a clip of one frame. */
export const otherFrame = computed(() => {
  state.lanesVersion.value
  return otherFrameOf(state.frame.value, state.frameCount.value, chosenOther.value, cameFrom.value, [
    ...state.lanes.values(),
  ])
})

/** What was found last, and what was asked for that. */
export const found = signal<
  | { readonly wish: InspectionWish & { kind: 'correspondence' }; readonly view: CorrespondenceView }
  | undefined
>(undefined)
export const attention = signal<{ readonly frame: number; readonly view: AttentionView } | undefined>(
  undefined,
)
/** The network that answered last. */
export const network = signal<NetworkView | undefined>(undefined)
/** Why the last question was not answered. */
export const refusal = signal<string | undefined>(undefined)
/** Whether an answer is waited for. */
export const isLooking = signal(false)

/** Why nothing can be looked at now, as a sentence. */
export const obstacle = computed(() => {
  if (!state.trusted.value) return t('Models do not run in a workspace that is not trusted.')
  if (state.run.value)
    return t('A propagation has the model to itself; look into the model when it has ended, or stop it.')
  if (what.value === 'correspondence' && state.frameCount.value === 1)
    return t('This clip has one frame only, so there is no other frame to look in.')
  return undefined
})

/** What the person wants to see now. */
export const wish = computed(() => {
  const clip = state.clip.value
  if (!isInspecting.value || clip === undefined || obstacle.value !== undefined || state.playing.value)
    return undefined
  return wishOf({
    what: what.value,
    frame: state.frame.value,
    pinned: pinned.value,
    pointer: pointer.value,
    other: otherFrame.value,
    topK: topK.value,
    patches: network.value,
    picture: clip,
  })
})

/** What lies over the frame on screen: the map of a patch that is pinned, or attention. */
export const stageMap = computed(() => {
  if (!isInspecting.value) return undefined
  const frame = state.shownFrame.value
  if (what.value === 'attention') {
    const seen = attention.value
    return seen && seen.frame === frame ? seen.view : undefined
  }
  const seen = found.value
  const pin = pinned.value
  return pin && seen && seen.wish.frame === frame && seen.wish.reference === pin.frame ? seen.view : undefined
})

/** The frame in the panel: the one that is looked in, or with a pinned patch the one that it is from. */
export const insetFrame = computed(() => {
  if (!isInspecting.value || what.value === 'attention') return undefined
  return pinned.value?.frame ?? otherFrame.value
})

/** Its picture, when it is there. */
export const insetPicture = signal<{ readonly frame: number; readonly image: ImageBitmap } | undefined>(
  undefined,
)

/** The map that belongs to the frame in the panel. */
export const insetMap = computed(() => {
  const seen = found.value
  const at = pointer.value
  if (pinned.value || !seen || seen.wish.frame !== insetFrame.value) return undefined
  return at?.frame === seen.wish.reference ? seen.view : undefined
})

/** Holds a patch while the person goes through frames. */
export function pin(point: FramePoint): void {
  pinned.value = point
}

/** Lets go of the patch. @returns whether there was one */
export function unpin(): boolean {
  const was = pinned.value !== undefined
  pinned.value = undefined
  return was
}

export function setTopK(k: number): void {
  topK.value = Math.min(MOST_MATCHES, Math.max(1, Math.round(k)))
}

/** Chooses the tool and what it shows. */
export function startInspecting(kind: InspectionWish['kind']): void {
  batch(() => {
    what.value = kind
    state.tool.value = 'inspect'
  })
}

let former: typeof state.tool.value = 'select'
effect(() => {
  if (state.tool.value !== 'inspect') former = state.tool.value
})

/** Back to the tool of before. */
export function leaveInspecting(): void {
  state.tool.value = former
}

// Another clip, or the same one read again: nothing of before is of use.
let openClip: typeof state.clip.value
effect(() => {
  const clip = state.clip.value
  if (clip === openClip) return
  const isOther = openClip !== undefined
  openClip = clip
  if (clip === undefined) return
  batch(() => {
    found.value = undefined
    attention.value = undefined
    refusal.value = undefined
    pointer.value = undefined
    if (isOther || (pinned.peek()?.frame ?? 0) >= clip.frameCount) pinned.value = undefined
    if (isOther || (chosenOther.peek() ?? 0) >= clip.frameCount) chosenOther.value = undefined
  })
})
