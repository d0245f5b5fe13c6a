import type * as vscode from 'vscode'
import type { AnnotationDocument, Edit, Run, RunResult } from '../../model/annotation/index.ts'
import type { DatasetSequence } from '../../model/formats/index.ts'
import type { ClipFacts, ModelChoice, RunSettings } from '../../model/process/index.ts'
import type {
  ComparisonView,
  DisplaySettings,
  DoubtfulFrame,
  FrameEntries,
  RunView,
  SpanOffer,
  ViewCommand,
  ViewState,
} from '../../webview/protocol/index.ts'
import type { Corrections } from '../document/view-edits.ts'
import type { ClipName, MarkSource } from '../document/worker-messages.ts'
import type { Event } from '../emitter.ts'
import type { ModelClient } from '../model-client/types.ts'

/**
 * View types of the custom editor, as in the manifest: the first for side-cars, whose default it is, the second for
 * videos. A view type has one priority only, and VS Code names a tab by the patterns of its view type.
 */
export const VIEW_TYPES = ['siammae.annotator', 'siammae.video'] as const
export type ViewType = (typeof VIEW_TYPES)[number]

/** What the editors need from the rest of the extension. */
export interface EditorServices {
  readonly context: vscode.ExtensionContext
  readonly client: ModelClient
  readonly log: vscode.LogOutputChannel
  readonly settings: EditorSettings
  /** Translations of the webview's own texts, English text to shown text; empty for English. */
  readonly webviewTexts: Readonly<Record<string, string>>
}

/** The settings that an editor shows or uses. */
export interface EditorSettings {
  display(): DisplaySettings
  /** JPEG quality, 1 to 100. */
  pictureQuality(): number
  /** The model and the settings of runs, which looks into the model share. */
  model(): ModelChoice
  run(): RunSettings
  /** Writes `siammae.*` settings of the user. */
  change(settings: Partial<DisplaySettings>): Promise<void>
  /** Any of these has another value now. */
  readonly onDidChange: Event<void>
}

/** The open editors: what commands, trees and runs work on. */
export interface AnnotatorEditors {
  /** The view that has or last had the focus, while it is visible and its document is open. */
  readonly active: AnnotatorView | undefined
  readonly onDidChangeActive: Event<AnnotatorView | undefined>
  /** Every open document whose annotations and clip are loaded. */
  readonly all: readonly AnnotatorDocument[]
  readonly onDidOpen: Event<AnnotatorDocument>
  readonly onDidClose: Event<AnnotatorDocument>
  /**
   * Opens the annotations of a video, a folder of images or a side-car; makes the side-car of a folder where there is
   * none.
   * @throws Error with a sentence for the person
   */
  annotate(uri: vscode.Uri): Promise<void>
  /** The view that was active last, where something else is looked at now, such as the walkthrough. */
  readonly recent: AnnotatorView | undefined
  /**
   * Reads marks that are not an open document's, in a thread.
   * @throws SidecarProblem when they cannot be read; the signal's reason
   */
  readMarks(
    source: MarkSource,
    options: { readonly signal: AbortSignal; readonly progress: (done: number, total: number) => void },
  ): Promise<AnnotationDocument>
  /**
   * The videos of a dataset, a folder or a JSON file; first the one that an export of this clip would be.
   * @throws SidecarProblem when there is none, or it is damaged
   */
  sequencesIn(path: string, clip: ClipName, signal?: AbortSignal): Promise<readonly DatasetSequence[]>
  /** Brings the backups up to date; to be awaited when the extension ends. */
  flush(): Promise<void>
}

/** One editor tab. */
export interface AnnotatorView {
  readonly document: AnnotatorDocument
  /** As the webview told it last. */
  readonly view: ViewState
  readonly onDidChangeView: Event<ViewState>
  command(command: ViewCommand): void
  /**
   * Resolves when {@link view} is where the webview stands, all commands before included.
   * @throws Sentence when it does not answer
   */
  refresh(): Promise<void>
  /** Brings the tab to the front. */
  reveal(): void
}

/** Which entries were changed: frames by object. */
export type ChangedFrames = ReadonlyMap<number, ReadonlySet<number>>

export type DocumentChange =
  /** Labels, objects or runs. */
  | { readonly kind: 'catalogue' }
  /** Told at most once per turn of the event loop, however much has changed. */
  | { readonly kind: 'entries'; readonly frames: ChangedFrames }
  | { readonly kind: 'doubtful' }
  /** The whole document was replaced: reverted, or read again after a change on disk. */
  | { readonly kind: 'replaced' }

/** One side-car with its clip, shown by any number of views. */
export interface AnnotatorDocument {
  readonly uri: vscode.Uri
  /** Absolute path of the side-car, which may not exist before the first save. */
  readonly sidecarPath: string
  /** Absolute path of the video or folder of images. */
  readonly videoPath: string
  readonly clip: ClipFacts
  /** Read only: change it by {@link perform}. Another one after `replaced`. */
  readonly annotations: AnnotationDocument
  /** Frames worth checking, by frame and object. */
  readonly doubtful: readonly DoubtfulFrame[]
  readonly onDidChange: Event<DocumentChange>
  /** A person has said where an object is on some frames: what an offer to propagate again goes by. */
  readonly onDidCorrect: Event<Corrections>
  /**
   * Does an edit as one step of VS Code's undo stack.
   * @param label what it is called in the menu: 'Delete object'
   * @throws AnnotationError when the document refuses it; then nothing has changed
   */
  perform(edit: Edit, label: string): void
  /** As {@link perform}, for what tells where an object is: {@link onDidCorrect} follows. */
  correct(edit: Edit, label: string): void
  /**
   * Opens a run that starts from what is marked now; its step appears on the undo stack with the first results.
   * @param stop ends the run: called when its step, or what it starts from, is undone while it goes on, when the document
   *   is reverted, and when it closes. Resolves when no more results come.
   * @throws AnnotationError when a run is going on already
   */
  beginRun(stop: () => Promise<void>): RunWriter
  /** The run as the views show it. */
  showRun(run: RunView | undefined): void
  /** Offers to propagate a corrected span again; undefined takes the offer back. */
  showOffer(offer: SpanOffer | undefined): void
  /** A person does not want what {@link showOffer} showed. */
  readonly onDidDismissOffer: Event<SpanOffer>
  /** Shows two models' results beside the person's; undefined ends that. @param changed what is new */
  showComparison(comparison: ShownComparison | undefined, changed?: ComparedFrames): void
  /** The document as it is now, as the text of a side-car; made in a thread. */
  sidecarText(): Promise<string>
  /** Views on this document. */
  readonly views: readonly AnnotatorView[]
}

/** Results of two models that are shown in place of a document's own. */
export interface ShownComparison {
  readonly view: ComparisonView
  /** What a side has found: on some frames, or on all. */
  entries(side: 0 | 1, frames?: readonly number[]): FrameEntries[]
}

/** Frames on which a side of a comparison has found something. */
export interface ComparedFrames {
  readonly side: 0 | 1
  readonly frames: readonly number[]
}

/** Takes the results of one run. */
export interface RunWriter {
  /** Frames of a person stay as they are. @param run what runs, the same each time @returns how many were left out */
  add(run: Run, results: readonly RunResult[]): number
  /** Closes the step; nothing happens when it is closed already. */
  end(): void
  /** Whether no more results are taken: ended, undone or reverted. */
  readonly ended: boolean
}
