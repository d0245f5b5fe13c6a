import { type Entry, isPersons } from './types.ts'

/** The entries of one object by frame, with their frames in order on demand. */
export class Track {
  readonly #entries = new Map<number, Entry>()
  /** Ascending; undefined when it has to be sorted again. */
  #sorted: number[] | undefined = []
  /** Frames of a person: few among many, and asked for often. */
  readonly #persons = new Set<number>()
  #sortedPersons: number[] | undefined = []

  get size(): number {
    return this.#entries.size
  }

  get(frame: number): Entry | undefined {
    return this.#entries.get(frame)
  }

  set(frame: number, entry: Entry | undefined): void {
    const before = this.#entries.size
    this.#setPersons(frame, entry !== undefined && isPersons(entry))
    if (entry === undefined) this.#entries.delete(frame)
    else this.#entries.set(frame, entry)
    if (this.#entries.size === before || this.#sorted === undefined) return
    // Forward propagation appends and undoing it takes from the end: both keep the order.
    const last = this.#sorted.at(-1)
    if (entry !== undefined && (last === undefined || frame > last)) this.#sorted.push(frame)
    else if (entry === undefined && frame === last) this.#sorted.pop()
    else this.#sorted = undefined
  }

  /** Ascending. Not to be changed or kept. */
  frames(): readonly number[] {
    this.#sorted ??= [...this.#entries.keys()].sort((a, b) => a - b)
    return this.#sorted
  }

  /** Those of a person, ascending. Not to be changed or kept. */
  personsFrames(): readonly number[] {
    this.#sortedPersons ??= [...this.#persons].sort((a, b) => a - b)
    return this.#sortedPersons
  }

  /** In no order. */
  values(): Iterable<Entry> {
    return this.#entries.values()
  }

  #setPersons(frame: number, persons: boolean): void {
    if (this.#persons.has(frame) === persons) return
    if (persons) this.#persons.add(frame)
    else this.#persons.delete(frame)
    this.#sortedPersons = undefined
  }
}
