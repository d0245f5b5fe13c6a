import type { AnnotationDocument, Entry } from '../../model/annotation/index.ts'
import type { FrameEntries } from '../../webview/protocol/index.ts'

/** Most frames that a view may keep up to date. */
const WIDEST = 4_096

/** The frames whose entries one view has, so that it is sent what it lacks and nothing twice. */
export class EntryWindow {
  #first = 0
  #last = -1
  readonly #sent = new Set<number>()

  /** Another window. Frames that leave it are not kept up to date and are sent again when they come back. */
  move(first: number, last: number): void {
    this.#first = first
    this.#last = Math.min(last, first + WIDEST - 1)
    for (const frame of this.#sent) if (!this.#has(frame)) this.#sent.delete(frame)
  }

  /** The view knows nothing any more. */
  reset(): void {
    this.#sent.clear()
  }

  /** Frames that the view lacks, those near `centre` first. */
  missing(centre: number): number[] {
    const frames: number[] = []
    for (let frame = this.#first; frame <= this.#last; frame++) if (!this.#sent.has(frame)) frames.push(frame)
    return frames.sort((a, b) => Math.abs(a - centre) - Math.abs(b - centre))
  }

  /** Of these, the frames that the view has and has to be told of again. */
  stale(changed: ReadonlyMap<number, ReadonlySet<number>>): number[] {
    const frames = new Set<number>()
    for (const changedFrames of changed.values())
      if (changedFrames.size < this.#sent.size) {
        for (const frame of changedFrames) if (this.#sent.has(frame)) frames.add(frame)
      } else for (const frame of this.#sent) if (changedFrames.has(frame)) frames.add(frame)
    return [...frames]
  }

  /** What the view is told of some frames; they count as sent. */
  take(document: AnnotationDocument, frames: readonly number[]): FrameEntries[] {
    return frames.map((frame) => {
      this.#sent.add(frame)
      const entries: [number, Entry][] = []
      for (const objectId of document.objects.keys()) {
        const entry = document.entry(objectId, frame)
        if (entry !== undefined) entries.push([objectId, entry])
      }
      return { frame, entries }
    })
  }

  #has(frame: number): boolean {
    return frame >= this.#first && frame <= this.#last
  }
}
