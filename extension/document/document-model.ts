import {
  AnnotationError,
  type Edit,
  History,
  isEmptyEdit,
  propagationEdit,
  type RunResult,
} from '../../model/annotation/index.ts'
import { type Disposable, Emitter } from '../emitter.ts'
import { ChangedFrames } from './changed-frames.ts'
import type { DocumentObserver, ObservedDocument } from './observed-document.ts'
import { OpenRun, type Step } from './open-run.ts'
import { inSlices } from './slices.ts'

/** What was changed since the last such event; told at most once per turn of the event loop. */
export interface ModelChange {
  readonly catalogue: boolean
  readonly frames: ChangedFrames
}

/** What had been done at some moment, to compare with and to go back to. */
export interface Mark {
  readonly top: Step | undefined
  readonly run: Step | undefined
  readonly runSize: number
}

const RUN_LABEL = 'Propagate'
/** Above this many entries a step is taken back in slices. */
const LARGE_STEP = 1_000

/** A document with its undo stack, which stays in step with VS Code's: both know the same steps. */
export class DocumentModel implements Disposable {
  readonly content: ObservedDocument
  readonly #history: History
  readonly #observer: DocumentObserver
  #done: Step[] = []
  #undone: Step[] = []
  #run: OpenRun | undefined
  #saved: Mark
  #unsaved = new ChangedFrames()
  #pending = new ChangedFrames()
  #pendingCatalogue = false
  #scheduled = false
  /** Ends when the undo or redo that is going on in slices ends. */
  #working: Promise<void> | undefined
  #disposed = false

  readonly #steps = new Emitter<Step>()
  readonly #changes = new Emitter<ModelChange>()
  readonly #grown = new Emitter<Step>()
  /** A new step, to be put on VS Code's stack. */
  readonly onStep = this.#steps.event
  readonly onChange = this.#changes.event
  /** The step of the run that goes on has more results. */
  readonly onRunGrown = this.#grown.event

  constructor(content: ObservedDocument) {
    this.content = content
    this.#history = new History(content)
    this.#saved = this.mark()
    this.#observer = {
      entry: (objectId, frame) => {
        this.#pending.add(objectId, frame)
        this.#unsaved.add(objectId, frame)
        this.#schedule()
      },
      catalogue: () => {
        this.#pendingCatalogue = true
        this.#schedule()
      },
    }
    content.observe(this.#observer)
  }

  /**
   * Does an edit as one step; an empty one leaves no trace.
   * @throws AnnotationError when the document refuses it; then nothing has changed
   */
  perform(edit: Edit, label: string): void {
    this.#requireIdle()
    if (isEmptyEdit(edit)) return
    this.#history.perform(edit, label)
    this.#push({ label, size: sizeOf(edit), isRun: false })
  }

  /**
   * Opens a run that starts from the document as it is; its step appears with its first results.
   * @param stop called when the run has to end because it is undone, or what it started from is, or the document goes
   *   away; resolves when no more results come
   * @throws AnnotationError when one is open
   */
  beginRun(stop: () => Promise<void>): OpenRun {
    this.#requireIdle()
    this.#history.beginRun(RUN_LABEL)
    this.#run = new OpenRun(this.#done.length, stop, {
      add: (results) => this.#addToRun(results),
      end: () => this.#endRun(),
    })
    return this.#run
  }

  /** The run that goes on. */
  get run(): OpenRun | undefined {
    return this.#run
  }

  /** Stops the run that goes on, if any, and closes its step. */
  async stopRun(): Promise<void> {
    const run = this.#run
    if (run === undefined) return
    await run.stop().catch(() => {})
    run.end()
  }

  /** Takes no more results, without waiting until the run knows. */
  #dropRun(): void {
    const run = this.#run
    run?.end()
    run?.stop().catch(() => {})
  }

  /**
   * Takes a step back, and before it whatever lies on top of it. A run that goes on is ended first, also one that has
   * brought nothing yet and started from what the step made. Does nothing when the step is not done.
   */
  async undo(step: Step): Promise<void> {
    await this.#idle()
    const run = this.#run
    const at = this.#done.indexOf(step)
    if (run !== undefined && at >= 0 && (run.step === undefined ? at < run.basis : run.step === step))
      this.#dropRun()
    while (!this.#disposed && this.#done.includes(step) && (await this.#undoTop()));
  }

  /** Does a step again that was taken back, and before it whatever was taken back after it. */
  async redo(step: Step): Promise<void> {
    await this.#idle()
    while (!this.#disposed && this.#undone.includes(step) && (await this.#redoTop()));
  }

  /** Where the stack stands now. */
  mark(): Mark {
    const run = this.#run?.step
    return { top: this.#done.at(-1), run, runSize: run?.size ?? 0 }
  }

  /** Whether nothing was done or undone since. */
  isAt({ top, run, runSize }: Mark): boolean {
    if (this.#done.at(-1) !== top) return false
    // A run that went on after the mark lies beneath what was done last then, unless it was undone.
    return run === undefined || (this.#done.includes(run) ? run.size : 0) === runSize
  }

  /** Whether the document differs from what was saved. */
  get isDirty(): boolean {
    return !this.isAt(this.#saved)
  }

  /** The saved state. */
  get saved(): Mark {
    return this.#saved
  }

  /** Frames whose entries were changed since the document was saved or loaded, also where they were changed back. */
  get unsaved(): ChangedFrames {
    return this.#unsaved
  }

  /**
   * To be called when what is to be saved is read; the result says, once it is on disk or was refused, which.
   */
  beginSave(): { readonly done: () => void; readonly failed: () => void } {
    const mark = this.mark()
    const before = this.#unsaved
    this.#unsaved = new ChangedFrames()
    return {
      done: () => {
        this.#saved = mark
      },
      failed: () => this.#unsaved.addAll(before),
    }
  }

  /** The content is not what lies on disk although nothing was done: it comes from a backup. */
  markRestored(changed: ChangedFrames): void {
    this.#saved = { top: RESTORED, run: undefined, runSize: 0 }
    this.#unsaved.addAll(changed)
  }

  /** Whether what lies on disk is older than what was opened, because it comes from a backup. */
  get isRestored(): boolean {
    return this.#saved.top === RESTORED
  }

  /**
   * Goes back to the saved state along the steps.
   * @returns false when it cannot be reached that way: its step is gone, or a run went on after the save
   */
  async returnToSaved(): Promise<boolean> {
    await this.stopRun()
    await this.#idle()
    const { top, run, runSize } = this.#saved
    const known = top === undefined || this.#done.includes(top) || this.#undone.includes(top)
    if (!known || (run !== undefined && run.size !== runSize)) return false
    while (this.#done.at(-1) !== top) {
      const redo = top !== undefined && this.#undone.includes(top)
      if (!(redo ? await this.#redoTop() : await this.#undoTop())) return false
    }
    return !this.isDirty
  }

  /** The steps that can be undone, the last one last. */
  get steps(): readonly Step[] {
    return this.#done
  }

  /** Tells now what was changed instead of in the next turn. */
  flush(): void {
    if (!this.#pendingCatalogue && this.#pending.count === 0) return
    const change = { catalogue: this.#pendingCatalogue, frames: this.#pending }
    this.#pending = new ChangedFrames()
    this.#pendingCatalogue = false
    this.#changes.fire(change)
  }

  /** Whether a large step is being taken back or done again. */
  get isBusy(): boolean {
    return this.#working !== undefined
  }

  /** Resolves when no undo or redo is going on in slices. */
  async whenIdle(): Promise<void> {
    await this.#idle()
  }

  dispose(): void {
    this.#disposed = true
    this.content.unobserve(this.#observer)
    this.#run?.close()
    this.#run = undefined
    for (const emitter of [this.#steps, this.#changes, this.#grown]) emitter.dispose()
  }

  #addToRun(results: readonly RunResult[]): number {
    const run = this.#run
    if (run === undefined) return results.length
    if (this.#working !== undefined) {
      run.waiting.push(...results)
      return 0
    }
    if (run.record === undefined) throw new AnnotationError('A run has results before it is known what runs.')
    const { edit, skipped } = propagationEdit(this.content, run.record, results)
    if (skipped === results.length) return skipped
    const step = run.step ?? { label: RUN_LABEL, size: 0, isRun: true }
    const left = this.#history.addToRun(edit)
    step.size += results.length - skipped - left
    if (run.step === undefined) {
      run.step = step
      this.#push(step)
    } else this.#grown.fire(step)
    return skipped + left
  }

  #endRun(): void {
    if (this.#run === undefined) return
    if (this.#working !== undefined) {
      this.#run.ending = true
      return
    }
    this.#history.endRun()
    this.#run = undefined
  }

  #push(step: Step): void {
    this.#done.push(step)
    this.#undone = []
    this.#steps.fire(step)
  }

  /** @returns whether there was something to take back */
  async #undoTop(): Promise<boolean> {
    const step = this.#done.at(-1)
    if (step === undefined || !this.#history.canUndo) return false
    const finish = () => {
      this.#done.pop()
      this.#undone.push(step)
    }
    if (step.size > LARGE_STEP) await this.#work(this.#history.undoGradually(), finish)
    else {
      this.#history.undo()
      finish()
    }
    return true
  }

  async #redoTop(): Promise<boolean> {
    const step = this.#undone.at(-1)
    if (step === undefined || !this.#history.canRedo) return false
    const finish = () => {
      this.#undone.pop()
      this.#done.push(step)
    }
    if (step.size > LARGE_STEP) await this.#work(this.#history.redoGradually(), finish)
    else {
      this.#history.redo()
      finish()
    }
    return true
  }

  /** While this goes on the document refuses edits, and results of a run wait. */
  async #work(pieces: Generator<void, unknown, undefined>, finish: () => void): Promise<void> {
    const work = inSlices(pieces).then(finish)
    this.#working = work.catch(() => {})
    try {
      await work
    } finally {
      this.#working = undefined
      this.#catchUp()
    }
  }

  /** Writes what a run brought, or that it ended, while a step was taken back in slices. */
  #catchUp(): void {
    const run = this.#run
    if (run === undefined) return
    const results = run.waiting.splice(0)
    try {
      if (results.length > 0) this.#addToRun(results)
    } finally {
      if (run.ending) this.#endRun()
    }
  }

  async #idle(): Promise<void> {
    while (this.#working !== undefined) await this.#working
  }

  #requireIdle(): void {
    if (this.#working !== undefined)
      throw new AnnotationError('A large step is being taken back or done again; try again in a moment.')
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      if (!this.#disposed) this.flush()
    })
  }
}

/** Stands for what a backup has on top of the saved file: no step leads there. */
const RESTORED: Step = { label: '', size: 0, isRun: false }

function sizeOf(edit: Edit): number {
  return edit.kind === 'group' ? edit.edits.reduce((sum, part) => sum + sizeOf(part), 0) : 1
}
