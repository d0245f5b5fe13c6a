import type { Edit, Entry, Label, TrackedObject } from '../../model/annotation/index.ts'
import type { InspectionAnswer, InspectionWish } from './inspection.ts'

/** What the webview shows of the clip. */
export interface ClipView {
  /** File name, for titles. */
  readonly name: string
  readonly frameCount: number
  /** Pixels as shown: after rotation and pixel aspect. */
  readonly width: number
  readonly height: number
  /** Presentation time of every frame in seconds; for showing and for the pace of playing only. */
  readonly times: Float64Array
  /** Sentences a person should read, such as that the file is cut off. */
  readonly warnings: readonly string[]
}

export const TOOLS = ['select', 'brush', 'eraser', 'polygon', 'keypoints', 'inspect', 'pan'] as const
export type Tool = (typeof TOOLS)[number]

/** How marks are drawn and how the tools behave; every one is a setting `siammae.*`. */
export interface DisplaySettings {
  /** 0 to 1. */
  readonly maskOpacity: number
  /** `both` draws fill and outline. */
  readonly maskStyle: 'fill' | 'outline' | 'both'
  /** How much a heat map covers the picture, 0 to 1. */
  readonly heatMapOpacity: number
  /** Whether drawing takes pixels over from other objects of the frame. */
  readonly takeOver: boolean
  /** Diameter in pixels of the video. */
  readonly brushSize: number
  /** Whether pen pressure changes the size of the brush. */
  readonly penPressure: boolean
  /** Below this confidence (0 to 1) a frame counts as worth checking. */
  readonly doubtBelow: number
  /** Whether a correction starts the propagation of its span by itself. */
  readonly propagateOnCorrection: boolean
}

/** Everything known about one frame; it replaces what was known before. */
export interface FrameEntries {
  readonly frame: number
  readonly entries: readonly (readonly [objectId: number, entry: Entry])[]
}

/** New lane codes (lanes.ts) of one object, from `first` on. */
export interface LaneChange {
  readonly objectId: number
  readonly first: number
  readonly codes: Uint8Array
}

export type DoubtReason = 'confidence' | 'area' | 'position' | 'split' | 'lost'

/** A frame that a person should look at, and why. */
export interface DoubtfulFrame {
  readonly frame: number
  readonly objectId: number
  readonly reason: DoubtReason
}

/** How far a run is with one of the objects that it carries. */
export interface RunLane {
  readonly objectId: number
  /** Frames that it is carried over, both ends included; undefined where there are none. */
  readonly range: readonly [first: number, last: number] | undefined
  /** Frames that are finished as stretches, both ends included, in order; marked frames among them count as well. */
  readonly done: readonly (readonly [first: number, last: number])[]
}

/** A propagation as the person follows it. */
export interface RunView {
  /** The run's id in the document. */
  readonly id: number
  readonly state: 'starting' | 'running' | 'paused' | 'restarting' | 'stopping'
  readonly direction: 'forward' | 'backward' | 'both'
  readonly range: readonly [first: number, last: number]
  /** Results so far and in all. */
  readonly done: number
  readonly total: number
  /** The frame labelled last. */
  readonly frame: number | undefined
  readonly lanes: readonly RunLane[]
  /** Undefined until it can be told. */
  readonly framesPerSecond: number | undefined
  readonly secondsLeft: number | undefined
  /** The device that really runs, and the model; undefined until the model process has told. */
  readonly device: string | undefined
  readonly model: string | undefined
}

/** A corrected span of an object, which could be propagated again. */
export interface SpanOffer {
  readonly objectId: number
  readonly range: readonly [first: number, last: number]
}

/** Two models' results on the same marks, as the person looks at them. */
export interface ComparisonView {
  /** Names of A and B. */
  readonly models: readonly [a: string, b: string]
  /** Frames that are compared, both included. */
  readonly range: readonly [first: number, last: number]
  /** Ids of the objects that are carried. */
  readonly objects: readonly number[]
  readonly state: 'running' | 'done' | 'stopped' | 'failed'
  /** Which model is at work, or was last. */
  readonly side: 0 | 1
  /** Results of each so far, and of one model in all. */
  readonly done: readonly [a: number, b: number]
  readonly total: number
}

/** Where a view stands; kept with the view, never in the document. */
export interface ViewState {
  readonly frame: number
  readonly objectId: number | undefined
  readonly tool: Tool
  readonly playing: boolean
  /** Frames chosen on the timeline, both included. */
  readonly range: readonly [first: number, last: number] | undefined
  /** Objects that are locked in this view: a run of all objects leaves them alone. */
  readonly locked?: readonly number[]
}

/** What a keybinding, a menu or a tree asks a view to do; the host passes it to the view that has the focus. */
export type ViewCommand =
  | { readonly name: 'goToFrame'; readonly frame: number }
  | { readonly name: 'step'; readonly by: number }
  | { readonly name: 'firstFrame' | 'lastFrame' | 'previousKeyframe' | 'nextKeyframe' }
  | { readonly name: 'previousDoubtful' | 'nextDoubtful' }
  | { readonly name: 'togglePlay' | 'toggleLoop' }
  | { readonly name: 'rangeStart' | 'rangeEnd' | 'clearRange' }
  | { readonly name: 'tool'; readonly tool: Tool }
  /** Looks into the model: chooses the tool for it, and what it shows. */
  | { readonly name: 'inspect'; readonly what: InspectionWish['kind'] }
  | { readonly name: 'brushSize'; readonly by: number }
  | { readonly name: 'selectObject'; readonly objectId: number }
  | { readonly name: 'fit' | 'actualSize' | 'zoomIn' | 'zoomOut' }
  | { readonly name: 'toggleHide' | 'toggleLock' | 'toggleSolo'; readonly objectId?: number }
  | { readonly name: 'toggleOverlay' | 'toggleTakeOver' }
  | { readonly name: 'fillHoles' }
  /** Shows A, B, or where they differ, one after the other. */
  | { readonly name: 'switchComparison' }
  /** Ends or gives up the polygon, stroke or skeleton that is being drawn. */
  | { readonly name: 'finish' | 'giveUp' }
  /** Removes the last polygon corner or keypoint that was placed, or the chosen one. */
  | { readonly name: 'removePoint' }
  | { readonly name: 'keypointVisibility'; readonly visibility: 'visible' | 'occluded' | 'absent' }
  /** No object came of a `siammae.newObject` with this number: the person gave up, or it failed. */
  | { readonly name: 'noNewObject'; readonly request: number }

/**
 * Commands of the extension that the webview's buttons may run; anything else from it is refused. They see the view as
 * it stands. Arguments: commands on an object take its id where it is not the current one, `propagateSpan` takes an
 * object's id and `[first, last]`, `newObject` a number where `noNewObject` is to tell that none was made; the others
 * none.
 */
export const COMMANDS = [
  'siammae.newObject',
  'siammae.renameObject',
  'siammae.recolourObject',
  'siammae.relabelObject',
  'siammae.deleteOnFrame',
  'siammae.deleteFromHere',
  'siammae.deleteObject',
  'siammae.copyToNextFrame',
  'siammae.acceptFrame',
  'siammae.markAbsent',
  'siammae.toggleOccluded',
  'siammae.propagateForward',
  'siammae.propagateBackward',
  'siammae.propagateBoth',
  'siammae.propagateToNextKeyframe',
  'siammae.propagateRange',
  'siammae.propagateSpan',
  'siammae.pausePropagation',
  'siammae.resumePropagation',
  'siammae.cancelPropagation',
  'siammae.keepComparisonA',
  'siammae.keepComparisonB',
  'siammae.closeComparison',
  'siammae.editLabels',
  'siammae.exportDataset',
  'siammae.doctor',
  'siammae.showLog',
  'siammae.openAsText',
  'siammae.locateVideo',
  'siammae.cancelOpening',
  'siammae.openAgain',
  'siammae.restoreBackup',
  'siammae.installFfmpeg',
  'workbench.trust.manage',
] as const
export type HostCommand = (typeof COMMANDS)[number]

/** Translations of the webview's own texts, English text to shown text; empty for English. */
type Texts = Readonly<Record<string, string>>

/** From the extension host to the webview. Where `texts` may be left out, those told before are in force. */
export type HostMessage =
  /** The clip is being read for the first time. */
  | {
      readonly type: 'opening'
      readonly done: number
      readonly total: number | undefined
      readonly texts?: Texts
    }
  /** Nothing can be shown: one sentence, and the commands that help. */
  | {
      readonly type: 'failed'
      readonly message: string
      readonly actions: readonly { readonly title: string; readonly command: HostCommand }[]
      readonly texts?: Texts
    }
  /** Everything a view starts from; sent again after a revert or a reload from disk. */
  | {
      readonly type: 'opened'
      readonly clip: ClipView
      readonly labels: readonly Label[]
      readonly objects: readonly TrackedObject[]
      /** One lane per object, from frame 0, of the clip's length. */
      readonly lanes: readonly LaneChange[]
      readonly doubtful: readonly DoubtfulFrame[]
      readonly settings: DisplaySettings
      readonly view: Partial<ViewState>
      readonly run: RunView | undefined
      /** Without trust models do not run; drawing does. */
      readonly trusted: boolean
      readonly texts: Texts
    }
  | {
      readonly type: 'catalogue'
      readonly labels: readonly Label[]
      readonly objects: readonly TrackedObject[]
    }
  | { readonly type: 'lanes'; readonly changes: readonly LaneChange[] }
  | { readonly type: 'entries'; readonly frames: readonly FrameEntries[] }
  /** Answer to an edit: done (error undefined), or refused with a sentence. */
  | { readonly type: 'edited'; readonly id: number; readonly error: string | undefined }
  | { readonly type: 'picture'; readonly frame: number; readonly bytes: Uint8Array; readonly mime: string }
  | { readonly type: 'pictureFailed'; readonly frame: number; readonly message: string }
  | { readonly type: 'run'; readonly run: RunView | undefined }
  /** A corrected frame whose span could be propagated again; undefined takes the offer back. */
  | { readonly type: 'offer'; readonly offer: SpanOffer | undefined }
  /** Two models are being compared; undefined ends that. */
  | { readonly type: 'comparison'; readonly comparison: ComparisonView | undefined }
  /** What a model of the comparison has found on some frames; replaces what was told of them before. */
  | { readonly type: 'compared'; readonly side: 0 | 1; readonly frames: readonly FrameEntries[] }
  | { readonly type: 'doubtful'; readonly frames: readonly DoubtfulFrame[] }
  | { readonly type: 'settings'; readonly settings: DisplaySettings }
  | { readonly type: 'trusted' }
  /** Answer to `inspect`. */
  | { readonly type: 'inspected'; readonly id: number; readonly answer: InspectionAnswer }
  | { readonly type: 'command'; readonly command: ViewCommand }
  /** Asks where the view stands now: answered by `view`, if that is news, and `viewTold`. */
  | { readonly type: 'tellView'; readonly id: number }

/** From the webview to the extension host. */
export type WebviewMessage =
  /** The webview has started, or was shown again, and needs everything. */
  | { readonly type: 'ready' }
  /**
   * Pictures that are needed, most urgent first; replaces what this view wanted before. One that is still named after it
   * was sent counts as being on its way, unless `again` is true. `at` is the frame that the person is on.
   */
  | {
      readonly type: 'wantPictures'
      readonly frames: readonly number[]
      readonly at: number
      readonly again: boolean
    }
  /** The frames whose entries are kept up to date in this view, both included; replaces the window before. */
  | { readonly type: 'wantEntries'; readonly first: number; readonly last: number }
  /** One step of a person's work: `setEntry` edits only. `label` is the undo step's name, in English. */
  | { readonly type: 'edit'; readonly id: number; readonly label: string; readonly edits: readonly Edit[] }
  | { readonly type: 'view'; readonly view: ViewState }
  /** Answer to `tellView`, after everything that came before it was done. */
  | { readonly type: 'viewTold'; readonly id: number }
  /** Settings that the person changed in the view; written as `siammae.*` of the user. */
  | { readonly type: 'changeSettings'; readonly settings: Partial<DisplaySettings> }
  /** A look into the model; a newer one takes the place of the one before. Nothing is wanted any more: no wish. */
  | { readonly type: 'inspect'; readonly id: number; readonly wish: InspectionWish | undefined }
  /** The offer that was shown is not wanted. */
  | { readonly type: 'dismissOffer'; readonly offer: SpanOffer }
  | { readonly type: 'execute'; readonly command: HostCommand; readonly args: readonly unknown[] }
  /** Something went wrong in the webview; for the log. */
  | { readonly type: 'log'; readonly level: 'error' | 'info'; readonly text: string }
