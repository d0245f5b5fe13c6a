import type { AnnotatorDocument, AnnotatorEditors } from '../editor/index.ts'
import type { Disposable } from '../emitter.ts'
import type { Comparison } from './comparison.ts'

/** The comparisons of the window: one per document at most, gone with it. */
export class Comparisons implements Disposable {
  readonly #open = new Map<
    AnnotatorDocument,
    { readonly comparison: Comparison; readonly watch: Disposable }
  >()
  readonly #subscription: Disposable

  constructor(editors: Pick<AnnotatorEditors, 'onDidClose'>) {
    this.#subscription = editors.onDidClose((document) => void this.close(document))
  }

  get(document: AnnotatorDocument): Comparison | undefined {
    return this.#open.get(document)?.comparison
  }

  /** Puts a comparison in place of the one that the document has. */
  async open(comparison: Comparison): Promise<void> {
    const { document } = comparison
    await this.close(document)
    const watch = document.onDidChange(({ kind }) => {
      // Read again from disk, or reverted: its objects may be others.
      if (kind === 'replaced') void this.close(document)
    })
    this.#open.set(document, { comparison, watch })
  }

  /** Closes the comparison of a document, if there is one. */
  async close(document: AnnotatorDocument): Promise<void> {
    const found = this.#open.get(document)
    this.#open.delete(document)
    found?.watch.dispose()
    await found?.comparison.close()
  }

  dispose(): void {
    this.#subscription.dispose()
    for (const document of this.#open.keys()) void this.close(document)
  }
}
