import type { Disposable } from '../emitter.ts'
import type { DocumentModel } from './document-model.ts'
import { EditStack } from './edit-stack.ts'
import type { Step } from './open-run.ts'
import { nextTurn } from './slices.ts'

/** A step as VS Code is told of it. */
export interface StackEdit {
  readonly label: string
  undo(): Promise<void>
  redo(): Promise<void>
}

/** What a bridge tells. */
export interface StackListener {
  /** A step, or (undefined) that the content has changed without one. */
  changed(edit: StackEdit | undefined): void
  /** VS Code was told that the content has changed, and now it is what was saved: only a save makes VS Code see that. */
  clean(): void
  /** An undo or redo that VS Code does not wait for any more went wrong. */
  failed(error: unknown): void
}

/**
 * Keeps VS Code's undo stack and dirty mark in step with the model.
 *
 * VS Code calls a document saved as it is when a save ends, whatever was done since it began, and it compares places on
 * its stack, not contents. Where it would call a document clean that is not (work during a save; results of a run that
 * came after one; an undo and another edit after one), it is told that the content changed.
 *
 * While an undo or redo is going on VS Code drops every other. So it is told at once that a long one is done, and those
 * that come meanwhile wait here.
 */
export class StackBridge implements Disposable {
  readonly #listener: StackListener
  readonly #stack: EditStack
  #model: DocumentModel | undefined
  #listeners: Disposable[] = []
  #saving: Promise<void> | undefined
  /** Undos and redos, one after the other. */
  #moving: Promise<void> = Promise.resolve()
  #moves = 0

  constructor(listener: StackListener, fromBackup: boolean) {
    this.#listener = listener
    this.#stack = new EditStack(fromBackup)
  }

  /** From now on this is the document; steps of another one before it lead nowhere any more. */
  attach(model: DocumentModel): void {
    this.#detach()
    this.#model = model
    this.#listeners = [model.onStep((step) => this.#tell(step)), model.onRunGrown(() => this.#check())]
  }

  /**
   * A save from its beginning to the moment after VS Code has heard that it ended.
   * @param settle milliseconds until VS Code has done what comes of the save
   */
  async save<T>(work: () => Promise<T>, settle = 0): Promise<T> {
    await this.whenMoved()
    while (this.#saving !== undefined) await this.#saving
    let release = () => {}
    this.#saving = new Promise((resolve) => {
      release = resolve
    })
    let saved = false
    try {
      const result = await work()
      saved = true
      return result
    } finally {
      if (saved) this.#stack.saved()
      // VS Code marks the document as saved when the answer arrives; what it hears before that is lost.
      setTimeout(() => {
        this.#saving = undefined
        release()
        this.#check()
      }, settle)
    }
  }

  async whenSaved(): Promise<void> {
    while (this.#saving !== undefined) await this.#saving
  }

  /** Resolves when no undo or redo is going on or waits. */
  async whenMoved(): Promise<void> {
    while (this.#moves > 0) await this.#moving
  }

  /** VS Code goes back to where it was saved. */
  reverted(): void {
    this.#stack.reverted()
  }

  /** Tells VS Code that the document is dirty where it believes otherwise. */
  check(): void {
    this.#check()
  }

  /** Tells VS Code of a change that is no step, also where it takes the document for dirty: it has a backup made anew. */
  contentChanged(): void {
    this.#stack.contentChanged()
    this.#listener.changed(undefined)
  }

  get isDirty(): boolean {
    return this.#stack.isDirty
  }

  dispose(): void {
    this.#detach()
    this.#model = undefined
  }

  #tell(step: Step): void {
    const model = this.#model
    this.#stack.push(step)
    this.#listener.changed({
      label: step.label,
      undo: () => {
        this.#stack.undone()
        return this.#move(async () => {
          if (model === this.#model) await model?.undo(step)
        })
      },
      redo: () => {
        this.#stack.redone()
        return this.#move(async () => {
          if (model === this.#model) await model?.redo(step)
        })
      },
    })
    this.#check()
  }

  /** Resolves when it is done, or in the next turn. */
  #move(work: () => Promise<void>): Promise<void> {
    this.#moves++
    this.#moving = this.#moving
      .then(work)
      .catch((error: unknown) => this.#listener.failed(error))
      .finally(() => {
        this.#moves--
        this.#check()
      })
    return Promise.race([this.#moving, nextTurn()])
  }

  #check(): void {
    const model = this.#model
    if (model === undefined || this.#saving !== undefined || this.#moves > 0) return
    if (model.isDirty && !this.#stack.isDirty) this.contentChanged()
    else if (!model.isDirty && this.#stack.isContentChanged) this.#listener.clean()
  }

  #detach(): void {
    for (const listener of this.#listeners.splice(0)) listener.dispose()
  }
}
