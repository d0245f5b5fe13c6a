import { batch } from '@preact/signals'
import type { ViewCommand } from '../protocol/index.ts'
import { comparedSide, SIDES } from './comparison.ts'
import { startInspecting } from './inspect/state.ts'
import { doubtfulFrom, keyframeFrom } from './jumps.ts'
import { stepBrushSize } from './masks/index.ts'
import { changeSettings } from './messages.ts'
import { clampFrame, withRangeEnd } from './navigation.ts'
import { stage } from './stage-port.ts'
import * as state from './state.ts'

/** Does what a key, a menu or a button asks for. */
export function perform(command: ViewCommand): void {
  switch (command.name) {
    case 'goToFrame':
      goTo(command.frame)
      break
    case 'step':
      goTo(state.frame.value + command.by)
      break
    case 'firstFrame':
      goTo(0)
      break
    case 'lastFrame':
      goTo(state.frameCount.value - 1)
      break
    case 'previousKeyframe':
    case 'nextKeyframe': {
      const found = keyframeFrom(command.name === 'nextKeyframe' ? 1 : -1)
      if (found !== undefined) goTo(found)
      break
    }
    case 'previousDoubtful':
    case 'nextDoubtful': {
      const found = doubtfulFrom(command.name === 'nextDoubtful' ? 1 : -1)
      if (!found) break
      batch(() => {
        goTo(found.frame)
        selectObject(found.objectId)
      })
      break
    }
    case 'switchComparison':
      comparedSide.value = SIDES[(SIDES.indexOf(comparedSide.value) + 1) % SIDES.length]!
      break
    case 'togglePlay':
      if (state.frameCount.value > 1) state.playing.value = !state.playing.value
      break
    case 'toggleLoop':
      state.loop.value = !state.loop.value
      break
    case 'rangeStart':
    case 'rangeEnd':
      if (state.frameCount.value > 0)
        state.range.value = withRangeEnd(
          state.range.value,
          command.name === 'rangeStart' ? 'first' : 'last',
          state.frame.value,
          state.frameCount.value,
        )
      break
    case 'clearRange':
      state.range.value = undefined
      break
    case 'tool':
      state.tool.value = command.tool
      break
    case 'inspect':
      startInspecting(command.what)
      break
    case 'brushSize':
      changeSettings({ brushSize: stepBrushSize(state.settings.value.brushSize, command.by) })
      break
    case 'selectObject':
      selectObject(command.objectId)
      break
    case 'toggleHide':
      toggle(state.hidden, command.objectId)
      break
    case 'toggleLock':
      toggle(state.locked, command.objectId)
      break
    case 'toggleSolo':
      toggle(state.solo, command.objectId)
      break
    case 'toggleOverlay':
      state.overlayShown.value = !state.overlayShown.value
      break
    case 'toggleTakeOver':
      changeSettings({ takeOver: !state.settings.value.takeOver })
      break
    case 'fit':
    case 'actualSize':
    case 'zoomIn':
    case 'zoomOut':
    case 'fillHoles':
    case 'finish':
    case 'giveUp':
    case 'removePoint':
    case 'keypointVisibility':
    case 'noNewObject':
      stage()?.perform(command)
      break
    default:
      command satisfies never
  }
}

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
