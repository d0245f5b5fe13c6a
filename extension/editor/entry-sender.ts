import type { AnnotationDocument } from '../../model/annotation/index.ts'
import type { HostMessage } from '../../webview/protocol/index.ts'
import { EntryWindow } from '../document/entry-window.ts'
import { nextTurn } from '../document/slices.ts'
import type { ChangedFrames, ShownComparison } from './types.ts'

/** Frames whose entries go in one message. */
const FRAMES_PER_MESSAGE = 16

/** The view that is sent entries. */
export interface EntryReceiver {
  readonly document: {
    readonly annotations: AnnotationDocument
    readonly clip: { readonly frameCount: number }
    readonly comparison: ShownComparison | undefined
  }
  /** Whether it was told what it starts from; it is sent nothing before. */
  isOpened(): boolean
  /** The frame that it is on. */
  playhead(): number
  post(message: HostMessage): void
}

/** Sends a view the entries of the frames around its playhead, the nearest first, and again those that change. */
export class EntrySender {
  readonly #receiver: EntryReceiver
  readonly #window = new EntryWindow()
  #sending = false

  constructor(receiver: EntryReceiver) {
    this.#receiver = receiver
  }

  /** The view knows nothing any more. */
  reset(): void {
    this.#window.reset()
  }

  /** The view shows other frames. */
  move(first: number, last: number): void {
    this.#window.move(first, last)
    void this.send()
  }

  /** Sends what the view's window lacks; a window that moves meanwhile counts at once. */
  async send(): Promise<void> {
    if (this.#sending) return
    this.#sending = true
    try {
      while (this.#receiver.isOpened()) {
        const frames = this.#window.missing(this.#receiver.playhead()).slice(0, FRAMES_PER_MESSAGE)
        if (frames.length === 0) return
        this.#post(frames)
        await nextTurn()
      }
    } finally {
      this.#sending = false
    }
  }

  /** Sends at once what has changed of that which the view has. */
  sendChanged(changed: ChangedFrames): void {
    const frames = this.#window.stale(changed)
    for (let at = 0; at < frames.length; at += FRAMES_PER_MESSAGE)
      this.#post(frames.slice(at, at + FRAMES_PER_MESSAGE))
  }

  /** Sends what a side of the comparison has found. @param frames all when left out */
  sendCompared(side: 0 | 1, frames?: readonly number[]): void {
    const { comparison } = this.#receiver.document
    const found = comparison?.entries(side, frames) ?? []
    for (let at = 0; at < found.length; at += FRAMES_PER_MESSAGE)
      this.#receiver.post({ type: 'compared', side, frames: found.slice(at, at + FRAMES_PER_MESSAGE) })
  }

  #post(frames: readonly number[]): void {
    const { annotations, clip } = this.#receiver.document
    const inside = frames.filter((frame) => frame < clip.frameCount)
    // Frames beyond the clip count as sent, so that they are not asked for for ever.
    this.#window.take(
      annotations,
      frames.filter((frame) => frame >= clip.frameCount),
    )
    if (inside.length > 0)
      this.#receiver.post({ type: 'entries', frames: this.#window.take(annotations, inside) })
  }
}
