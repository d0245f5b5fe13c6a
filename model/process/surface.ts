/** What the extension host and the model process ask of each other. Plain values only: they cross a process border. */
import type {
  AbsentByPersonEntry,
  KeyframeEntry,
  Label,
  ModelEntry,
  Run,
  TrackedObject,
} from '../annotation/index.ts'
import type { FrameResult, SelfCheck, SmallObjects } from '../propagation/index.ts'
import type { ImportReport } from '../weights/index.ts'

export type { ImportReport, SelfCheck }

/** What the host needs to know about a clip. */
export interface ClipFacts {
  /** Absolute path; the clip's key in every call. */
  readonly path: string
  readonly kind: 'video' | 'images'
  readonly contentHash: string
  readonly frameCount: number
  readonly width: number
  readonly height: number
  /** Presentation time of every frame in seconds. */
  readonly times: Float64Array
  readonly averageFps: number
  readonly variableFrameRate: boolean
  readonly warnings: readonly string[]
}

/** What a person marked on one frame; that an object is absent is a mark too. */
export interface Mark {
  readonly objectId: number
  readonly frame: number
  readonly entry: KeyframeEntry | AbsentByPersonEntry
}

/** A result that is in the document already: what a run that goes on after a crash continues from. */
export interface EarlierResult {
  readonly objectId: number
  readonly frame: number
  readonly entry: ModelEntry
  /**
   * What of it is the run's last word on this frame: its mask, its keypoints or both. A frame between two keyframes is
   * first labelled from one end alone, and again from both: what is missing here, a run that goes on labels from the
   * other end once more.
   */
  readonly final?: readonly FrameResult['kind'][]
}

export interface RunRequest {
  /** The run's id in the document, and its key in every call. */
  readonly run: number
  readonly clip: string
  readonly labels: readonly Label[]
  readonly objects: readonly TrackedObject[]
  /** Every keyframe of the objects to carry; those outside the range are context too. */
  readonly marks: readonly Mark[]
  /** Masks of a person, of objects that are not carried: results keep clear of them. */
  readonly bystanders?: readonly Mark[]
  readonly direction: 'forward' | 'backward' | 'both'
  /** First and last frame to label, both included. */
  readonly range: readonly [number, number]
  /**
   * Frames labelled by this run before the process was lost. They are not labelled again, and the last of them are
   * the context that the run goes on from.
   */
  readonly earlier?: readonly EarlierResult[]
  readonly model: ModelChoice
  readonly settings: RunSettings
}

export interface ModelChoice {
  /** A safetensors file; undefined for the starter model. */
  readonly file: string | undefined
  /** `auto`, `cpu`, `webgpu`, `cuda`, `dml` or `coreml`. */
  readonly device: string
}

export interface RunSettings {
  readonly preset: 'annotator' | 'siammae' | 'cropmae' | 'dino'
  /** Short side at which the network sees the clip. */
  readonly size: number
  /** What differs from the preset: topK, context, marks, radius, temperature. */
  readonly changes: Readonly<Record<string, number>>
  /** Megabytes for features that later runs on the clip will need again; 512 when left out. */
  readonly featureMemoryMb?: number
}

/** What really runs. */
export interface RunFacts {
  /** As it is written into the document. */
  readonly record: Run
  /** Sentences for the person: devices passed over and why, an untrained model. */
  readonly notes: readonly string[]
  /** Objects that are marked small for the network's size, and how they travel. */
  readonly small: SmallObjects
  /** Results to come, `earlier` not counted. */
  readonly total: number
}

export interface RunProgress {
  readonly done: number
  readonly total: number
  readonly frame: number
  readonly framesPerSecond: number | undefined
  readonly secondsLeft: number | undefined
}

export interface ExportRequest {
  readonly clip: string
  /** The document as the text of a side-car. */
  readonly sidecar: string
  readonly format: string
  readonly folder: string
  /** Whether the frames themselves are written too. */
  readonly pictures: boolean
}

export interface ExportResult {
  readonly files: number
  readonly warnings: readonly string[]
}

export interface ImportRequest {
  /** The file of others. */
  readonly file: string
  /** Where the model is written. */
  readonly out: string
  /** Identifier of a family, where the names alone would say another one. */
  readonly family?: string
  readonly heads?: number
  /** The network to take of a file that holds several. */
  readonly part?: string
  readonly normalise?: 'imagenet' | 'half' | 'none'
  readonly licence?: string
  /** Where the file is from, such as a URL; its path when left out. */
  readonly source?: string
}

export interface ModelExportRequest {
  /** A safetensors file of ours. */
  readonly file: string
  /** ONNX file to write. */
  readonly out: string
  /** Size of the pictures that the graph takes, in pixels. */
  readonly width: number
  readonly height: number
}

/** What became of an import; a question is answered by asking again with what it is about. */
export type ImportAnswer =
  | {
      readonly kind: 'done'
      readonly report: ImportReport
      /** `ViT-S/16` */
      readonly name: string
      readonly licence: string
      /** Undefined for graphs of others. */
      readonly heads: number | undefined
      readonly check: SelfCheck | undefined
    }
  | {
      readonly kind: 'question'
      readonly about: 'heads' | 'normalise'
      readonly message: string
      readonly suggestions: readonly (number | string)[]
    }

export interface ModelReady {
  /** The device that really runs. */
  readonly device: string
  readonly model: { readonly name: string; readonly file: string; readonly trained: boolean }
  readonly notes: readonly string[]
}

/** What a view wants to see of the model. */
export interface InspectionRequest {
  /** Unique in the window. A view has one inspection at a time: a newer one takes the place of the one before. */
  readonly view: string
  readonly clip: string
  readonly model: ModelChoice
  /** Those of a run, so that both use the same features. */
  readonly settings: RunSettings
  /** The frame that is looked at or in. */
  readonly frame: number
}

export interface CorrespondenceRequest extends InspectionRequest {
  /** The frame with the patch that is looked for. */
  readonly reference: number
  /** A point in that patch, in pixels of the video; 0, 0 is the picture's upper left corner. */
  readonly x: number
  readonly y: number
  /** How many matches are named. */
  readonly topK: number
}

/** The network that was looked into. */
export interface InspectedNetwork {
  readonly model: { readonly name: string; readonly file: string; readonly trained: boolean }
  readonly device: string
  /** Pixels at which it sees the clip. */
  readonly size: { readonly width: number; readonly height: number }
  /** Its patches. */
  readonly grid: { readonly rows: number; readonly columns: number }
}

export interface CorrespondenceResult {
  readonly network: InspectedNetwork
  /** The patch that holds the point. */
  readonly patch: { readonly row: number; readonly column: number }
  /** Cosines with every patch of the other frame, row by row, -1 to 1. */
  readonly similarity: Float32Array
  /** Best first. */
  readonly matches: readonly { readonly row: number; readonly column: number; readonly similarity: number }[]
}

export interface AttentionResult {
  readonly network: InspectedNetwork
  readonly heads: number
  /** [heads, rows * columns]: attention of [CLS] in the last block, 0 to 1. */
  readonly maps: Float32Array
  /** Mean over the heads. */
  readonly mean: Float32Array
  /** Per head the part of its attention that lies on patches. */
  readonly onPatches: Float32Array
}

/** What the host may call. A rejected promise carries one sentence for the person in its message. */
export interface ModelProcessFunctions {
  /** Builds or finds the frame table; progress through {@link HostFunctions.opening}. */
  openClip(path: string, options: { cacheFolder: string; ffmpeg: string | undefined }): Promise<ClipFacts>
  /** To be called once per {@link openClip} that did not fail; an opening that is under way is stopped, and rejects. */
  closeClip(path: string): Promise<void>
  /**
   * The pictures that a view needs, most urgent first, through {@link HostFunctions.picture}; replaces what the view
   * wanted before. Neighbouring frames are decoded in one go, and recent ones are kept. A frame that is still in the
   * list after it was sent is on its way and not sent twice, unless `again` says that it got lost. `at` is the frame that
   * the person is on, the first of the list when left out; without either the view is hidden, and its decoders end.
   */
  wantPictures(want: {
    clip: string
    view: string
    frames: readonly number[]
    quality: number
    again?: boolean | undefined
    at?: number | undefined
  }): Promise<void>
  /**
   * Chooses the device and loads the model ahead of the first run, so that it starts at once.
   * @param first the clip, which must be open, and the settings that the run will likely have: the network is
   *        compiled for them too, and the frame from which the run will start (0 when left out) goes through it
   */
  prepareModel(
    choice: ModelChoice,
    first?: { clip: string; settings: RunSettings; frame?: number },
  ): Promise<ModelReady>
  /** Starts a run and returns when it is set up; results through {@link HostFunctions.results}. One at a time. */
  startRun(request: RunRequest): Promise<RunFacts>
  /** Resolves when the run has come to rest, at the latest after the frame that is at work. */
  pauseRun(run: number): Promise<void>
  resumeRun(run: number): Promise<void>
  /** Resolves when the run has ended; what was done has been sent. */
  cancelRun(run: number): Promise<void>
  /**
   * Where a patch of one frame is found in another frame of the clip. Refused while a run goes on, paused ones included.
   * @returns undefined when a newer inspection of the view has taken its place
   */
  inspectCorrespondence(request: CorrespondenceRequest): Promise<CorrespondenceResult | undefined>
  /** What [CLS] looks at on a frame; otherwise as {@link inspectCorrespondence}. */
  inspectAttention(request: InspectionRequest): Promise<AttentionResult | undefined>
  /** The view wants nothing any more. */
  endInspection(view: string): Promise<void>
  exportDataset(job: string, request: ExportRequest): Promise<ExportResult>
  cancelExport(job: string): Promise<void>
  /** Reads a model of others, tries it on a picture and writes it; progress through {@link HostFunctions.importing}. */
  importModel(job: string, request: ImportRequest): Promise<ImportAnswer>
  cancelImport(job: string): Promise<void>
  /** Writes a model as an ONNX graph. */
  exportModel(request: ModelExportRequest): Promise<void>
  /** What `siammae doctor` tells, as data, about the ffmpeg and the model that the settings name. */
  doctor(settings?: { ffmpeg?: string; model?: string }): Promise<DoctorReport>
}

export interface DoctorReport {
  readonly tool: string
  readonly node: string
  readonly runtime: string
  readonly platform: string
  readonly cores: number
  readonly memoryGb: number
  readonly ffmpeg: { readonly path: string; readonly version: string } | { readonly missing: string }
  readonly devices: readonly {
    readonly device: string
    readonly ok: boolean
    readonly gigaflops?: number
    readonly reason?: string
  }[]
  readonly model:
    | { readonly name: string; readonly file: string; readonly trained: boolean }
    | { readonly problem: string }
}

/** What the model process tells the host, without waiting for an answer. */
export interface HostFunctions {
  opening(progress: { clip: string; done: number; total: number | undefined }): void
  picture(picture: { clip: string; view: string; frame: number; bytes: Uint8Array; mime: string }): void
  pictureFailed(failure: { clip: string; view: string; frame: number; message: string }): void
  /** Results of one run in the order in which they were made; a later one of the same object and frame replaces. */
  results(batch: { run: number; results: readonly EarlierResult[]; progress: RunProgress }): void
  runEnded(end: { run: number; reason: 'done' | 'cancelled' | 'failed'; message: string | undefined }): void
  exporting(progress: { job: string; done: number; total: number }): void
  importing(progress: {
    job: string
    step: 'reading' | 'checking' | 'writing'
    done: number
    total: number
  }): void
  log(entry: { level: 'info' | 'warning' | 'error'; text: string }): void
}
