import { isPersons } from '../../model/annotation/index.ts'
import type { AnnotatorDocument } from '../editor/index.ts'
import type { Disposable } from '../emitter.ts'

/** How long changes are gathered before they are counted, in milliseconds: a run brings many. */
const PAUSE = 500

export interface EntryCount {
  /** Frames of a person. */
  readonly keyframes: number
  /** Frames of a model. */
  readonly propagated: number
}

/**
 * How much is known about each object of a document. Counted one object after the other with the event loop in
 * between: a long clip has millions of entries, and the extension host must not stand still for them.
 */
export class EntryCounts implements Disposable {
  readonly #document: AnnotatorDocument
  readonly #told: () => void
  readonly #counts = new Map<number, EntryCount>()
  readonly #stale = new Set<number>()
  readonly #subscription: Disposable
  #timer: NodeJS.Timeout | undefined

  /** @param told is called when numbers have changed */
  constructor(document: AnnotatorDocument, told: () => void) {
    this.#document = document
    this.#told = told
    this.#subscription = document.onDidChange((change) => {
      if (change.kind === 'entries') this.#recount(change.frames.keys(), PAUSE)
      else if (change.kind === 'replaced') this.#recount(document.annotations.objects.keys(), 0)
    })
    this.#recount(document.annotations.objects.keys(), 0)
  }

  /** As counted last; undefined when not yet. */
  of(objectId: number): EntryCount | undefined {
    return this.#counts.get(objectId)
  }

  dispose(): void {
    clearTimeout(this.#timer)
    this.#subscription.dispose()
  }

  #recount(objectIds: Iterable<number>, wait: number): void {
    for (const objectId of objectIds) this.#stale.add(objectId)
    this.#timer ??= setTimeout(() => this.#countNext(), wait)
  }

  #countNext(): void {
    this.#timer = undefined
    const [objectId] = this.#stale
    if (objectId === undefined) return
    this.#stale.delete(objectId)
    this.#counts.set(objectId, this.#count(objectId))
    if (this.#stale.size > 0) this.#timer = setTimeout(() => this.#countNext(), 0)
    else this.#told()
  }

  #count(objectId: number): EntryCount {
    let keyframes = 0
    let propagated = 0
    const { annotations } = this.#document
    for (const [, entry] of annotations.entries(objectId)) {
      if (isPersons(entry)) keyframes++
      else propagated++
    }
    return { keyframes, propagated }
  }
}
