import { batch, effect, signal, untracked } from '@preact/signals'
import type { InspectionAnswer, InspectionWish } from '../../protocol/index.ts'
import { onInspected, sendWish } from '../messages.ts'
import * as state from '../state.ts'
import { attention, found, isLooking, network, obstacle, refusal, wish } from './state.ts'
import { sameFrames } from './wishes.ts'

/** Milliseconds after a refusal in which nothing is asked. */
const REST = 1000

let lastId = 0
/** The question that is not answered yet. */
let open: { readonly id: number; readonly wish: InspectionWish } | undefined
/** What was asked last, answered or not. */
let asked = ''
let restsUntil = 0
/** Goes up when the same question may have another answer. */
const again = signal(0)

/**
 * Asks the host for what the person wants to see, as long as it changes. Within the same two frames one question is
 * under way at a time, so that a pointer that moves gets its answers; other frames are asked for at once, and the host
 * gives up what was asked before.
 */
export function followWishes(): () => void {
  onInspected(answered)
  const stops = [
    effect(() => {
      again.value
      const wanted = wish.value
      untracked(() => ask(wanted))
    }),
    // The model or its size may be another one, or there may be one now.
    effect(() => {
      state.settings.value
      state.run.value
      state.trusted.value
      untracked(askAgain)
    }),
  ]
  return () => {
    for (const stop of stops) stop()
    end()
  }
}

function askAgain(): void {
  asked = ''
  restsUntil = 0
  refusal.value = undefined
  again.value++
}

function ask(wanted: InspectionWish | undefined): void {
  if (wanted === undefined) {
    if (obstacle.peek() !== undefined || state.tool.peek() !== 'inspect') end()
    return
  }
  const key = JSON.stringify(wanted)
  if (key === asked) return
  if (open && sameFrames(open.wish, wanted)) return
  const wait = restsUntil - performance.now()
  if (wait > 0) {
    setTimeout(() => again.value++, wait)
    return
  }
  asked = key
  open = { id: ++lastId, wish: wanted }
  isLooking.value = true
  sendWish(open.id, wanted)
}

/** Nothing is wanted any more. */
function end(): void {
  asked = ''
  isLooking.value = false
  if (open === undefined) return
  open = undefined
  sendWish(++lastId, undefined)
}

function answered(id: number, answer: InspectionAnswer): void {
  if (open?.id !== id) return
  const { wish: what } = open
  open = undefined
  batch(() => {
    isLooking.value = false
    refusal.value = answer.kind === 'refused' ? answer.message : undefined
    if (answer.kind === 'refused' || answer.kind === 'overtaken') {
      restsUntil = performance.now() + REST
      if (answer.kind === 'overtaken') asked = ''
      else {
        found.value = undefined
        attention.value = undefined
      }
    } else {
      network.value = answer.network
      if (answer.kind === 'attention') attention.value = { frame: what.frame, view: answer }
      else if (what.kind === 'correspondence') found.value = { wish: what, view: answer }
    }
  })
  // The pointer has moved on meanwhile.
  ask(wish.peek())
}
