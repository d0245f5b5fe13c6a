import { effect } from '@preact/signals'
import type { TrackedObject } from '../../../model/annotation/index.ts'
import { execute } from '../messages.ts'
import * as state from '../state.ts'

/**
 * Something was drawn while there was no object: the host makes one, perhaps after asking the person for its label,
 * and what was drawn goes to it.
 */
export class NewObject {
  readonly #settled: () => void
  #stop: (() => void) | undefined
  /** Tells the answer to this question from that to one before, which the person left by drawing again. */
  #request = 0

  /** @param settled what was drawn has gone to its object, or has been given up */
  constructor(settled: () => void) {
    this.#settled = settled
  }

  get isAsked(): boolean {
    return this.#stop !== undefined
  }

  ask(next: (object: TrackedObject) => void): void {
    this.forget()
    const before = new Set(state.objects.peek().map(({ id }) => id))
    execute('siammae.newObject', ++this.#request)
    this.#stop = effect(() => {
      const made = state.objects.value.find(({ id }) => !before.has(id))
      if (made === undefined) return
      // Not inside the effect: what comes next reads and writes the same signals.
      queueMicrotask(() => {
        if (this.#stop === undefined) return
        this.#stop()
        this.#stop = undefined
        state.objectId.value = made.id
        next(made)
        this.#settled()
      })
    })
  }

  /** The host has made no object for a request. */
  refused(request: number): void {
    if (request === this.#request) this.forget()
  }

  /** What was drawn is given up. */
  forget(): void {
    if (this.#stop === undefined) return
    this.#stop()
    this.#stop = undefined
    this.#settled()
  }
}
