import type { AnnotationDocument } from '../../model/annotation/index.ts'
import type { AnnotatorDocument, ChangedFrames } from '../editor/index.ts'
import type { Disposable } from '../emitter.ts'
import { affectedSpan } from './plan.ts'
import type { Propagation } from './propagation.ts'

/** A correction is rarely one stroke: the propagation waits until the person has rested so long, in milliseconds. */
const REST = 1500

interface Offer {
  readonly objectId: number
  readonly range: readonly [first: number, last: number]
}

/**
 * After a person corrected a frame in the middle of a model's: offers to propagate the span around it again, or does
 * it where the person has chosen so. While a run goes on, it waits for the end.
 */
export class CorrectionOffers implements Disposable {
  readonly #document: AnnotatorDocument
  readonly #propagation: Propagation
  readonly #start: (offer: Offer) => void
  readonly #isAutomatic: () => boolean
  readonly #subscriptions: Disposable[]
  #offer: Offer | undefined
  #timer: NodeJS.Timeout | undefined

  /** @param start propagates what was offered, and tells the person when that is refused */
  constructor(
    document: AnnotatorDocument,
    propagation: Propagation,
    isAutomatic: () => boolean,
    start: (offer: Offer) => void,
  ) {
    this.#document = document
    this.#propagation = propagation
    this.#isAutomatic = isAutomatic
    this.#start = start
    this.#subscriptions = [
      document.onDidCorrect((frames) => this.#corrected(frames)),
      document.onDidChange(({ kind }) => {
        if (kind === 'replaced' || (kind === 'catalogue' && !this.#isThere())) this.#put(undefined)
      }),
      propagation.onDidChange((run) => {
        if (run === undefined) this.#put(this.#offer)
        else if (run.state === 'starting' && propagation.current?.document === document) this.#put(undefined)
      }),
    ]
  }

  dispose(): void {
    clearTimeout(this.#timer)
    for (const subscription of this.#subscriptions) subscription.dispose()
  }

  #corrected(frames: ChangedFrames): void {
    let offer = this.#offer
    for (const [objectId, changed] of frames)
      for (const frame of changed)
        offer = joined(offer, correctedSpan(this.#document.annotations, objectId, frame))
    this.#put(offer)
  }

  #put(offer: Offer | undefined): void {
    clearTimeout(this.#timer)
    this.#offer = offer
    if (offer === undefined || this.#propagation.current !== undefined) {
      this.#document.showOffer(undefined)
      return
    }
    if (!this.#isAutomatic()) {
      this.#document.showOffer(offer)
      return
    }
    this.#timer = setTimeout(() => {
      if (this.#propagation.current !== undefined) return
      this.#offer = undefined
      this.#start(offer)
    }, REST)
  }

  #isThere(): boolean {
    return this.#offer !== undefined && this.#document.annotations.objects.has(this.#offer.objectId)
  }
}

/** The span that a correction concerns; undefined where no model's frame lies in it, so that nothing is corrected. */
export function correctedSpan(
  document: AnnotationDocument,
  objectId: number,
  frame: number,
): Offer | undefined {
  if (!document.objects.has(objectId)) return undefined
  const range = affectedSpan(document, objectId, frame)
  if (range === undefined) return undefined
  let byModel = false
  for (let other = range[0]; other <= range[1] && !byModel; other++) {
    const entry = document.entry(objectId, other)
    byModel = entry !== undefined && 'run' in entry
  }
  return byModel ? { objectId, range } : undefined
}

/** Two offers as one: the spans of one object together where they touch, else the later one. */
function joined(before: Offer | undefined, next: Offer | undefined): Offer | undefined {
  if (before === undefined || next === undefined) return next ?? before
  const apart = before.range[0] > next.range[1] || next.range[0] > before.range[1]
  if (before.objectId !== next.objectId || apart) return next
  return {
    objectId: next.objectId,
    range: [Math.min(before.range[0], next.range[0]), Math.max(before.range[1], next.range[1])],
  }
}
