import type { Keypoint } from '../../../model/annotation/index.ts'
import type { PointerSample, ToolHost } from './canvas-tool.ts'
import { withKeypoints } from './frame-edit.ts'
import type { PickedKeypoint } from './picking.ts'

/** CSS pixels around a keypoint in which it is taken. */
const REACH = 10

/** CSS pixels that a press goes before it moves anything: no hand holds still. */
const SLOP = 3

/** How far from a keypoint it is still meant, in pixels of the video. */
export function reachOf(host: ToolHost): number {
  return (REACH * host.density) / host.view.scale
}

/** A keypoint of an entry on its way with the pointer; one step when it is let go. */
export class PointDrag {
  readonly #host: ToolHost
  readonly #frame: number
  readonly #picked: PickedKeypoint
  readonly #press: PointerSample
  readonly #offset: { readonly x: number; readonly y: number }
  #keypoints: readonly Keypoint[]
  #moved = false

  constructor(host: ToolHost, picked: PickedKeypoint, sample: PointerSample) {
    this.#host = host
    this.#frame = host.frame
    this.#picked = picked
    this.#press = sample
    this.#keypoints = picked.mark.entry.keypoints!
    const { x, y } = this.#keypoints[picked.index]!
    this.#offset = { x: x - sample.x, y: y - sample.y }
  }

  drag(sample: PointerSample): void {
    const way = Math.hypot(sample.x - this.#press.x, sample.y - this.#press.y)
    this.#moved ||= way * this.#host.view.scale >= SLOP * this.#host.density
    if (!this.#moved) return
    this.#keypoints = this.#keypoints.with(this.#picked.index, {
      ...insidePicture(this.#host, sample.x + this.#offset.x, sample.y + this.#offset.y),
      visibility: this.#keypoints[this.#picked.index]!.visibility,
    })
    this.#host.setDraft({ objectId: this.#picked.mark.objectId, keypoints: this.#keypoints })
  }

  drop(): void {
    this.#host.setDraft(undefined)
    if (!this.#moved) return
    const { objectId, entry: before } = this.#picked.mark
    const entries = this.#host.entriesOf(this.#frame)
    // Without them the mask that the object has on the frame would be lost.
    const entry = entries === undefined ? before : entries.get(objectId)
    this.#host.edit('Move keypoint', [
      { kind: 'setEntry', objectId, frame: this.#frame, entry: withKeypoints(entry, this.#keypoints) },
    ])
  }

  cancel(): void {
    this.#host.setDraft(undefined)
  }
}

/** What the tools that move keypoints share: where the pointer is, and the keypoint that it holds. */
export class PointMover {
  protected readonly host: ToolHost
  protected held: PointDrag | undefined
  protected pointer: PointerSample | undefined

  constructor(host: ToolHost) {
    this.host = host
  }

  get isHolding(): boolean {
    return this.held !== undefined
  }

  up(): void {
    this.held?.drop()
    this.held = undefined
    this.host.redraw()
  }

  hover(sample: PointerSample | undefined): void {
    this.pointer = sample
    this.host.redraw()
  }

  cancel(): void {
    this.held?.cancel()
    this.held = undefined
  }
}

/** The nearest place inside the picture; keypoints are kept to hundredths of a pixel. */
export function insidePicture(host: ToolHost, x: number, y: number): { x: number; y: number } {
  const clamp = (value: number, size: number) => Math.round(Math.min(size, Math.max(0, value)) * 100) / 100
  return { x: clamp(x, host.width), y: clamp(y, host.height) }
}
