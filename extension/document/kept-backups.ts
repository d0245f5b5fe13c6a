import { deleteBackup } from './backup.ts'

/**
 * Which backups of a document are kept. VS Code calls the one before needless as soon as it is given another, and notes
 * down which one counts only after that: one that was replaced stays until the one in its place is not needed either.
 */
export class KeptBackups {
  /** How often each was given out and not called needless yet. */
  readonly #given = new Map<string, number>()
  /** Replaced by another one, or what the document was restored from: needed until all is on disk. */
  readonly #replaced = new Set<string>()

  /** VS Code is given a backup, for the first time or again. */
  give(id: string): void {
    this.#given.set(id, (this.#given.get(id) ?? 0) + 1)
  }

  /** The document was restored from a backup. */
  restoredFrom(id: string): void {
    this.#replaced.add(id)
  }

  /**
   * Once for each time that it was given.
   * @returns whether nobody else has it any more
   */
  takeBack(id: string): boolean {
    const left = (this.#given.get(id) ?? 1) - 1
    if (left > 0) {
      this.#given.set(id, left)
      return false
    }
    this.#given.delete(id)
    this.#replaced.add(id)
    return true
  }

  /** Deletes those that were replaced, unless one that was given is still needed. */
  async tidy(): Promise<void> {
    if (this.#given.size > 0) return
    const ids = [...this.#replaced]
    this.#replaced.clear()
    // What cannot be deleted now lies there needlessly, and that is all.
    for (const id of ids) await deleteBackup(id).catch(() => {})
  }
}
