import type { Edit, Entry, Keypoint, Rle, TrackedObject } from '../../../../model/annotation/index.ts'
import type { MaskEdit } from '../../../../webview/app/masks/index.ts'
import { marksOf } from '../../../../webview/app/stage/marks.ts'
import {
  NOTHING_UNFINISHED,
  type PointerSample,
  type ToolHost,
  type Unfinished,
  type Waiting,
} from '../../../../webview/app/tools/index.ts'

export const SKELETON = { keypoints: ['nose', 'left eye', 'tail'], edges: [[0, 2]] as [number, number][] }

/** A canvas without a screen: a frame of 40x30 with what a test puts on it, and a record of what tools did. */
export class FakeHost implements ToolHost {
  view = { scale: 1, x: 0, y: 0, fitted: true }
  density = 1
  font = '12px sans-serif'
  frame = 5
  width = 40
  height = 30
  takeOver = false
  brushSize = 3
  penPressure = true
  entries = new Map<number, ReadonlyMap<number, Entry>>()
  objects: TrackedObject[] = [
    { id: 1, name: 'Koi', labelId: 1 },
    { id: 2, name: 'Leaf', labelId: 1 },
  ]
  objectId: number | undefined = 1
  locked = new Set<number>()
  refusal: string | undefined
  unfinished: Unfinished = NOTHING_UNFINISHED
  /** Frames of which the host has not told. */
  untold = new Set<number>()
  readonly edits: { label: string; edits: readonly Edit[] }[] = []
  readonly hints: string[] = []
  draft: { readonly objectId: number; readonly keypoints: readonly Keypoint[] } | undefined
  live: MaskEdit | undefined
  waiting: Waiting[] = []

  put(frame: number, objectId: number, entry: Entry): void {
    this.entries.set(frame, new Map(this.entries.get(frame)).set(objectId, entry))
  }

  get object(): TrackedObject | undefined {
    return this.objects.find(({ id }) => id === this.objectId)
  }

  get marks() {
    return marksOf({
      entries: this.entriesOf(this.frame),
      objects: this.objects,
      selected: this.objectId,
      isShown: () => true,
      colourOf: () => '#808080',
      skeletonOf: () => SKELETON,
    })
  }

  entriesOf(frame: number): ReadonlyMap<number, Entry> | undefined {
    return this.untold.has(frame) ? undefined : (this.entries.get(frame) ?? new Map())
  }

  isLocked(objectId: number): boolean {
    return this.locked.has(objectId)
  }

  colourOf(): string {
    return '#808080'
  }

  keypointNamesOf(): readonly string[] {
    return SKELETON.keypoints
  }

  canDraw(object: TrackedObject | undefined): boolean {
    const refusal =
      this.refusal ?? (object && this.locked.has(object.id) ? `${object.name} is locked` : undefined)
    if (refusal !== undefined) this.hints.push(refusal)
    return refusal === undefined
  }

  get waitingMask(): Rle | undefined {
    return this.waiting.findLast(({ mask }) => mask !== undefined)?.mask
  }

  withNewObject(waiting: Waiting): void {
    this.waiting.push(waiting)
  }

  /** The host has made the object that was asked for. */
  makeObject(): TrackedObject {
    const object = { id: 9, name: 'New', labelId: 1 }
    this.objects.push(object)
    this.objectId = object.id
    for (const { next } of this.waiting.splice(0)) next(object)
    return object
  }

  select(objectId: number): void {
    this.objectId = objectId
  }

  /** As the host does it: what was sent is known from then on. */
  edit(label: string, edits: readonly Edit[]): void {
    this.edits.push({ label, edits })
    for (const edit of edits)
      if (edit.kind === 'setEntry' && edit.entry) this.put(edit.frame, edit.objectId, edit.entry)
  }

  hint(text: string): void {
    this.hints.push(text)
  }

  redraw(): void {}
  updateLive(): void {}

  setDraft(draft: typeof this.draft): void {
    this.draft = draft
  }

  beginLive(edit: MaskEdit): void {
    this.live = edit
  }

  endLive(): void {
    this.live = undefined
  }
}

/** A pointer at a place of the video. */
export function at(x: number, y: number, held: Partial<PointerSample> = {}): PointerSample {
  return {
    x,
    y,
    pressure: undefined,
    shift: false,
    alt: false,
    secondary: false,
    eraser: false,
    clicks: 1,
    ...held,
  }
}
