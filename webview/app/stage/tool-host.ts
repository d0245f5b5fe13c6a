import { signal, untracked } from '@preact/signals'
import type { Edit, Entry, Keypoint, Rle, TrackedObject } from '../../../model/annotation/index.ts'
import { isCompared } from '../comparison.ts'
import type { MaskEdit } from '../masks/index.ts'
import { sendEdit } from '../messages.ts'
import * as state from '../state.ts'
import { t } from '../texts.ts'
import { NOTHING_UNFINISHED, type ToolHost, type Unfinished, type Waiting } from '../tools/index.ts'
import type { Fills } from './fills.ts'
import { showHint } from './hints.ts'
import type { Layers } from './layers.ts'
import type { Mark } from './marks.ts'
import { NewObject } from './new-object.ts'
import { shownMarks } from './shown.ts'
import type { View } from './view.ts'
import type { Viewport } from './viewport.ts'

/** Colour of what is drawn before there is an object for it. */
const WITHOUT_OBJECT = '#3794ff'

/** Stands for the object where there is none. */
const NOBODY = -1

const unfinished = state.keep('unfinished', signal<Unfinished>(NOTHING_UNFINISHED))

/** What tools see of the view's state and of the canvas. */
export class StageToolHost implements ToolHost {
  draft: { readonly objectId: number; readonly keypoints: readonly Keypoint[] } | undefined
  /** The object whose mask is being drawn. */
  liveObject: number | undefined
  readonly newObject = new NewObject({
    changed: () => this.#layers.stale('fills', 'lines'),
    isDrawing: () => this.#fills.isLive,
  })
  readonly #layers: Layers
  readonly #fills: Fills
  readonly #viewport: Viewport

  constructor(layers: Layers, fills: Fills, viewport: Viewport) {
    this.#layers = layers
    this.#fills = fills
    this.#viewport = viewport
  }

  get view(): View {
    return this.#viewport.view
  }

  get font(): string {
    return this.#viewport.font
  }

  get density(): number {
    return this.#layers.density
  }

  get frame(): number {
    return state.shownFrame.peek() ?? -1
  }

  get width(): number {
    return state.clip.peek()?.width ?? 0
  }

  get height(): number {
    return state.clip.peek()?.height ?? 0
  }

  get marks(): readonly Mark[] {
    return shownMarks.peek()
  }

  get takeOver(): boolean {
    return state.settings.peek().takeOver
  }

  get brushSize(): number {
    return state.settings.peek().brushSize
  }

  get penPressure(): boolean {
    return state.settings.peek().penPressure
  }

  get object(): TrackedObject | undefined {
    return state.currentObject.peek()
  }

  get unfinished(): Unfinished {
    return unfinished.peek()
  }

  set unfinished(value: Unfinished) {
    unfinished.value = value
  }

  entriesOf(frame: number): ReadonlyMap<number, Entry> | undefined {
    return state.entriesOf(frame)
  }

  isLocked(objectId: number): boolean {
    return state.locked.peek().has(objectId)
  }

  colourOf(object: TrackedObject | undefined): string {
    return object ? state.colourOf(object) : WITHOUT_OBJECT
  }

  keypointNamesOf(object: TrackedObject): readonly string[] {
    return state.labelOf(object)?.skeleton?.keypoints ?? []
  }

  canDraw(object: TrackedObject | undefined): boolean {
    const reason = this.#refusal(object)
    if (reason !== undefined) showHint(reason)
    return reason === undefined
  }

  #refusal(object: TrackedObject | undefined): string | undefined {
    const frame = state.frame.peek()
    // A mark on another frame than the one that is meant is the worst that could happen.
    if (state.shownFrame.peek() !== frame)
      return t('Frame {0} is still on its way; draw when it is here.', frame)
    if (state.entriesOf(frame) === undefined)
      return t('The marks of frame {0} are still on their way.', frame)
    if (untracked(() => isCompared(frame)))
      return t('Models are being compared on this frame; keep a result or close the comparison to draw.')
    if (!state.overlayShown.peek()) return t('All marks are hidden; show them to draw.')
    if (object === undefined) return undefined
    if (this.isLocked(object.id)) return t('{0} is locked; unlock it to draw.', object.name)
    if (!state.isShown(object.id)) return t('{0} is hidden; show it to draw.', object.name)
    return undefined
  }

  get waitingMask(): Rle | undefined {
    return this.newObject.mask
  }

  /** What is drawn: the marks, and what waits for its object. */
  get drawn(): readonly Mark[] {
    const { waitingMask } = this
    if (waitingMask === undefined || !state.overlayShown.peek()) return this.marks
    const waiting: Mark = {
      objectId: NOBODY,
      name: '',
      colour: WITHOUT_OBJECT,
      entry: { state: 'keyframe', occluded: false, mask: waitingMask },
      selected: true,
      edges: [],
      keypointNames: [],
    }
    return [...this.marks, waiting]
  }

  withNewObject(waiting: Waiting): void {
    this.newObject.ask(waiting)
  }

  /** What waits for its object belongs to the frame it was drawn on, which is about to be left. */
  forgetWaiting(): void {
    this.newObject.forget(
      t('Frame {0} was left before there was an object; what was drawn there is gone.', this.frame),
    )
  }

  select(objectId: number): void {
    state.objectId.value = objectId
  }

  edit(label: string, edits: readonly Edit[]): void {
    void sendEdit(label, edits)
  }

  hint(text: string): void {
    showHint(text)
  }

  redraw(): void {
    this.#layers.stale('tool')
  }

  setDraft(draft: typeof this.draft): void {
    this.draft = draft
    this.#layers.stale('lines')
  }

  beginLive(edit: MaskEdit, object: TrackedObject | undefined): void {
    this.liveObject = object?.id ?? NOBODY
    this.#fills.beginLive(edit, this.drawn, this.liveObject, this.colourOf(object))
    this.#layers.stale('lines')
  }

  updateLive(): void {
    this.#layers.stale('live')
  }

  endLive(): void {
    if (!this.#fills.isLive) return
    this.#fills.endLive()
    this.liveObject = undefined
    this.#layers.stale('fills', 'lines')
    this.newObject.drawn()
  }
}
