import type { StackEdit } from '../../../extension/document/stack-bridge.ts'

/**
 * What VS Code's main thread does with a custom document (mainThreadCustomEditors): edits are numbered, a save remembers
 * the number, and the document is clean where the two agree. Written from its behaviour, independently of the extension.
 */
export class WorkbenchStack {
  edits: StackEdit[] = []
  index = -1
  savePoint = -1
  contentChanged = false

  /** What the extension tells. */
  readonly hear = (edit: StackEdit | undefined): void => {
    if (edit === undefined) {
      this.contentChanged = true
      return
    }
    this.edits.length = this.index + 1
    this.edits.push(edit)
    this.index = this.edits.length - 1
  }

  get isDirty(): boolean {
    return this.contentChanged || (this.edits.length > 0 && this.savePoint !== this.index)
  }

  get canUndo(): boolean {
    return this.index >= 0
  }

  get canRedo(): boolean {
    return this.index < this.edits.length - 1
  }

  async undo(): Promise<void> {
    if (!this.canUndo) return
    const edit = this.edits[this.index]!
    this.index--
    await edit.undo()
  }

  async redo(): Promise<void> {
    if (!this.canRedo) return
    const edit = this.edits[this.index + 1]!
    this.index++
    await edit.redo()
  }

  /** @param work of the extension; rejects when it was not saved */
  async save(work: () => Promise<unknown>): Promise<void> {
    await work()
    this.contentChanged = false
    this.savePoint = this.index
  }

  /** @returns whether the extension was asked at all */
  async revert(work: () => Promise<void>): Promise<boolean> {
    if (this.index === this.savePoint && !this.contentChanged) return false
    const done = work()
    this.contentChanged = false
    this.index = this.savePoint
    this.edits.length = this.index + 1
    await done
    return true
  }
}
