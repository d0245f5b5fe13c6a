import type { Disposable } from '../emitter.ts'
import type { DocumentModel, Step } from './document-model.ts'
import { EditStack } from './edit-stack.ts'

/** A step as VS Code is told of it. */
export interface StackEdit {
  readonly label: string
  undo(): Promise<void>
  redo(): Promise<void>
}

/**
 * Keeps VS Code's undo stack and dirty mark in step with the model.
 *
 * VS Code calls a document saved as it is when a save ends, whatever was done since it began, and it compares places on
 * its stack, not contents. Where it would call a document clean that is not (work during a save; results of a run that
 * came after one; an undo and another edit after one), it is told that the content changed.
 */
export class StackBridge implements Disposable {
  readonly #fire: (edit: StackEdit | undefined) => void
  readonly #stack: EditStack
  #model: DocumentModel | undefined
  #listeners: Disposable[] = []
  #saving: Promise<void> | undefined

  /** @param fire tells VS Code of a step, or (undefined) that the content has changed without one */
  constructor(fire: (edit: StackEdit | undefined) => void, fromBackup: boolean) {
    this.#fire = fire
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
   * @param work true when it was saved
   */
  async save<T>(work: () => Promise<T>): Promise<T> {
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
      })
    }
  }

  async whenSaved(): Promise<void> {
    while (this.#saving !== undefined) await this.#saving
  }

  /** VS Code goes back to where it was saved. */
  reverted(): void {
    this.#stack.reverted()
  }

  /** Tells VS Code that the document is dirty where it believes otherwise. */
  check(): void {
    this.#check()
  }

  get isDirty(): boolean {
    return this.#stack.isDirty
  }

  dispose(): void {
    this.#detach()
  }

  #tell(step: Step): void {
    const model = this.#model
    this.#stack.push(step)
    this.#fire({
      label: step.label,
      undo: async () => {
        this.#stack.undone()
        if (model === this.#model) await model?.undo(step)
        this.#check()
      },
      redo: async () => {
        this.#stack.redone()
        if (model === this.#model) await model?.redo(step)
        this.#check()
      },
    })
    this.#check()
  }

  #check(): void {
    if (this.#saving !== undefined || this.#model?.isDirty !== true || this.#stack.isDirty) return
    this.#stack.contentChanged()
    this.#fire(undefined)
  }

  #detach(): void {
    for (const listener of this.#listeners.splice(0)) listener.dispose()
  }
}
