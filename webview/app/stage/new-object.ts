import { effect } from '@preact/signals'
import type { Rle, TrackedObject } from '../../../model/annotation/index.ts'
import { execute } from '../messages.ts'
import * as state from '../state.ts'
import { t } from '../texts.ts'
import type { Waiting } from '../tools/index.ts'
import { showHint } from './hints.ts'

export interface NewObjectOptions {
  /** Other things wait than before. */
  readonly changed: () => void
  /** Whether the person is in the middle of a stroke. */
  readonly isDrawing: () => boolean
}

/**
 * Something was drawn while there was no object: the host makes one, perhaps after asking the person for its label,
 * and what was drawn until then goes to it.
 */
export class NewObject {
  readonly #options: NewObjectOptions
  #waiting: readonly Waiting[] = []
  #stop: (() => void) | undefined
  /** Tells the answer to this question from that to one before, which the person left by drawing on. */
  #request = 0
  /** The question was left by a stroke that is not finished. */
  #left = false

  constructor(options: NewObjectOptions) {
    this.#options = options
  }

  /** The mask of what waits. */
  get mask(): Rle | undefined {
    return this.#waiting.findLast(({ mask }) => mask !== undefined)?.mask
  }

  ask(waiting: Waiting): void {
    this.#waiting = [...this.#waiting, waiting]
    this.#stop ??= this.#listen()
    // Anew each time: to go on drawing may have closed the box that asked.
    this.#question()
    this.#options.changed()
  }

  /** The host has made no object for a request. */
  refused(request: number): void {
    if (request !== this.#request) return
    if (this.#options.isDrawing()) this.#left = true
    else this.forget()
  }

  /** A stroke has ended, with or without something to ask for. */
  drawn(): void {
    if (this.#left) this.#question()
  }

  #question(): void {
    this.#left = false
    execute('siammae.newObject', ++this.#request)
  }

  /** What was drawn is taken back or given up; of what is gone, the person is told why. */
  forget(why = t('No object was made; what was drawn for it is gone.')): void {
    const waiting = this.#end()
    for (const { refused } of waiting) refused?.()
    if (waiting.some(({ refused }) => refused === undefined)) showHint(why)
  }

  #listen(): () => void {
    const before = new Set(state.objects.peek().map(({ id }) => id))
    return effect(() => {
      const made = state.objects.value.find(({ id }) => !before.has(id))
      // Not inside the effect: what comes next reads and writes the same signals.
      if (made !== undefined) queueMicrotask(() => this.#made(made))
    })
  }

  #made(object: TrackedObject): void {
    const waiting = this.#end()
    if (waiting.length === 0) return
    state.objectId.value = object.id
    for (const { next } of waiting) next(object)
  }

  #end(): readonly Waiting[] {
    const waiting = this.#waiting
    this.#waiting = []
    this.#left = false
    this.#stop?.()
    this.#stop = undefined
    if (waiting.length > 0) this.#options.changed()
    return waiting
  }
}
