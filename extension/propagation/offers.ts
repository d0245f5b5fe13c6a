import { type AnnotationDocument, type Entry, isPersons } from '../../model/annotation/index.ts'
import type { SpanOffer } from '../../webview/protocol/index.ts'
import type { AnnotatorDocument, ChangedFrames, Corrections } from '../editor/index.ts'
import type { Disposable } from '../emitter.ts'
import { affectedSpan } from './plan.ts'
import type { Propagation } from './propagation.ts'

/** A correction is rarely one stroke: the propagation waits until the person has rested so long, in milliseconds. */
const REST = 1500

type Span = SpanOffer['range']

/**
 * After a person corrected frames in the middle of a model's: offers to propagate the spans around them again, one after
 * the other, or does it where the person has chosen so. While a run goes on, it waits for the end.
 */
export class CorrectionOffers implements Disposable {
  readonly #document: AnnotatorDocument
  readonly #propagation: Propagation
  readonly #start: (offer: SpanOffer) => void
  readonly #isAutomatic: () => boolean
  readonly #subscriptions: Disposable[]
  /**
   * By object and frame, the last ones last: what was there before a person touched the frame, and is there again when all
   * of that was undone. The spans are worked out when they are offered: a run that goes on may still reach further.
   */
  readonly #corrections = new Map<number, Map<number, Entry | undefined>>()
  #timer: NodeJS.Timeout | undefined

  /** @param start propagates what was offered, and tells the person when that is refused */
  constructor(
    document: AnnotatorDocument,
    propagation: Propagation,
    isAutomatic: () => boolean,
    start: (offer: SpanOffer) => void,
  ) {
    this.#document = document
    this.#propagation = propagation
    this.#isAutomatic = isAutomatic
    this.#start = start
    this.#subscriptions = [
      document.onDidCorrect((corrected) => this.#corrected(corrected)),
      document.onDidDismissOffer((offer) => {
        this.#drop(offer)
        this.#show()
      }),
      document.onDidChange((change) => {
        if (change.kind === 'replaced') this.#corrections.clear()
        else if (change.kind === 'entries' ? !this.#concerns(change.frames) : change.kind !== 'catalogue')
          return
        this.#show()
      }),
      propagation.onDidChange((view) => {
        const run = propagation.current?.run
        if (view?.state === 'starting' && run?.document === document)
          for (const { id } of run.plan.objects) this.#drop({ objectId: id, range: run.plan.range })
        if (view === undefined || view.state === 'starting') this.#show()
      }),
    ]
  }

  dispose(): void {
    clearTimeout(this.#timer)
    for (const subscription of this.#subscriptions) subscription.dispose()
  }

  #corrected(corrected: Corrections): void {
    // What was drawn comes first, then what lost pixels to it: the first is asked about before the others.
    for (const [objectId, frames] of [...corrected].reverse()) {
      const corrections = this.#corrections.get(objectId) ?? new Map<number, Entry | undefined>()
      for (const [frame, entry] of frames) {
        const before = corrections.has(frame) ? corrections.get(frame) : entry
        corrections.delete(frame)
        corrections.set(frame, before)
      }
      this.#corrections.delete(objectId)
      this.#corrections.set(objectId, corrections)
    }
    this.#show()
  }

  #show(): void {
    clearTimeout(this.#timer)
    const offer = this.#propagation.current === undefined ? this.#next() : undefined
    const automatic = this.#isAutomatic()
    this.#document.showOffer(automatic ? undefined : offer)
    if (automatic && offer !== undefined) this.#timer = setTimeout(() => this.#startNext(), REST)
  }

  #startNext(): void {
    const offer = this.#propagation.current === undefined ? this.#next() : undefined
    if (offer === undefined) return
    this.#drop(offer)
    this.#start(offer)
    this.#show()
  }

  /** The span of the last correction that still stands, with those of the same object that it touches. */
  #next(): SpanOffer | undefined {
    const { annotations } = this.#document
    for (const [objectId, corrections] of [...this.#corrections].reverse()) {
      const spans: Span[] = []
      for (const [frame, before] of [...corrections]) {
        const entry = annotations.objects.has(objectId) ? annotations.entry(objectId, frame) : undefined
        // An undo puts the very entry back that was there, which may be a person's as well.
        const stands = entry !== undefined && isPersons(entry) && entry !== before
        const span = stands ? correctedSpan(annotations, objectId, frame) : undefined
        if (span !== undefined) spans.push(span)
        else corrections.delete(frame)
      }
      if (spans.length > 0) return { objectId, range: joined(spans) }
      this.#corrections.delete(objectId)
    }
    return undefined
  }

  #drop({ objectId, range: [first, last] }: SpanOffer): void {
    const corrections = this.#corrections.get(objectId)
    for (const frame of [...(corrections?.keys() ?? [])])
      if (frame >= first && frame <= last) corrections?.delete(frame)
  }

  /** Whether a change may have taken back what was corrected; while a run goes on it does not matter. */
  #concerns(frames: ChangedFrames): boolean {
    if (this.#propagation.current !== undefined) return false
    return [...this.#corrections.keys()].some((objectId) => frames.has(objectId))
  }
}

/** The span that a correction concerns; undefined where no model's frame lies in it, so that nothing is corrected. */
function correctedSpan(document: AnnotationDocument, objectId: number, frame: number): Span | undefined {
  if (!document.objects.has(objectId)) return undefined
  const range = affectedSpan(document, objectId, frame)
  if (range === undefined) return undefined
  for (let other = range[0]; other <= range[1]; other++) {
    const entry = document.entry(objectId, other)
    if (entry !== undefined && !isPersons(entry)) return range
  }
  return undefined
}

/** The last of some spans, together with all that it touches. */
function joined(spans: readonly Span[]): Span {
  const newest = spans.at(-1)!
  let [first, last] = newest
  // By their beginnings, so that those that touch one another stand beside one another.
  const sorted = spans.toSorted((a, b) => a[0] - b[0])
  for (const span of sorted) if (span[0] <= last && span[1] >= first) last = Math.max(last, span[1])
  for (const span of sorted.reverse())
    if (span[1] >= first && span[0] <= last) first = Math.min(first, span[0])
  return [first, last]
}
