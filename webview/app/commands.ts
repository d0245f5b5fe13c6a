import { batch } from '@preact/signals'
import type { ViewCommand } from '../protocol/index.ts'
import { changeSettings } from './messages.ts'
import { clampFrame, nextDoubtful, nextKeyframe, withRangeEnd } from './navigation.ts'
import { stage } from './stage-port.ts'
import * as state from './state.ts'

/** Does what a key, a menu or a button asks for. */
export function perform(command: ViewCommand): void {
  switch (command.name) {
    case 'goToFrame':
      return goTo(command.frame)
    case 'step':
      return goTo(state.frame.value + command.by)
    case 'firstFrame':
      return goTo(0)
    case 'lastFrame':
      return goTo(state.frameCount.value - 1)
    case 'previousKeyframe':
    case 'nextKeyframe': {
      const id = state.objectId.value
      const lane = id === undefined ? undefined : state.lanes.get(id)
      const found = nextKeyframe(
        lane ? [lane] : state.lanes.values(),
        state.frame.value,
        command.name === 'nextKeyframe' ? 1 : -1,
      )
      if (found !== undefined) goTo(found)
      return
    }
    case 'previousDoubtful':
    case 'nextDoubtful': {
      const found = nextDoubtful(
        state.doubtful.value,
        state.frame.value,
        command.name === 'nextDoubtful' ? 1 : -1,
      )
      if (!found) return
      return batch(() => {
        goTo(found.frame)
        selectObject(found.objectId)
      })
    }
    case 'togglePlay':
      if (state.frameCount.value > 1) state.playing.value = !state.playing.value
      return
    case 'toggleLoop':
      state.loop.value = !state.loop.value
      return
    case 'rangeStart':
    case 'rangeEnd':
      if (state.frameCount.value > 0)
        state.range.value = withRangeEnd(
          state.range.value,
          command.name === 'rangeStart' ? 'first' : 'last',
          state.frame.value,
          state.frameCount.value,
        )
      return
    case 'clearRange':
      state.range.value = undefined
      return
    case 'tool':
      state.tool.value = command.tool
      return
    case 'brushSize':
      return changeSettings({
        brushSize: Math.min(MAX_BRUSH, Math.max(1, Math.round(state.settings.value.brushSize + command.by))),
      })
    case 'selectObject':
      return selectObject(command.objectId)
    case 'toggleHide':
      return toggle(state.hidden, command.objectId)
    case 'toggleLock':
      return toggle(state.locked, command.objectId)
    case 'toggleSolo':
      return toggle(state.solo, command.objectId)
    case 'toggleOverlay':
      state.overlayShown.value = !state.overlayShown.value
      return
    case 'toggleTakeOver':
      return changeSettings({ takeOver: !state.settings.value.takeOver })
    case 'fit':
    case 'actualSize':
    case 'zoomIn':
    case 'zoomOut':
    case 'fillHoles':
    case 'finish':
    case 'giveUp':
    case 'removePoint':
    case 'keypointVisibility':
      return stage()?.perform(command)
    default:
      command satisfies never
  }
}

/** Largest brush in pixels of the video. */
export const MAX_BRUSH = 400

function goTo(frame: number): void {
  batch(() => {
    // Whoever chooses a frame wants to stay on it.
    state.playing.value = false
    state.frame.value = clampFrame(frame, state.frameCount.value)
  })
}

function selectObject(id: number): void {
  if (state.objects.value.some((object) => object.id === id)) state.objectId.value = id
}

function toggle(set: typeof state.hidden, id = state.objectId.value): void {
  if (id === undefined) return
  const changed = new Set(set.value)
  if (!changed.delete(id)) changed.add(id)
  set.value = changed
}
