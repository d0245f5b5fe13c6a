import { AnnotationError, type Edit } from '../../model/annotation/index.ts'
import { type Disposable, Emitter } from '../emitter.ts'
import { Sentence } from '../sentence.ts'
import { Backup, type BackupSource, baseIfThere, logOf, readBackupHead } from './backup.ts'
import { ChangedFrames } from './changed-frames.ts'
import { differenceOf } from './difference.ts'
import { DocumentModel, type ModelChange } from './document-model.ts'
import type { DocumentThreads } from './document-thread.ts'
import { DoubtfulFrames } from './doubtful.ts'
import { DoubtfulWatch } from './doubtful-watch.ts'
import { fileState, isFile, isUnchanged, SIZE_UNKNOWN } from './file-state.ts'
import { KeptBackups } from './kept-backups.ts'
import { pathFrom } from './locate-video.ts'
import { ObservedDocument } from './observed-document.ts'
import { OneAtATime } from './one-at-a-time.ts'
import { emptied, load, type Parts, read } from './parts.ts'
import { inSlices } from './slices.ts'
import { Snapshot } from './snapshot.ts'
import type { FileState } from './worker-messages.ts'

/** What a new side-car is made for. */
export interface ClipReference {
  /** Absolute path. */
  readonly path: string
  readonly contentHash: string
  readonly frameCount: number
  readonly width: number
  readonly height: number
}

/** What is read again is put in as one step where it differs in no more entries than this; it is done in one go. */
const MOST_IN_STEP = 2_000

/**
 * One side-car: the document in memory, what is known of the file on disk, and the backup. The document is replaced as a
 * whole when it is read again from disk. Knows nothing of VS Code.
 */
export class AnnotationFile implements Disposable {
  /** Absolute path of the side-car; it may not exist before the first save. */
  readonly path: string
  readonly #threads: DocumentThreads
  #model: DocumentModel
  #doubtful: DoubtfulWatch
  #state: FileState | undefined
  /** Hash of what was last read from the file, and read well, or was written to it. */
  #good: string | undefined
  #doubtBelow: number
  #listeners: Disposable[] = []
  #backup: Backup | undefined
  readonly #kept = new KeptBackups()
  /**
   * A save and a backup never go on at the same time: a save that has begun counts its frames as saved, and a backup
   * would leave them out although they are not on disk yet.
   */
  readonly #writing = new OneAtATime()
  /** The document does not lie on what is on disk: a backup has to hold all of it. */
  #apart = false
  #disposed = false
  /** Where the video is, for the backup. */
  videoPath = ''

  readonly #changes = new Emitter<ModelChange>()
  readonly #doubts = new Emitter<void>()
  readonly #replaced = new Emitter<void>()
  readonly onChange = this.#changes.event
  readonly onDoubtful = this.#doubts.event
  /** There is another {@link model} now. */
  readonly onReplaced = this.#replaced.event

  private constructor(threads: DocumentThreads, path: string, doubtBelow: number, parts: Parts) {
    this.#threads = threads
    this.path = path
    this.#doubtBelow = doubtBelow
    this.#model = new DocumentModel(parts.content)
    this.#doubtful = this.#watch(parts.doubtful)
    this.#state = parts.state
    this.#listen()
  }

  /** Reads a side-car. @throws SidecarProblem when it cannot be read, is damaged or newer */
  static async open(
    threads: DocumentThreads,
    path: string,
    doubtBelow: number,
    progress?: (done: number, total: number) => void,
  ): Promise<AnnotationFile> {
    const parts = await read(threads, path, doubtBelow, progress)
    const file = new AnnotationFile(threads, path, doubtBelow, parts)
    file.#good = parts.state?.hash
    return file
  }

  /** An empty document for a clip; nothing is written before the first save. */
  static create(
    threads: DocumentThreads,
    path: string,
    doubtBelow: number,
    clip: ClipReference,
  ): AnnotationFile {
    const content = new ObservedDocument({
      path: pathFrom(path, clip.path),
      hash: clip.contentHash,
      frameCount: clip.frameCount,
      width: clip.width,
      height: clip.height,
    })
    const parts = { content, doubtful: new DoubtfulFrames(content, doubtBelow), state: undefined }
    return new AnnotationFile(threads, path, doubtBelow, parts)
  }

  /**
   * What a closed window had not saved, or what was not saved before a rename.
   * @param path of the side-car now: the backup may have been made under another name
   * @throws Error when the backup cannot be read
   */
  static async restore(
    threads: DocumentThreads,
    backupId: string,
    path: string,
    doubtBelow: number,
    progress?: (done: number, total: number) => void,
  ): Promise<AnnotationFile> {
    const head = await readBackupHead(backupId)
    const changed = new ChangedFrames()
    const job = { kind: 'restore', log: logOf(backupId), base: await baseIfThere(backupId) } as const
    const { content, doubtful } = await load(threads, job, doubtBelow, {
      ...(progress && { progress }),
      changed: (objectId, frame) => changed.add(objectId, frame),
    })
    const state = head.base === undefined ? undefined : { size: SIZE_UNKNOWN, modified: '', hash: head.base }
    const file = new AnnotationFile(threads, path, doubtBelow, { content, doubtful, state })
    file.#good = head.good
    file.videoPath = head.videoPath
    file.model.markRestored(changed)
    // A log that stands alone does not say what of the side-car is gone, so neither can the next one that lies on it.
    file.#apart = head.base !== undefined && job.base === undefined
    file.#kept.restoredFrom(backupId)
    return file
  }

  get model(): DocumentModel {
    return this.#model
  }

  get content(): ObservedDocument {
    return this.#model.content
  }

  get doubtful(): DoubtfulFrames {
    return this.#doubtful.frames
  }

  /** The file as it was last read or written; undefined where there is none yet. */
  get state(): FileState | undefined {
    return this.#state
  }

  get isDirty(): boolean {
    return this.#model.isDirty
  }

  /**
   * Saves the document as it is now; what is done meanwhile counts as unsaved.
   * @param overwrite also when somebody else has changed the file
   * @throws SidecarProblem when it cannot be written, or what is there is damaged (it is left as it is)
   */
  async save(overwrite = false): Promise<'saved' | 'conflict'> {
    while (this.#writing.isGoing || this.#model.isBusy) {
      await this.#writing.whenDone()
      await this.#model.whenIdle()
    }
    return this.#writing.run(() => this.#save(overwrite))
  }

  async #save(overwrite: boolean): Promise<'saved' | 'conflict'> {
    const model = this.#model
    const saving = model.beginSave()
    const snapshot = new Snapshot(model.content)
    try {
      const expected = overwrite ? undefined : (this.#state?.hash ?? null)
      const result = await this.#threads.save(this.path, snapshot, expected, this.#good)
      if (result === 'conflict') {
        saving.failed()
        return 'conflict'
      }
      saving.done()
      // One that was read again meanwhile lies on what was read.
      if (model === this.#model) this.#lieOn(result)
      // The log lies on the file that was just replaced.
      this.#endBackup()
      await this.#kept.tidy()
      return 'saved'
    } catch (error) {
      saving.failed()
      throw error
    } finally {
      snapshot.close()
    }
  }

  /** Writes the document to another place, where it refers to the video from there. */
  async saveAs(path: string, videoPath: string): Promise<void> {
    const named = pathFrom(path, videoPath)
    await this.#withSnapshot((snapshot) => this.#threads.save(path, snapshot, undefined, undefined, named))
  }

  /** The document as it is now, as the text of a side-car. */
  text(): Promise<string> {
    return this.#withSnapshot((snapshot) => this.#threads.text(snapshot))
  }

  async #withSnapshot<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    if (this.#model.isBusy) await this.#model.whenIdle()
    const snapshot = new Snapshot(this.content)
    try {
      return await work(snapshot)
    } finally {
      snapshot.close()
    }
  }

  /**
   * Goes back to what is on disk: along the steps where that leads there, else by reading the file again.
   * @throws Sentence when the file is gone, so that what is open is all there is of it
   * @throws SidecarProblem when the file cannot be read; then nothing has changed
   */
  async revert(): Promise<void> {
    const hadFile = this.#state !== undefined || this.#good !== undefined
    if (hadFile && !(await isFile(this.path)))
      throw new Sentence(
        'Not reverted: {0} is not on disk any more, and what is open here is all there is of it; save to write it again.',
        this.path,
      )
    await this.#model.stopRun()
    const known = this.#state === undefined ? !this.isRestored : await isUnchanged(this.path, this.#state)
    if (known && (await this.#model.returnToSaved())) this.#endBackup()
    else if (!hadFile) this.#replace(emptied(this.content, this.#doubtBelow))
    else await this.reload()
    await this.#kept.tidy()
  }

  /**
   * Reads the file again; the steps so far cannot be undone any more.
   * @throws Sentence when something was done meanwhile, which is not lost then
   * @throws SidecarProblem
   */
  async reload(): Promise<void> {
    const model = this.#model
    await model.stopRun()
    const before = model.mark()
    const parts = await read(this.#threads, this.path, this.#doubtBelow)
    await model.stopRun()
    if (model !== this.#model || !model.isAt(before))
      throw new Sentence('{0} was not read again: something was changed here meanwhile.', this.path)
    this.#replace(parts)
  }

  /**
   * Takes over what somebody else has written, as a step on top of those so far, so that all of them can still be
   * undone. Where no step leads there (another video, very much of it is different) this is a {@link reload}.
   * @param label of the step
   * @returns false when something was done while the file was read: then nothing has changed
   * @throws SidecarProblem when the file cannot be read; then nothing has changed
   */
  async follow(label: string): Promise<boolean> {
    const model = this.#model
    await model.stopRun()
    const before = model.mark()
    const parts = await read(this.#threads, this.path, this.#doubtBelow)
    const edit = await inSlices(differenceOf(model.content, parts.content, label, MOST_IN_STEP))
    await model.whenIdle()
    const isAsBefore = () => !this.#disposed && model === this.#model && model.isAt(before)
    if (!isAsBefore()) return false
    if (edit !== undefined && this.#step(edit, parts, label)) return true
    // One that has begun meanwhile and brought nothing yet.
    await model.stopRun()
    if (!isAsBefore()) return false
    this.#replace(parts)
    return true
  }

  /** @returns false when no step leads there */
  #step(edit: Edit, { state }: Parts, label: string): boolean {
    const model = this.#model
    try {
      model.perform(edit, label)
    } catch (error) {
      if (error instanceof AnnotationError) return false
      throw error
    }
    this.#endBackup()
    this.#lieOn(state)
    model.beginSave().done()
    return true
  }

  /** Whether somebody else has changed or removed the file since it was last read or written. */
  async checkDisk(): Promise<'same' | 'changed' | 'missing'> {
    if (!(await isFile(this.path))) return this.#state === undefined ? 'same' : 'missing'
    if (this.#state === undefined) return 'changed'
    return (await isUnchanged(this.path, this.#state)) ? 'same' : 'changed'
  }

  /** The document counts as unsaved whatever is on disk now; the next save overwrites that. */
  async keepMine(): Promise<void> {
    this.#endBackup()
    this.#state = (await isFile(this.path)) ? await fileState(this.path) : undefined
    this.#apart = true
    this.#model.markRestored(new ChangedFrames())
  }

  /**
   * Keeps what is not saved; fast, because only what is new since the last backup is written, to the same files.
   * @param id where a backup is begun, if none can be gone on with
   * @returns where it lies
   */
  async backup(id: string): Promise<string> {
    const at = await this.#writing.run(() => this.#backUp(id))
    this.#kept.give(at)
    return at
  }

  async #backUp(id: string): Promise<string> {
    if (this.#backup?.isGood) {
      await this.#backup.flush()
      if (this.#backup.isGood) return this.#backup.id
    }
    this.#endBackup()
    const { model } = this
    const backup = await Backup.begin(this.#backupSource(), id)
    if (model === this.#model) this.#backup = backup
    else backup.stop()
    return id
  }

  /** Keeps what is not saved in files of their own, which this document does not go on with: the caller deletes them. */
  async backupApart(id: string): Promise<void> {
    await this.#writing.run(async () => {
      const backup = await Backup.begin(this.#backupSource(), id)
      await backup.end()
    })
  }

  #backupSource(): BackupSource {
    const { path: sidecarPath, videoPath, model, state } = this
    return { model, sidecarPath, videoPath, state, good: this.#good, whole: this.#apart }
  }

  /** A backup is not needed any more; to be told once for each time that {@link backup} returned it. */
  async forgetBackup(id: string): Promise<void> {
    if (!this.#kept.takeBack(id)) return
    if (this.#backup?.id === id) this.#endBackup()
    await this.#kept.tidy()
  }

  /** Brings the backup up to date before the window closes. */
  async flushBackup(): Promise<void> {
    await this.#backup?.flush()
  }

  setDoubtBelow(doubtBelow: number): void {
    this.#doubtBelow = doubtBelow
    this.#doubtful.setLimit(doubtBelow)
  }

  /** Resolves when the frames worth checking are up to date. */
  async whenLooked(): Promise<void> {
    this.#model.flush()
    await this.#doubtful.whenLooked()
  }

  get isRestored(): boolean {
    return this.#model.isRestored
  }

  dispose(): void {
    this.#disposed = true
    this.#endBackup()
    for (const listener of this.#listeners.splice(0)) listener.dispose()
    this.#model.dispose()
    this.#doubtful.dispose()
    for (const emitter of [this.#changes, this.#doubts, this.#replaced]) emitter.dispose()
  }

  #replace({ content, doubtful, state }: Parts): void {
    for (const listener of this.#listeners.splice(0)) listener.dispose()
    this.#endBackup()
    this.#model.dispose()
    this.#model = new DocumentModel(content)
    this.#doubtful.dispose()
    this.#doubtful = this.#watch(doubtful)
    this.#lieOn(state)
    this.#listen()
    this.#replaced.fire()
  }

  #listen(): void {
    const listener = this.#model.onChange((change) => {
      this.#changes.fire(change)
      if (change.frames.count > 0) this.#doubtful.update(change.frames)
    })
    this.#listeners.push(listener)
  }

  /** What was read from the file, or written to it, is what the document lies on now. */
  #lieOn(state: FileState | undefined): void {
    this.#state = state
    this.#good = state?.hash
    this.#apart = false
  }

  #endBackup(): void {
    this.#backup?.stop()
    this.#backup = undefined
  }

  #watch(frames: DoubtfulFrames): DoubtfulWatch {
    return new DoubtfulWatch(frames, () => this.#doubts.fire())
  }
}
