import type {
  AttentionResult,
  ClipFacts,
  CorrespondenceRequest,
  CorrespondenceResult,
  DoctorReport,
  EarlierResult,
  ExportRequest,
  ExportResult,
  HostFunctions,
  InspectionRequest,
  ModelChoice,
  ModelReady,
  RunFacts,
  RunProgress,
  RunRequest,
  RunSettings,
} from '../../model/process/index.ts'
import type { Event } from '../emitter.ts'

/** What the rest of the extension sees of the model process: it is started when first asked and restarts by itself. */
export interface ModelClient {
  /**
   * Opens a clip, or answers with what is known when it is open already. It stays open until {@link closeClip}, also
   * when the process is lost: then it is opened again before anything else is asked about it.
   * @throws Error whose message is a sentence for the person
   */
  openClip(path: string): Promise<ClipFacts>
  /** To be called once per {@link openClip}; the last one closes. */
  closeClip(path: string): void
  /** The pictures that a view needs, most urgent first; replaces what it wanted before. Asked again after a restart. */
  wantPictures(want: PictureWant): void
  /** The view is gone and needs no pictures any more. */
  forgetView(view: string): void

  /** @param first the clip, the settings and the frame that the first run will likely start with */
  prepareModel(
    choice: ModelChoice,
    first?: { readonly clip: string; readonly settings: RunSettings; readonly frame?: number },
  ): Promise<ModelReady>
  /**
   * @param signal aborted, a start that still waits for the process is not passed on
   * @throws ProcessLostError when the process ends before the run is set up; WindowClosing when none comes any more
   */
  startRun(request: RunRequest, signal: AbortSignal): Promise<RunFacts>
  pauseRun(run: number): Promise<void>
  resumeRun(run: number): Promise<void>
  cancelRun(run: number): Promise<void>
  /**
   * Looks into the model; see the model process. Undefined when a newer look of the view has taken its place.
   * @throws Error whose message is a sentence for the person, also while a run goes on
   */
  inspectCorrespondence(request: CorrespondenceRequest): Promise<CorrespondenceResult | undefined>
  inspectAttention(request: InspectionRequest): Promise<AttentionResult | undefined>
  /** The view wants nothing any more. */
  endInspection(view: string): void
  exportDataset(job: string, request: ExportRequest): Promise<ExportResult>
  cancelExport(job: string): Promise<void>
  /** Also about the ffmpeg and the model file that the settings name. */
  doctor(settings: { readonly ffmpeg?: string; readonly model?: string }): Promise<DoctorReport>

  /**
   * Ends the process at once, for a person whose device or driver hangs, and starts the next one as after any other loss.
   * One that was given up is started again. Resolves when the former is gone; does nothing where none was needed yet.
   */
  restart(): Promise<void>

  readonly onOpening: Event<Parameters<HostFunctions['opening']>[0]>
  readonly onPicture: Event<Parameters<HostFunctions['picture']>[0]>
  readonly onPictureFailed: Event<Parameters<HostFunctions['pictureFailed']>[0]>
  readonly onResults: Event<{
    readonly run: number
    readonly results: readonly EarlierResult[]
    readonly progress: RunProgress
  }>
  readonly onRunEnded: Event<Parameters<HostFunctions['runEnded']>[0]>
  readonly onExporting: Event<Parameters<HostFunctions['exporting']>[0]>
  /** The process has come, gone or been given up. */
  readonly onState: Event<ProcessState>
  readonly state: ProcessState
}

export interface PictureWant {
  readonly clip: string
  /** One per view, unique in the window. */
  readonly view: string
  readonly frames: readonly number[]
  /** JPEG quality, 1 to 100. */
  readonly quality: number
  /** The frame that the person is on; the first of `frames` when left out. */
  readonly at?: number | undefined
  /** What was sent did not arrive. */
  readonly again?: boolean | undefined
}

export type ProcessState =
  /** Nobody has asked for anything yet. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly pid: number }
  /**
   * It ended and is started again at `at` (milliseconds since 1970): by itself, or `wanted` by {@link ModelClient.restart}.
   * `reason` is a sentence for the log.
   */
  | { readonly kind: 'lost'; readonly reason: string; readonly at: number; readonly wanted?: boolean }
  /** It ended too often and is not started again before somebody asks by {@link ModelClient}. */
  | { readonly kind: 'stopped'; readonly reason: string }
