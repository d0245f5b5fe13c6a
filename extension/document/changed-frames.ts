/** Frames by object: which entries were changed since somebody last asked. */
export class ChangedFrames implements ReadonlyMap<number, ReadonlySet<number>> {
  readonly #frames = new Map<number, Set<number>>()
  #count = 0

  /** Number of entries, over all objects. */
  get count(): number {
    return this.#count
  }

  /** Number of objects. */
  get size(): number {
    return this.#frames.size
  }

  add(objectId: number, frame: number): void {
    let frames = this.#frames.get(objectId)
    if (frames === undefined) {
      frames = new Set()
      this.#frames.set(objectId, frames)
    }
    const before = frames.size
    frames.add(frame)
    this.#count += frames.size - before
  }

  addAll(other: ReadonlyMap<number, ReadonlySet<number>>): void {
    for (const [objectId, frames] of other) for (const frame of frames) this.add(objectId, frame)
  }

  has(objectId: number): boolean {
    return this.#frames.has(objectId)
  }

  hasFrame(objectId: number, frame: number): boolean {
    return this.#frames.get(objectId)?.has(frame) ?? false
  }

  get(objectId: number): ReadonlySet<number> | undefined {
    return this.#frames.get(objectId)
  }

  /** All of them, one after the other. */
  *pairs(): IterableIterator<readonly [objectId: number, frame: number]> {
    for (const [objectId, frames] of this.#frames) for (const frame of frames) yield [objectId, frame]
  }

  keys(): MapIterator<number> {
    return this.#frames.keys()
  }

  values(): MapIterator<ReadonlySet<number>> {
    return this.#frames.values()
  }

  entries(): MapIterator<[number, ReadonlySet<number>]> {
    return this.#frames.entries()
  }

  [Symbol.iterator](): MapIterator<[number, ReadonlySet<number>]> {
    return this.#frames.entries()
  }

  forEach(visit: (frames: ReadonlySet<number>, objectId: number, map: this) => void): void {
    for (const [objectId, frames] of this.#frames) visit(frames, objectId, this)
  }
}
