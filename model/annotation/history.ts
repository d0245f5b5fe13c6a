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

/** A run that is being set up or streams its results in. */
interface OpenRun {
  /** Among those that are done from the first results on. */
  readonly step: Step
  readonly guard: RunGuard
  /** The last step before it: the run starts from what that made. */
  readonly basis: Step | undefined
}

/**
 * Undo and redo over a document, which nobody else may change meanwhile.
 *
 * A person can go on working while a run is set up and streams its results in: the run's step lies where its first
 * results came, beneath what the person does from then on, and the run leaves alone whatever the person touches. So both
 * can be taken back, one after the other.
 */
export class History {
  readonly #document: AnnotationDocument
  #done: Step[] = []
  #undone: UndoneStep[] = []
  #run: OpenRun | undefined

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
    this.#done.push({ label, inverses: [this.#apply(edit)] })
    this.#undone = []
  }

  /** Takes the last step back. @returns its label; undefined when there is none, or only the run going on */
  undo(): string | undefined {
    const step = this.#undoable()
    if (step === undefined) return undefined
    const { label, inverses } = step
    const edit = this.#apply({ kind: 'group', label, edits: inverses.toReversed() })
    this.#done.pop()
    this.#undone.push({ step, edit })
    return label
  }

  /** Does the last step that was taken back again. @returns its label; undefined when there is none */
  redo(): string | undefined {
    const undone = this.#undone.at(-1)
    if (undone === undefined) return undefined
    this.#apply(undone.edit)
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
          edits.push(this.#apply(piece))
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
        inverses.push(this.#apply(piece))
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

  /**
   * Opens a run, which starts from the document as it is: what is touched from now on, it leaves alone.
   * @param label of its step
   * @throws AnnotationError when one is open
   */
  beginRun(label: string): void {
    if (this.#run !== undefined) throw new AnnotationError('A run is going on already.')
    const step: Step = { label, inverses: [] }
    this.#run = { step, guard: new RunGuard(this.#document), basis: this.#done.at(-1) }
  }

  /**
   * Adds results to the open run's step. What is a person's, or was touched since the run began, stays as it is. What was
   * undone before the first results cannot be redone after them.
   * @param edit of a run: `putRun`, and `setEntry` with a model's entry or with nothing
   * @returns how many entries were left out
   * @throws AnnotationError when no run is open, or the document refuses the edit; then nothing has changed
   */
  addToRun(edit: Edit): number {
    if (this.#run === undefined) throw new AnnotationError('No run is going on.')
    const { step, guard } = this.#run
    const { edit: allowed, skipped } = guard.filter(edit)
    if (isEmptyEdit(allowed)) return skipped
    const inverse = this.#document.apply(allowed)
    if (step.inverses.length === 0) {
      this.#done.push(step)
      this.#undone = []
    }
    step.inverses.push(inverse)
    return skipped
  }

  /** Closes the run's step, so that it can be undone; one without results leaves no trace. */
  endRun(): void {
    if (this.#run === undefined) throw new AnnotationError('No run is going on.')
    this.#run = undefined
  }

  /** What a person does; the run that is open leaves it alone. */
  #apply(edit: Edit): Edit {
    const guard = this.#run?.guard
    const touched = guard?.touchedBy(edit)
    const inverse = this.#document.apply(edit)
    if (touched !== undefined) guard?.add(touched)
    return inverse
  }

  /** The last step; while a run is open, neither it nor what it starts from. */
  #undoable(): Step | undefined {
    const last = this.#done.at(-1)
    const run = this.#run
    return run !== undefined && (last === run.step || last === run.basis) ? undefined : last
  }
}

/** An edit as single ones, in order. */
function* pieces(edit: Edit): Generator<Edit, void, undefined> {
  if (edit.kind !== 'group') yield edit
  else for (const part of edit.edits) yield* pieces(part)
}
