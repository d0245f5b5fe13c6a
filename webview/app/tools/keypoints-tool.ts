import type { Keypoint, TrackedObject, Visibility } from '../../../model/annotation/index.ts'
import { toCanvas } from '../stage/view.ts'
import type { StageCommand } from '../stage-port.ts'
import { t } from '../texts.ts'
import type { CanvasTool, PointerSample } from './canvas-tool.ts'
import { withKeypoints } from './frame-edit.ts'
import { keypointAt, type PickedKeypoint } from './picking.ts'
import { insidePicture, PointDrag, PointMover, reachOf } from './point-drag.ts'
import {
  beginPose,
  change,
  nextVisibility,
  type PoseDraft,
  placeNext,
  skipNext,
  stepBack,
} from './pose-draft.ts'
import { keypointText, setVisibility } from './select-tool.ts'
import { drawTag } from './tag.ts'
import type { Pose } from './unfinished.ts'

/**
 * Places the keypoints of an object one after another; the whole skeleton is one step, sent when the last one is placed
 * or the person has finished. Keypoints that are there can be moved.
 */
export class KeypointsTool extends PointMover implements CanvasTool {
  /** The keypoint of the unfinished skeleton that follows the pointer. */
  #moving: number | undefined
  /** The keypoint that the last click has placed: until the pointer moves off it, the next one is meant. */
  #justPlaced: number | undefined

  override get isHolding(): boolean {
    return super.isHolding || this.#moving !== undefined
  }

  get cursor(): string {
    if (this.isHolding) return 'grabbing'
    return this.#placedAt() !== undefined || this.#picked() ? 'grab' : 'crosshair'
  }

  down(sample: PointerSample): boolean {
    this.pointer = sample
    const placed = this.#placedAt()
    const pose = this.#here()
    if (placed !== undefined && pose !== undefined) {
      if (sample.secondary) this.#cycle(pose, placed)
      else this.#moving = placed
      return true
    }
    const picked = this.#picked()
    if (picked !== undefined) {
      if (!this.host.canDraw(this.host.object)) return false
      if (sample.secondary) setVisibility(this.host, picked)
      else this.held = new PointDrag(this.host, picked, sample)
      return true
    }
    this.#place(sample, sample.secondary ? 'occluded' : 'visible')
    return true
  }

  drag(samples: readonly PointerSample[]): void {
    const sample = samples.at(-1)
    if (sample === undefined) return
    this.pointer = sample
    this.held?.drag(sample)
    const pose = this.#here()
    if (this.#moving !== undefined && pose) {
      const { visibility } = pose.draft.keypoints[this.#moving]!
      const place = insidePicture(this.host, sample.x, sample.y)
      this.#put(pose, change(pose.draft, this.#moving, { ...place, visibility }))
    }
    this.host.redraw()
  }

  override up(): void {
    this.#moving = undefined
    super.up()
  }

  override cancel(): void {
    this.#moving = undefined
    super.cancel()
  }

  leave(): void {
    this.up()
    for (const pose of this.host.unfinished.poses) this.#finish(pose)
    this.host.setDraft(undefined)
  }

  enter(): void {
    const pose = this.#here()
    this.host.setDraft(pose && { objectId: pose.objectId, keypoints: pose.draft.keypoints })
  }

  perform(command: StageCommand): boolean {
    const pose = this.#here()
    switch (command.name) {
      case 'finish':
        if (pose === undefined) return false
        this.#finish(pose)
        return true
      case 'giveUp':
        if (this.held) this.cancel()
        else if (pose) this.#put(pose, undefined)
        else return false
        return true
      case 'removePoint':
        return this.#remove()
      case 'keypointVisibility':
        return this.#mark(command.visibility)
      default:
        return false
    }
  }

  draw(context: CanvasRenderingContext2D): void {
    const sample = this.pointer
    if (sample === undefined || this.isHolding) return
    const text = this.#textAt()
    if (text === undefined) return
    const { x, y } = toCanvas(this.host.view, sample.x, sample.y)
    drawTag(context, text, x, y, {
      density: this.host.density,
      font: this.host.font,
      colour: this.host.colourOf(this.host.object),
    })
  }

  /** The names of the keypoints that the object lacks on the frame; what is being placed counts. */
  get missing(): readonly string[] {
    const { object } = this.host
    if (object === undefined) return []
    const names = this.host.keypointNamesOf(object)
    const known = this.#here()?.draft.keypoints ?? this.#known(object)
    if (known === undefined) return []
    return names.filter((_, i) => known[i]?.visibility === 'absent')
  }

  #textAt(): string | undefined {
    const { object } = this.host
    if (object === undefined) return undefined
    const names = this.host.keypointNamesOf(object)
    const placed = this.#placedAt()
    if (placed !== undefined) return names[placed]
    const picked = this.#picked()
    if (picked !== undefined) return keypointText(picked)
    const { next } = this.#here()?.draft ?? beginPose(names.length, this.#known(object))
    return next === undefined ? undefined : t('{0} ({1} of {2})', names[next]!, next + 1, names.length)
  }

  #known(object: TrackedObject): readonly Keypoint[] | undefined {
    const entry = this.host.entriesOf(this.host.frame)?.get(object.id)
    return entry === undefined || entry.state === 'absent' ? undefined : entry.keypoints
  }

  #place(sample: PointerSample, visibility: Visibility): void {
    const { object } = this.host
    if (!this.host.canDraw(object)) return
    const place = insidePicture(this.host, sample.x, sample.y)
    if (object === undefined) {
      this.host.withNewObject({
        next: (made) => this.#step(made, (draft) => placeNext(draft, place.x, place.y, visibility)),
      })
      return
    }
    this.#step(object, (draft) => placeNext(draft, place.x, place.y, visibility))
  }

  #step(object: TrackedObject, step: (draft: PoseDraft) => PoseDraft): boolean {
    const names = this.host.keypointNamesOf(object)
    if (names.length === 0) {
      this.host.hint(
        t('The label of {0} has no keypoints. Edit the labels to give it a skeleton.', object.name),
      )
      return false
    }
    const before = this.#here()?.draft ?? beginPose(names.length, this.#known(object))
    const draft = step(before)
    if (draft === before) {
      this.host.hint(t('All keypoints of {0} are placed; drag one to move it.', object.name))
      return false
    }
    this.#justPlaced = before.next
    const pose = { frame: this.host.frame, objectId: object.id, draft }
    this.#put(pose, draft)
    if (draft.next === undefined) this.#finish(pose)
    return true
  }

  #finish(pose: Pose): void {
    const { frame, objectId, draft } = pose
    const entries = this.host.entriesOf(frame)
    // In a view that was just made anew they are still on their way; without them the object's mask would be lost.
    if (entries === undefined) return
    this.#put(pose, undefined)
    if (draft.steps.length === 0) return
    const entry = withKeypoints(entries.get(objectId), draft.keypoints)
    this.host.edit('Place keypoints', [{ kind: 'setEntry', objectId, frame, entry }])
  }

  /** The unfinished skeleton of the frame on screen and the object that is worked on. */
  #here(): Pose | undefined {
    const { frame, object, unfinished } = this.host
    return unfinished.poses.find((pose) => pose.frame === frame && pose.objectId === object?.id)
  }

  /** Keeps and shows how far a skeleton has come; without a draft there is none any more. */
  #put({ frame, objectId }: Pose, draft: PoseDraft | undefined): void {
    const { unfinished } = this.host
    const others = unfinished.poses.filter((pose) => pose.frame !== frame || pose.objectId !== objectId)
    const poses = draft === undefined ? others : [...others, { frame, objectId, draft }]
    this.host.unfinished = { ...unfinished, poses }
    this.enter()
    this.host.redraw()
  }

  #remove(): boolean {
    const pose = this.#here()
    if (pose) {
      const draft = stepBack(pose.draft)
      this.#put(pose, draft.steps.length === 0 ? undefined : draft)
      return true
    }
    const picked = this.#picked()
    if (picked === undefined || !this.host.canDraw(this.host.object)) return false
    setVisibility(this.host, picked, 'absent')
    return true
  }

  /** Marks the keypoint under the pointer, or else the one whose turn it is. */
  #mark(visibility: Visibility): boolean {
    const placed = this.#placedAt()
    const pose = this.#here()
    if (placed !== undefined && pose) {
      const keypoint = pose.draft.keypoints[placed]!
      this.#put(pose, change(pose.draft, placed, { ...keypoint, visibility }))
      return true
    }
    const { object } = this.host
    if (object === undefined || !this.host.canDraw(object)) return false
    const picked = this.#picked()
    if (picked !== undefined) setVisibility(this.host, picked, visibility)
    else if (visibility === 'absent') return this.#step(object, skipNext)
    else if (this.pointer) this.#place(this.pointer, visibility)
    return true
  }

  #cycle(pose: Pose, index: number): void {
    const keypoint = pose.draft.keypoints[index]!
    this.#put(
      pose,
      change(pose.draft, index, { ...keypoint, visibility: nextVisibility(keypoint.visibility) }),
    )
  }

  /** The keypoint of the unfinished skeleton under the pointer. */
  #placedAt(): number | undefined {
    const sample = this.pointer
    const pose = this.#here()
    if (sample === undefined || pose === undefined) return undefined
    // Less than elsewhere: points that lie close together must be possible to place.
    let nearest = reachOf(this.host) / 2
    const { keypoints } = pose.draft
    let best: number | undefined
    for (const [i, { x, y, visibility }] of keypoints.entries()) {
      const distance = Math.hypot(x - sample.x, y - sample.y)
      if (visibility === 'absent' || distance > nearest) continue
      best = i
      nearest = distance
    }
    if (best !== this.#justPlaced) this.#justPlaced = undefined
    else if (best !== undefined) return undefined
    return best
  }

  /** The keypoint of the object's entry under the pointer. */
  #picked(): PickedKeypoint | undefined {
    const sample = this.pointer
    if (sample === undefined || this.#here()) return undefined
    const own = this.host.marks.filter((mark) => mark.objectId === this.host.object?.id)
    return keypointAt(own, sample.x, sample.y, reachOf(this.host))
  }
}
