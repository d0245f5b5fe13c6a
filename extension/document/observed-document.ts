import { AnnotationDocument, type Edit, type Entry } from '../../model/annotation/index.ts'

/** Hears of every single change of a document, also of those that undo and redo make. */
export interface DocumentObserver {
  /** Just before the entry of an object on a frame is changed; `old` is what is there now. */
  beforeEntry?(objectId: number, frame: number, old: Entry | undefined): void
  /** An entry was changed. */
  entry?(objectId: number, frame: number): void
  /** A label, object or run, or the path of the video, was changed. */
  catalogue?(): void
}

/** A document that tells its observers what changes, whoever changes it. */
export class ObservedDocument extends AnnotationDocument {
  readonly #observers = new Set<DocumentObserver>()

  observe(observer: DocumentObserver): void {
    this.#observers.add(observer)
  }

  unobserve(observer: DocumentObserver): void {
    this.#observers.delete(observer)
  }

  /** Groups come back here part by part, so every leaf is seen, and so is what is taken back of a refused group. */
  override apply(edit: Edit): Edit {
    if (edit.kind === 'group') return super.apply(edit)
    if (edit.kind === 'setEntry') {
      const { objectId, frame } = edit
      const old = this.entry(objectId, frame)
      for (const observer of this.#observers) observer.beforeEntry?.(objectId, frame, old)
      const inverse = super.apply(edit)
      for (const observer of this.#observers) observer.entry?.(objectId, frame)
      return inverse
    }
    const inverse = super.apply(edit)
    for (const observer of this.#observers) observer.catalogue?.()
    return inverse
  }
}
