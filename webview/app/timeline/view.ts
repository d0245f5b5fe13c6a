import { computed, effect, signal } from '@preact/signals'
import * as state from '../state.ts'
import { LaneSummary } from './aggregate.ts'
import { clampScale, fitScale, reveal, type Scale } from './scale.ts'

/** Width of the lanes and height of what is seen of ruler and lanes, in CSS pixels. */
export const size = signal({ width: 0, height: 0 })
/** Pixels by which the lanes are scrolled up. */
export const scroll = signal(0)
/** While the pointer drags, the view does not jump after the frame. */
export const dragging = signal(false)

/** How frames lie along the timeline now. */
export const scale = computed<Scale>(() => {
  const { width } = size.value
  const chosen = state.timelineSpan.value
  return chosen ? clampScale(chosen, state.frameCount.value, width) : fitScale(state.frameCount.value, width)
})

/** Chooses a scale; one that shows the whole clip is kept as such, so that it still does after a change of size. */
export function setScale(next: Scale): void {
  const fit = fitScale(state.frameCount.value, size.value.width)
  state.timelineSpan.value = next.perPixel >= fit.perPixel * 0.9999 ? undefined : next
}

/** Whether the clip is wider than the view. */
export const zoomed = computed(() => state.timelineSpan.value !== undefined)

/** Keeps the frame in view when it changes by anything but the pointer on the timeline. */
export function followFrame(): () => void {
  return effect(() => {
    const frame = state.frame.value
    const { width } = size.peek()
    // Before the first layout nothing is in view, and what was kept is to stay.
    if (width === 0 || dragging.peek() || state.timelineSpan.peek() === undefined) return
    const now = scale.peek()
    const next = reveal(now, frame, state.frameCount.peek(), width)
    if (next !== now) setScale(next)
  })
}

const summaries = new Map<number, LaneSummary>()

state.onLaneChange((objectId, first, count) => {
  const summary = summaries.get(objectId)
  if (summary && summary.codes === state.lanes.get(objectId)) summary.changed(first, count)
})

/** The prepared lane of an object. */
export function summaryOf(objectId: number): LaneSummary {
  const codes = state.lanes.get(objectId) ?? new Uint8Array()
  let summary = summaries.get(objectId)
  if (summary?.codes !== codes) {
    summary = new LaneSummary(codes)
    summaries.set(objectId, summary)
  }
  return summary
}

/** Frames worth checking by object, ascending. */
export const doubtfulFrames = computed(() => {
  const byObject = new Map<number, number[]>()
  for (const { objectId, frame } of state.doubtful.value) {
    const list = byObject.get(objectId)
    if (list) list.push(frame)
    else byObject.set(objectId, [frame])
  }
  for (const list of byObject.values()) list.sort((one, other) => one - other)
  return byObject
})
