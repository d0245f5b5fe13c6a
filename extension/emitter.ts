/** Ends something: the shape of VS Code's own, without importing it. */
export interface Disposable {
  dispose(): void
}

/** Tells a listener of every event until what it returns is disposed; fits where VS Code wants its `Event`. */
export type Event<T> = (listener: (event: T) => unknown) => Disposable

/** A source of events for code that also runs outside VS Code. */
export class Emitter<T> implements Disposable {
  readonly #listeners = new Set<{ readonly listener: (event: T) => unknown }>()

  readonly event: Event<T> = (listener) => {
    const entry = { listener }
    this.#listeners.add(entry)
    return { dispose: () => this.#listeners.delete(entry) }
  }

  /** A listener that is added or removed meanwhile takes part from the next event on. */
  fire(event: T): void {
    for (const { listener } of [...this.#listeners]) listener(event)
  }

  dispose(): void {
    this.#listeners.clear()
  }
}
