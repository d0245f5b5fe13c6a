import {
  AnnotationDocument,
  type Entry,
  type Label,
  type Run,
  type TrackedObject,
  type VideoReference,
} from '../../model/annotation/index.ts'
import type { DocumentObserver, ObservedDocument } from './observed-document.ts'
import type { PlacedEntry } from './packed-entries.ts'

/** Everything of a document but its entries. */
export interface Catalogue {
  readonly video: VideoReference
  readonly labels: readonly Label[]
  readonly objects: readonly TrackedObject[]
  readonly runs: readonly Run[]
}

/** What a document has but its entries, as it is now. */
export function catalogueOf(content: AnnotationDocument): Catalogue {
  return {
    video: content.video,
    labels: [...content.labels.values()],
    objects: [...content.objects.values()],
    runs: [...content.runs.values()],
  }
}

/** A document with a catalogue and no entries. @param document an empty one, of a kind of its own */
export function documentOf<D extends AnnotationDocument = AnnotationDocument>(
  { video, labels, objects, runs }: Catalogue,
  document = new AnnotationDocument(video) as D,
): D {
  for (const label of labels) document.apply({ kind: 'putLabel', label })
  for (const object of objects) document.apply({ kind: 'putObject', object })
  for (const run of runs) document.apply({ kind: 'putRun', run })
  return document
}

/**
 * A document as it is at one moment, read bit by bit while people and runs go on changing it: what is changed before
 * it was read is put aside as it was.
 */
export class Snapshot {
  readonly catalogue: Catalogue
  readonly #content: ObservedDocument
  readonly #frames: readonly (readonly [objectId: number, frames: readonly number[]])[]
  readonly #old = new Map<number, Map<number, Entry | undefined>>()
  readonly #observer: DocumentObserver

  /** To be closed when it is not needed any more. */
  constructor(content: ObservedDocument) {
    this.#content = content
    this.catalogue = catalogueOf(content)
    this.#frames = this.catalogue.objects
      .map(({ id }) => [id, content.frames(id)] as const)
      .sort(([a], [b]) => a - b)
    this.#observer = {
      beforeEntry: (objectId, frame, old) => {
        let frames = this.#old.get(objectId)
        if (frames === undefined) {
          frames = new Map()
          this.#old.set(objectId, frames)
        }
        if (!frames.has(frame)) frames.set(frame, old)
      },
    }
    content.observe(this.#observer)
  }

  /** By object and frame. */
  *entries(): Generator<PlacedEntry, void, undefined> {
    for (const [objectId, frames] of this.#frames)
      for (const frame of frames) {
        const old = this.#old.get(objectId)
        const entry = old?.has(frame) ? old.get(frame) : this.#content.entry(objectId, frame)
        if (entry !== undefined) yield [objectId, frame, entry]
      }
  }

  close(): void {
    this.#content.unobserve(this.#observer)
    this.#old.clear()
  }
}
