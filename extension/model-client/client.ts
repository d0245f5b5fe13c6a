import type {
  AttentionResult,
  ClipFacts,
  CorrespondenceRequest,
  CorrespondenceResult,
  DoctorReport,
  ExportRequest,
  ExportResult,
  HostFunctions,
  ImportAnswer,
  ImportRequest,
  InspectionRequest,
  ModelChoice,
  ModelExportRequest,
  ModelReady,
  RunFacts,
  RunRequest,
  RunSettings,
} from '../../model/process/index.ts'
import { Emitter } from '../emitter.ts'
import { Sentence } from '../sentence.ts'
import { type Connection, connect, ProcessLostError, WindowClosing } from './connection.ts'
import { Restarts } from './restarts.ts'
import type { ModelClient, PictureWant, ProcessState } from './types.ts'

export interface ClientOptions {
  /** The bundle `model-process.js`. */
  readonly module: string
  /** Asked for every clip that is opened, so that a changed setting counts from then on. */
  readonly openOptions: () => { readonly cacheFolder: string; readonly ffmpeg: string | undefined }
  readonly log: (level: 'info' | 'warning' | 'error', text: string) => void
}

interface OpenClip {
  readonly path: string
  users: number
  facts: Promise<ClipFacts>
  /** Whether `facts` is still being found out; it then follows the process through its restarts by itself. */
  opening: boolean
  /** Whether it could not be opened in the process that is there: whoever asks about it next has it tried again. */
  failed: boolean
}

type Payload<K extends keyof HostFunctions> = Parameters<HostFunctions[K]>[0]

/**
 * The model process as long as the window lives: started when it is first needed, started again when it is lost, with
 * the clips and pictures that were open. Runs are not taken up here: only who owns the document knows how far one was.
 */
export class ProcessClient implements ModelClient {
  readonly #options: ClientOptions
  readonly #restarts = new Restarts()
  readonly #clips = new Map<string, OpenClip>()
  readonly #wants = new Map<string, PictureWant>()
  #connection: Connection | undefined
  /** The one that a person has had ended. */
  #unwanted: Connection | undefined
  /** Resolves when the process was started again, or was given up. */
  #returning: Promise<void> | undefined
  #state: ProcessState = { kind: 'idle' }
  #disposed = false

  readonly #opening = new Emitter<Payload<'opening'>>()
  readonly #picture = new Emitter<Payload<'picture'>>()
  readonly #pictureFailed = new Emitter<Payload<'pictureFailed'>>()
  readonly #results = new Emitter<Payload<'results'>>()
  readonly #runEnded = new Emitter<Payload<'runEnded'>>()
  readonly #exporting = new Emitter<Payload<'exporting'>>()
  readonly #importing = new Emitter<Payload<'importing'>>()
  readonly #stateChanged = new Emitter<ProcessState>()
  readonly onOpening = this.#opening.event
  readonly onPicture = this.#picture.event
  readonly onPictureFailed = this.#pictureFailed.event
  readonly onResults = this.#results.event
  readonly onRunEnded = this.#runEnded.event
  readonly onExporting = this.#exporting.event
  readonly onImporting = this.#importing.event
  readonly onState = this.#stateChanged.event

  constructor(options: ClientOptions) {
    this.#options = options
  }

  get state(): ProcessState {
    return this.#state
  }

  openClip(path: string): Promise<ClipFacts> {
    const known = this.#clips.get(path)
    if (known !== undefined) {
      known.users++
      const facts = this.#factsOf(known)
      // Who was not given the clip does not close it either.
      facts.catch(() => this.#clips.get(path) === known && this.closeClip(path))
      return facts
    }
    const clip: OpenClip = { path, users: 1, opening: true, failed: false, facts: undefined as never }
    this.#clips.set(path, clip)
    clip.facts = this.#open(clip)
    // Whoever asks next may have more luck: the file may be there then.
    clip.facts.catch(() => this.#clips.get(path) === clip && this.#clips.delete(path))
    return clip.facts
  }

  closeClip(path: string): void {
    const clip = this.#clips.get(path)
    if (clip === undefined || --clip.users > 0) return
    this.#clips.delete(path)
    this.#connection?.rpc.closeClip(path).catch((error: unknown) => this.#note(error))
  }

  wantPictures(want: PictureWant): void {
    this.#wants.set(want.view, want)
    if (this.#connection === undefined) return
    const clip = this.#clips.get(want.clip)
    // What is wanted of a clip is asked once that is open.
    if (clip?.failed) this.#reopen(clip)
    else this.#ask(this.#connection, want)
  }

  forgetView(view: string): void {
    const want = this.#wants.get(view)
    this.#wants.delete(view)
    if (want !== undefined && this.#connection !== undefined && this.#clips.has(want.clip))
      this.#ask(this.#connection, { ...want, frames: [], at: undefined })
  }

  prepareModel(
    choice: ModelChoice,
    first?: { readonly clip: string; readonly settings: RunSettings; readonly frame?: number },
  ): Promise<ModelReady> {
    return first === undefined
      ? this.#call((rpc) => rpc.prepareModel(choice))
      : this.#callOn(first.clip, (rpc) => rpc.prepareModel(choice, first))
  }

  startRun(request: RunRequest, signal: AbortSignal): Promise<RunFacts> {
    return this.#callOn(request.clip, (rpc) => {
      signal.throwIfAborted()
      return rpc.startRun(request)
    })
  }

  pauseRun(run: number): Promise<void> {
    return this.#call((rpc) => rpc.pauseRun(run))
  }

  resumeRun(run: number): Promise<void> {
    return this.#call((rpc) => rpc.resumeRun(run))
  }

  cancelRun(run: number): Promise<void> {
    return this.#call((rpc) => rpc.cancelRun(run))
  }

  inspectCorrespondence(request: CorrespondenceRequest): Promise<CorrespondenceResult | undefined> {
    return this.#callOn(request.clip, (rpc) => rpc.inspectCorrespondence(request))
  }

  inspectAttention(request: InspectionRequest): Promise<AttentionResult | undefined> {
    return this.#callOn(request.clip, (rpc) => rpc.inspectAttention(request))
  }

  endInspection(view: string): void {
    this.#connection?.rpc.endInspection(view).catch((error: unknown) => this.#note(error))
  }

  exportDataset(job: string, request: ExportRequest): Promise<ExportResult> {
    return this.#callOn(request.clip, (rpc) => rpc.exportDataset(job, request))
  }

  cancelExport(job: string): Promise<void> {
    return this.#call((rpc) => rpc.cancelExport(job))
  }

  importModel(job: string, request: ImportRequest): Promise<ImportAnswer> {
    return this.#call((rpc) => rpc.importModel(job, request))
  }

  cancelImport(job: string): Promise<void> {
    return this.#call((rpc) => rpc.cancelImport(job))
  }

  exportModel(request: ModelExportRequest): Promise<void> {
    return this.#call((rpc) => rpc.exportModel(request))
  }

  doctor(settings: { readonly ffmpeg?: string; readonly model?: string }): Promise<DoctorReport> {
    return this.#call((rpc) => rpc.doctor(settings))
  }

  async restart(): Promise<void> {
    this.#restarts.forgive()
    if (this.#state.kind === 'stopped' && !this.#disposed) {
      this.#start()
      return
    }
    this.#unwanted = this.#connection
    await this.#connection?.kill()
  }

  /** Ends the process for good. Resolves when it is gone. */
  async dispose(): Promise<void> {
    this.#disposed = true
    this.#restarts.dispose()
    const connection = this.#connection
    this.#connection = undefined
    await connection?.close()
  }

  async #call<T>(ask: (rpc: Connection['rpc']) => Promise<T>): Promise<T> {
    if (this.#state.kind === 'stopped') this.#restarts.forgive()
    return withLoss(await this.#connected(), ask)
  }

  /** Asks something about a clip when the process that is there now has opened it. */
  async #callOn<T>(path: string, ask: (rpc: Connection['rpc']) => Promise<T>): Promise<T> {
    if (this.#state.kind === 'stopped') this.#restarts.forgive()
    await this.#connected()
    const clip = this.#clips.get(path)
    if (clip !== undefined) await this.#factsOf(clip)
    return this.#call(ask)
  }

  /** The facts of a clip; one that failed is tried again. */
  #factsOf(clip: OpenClip): Promise<ClipFacts> {
    if (clip.failed) this.#reopen(clip)
    return clip.facts
  }

  async #connected(): Promise<Connection> {
    if (this.#returning !== undefined) await this.#returning
    if (this.#disposed) throw new WindowClosing()
    return this.#connection ?? this.#start()
  }

  #start(): Connection {
    const connection = connect(
      { module: this.#options.module, onLine: (line) => this.#options.log('warning', line) },
      {
        opening: (event) => this.#opening.fire(event),
        picture: (event) => this.#picture.fire(event),
        pictureFailed: (event) => this.#pictureFailed.fire(event),
        results: (event) => this.#results.fire(event),
        runEnded: (event) => this.#runEnded.fire(event),
        exporting: (event) => this.#exporting.fire(event),
        importing: (event) => this.#importing.fire(event),
        log: ({ level, text }) => this.#options.log(level, text),
      },
    )
    this.#connection = connection
    this.#options.log('info', `The model process has started (process ${connection.pid}).`)
    void connection.ended.then((reason) => this.#lost(connection, reason))
    for (const clip of this.#clips.values()) if (!clip.opening) this.#reopen(clip)
    this.#enter({ kind: 'running', pid: connection.pid })
    return connection
  }

  #lost(connection: Connection, reason: string): void {
    // One that was told to go is not missed.
    if (this.#connection !== connection) return
    this.#connection = undefined
    const wanted = this.#unwanted === connection
    this.#options.log(wanted ? 'info' : 'error', reason)
    const restart = this.#restarts.ended()
    if (restart === undefined) {
      this.#enter({ kind: 'stopped', reason })
      return
    }
    this.#returning = restart.due.then(() => {
      this.#returning = undefined
      if (this.#disposed) return
      if (this.#clips.size > 0) this.#start()
      else this.#enter({ kind: 'idle' })
    })
    this.#enter({ kind: 'lost', reason, at: restart.at, wanted })
  }

  #reopen(clip: OpenClip): void {
    clip.opening = true
    clip.failed = false
    clip.facts = this.#open(clip)
    clip.facts.catch((error: unknown) => {
      clip.failed = true
      this.#note(error)
    })
  }

  /** Opens a clip, again and again as long as it is the process that is lost and it comes back. */
  async #open(clip: OpenClip): Promise<ClipFacts> {
    if (this.#state.kind === 'stopped') this.#restarts.forgive()
    try {
      for (;;) {
        const connection = await this.#connected()
        // While the process was away.
        if (this.#clips.get(clip.path) !== clip) throw new Error(`${clip.path} is not wanted any more.`)
        try {
          const facts = await withLoss(connection, (rpc) =>
            rpc.openClip(clip.path, this.#options.openOptions()),
          )
          for (const want of this.#wants.values()) if (want.clip === clip.path) this.#ask(connection, want)
          return facts
        } catch (error) {
          if (!(error instanceof ProcessLostError) || this.#disposed) throw error
          if (this.#state.kind === 'stopped') throw tooOften()
        }
      }
    } finally {
      clip.opening = false
    }
  }

  #ask(connection: Connection, want: PictureWant): void {
    connection.rpc.wantPictures(want).catch((error: unknown) => this.#note(error))
  }

  #note(error: unknown): void {
    if (error instanceof ProcessLostError || error instanceof WindowClosing) return
    this.#options.log('error', String(error))
  }

  #enter(state: ProcessState): void {
    this.#state = state
    this.#stateChanged.fire(state)
  }
}

function tooOften(): Sentence {
  return new Sentence(
    'The model process ended three times within a minute and is not started again; see the log for the reason.',
  )
}

/** Asks the process; when it is lost meanwhile, that has been told to everybody by the time this rejects. */
async function withLoss<T>(connection: Connection, ask: (rpc: Connection['rpc']) => Promise<T>): Promise<T> {
  try {
    return await ask(connection.rpc)
  } catch (error) {
    if (!(error instanceof ProcessLostError) && !connection.rpc.$closed) throw error
    const reason = await connection.ended
    throw error instanceof ProcessLostError ? error : new ProcessLostError(reason)
  }
}
