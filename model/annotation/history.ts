import type { AnnotationDocument } from './document.ts'
import { type Edit, isEmptyEdit } from './edit.ts'
import { AnnotationError } from './error.ts'
import { RunGuard } from './run-guard.ts'

/** One thing to undo: the inverses of what was done, oldest first. */
interface Step {
  readonly label: string
  readonly inverses: Edit[]
}

/** A step that was taken back: what does it again, and the step itself, so that it is known again. */
interface UndoneStep {
  readonly step: Step
  readonly edit: Edit
}

/** What had been done when the document was saved. */
interface SavedState {
  readonly top: Step | undefined
  /** The run that was going on, and how far it was. */
  readonly run: Step | undefined
  readonly runLength: number
}

/**
 * Undo and redo over a document, which nobody else may change meanwhile.
 *
 * A person can go on working while a run streams its results in: the run's step lies where the run began,
 * beneath what the person does meanwhile, and the run leaves alone whatever the person touches. So both can
 * be taken back, the person's steps first.
 */
export class History {
  readonly #document: AnnotationDocument
  #done: Step[] = []
  #undone: UndoneStep[] = []
  #run: { readonly step: Step; readonly guard: RunGuard } | undefined
  #saved: SavedState = { top: undefined, run: undefined, runLength: 0 }

  /** The document as it is counts as saved. */
  constructor(document: AnnotationDocument) {
    this.#document = document
  }

  /**
   * Applies an edit as one step; an empty one leaves no trace.
   * @param label what it is called in the menu: 'Draw mask'
   * @throws AnnotationError when the document refuses it, or it changes a run that goes on; then nothing has changed
   */
  perform(edit: Edit, label: string): void {
    if (isEmptyEdit(edit)) return
    const touched = this.#run?.guard.touchedBy(edit)
    const inverse = this.#document.apply(edit)
    if (touched !== undefined) this.#run?.guard.add(touched)
    this.#done.push({ label, inverses: [inverse] })
    this.#undone = []
  }

  /** Takes the last step back. @returns its label; undefined when there is none, or only the run going on */
  undo(): string | undefined {
    const step = this.#undoable()
    if (step === undefined) return undefined
    const { label, inverses } = step
    const edit = this.#document.apply({ kind: 'group', label, edits: inverses.toReversed() })
    this.#done.pop()
    this.#undone.push({ step, edit })
    return label
  }

  /** Does the last step that was taken back again. @returns its label; undefined when there is none */
  redo(): string | undefined {
    const undone = this.#undone.at(-1)
    if (undone === undefined) return undefined
    this.#document.apply(undone.edit)
    this.#undone.pop()
    this.#done.push(undone.step)
    return undone.step.label
  }

  /**
   * {@link undo} in pieces, for a run of many results: between the pieces the caller may let others work, but nobody
   * may change the document or this history before the last one.
   */
  *undoGradually(): Generator<void, string | undefined, undefined> {
    const step = this.#undoable()
    if (step === undefined) return undefined
    const edits: Edit[] = []
    try {
      for (const inverse of step.inverses.toReversed())
        for (const piece of pieces(inverse)) {
          edits.push(this.#document.apply(piece))
          yield
        }
    } catch (error) {
      for (const edit of edits.reverse()) this.#document.apply(edit)
      throw error
    }
    this.#done.pop()
    this.#undone.push({ step, edit: { kind: 'group', label: step.label, edits: edits.reverse() } })
    return step.label
  }

  /** {@link redo} in pieces; see {@link undoGradually}. */
  *redoGradually(): Generator<void, string | undefined, undefined> {
    const undone = this.#undone.at(-1)
    if (undone === undefined) return undefined
    const { step, edit } = undone
    const inverses: Edit[] = []
    try {
      for (const piece of pieces(edit)) {
        inverses.push(this.#document.apply(piece))
        yield
      }
    } catch (error) {
      for (const inverse of inverses.reverse()) this.#document.apply(inverse)
      throw error
    }
    this.#undone.pop()
    this.#done.push(step)
    return step.label
  }

  get canUndo(): boolean {
    return this.#undoable() !== undefined
  }

  get canRedo(): boolean {
    return this.#undone.length > 0
  }

  /** Says that the document was saved as it is now. */
  markSaved(): void {
    const run = this.#run?.step
    this.#saved = { top: this.#top(), run, runLength: run?.inverses.length ?? 0 }
  }

  /** Whether the document differs from what was saved, as far as the steps tell. */
  get isDirty(): boolean {
    const { top, run, runLength } = this.#saved
    if (this.#top() !== top) return true
    if (run === undefined) return false
    // A run that went on after the save lies beneath what was saved last, unless it was undone.
    return (this.#done.includes(run) ? run.inverses.length : 0) !== runLength
  }

  /** Opens the step of a run. What was undone before cannot be redone after. @throws AnnotationError when one is open */
  beginRun(label: string): void {
    if (this.#run !== undefined) throw new AnnotationError('A run is going on already.')
    const step: Step = { label, inverses: [] }
    this.#done.push(step)
    this.#undone = []
    this.#run = { step, guard: new RunGuard(this.#document) }
  }

  /**
   * Adds results to the open run's step. What is a person's, or was touched since the run began, stays as it is.
   * @param edit of a run: `putRun`, and `setEntry` with a model's entry or with nothing
   * @returns how many entries were left out
   * @throws AnnotationError when no run is open, or the document refuses the edit; then nothing has changed
   */
  addToRun(edit: Edit): number {
    if (this.#run === undefined) throw new AnnotationError('No run is going on.')
    const { edit: allowed, skipped } = this.#run.guard.filter(edit)
    if (!isEmptyEdit(allowed)) this.#run.step.inverses.push(this.#document.apply(allowed))
    return skipped
  }

  /** Closes the run's step, so that it can be undone; one without results leaves no trace. */
  endRun(): void {
    if (this.#run === undefined) throw new AnnotationError('No run is going on.')
    const { step } = this.#run
    this.#run = undefined
    if (step.inverses.length === 0) this.#done = this.#done.filter((other) => other !== step)
  }

  /** The last step; while a run goes on, neither it nor what lies beneath it. */
  #undoable(): Step | undefined {
    const last = this.#done.at(-1)
    return last === this.#run?.step ? undefined : last
  }

  /** The last step that did something: a run that has just begun did not. */
  #top(): Step | undefined {
    return this.#done.findLast((step) => step.inverses.length > 0)
  }
}

/** An edit as single ones, in order. */
function* pieces(edit: Edit): Generator<Edit, void, undefined> {
  if (edit.kind !== 'group') yield edit
  else for (const part of edit.edits) yield* pieces(part)
}
