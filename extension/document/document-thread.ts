import { Worker } from 'node:worker_threads'
import { UserError } from '../../model/errors.ts'
import type { DatasetSequence } from '../../model/formats/index.ts'
import type { Measure } from './measure.ts'
import { ObservedDocument } from './observed-document.ts'
import { buffersOf, type PlacedEntry, packInPieces, unpack } from './packed-entries.ts'
import { Pace } from './slices.ts'
import { documentOf, type Snapshot } from './snapshot.ts'
import type {
  ClipName,
  FileState,
  FromWorker,
  Job,
  LoadedPiece,
  Problem,
  ToWorker,
} from './worker-messages.ts'

/** A document as it was read, entry by entry, without holding up the extension host. */
export interface Loaded {
  readonly content: ObservedDocument
  /** The file that it was read from; undefined for a backup. */
  readonly state: FileState | undefined
}

export interface LoadListener {
  /** Ends the thread, whatever it is at. */
  readonly signal?: AbortSignal
  /** The document that is being filled. */
  began?(content: ObservedDocument): void
  progress?(done: number, total: number): void
  /** The measure of every entry, as it arrives. */
  measured?(objectId: number, frame: number, measure: Measure | undefined): void
  /** An entry that is in a backup and not in the file beneath it. */
  changed?(objectId: number, frame: number): void
}

/** A side-car that could not be read or written: a sentence, and what could help. */
export class SidecarProblem extends UserError {
  override readonly name = 'SidecarProblem'
  readonly missing: boolean
  readonly backup: boolean

  constructor(problem: Problem) {
    super(problem.message)
    this.missing = problem.missing
    this.backup = problem.backup
  }
}

/** Runs jobs, each in a thread of its own that ends with it. */
export class DocumentThreads {
  readonly #entry: string

  /** @param entry the built thread, `dist/document-worker.js` */
  constructor(entry: string) {
    this.#entry = entry
  }

  /** @throws SidecarProblem when it cannot be read, is damaged or newer; the signal's reason */
  async load(
    job: Extract<Job, { kind: 'load' | 'restore' | 'dataset' | 'mask' }>,
    listener: LoadListener = {},
  ): Promise<Loaded> {
    const thread = new Thread(this.#entry, job, listener.signal)
    try {
      const head = await thread.next('head')
      const document = documentOf(head.catalogue, new ObservedDocument(head.catalogue.video))
      listener.began?.(document)
      const pace = new Pace()
      let done = 0
      thread.post({ kind: 'next' })
      for (;;) {
        const { piece } = await thread.next('piece')
        if (piece === undefined) break
        // The thread prepares the next piece while this one is put in.
        thread.post({ kind: 'next' })
        for (const [i, placed] of entriesOf(piece, document)) {
          put(document, placed)
          listener.measured?.(placed[0], placed[1], measureAt(piece.measures, i))
          if (piece.changed[i] === 1) listener.changed?.(placed[0], placed[1])
          done++
          if (pace.due) await pace.rest()
        }
        listener.progress?.(done, head.count)
      }
      const { state } = await thread.next('loaded')
      return { content: document, state }
    } finally {
      thread.end()
    }
  }

  /**
   * Writes a side-car; done when it was read back and compared.
   * @param expected hash of the file that should be there, null for none; undefined overwrites
   * @param good     hash of content that is known to read well, which is not checked again
   * @returns 'conflict' when another file is there; nothing was written then
   * @throws SidecarProblem when it cannot be written, or what is there is damaged
   */
  async save(
    path: string,
    snapshot: Snapshot,
    expected: string | null | undefined,
    good: string | undefined,
    videoPath = snapshot.catalogue.video.path,
  ): Promise<FileState | 'conflict'> {
    const video = { ...snapshot.catalogue.video, path: videoPath }
    const thread = new Thread(this.#entry, {
      kind: 'save',
      path,
      catalogue: { ...snapshot.catalogue, video },
      expected,
      good,
    })
    try {
      await sendEntries(thread, snapshot)
      const end = await thread.next('saved', 'conflict')
      return end.kind === 'conflict' ? 'conflict' : end.state
    } finally {
      thread.end()
    }
  }

  /** The document as the text of a side-car. */
  async text(snapshot: Snapshot): Promise<string> {
    const thread = new Thread(this.#entry, { kind: 'text', catalogue: snapshot.catalogue })
    try {
      await sendEntries(thread, snapshot)
      return (await thread.next('text')).text
    } finally {
      thread.end()
    }
  }

  /**
   * The videos of a dataset; first the one that an export of a clip would be.
   * @throws SidecarProblem when there is none, or it is damaged; the signal's reason
   */
  async sequences(folder: string, clip: ClipName, signal?: AbortSignal): Promise<readonly DatasetSequence[]> {
    const thread = new Thread(this.#entry, { kind: 'sequences', folder, clip }, signal)
    try {
      return (await thread.next('sequences')).sequences
    } finally {
      thread.end()
    }
  }

  /** The first of the files whose content hash (`sha256:...`) is this. */
  async find(candidates: readonly string[], hash: string): Promise<string | undefined> {
    if (candidates.length === 0) return undefined
    const thread = new Thread(this.#entry, { kind: 'find', candidates, hash })
    try {
      return (await thread.next('found')).path
    } finally {
      thread.end()
    }
  }
}

async function sendEntries(thread: Thread, snapshot: Snapshot): Promise<void> {
  const pace = new Pace()
  for (const piece of packInPieces(snapshot.entries())) {
    await thread.next('more')
    thread.post({ kind: 'piece', piece }, buffersOf(piece))
    if (pace.due) await pace.rest()
  }
  await thread.next('more')
  thread.post({ kind: 'piece', piece: undefined })
}

function* entriesOf(piece: LoadedPiece, { video }: ObservedDocument): Generator<[number, PlacedEntry]> {
  let i = 0
  for (const placed of unpack(piece.entries, video.width, video.height)) yield [i++, placed]
}

function put(document: ObservedDocument, [objectId, frame, entry]: PlacedEntry): void {
  if (entry !== undefined) document.apply({ kind: 'setEntry', objectId, frame, entry })
}

function measureAt(measures: Float64Array, i: number): Measure | undefined {
  const area = measures[i * 4]!
  if (Number.isNaN(area)) return undefined
  return { area, x: measures[i * 4 + 1]!, y: measures[i * 4 + 2]!, parts: measures[i * 4 + 3]! }
}

/** One thread and the messages that came from it. */
class Thread {
  readonly #worker: Worker
  readonly #arrived: FromWorker[] = []
  readonly #signal: AbortSignal | undefined
  #failure: Error | undefined
  #wake: (() => void) | undefined

  constructor(entry: string, job: Job, signal?: AbortSignal) {
    this.#worker = new Worker(entry, { workerData: job })
    this.#worker.on('message', (message: FromWorker) => {
      this.#arrived.push(message)
      this.#wake?.()
    })
    this.#worker.on('error', (error) => this.#fail(error))
    this.#signal = signal
    signal?.addEventListener('abort', () => this.#wake?.(), { once: true })
    this.#worker.on('exit', () =>
      this.#fail(new Error('The thread that reads and writes side-cars has ended.')),
    )
  }

  post(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, [...transfer])
  }

  /** The next message, which must be one of these. */
  async next<Kind extends FromWorker['kind']>(
    ...kinds: readonly Kind[]
  ): Promise<Extract<FromWorker, { kind: Kind }>> {
    for (;;) {
      this.#signal?.throwIfAborted()
      const message = this.#arrived.shift()
      if (message?.kind === 'failed') throw errorOf(message.problem)
      if (message !== undefined) {
        if (!(kinds as readonly string[]).includes(message.kind))
          throw new Error(`The thread sent ${message.kind} where ${kinds.join(' or ')} was expected.`)
        return message as Extract<FromWorker, { kind: Kind }>
      }
      if (this.#failure !== undefined) throw this.#failure
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  end(): void {
    void this.#worker.terminate()
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#wake?.()
  }
}

function errorOf(problem: Problem): Error {
  if (problem.stack === undefined) return new SidecarProblem(problem)
  const error = new Error(problem.message)
  error.stack = problem.stack
  return error
}
