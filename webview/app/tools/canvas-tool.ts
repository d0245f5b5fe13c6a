import type { Edit, Entry, Keypoint, Rle, TrackedObject } from '../../../model/annotation/index.ts'
import type { MaskEdit } from '../masks/index.ts'
import type { Mark } from '../stage/marks.ts'
import type { Size, View } from '../stage/view.ts'
import type { StageCommand } from '../stage-port.ts'
import type { Unfinished } from './unfinished.ts'

/** Where a pointer is and how it is held. */
export interface PointerSample {
  /** Pixels of the video, with parts of pixels; may lie outside the picture. */
  readonly x: number
  readonly y: number
  /** 0 to 1 of a pen; undefined for what has no pressure. */
  readonly pressure: number | undefined
  readonly shift: boolean
  readonly alt: boolean
  readonly secondary: boolean
  /** The other end of a pen, which takes away. */
  readonly eraser: boolean
  /** 2 for the second press of a double click. */
  readonly clicks: number
}

/** Something drawn before there is an object for it. */
export interface Waiting {
  readonly next: (object: TrackedObject) => void
  /** The mask of everything that waits, this included. */
  readonly mask?: Rle | undefined
  /** Takes it back where no object is made; without that it is gone. */
  readonly refused?: (() => void) | undefined
}

/** What a tool may use of the canvas that it works on. */
export interface ToolHost {
  readonly view: View
  /** Device pixels per CSS pixel. */
  readonly density: number
  /** CSS font for names beside the pointer. */
  readonly font: string
  /** The frame on screen, picture and marks; what is drawn belongs to it. */
  readonly frame: number
  readonly width: number
  readonly height: number
  /** What is drawn on the frame. */
  readonly marks: readonly Mark[]
  /** Outlives the tools, also where the webview is hidden. */
  unfinished: Unfinished
  /** What is known about a frame, hidden objects too; undefined where the host has not told. */
  entriesOf(frame: number): ReadonlyMap<number, Entry> | undefined
  isLocked(objectId: number): boolean
  readonly takeOver: boolean
  readonly brushSize: number
  readonly penPressure: boolean
  /** The object that is drawn on; undefined when there is none yet. */
  readonly object: TrackedObject | undefined
  colourOf(object: TrackedObject | undefined): string
  keypointNamesOf(object: TrackedObject): readonly string[]
  /** Whether something can be drawn on the frame now, on this object; tells the person why not. */
  canDraw(object: TrackedObject | undefined): boolean
  /** The mask of what was drawn on the frame before there is an object for it. */
  readonly waitingMask: Rle | undefined
  /** Asks for a new object; what waits for it adds up, and goes to it in turn when it is there. */
  withNewObject(waiting: Waiting): void
  select(objectId: number): void
  /** One step of the person's work. */
  edit(label: string, edits: readonly Edit[]): void
  /** A short sentence over the picture that goes away by itself. */
  hint(text: string): void
  /** The tool's own layer has changed. */
  redraw(): void
  /** Keypoints that stand in for those of an entry. */
  setDraft(draft: { readonly objectId: number; readonly keypoints: readonly Keypoint[] } | undefined): void
  /** Shows a mask while it is drawn, until {@link endLive}. */
  beginLive(edit: MaskEdit, object: TrackedObject | undefined): void
  updateLive(): void
  endLive(): void
}

/** One way to work on the canvas. Samples are of the frame that `host.frame` names at that moment. */
export interface CanvasTool {
  /** CSS cursor while the tool waits. */
  readonly cursor: string
  /** Pixels of the video that the keyboard's pointer goes by one press; 1 where left out. */
  readonly keyStep?: Size | undefined
  /** Whether a stroke or a keypoint goes with the pointer, until it is let go: by the keyboard, with another press. */
  readonly isHolding?: boolean | undefined
  /** @returns whether the pointer is the tool's until it is let go */
  down(sample: PointerSample): boolean
  /** The pointer has moved while it was the tool's; several samples may have come at once. */
  drag(samples: readonly PointerSample[]): void
  up(): void
  /** The pointer moves without being pressed; undefined when it has left. */
  hover(sample: PointerSample | undefined): void
  /** Gives up what is going on between down and up. */
  cancel(): void
  /** The frame, the object or the tool is about to change: finishes or drops what is unfinished. */
  leave(): void
  /** The frame, the object or the tool has changed: shows what waits here unfinished. */
  enter?(): void
  /** @returns whether the command was for this tool */
  perform(command: StageCommand): boolean
  /** Draws what belongs to the tool only: cursor, unfinished shapes, names. The layer has been cleared. */
  draw(context: CanvasRenderingContext2D): void
}
