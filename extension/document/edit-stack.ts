import type { Step } from './open-run.ts'

/**
 * VS Code's own bookkeeping of a custom document, as its main thread does it: the edits it was told of, where it stands
 * among them, and where it was saved. It calls a document clean when the two places are the same, whatever the edits
 * there are, so the extension has to know when that is wrong.
 */
export class EditStack {
  #edits: Step[] = []
  #current = -1
  #saved = -1
  #contentChanged = false
  #fromBackup: boolean

  constructor(fromBackup = false) {
    this.#fromBackup = fromBackup
  }

  get isDirty(): boolean {
    if (this.#contentChanged) return true
    return this.#edits.length > 0 ? this.#saved !== this.#current : this.#fromBackup
  }

  /** Whether VS Code takes it for dirty whatever is undone. */
  get isContentChanged(): boolean {
    return this.#contentChanged
  }

  /** The edits that VS Code takes for done. */
  get done(): readonly Step[] {
    return this.#edits.slice(0, this.#current + 1)
  }

  push(step: Step): void {
    this.#edits.splice(this.#current + 1, this.#edits.length, step)
    this.#current = this.#edits.length - 1
  }

  undone(): void {
    if (this.#current >= 0) this.#current--
  }

  redone(): void {
    if (this.#current < this.#edits.length - 1) this.#current++
  }

  /** The document is told to be dirty until the next save, without a step. */
  contentChanged(): void {
    this.#contentChanged = true
  }

  saved(): void {
    this.#contentChanged = false
    this.#fromBackup = false
    this.#saved = this.#current
  }

  reverted(): void {
    this.#contentChanged = false
    this.#fromBackup = false
    this.#current = this.#saved
    this.#edits.splice(this.#current + 1)
  }
}
