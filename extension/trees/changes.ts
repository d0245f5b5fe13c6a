import * as vscode from 'vscode'

/** How long changes are gathered before a tree is drawn anew, in milliseconds: a run brings many. */
const PAUSE = 250

/** When a tree of the side bar is drawn anew, and what is to be done before. */
export class TreeChanges implements vscode.Disposable {
  readonly #before: () => void
  readonly #changed = new vscode.EventEmitter<undefined>()
  readonly event = this.#changed.event
  #timer: NodeJS.Timeout | undefined

  /** @param before done every time the tree is about to be drawn */
  constructor(before: () => void = () => {}) {
    this.#before = before
  }

  /** With whatever else changes within a moment. */
  readonly soon = (): void => {
    this.#timer ??= setTimeout(this.now, PAUSE)
  }

  readonly now = (): void => {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#before()
    this.#changed.fire(undefined)
  }

  dispose(): void {
    clearTimeout(this.#timer)
    this.#changed.dispose()
  }
}
